"""Sightings of packets, told apart and put in order of travel: the parts of which journeys are made.

A packet is recognised by what forwarding leaves alone (IP id, ICMP sequence, TCP sequence, payload),
never by its addresses or ports, which NAT rewrites. Times only put its sightings in order.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from itertools import pairwise

from netlab.model import Frame, Hop, Journey, Packet, Point, Rewrite
from netlab.packets.decode import innermost
from netlab.packets.forwarding.next_hop import Wiring, is_flooded
from netlab.packets.summary import vni

REWRITABLE = (
    "source",
    "destination",
    "source_port",
    "destination_port",
    "identifier",
    "ttl",
    "source_mac",
    "destination_mac",
)
Sighting = tuple[Frame, Packet]


def invariants(packet: Packet) -> Hashable:
    """What stays the same in a packet wherever it is seen; equal for two sightings of one packet."""
    packet = innermost(packet)
    if packet.protocol in ("icmp", "icmpv6"):
        # The quoted packet's addresses are rewritten along with the error's own.
        body = invariants(packet.quoted) if packet.quoted is not None else packet.payload
        kind = (packet.icmp_type, packet.icmp_code)
        return (packet.protocol, packet.ip_id, *kind, packet.sequence, body)
    if packet.protocol == "tcp":
        numbers = (packet.sequence, packet.acknowledgement, packet.flags)
        return ("tcp", packet.ip_id, *numbers, packet.payload)
    return (packet.protocol, packet.ip_id, packet.ethertype, packet.payload)


def in_order(group: list[Sighting], wiring: Wiring) -> list[Sighting]:
    """The sightings by time; those of one instant (a port and its bridge) in the direction of travel."""
    times = {frame.time_ns for frame, _ in group}
    if len(times) == len(group):
        return group
    frame, packet = group[0]
    forward = wiring.forward(frame.point, innermost(packet).destination)

    def key(sighting: Sighting) -> tuple[int, int]:
        rank = wiring.rank.get(sighting[0].point, 0)
        return sighting[0].time_ns, rank if forward else -rank

    ordered = sorted(group, key=key)
    for before in range(len(ordered) - 1):
        here, there = ordered[before][0], ordered[before + 1][0]
        if here.time_ns == there.time_ns and _wrong_way_round(here, there, wiring):
            ordered[before], ordered[before + 1] = ordered[before + 1], ordered[before]
    return ordered


def _wrong_way_round(here: Frame, there: Frame, wiring: Wiring) -> bool:
    """Whether the wiring says that two sightings of one instant happened the other way round."""
    if here.direction == there.direction == "in":
        return wiring.bridge_of(there.point) == here.point
    if here.direction == there.direction == "out":
        return wiring.bridge_of(here.point) == there.point
    if here.point.netns == there.point.netns:
        return here.direction == "out"
    return here.direction == "in" and wiring.peer_of(here.point) == there.point


def separate(group: list[Sighting]) -> list[list[Sighting]]:
    """Sightings that look the same, told apart into one list for each packet."""
    trips: list[list[Sighting]] = []
    for sighting in group:
        # The latest that can take it: an identical packet sent again comes long after the first one ended.
        for trip in reversed(trips):
            if _continues(trip, sighting):
                trip.append(sighting)
                break
        else:
            trips.append([sighting])
    return trips


def _continues(trip: list[Sighting], sighting: Sighting) -> bool:
    frame, packet = sighting
    ttl = innermost(packet).ttl
    if ttl > innermost(trip[-1][1]).ttl:
        return False
    return all(
        (seen.point, seen.direction) != (frame.point, frame.direction)
        or (innermost(other).ttl > ttl)
        or (other.inner is None) != (packet.inner is None)
        for seen, other in trip
    )


def hops(trip: Sequence[Sighting]) -> tuple[Hop, ...]:
    """With what was rewritten from each to the next."""
    made = [Hop(*trip[0])]
    for (_, before), (frame, packet) in pairwise(trip):
        made.append(Hop(frame, packet, tuple(_rewrites(before, packet))))
    return tuple(made)


def _rewrites(before: Packet, after: Packet) -> Iterable[Rewrite]:
    if before.inner is None and after.inner is not None:
        label = f"VXLAN {vni(after)}, {after.source} → {after.destination}"
        yield Rewrite("encapsulation", "none", label)
    elif before.inner is not None and after.inner is None:
        yield Rewrite("encapsulation", f"VXLAN {vni(before)}", "none")
    if before.inner is None or after.inner is None:
        before, after = innermost(before), innermost(after)
    for name in REWRITABLE:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield Rewrite(name, str(old), str(new))


def is_reached(journey: Journey, request: Journey | None, wiring: Wiring) -> bool:
    """Whether the packet, an answer to that request if to any, came to where it was sent."""
    arrivals = [hop for hop in journey.hops if hop.frame.direction == "in"]
    if is_flooded(journey.first.packet) or journey.first.packet.protocol == "arp":
        return any(_has_arrived(hop, wiring) for hop in arrivals)
    if request is not None and request.first.frame.direction == "out":
        # An answer is addressed to the translating host until that puts the asker's own address back.
        asker = request.first.frame.point.netns
        return any(hop.frame.point.netns == asker and _has_arrived(hop, wiring) for hop in arrivals[-1:])
    return journey.last_seen.frame.direction == "in" and _has_arrived(journey.last_seen, wiring)


def _has_arrived(hop: Hop, wiring: Wiring) -> bool:
    """Whether the hop is where the packet wanted to go: not a port in front of a bridge that never saw it."""
    if hop.packet.inner is not None or wiring.bridge_of(hop.frame.point) is not None:
        return False
    if wiring.passes_on(hop.frame.point, hop.packet) or not wiring.is_addressed(hop.frame.point, hop.packet):
        return False
    return wiring.owns(hop.frame.point, hop.packet.destination)


def expected_after(journey: Journey, request: Journey | None, wiring: Wiring) -> Point | None:
    """The next point on the packet's way; for an answer that is the way of its request, backwards."""
    last = journey.last_seen
    if request is not None:
        way = [hop.frame.point for hop in request.hops]
        if last.frame.point in way[1:]:
            return way[way.index(last.frame.point) - 1]
    expected = wiring.after(last)
    seen = {hop.frame.point for hop in journey.hops}
    return None if expected in seen and is_flooded(last.packet) else expected
