"""Frames of all points into one Journey per packet: across bridges, veth pairs, NAT and VXLAN.

A few frames are gone through one by one, with values all the way; many by column
(netlab.packets.journeys.columnar.assemble), with the same journeys, which are made when somebody looks at
them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace

from netlab.model import Captured, Frame, Journey
from netlab.packets.decode import decode
from netlab.packets.forwarding.next_hop import Wiring
from netlab.packets.journeys.replies import link_answers
from netlab.packets.journeys.sightings import (
    Sighting,
    expected_after,
    hops,
    in_order,
    invariants,
    is_reached,
    separate,
)

MANY = 5000  # frames; going through so many one by one takes about as long as importing numpy


def journeys(capture: Captured) -> Sequence[Journey]:
    """One journey for each packet of the capture, sorted by the time it was first seen.

    Identical packets, such as retransmissions, are journeys of their own: a point sees a packet once
    in each direction, or again only with a lower ttl (a routing loop).
    """
    wiring = Wiring(capture)
    if len(capture.frames) < MANY:
        return assemble(capture.frames, lambda time_ns: wiring)
    from netlab.packets.journeys.columnar.assemble import join  # numpy with it

    return join(capture.frames, wiring)


def assemble(frames: Iterable[Frame], wiring_at: Callable[[int], Wiring]) -> tuple[Journey, ...]:
    """The same from frames one by one; `wiring_at` tells how the points were connected at a time (in ns)."""
    groups: dict[Hashable, list[Sighting]] = defaultdict(list)
    for frame in sorted(frames, key=lambda frame: frame.time_ns):
        packet = decode(frame.data)
        groups[invariants(packet)].append((frame, packet))
    ordered = (in_order(group, wiring_at(group[0][0].time_ns)) for group in groups.values())
    trips = [trip for group in ordered for trip in separate(group)]
    trips.sort(key=lambda trip: trip[0][0].time_ns)
    unfinished = [Journey(hops(trip), reached=False) for trip in trips]
    return tuple(_conclude(link_answers(unfinished), wiring_at))


def _conclude(found: Sequence[Journey], wiring_at: Callable[[int], Wiring]) -> Iterable[Journey]:
    for journey in found:
        wiring = wiring_at(journey.first.frame.time_ns)
        request = found[journey.answers] if journey.answers is not None else None
        reached = is_reached(journey, request, wiring)
        expected = None if reached else expected_after(journey, request, wiring)
        yield replace(journey, reached=reached, next_expected=expected)


def first_request(seen: Captured) -> Journey | None:
    """The journey of the first echo request in a capture that was lost, or else of the first of all."""
    requests = [j for j in journeys(seen) if j.first.packet.icmp_type == 8]  # ICMP's echo request
    return next((j for j in requests if not j.reached), requests[0] if requests else None)
