"""The one journey that ended too early, and the stage at which it did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address

from netlab.diagnosis.observation import Observation
from netlab.model import Interface, InterfaceId, Journey, Node, Packet, Point
from netlab.packets.summary import is_arp_reply

SEND = "send"  # the source never put it on a wire
CABLE = "cable"  # sent into a cable, never seen at its other end
BRIDGE = "bridge"  # came to a bridge's port, or into the bridge, and was not switched on
ROUTE = "route"  # came to a node that had to pass it on, and did not
ARRIVE = "arrive"  # came to where it wanted to go, and nothing came of it


@dataclass(frozen=True)
class Focus:
    """Where to look. `interface` is where it was last seen; None for a packet that was never seen."""

    stage: str
    node: Node
    interface: Interface | None
    packet: Packet | None
    journey: Journey | None
    expected: Point | None
    is_answer: bool = False
    is_arp: bool = False
    waiting: Point | None = None  # where the packet itself waits for the answer to an ARP request

    @property
    def last_seen(self) -> Point | None:
        """Where the packet was seen last; None for one that was never seen."""
        if self.waiting is not None:
            return self.waiting
        return self.journey.last_seen.frame.point if self.journey else None


def find(scene: Observation) -> Focus:
    """The journey to explain: the request that got least far, else the answer, else an ARP request."""
    source = scene.capture.before.node(scene.source)
    dead = _dead(scene)
    asked = unanswered_arps(scene.journeys)
    if not scene.requests:
        mine = [j for j in asked if j.first.frame.point.netns == source.netns]
        if mine:
            return _at(scene, mine[0], is_arp=True)
        return Focus(SEND, scene.node(source.netns), None, None, None, None)
    if dead:
        last = dead[-1].last_seen.frame.point
        theirs = [j for j in asked if j.first.frame.point.netns == last.netns and _after(j, dead[0])]
        if theirs and dead[-1].last_seen.frame.direction == "in":
            return replace(_at(scene, theirs[0], is_arp=True), waiting=last)
        return _at(scene, dead[-1])
    broken = [j for j in scene.answers if not j.reached]
    if broken:
        last = broken[-1].last_seen.frame.point
        theirs = [j for j in asked if j.first.frame.point.netns == last.netns and _after(j, broken[0])]
        if theirs:
            return replace(_at(scene, theirs[0], is_arp=True, is_answer=True), waiting=last)
        return _at(scene, broken[-1], is_answer=True)
    end = scene.requests[-1]
    theirs = [j for j in asked if j.first.frame.point.netns == end.last_seen.frame.point.netns]
    if theirs:
        waiting = end.last_seen.frame.point
        return replace(_at(scene, theirs[0], is_arp=True, is_answer=True), waiting=waiting)
    return _at(scene, end)


def unanswered_arps(journeys: Sequence[Journey]) -> tuple[Journey, ...]:
    """ARP requests (IPv6: neighbour solicitations) without an answer, the first of each (asker, address)."""
    answered = {
        (j.last_seen.frame.point.netns, answerer(j.first.packet))
        for j in journeys
        if answerer(j.first.packet) and (j.reached or j.first.packet.protocol == "icmpv6")
    }
    found: dict[tuple[int, str], Journey] = {}
    for journey in journeys:
        frame, wanted = journey.first.frame, target(journey.first.packet)
        if wanted and frame.direction == "out" and (frame.point.netns, wanted) not in answered:
            found.setdefault((frame.point.netns, wanted), journey)
    return tuple(found.values())


def target(packet: Packet) -> str:
    """The address that an ARP request or a neighbour solicitation asks for; "" for other packets, and for one
    that only makes sure that an address is free."""
    if packet.protocol == "arp" and not is_arp_reply(packet):
        return packet.destination
    if (packet.protocol, packet.icmp_type) == ("icmpv6", 135) and packet.source != "::":
        return str(ip_address(packet.payload[:16]))
    return ""


def answerer(packet: Packet) -> str:
    """The address that an ARP reply or a neighbour advertisement speaks for; "" for other packets."""
    if is_arp_reply(packet):
        return packet.source
    if (packet.protocol, packet.icmp_type) == ("icmpv6", 136):
        return str(ip_address(packet.payload[:16]))
    return ""


def _dead(scene: Observation) -> list[Journey]:
    """The requests of which no piece arrived: a packet that is cut and put together again has several."""
    arrived = {_key(j) for j in scene.requests if j.reached}
    return [j for j in scene.requests if _key(j) not in arrived]


def _key(journey: Journey) -> tuple[int, int]:
    packet = journey.first.packet
    return (packet.source_port, packet.sequence if packet.protocol.startswith("icmp") else 0)


def _after(arp: Journey, request: Journey) -> bool:
    return arp.first.frame.time_ns >= request.first.frame.time_ns


def _at(scene: Observation, journey: Journey, *, is_arp: bool = False, is_answer: bool = False) -> Focus:
    hop = journey.last_seen
    point = hop.frame.point
    node = scene.node(point.netns)
    interface = scene.after.interface(InterfaceId(point.netns, point.index))
    if interface is None:
        interface = scene.capture.before.interface(InterfaceId(point.netns, point.index))
    stage = _stage(journey, interface, is_arp)
    packet = replace(hop.packet, destination=target(hop.packet)) if is_arp else hop.packet
    return Focus(stage, node, interface, packet, journey, journey.next_expected, is_answer, is_arp)


def _stage(journey: Journey, interface: Interface | None, is_arp: bool) -> str:
    if journey.reached:
        return ARRIVE
    if journey.last_seen.frame.direction == "out":
        return BRIDGE if interface is not None and interface.kind == "bridge" else CABLE
    if interface is not None and interface.master:
        return BRIDGE
    return ARRIVE if is_arp else ROUTE
