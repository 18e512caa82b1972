"""Where a packet that was seen at one point should be seen next, by the lab's own wires and routes.

Used for the end of a journey: a capture says where a packet was, a snapshot says where it was going.
Where the snapshot does not tell (no route, no such address), the order of the points decides.
"""

from __future__ import annotations

from itertools import pairwise

from netlab.model import Captured, Hop, Interface, InterfaceId, Node, Packet, Point, Route
from netlab.packets.decode import innermost
from netlab.packets.forwarding.routing import decide

ROUTE_KINDS_THAT_FORWARD = frozenset({"unicast"})


def is_flooded(packet: Packet) -> bool:
    """Whether the frame goes to everybody on its link: broadcast or multicast."""
    first = packet.destination_mac[:2]
    return bool(first) and bool(int(first, 16) & 1)


class Wiring:
    """The captured points as the snapshot connects them."""

    def __init__(self, capture: Captured) -> None:
        self.snapshot = capture.before
        self.points = capture.points
        self.rank = {point: rank for rank, point in enumerate(capture.points)}
        self.by_id = {InterfaceId(point.netns, point.index): point for point in capture.points}
        # What moved or appeared while the capture ran is known to `after` alone.
        self.interfaces = {i.id: i for s in (capture.after, capture.before) for _, i in s.interfaces()}
        self.nodes = {n.netns: n for s in (capture.after, capture.before) for n in s.nodes}
        self.owners = {
            address.address: node.netns
            for snapshot in (capture.after, capture.before)
            for node, interface in snapshot.interfaces()
            for address in interface.addresses
        }
        self.takers = [node for node in self.nodes.values() if node.takes_prefixes]

    def owner(self, address: str) -> int | None:
        """The namespace that holds the address, or has a route that takes it; None if nobody does."""
        taker = next((node.netns for node in self.takers if node.takes(address)), None)
        return self.owners.get(address, taker)

    def owns(self, point: Point, address: str) -> bool:
        """Whether the namespace of the point holds the address."""
        return self.owner(address) == point.netns

    def is_addressed(self, point: Point, packet: Packet) -> bool:
        """Whether the frame is for that interface, by its MAC address, or for everybody."""
        interface = self.interfaces.get(InterfaceId(point.netns, point.index))
        known = interface is not None and bool(interface.mac) and bool(packet.destination_mac)
        return (
            not known
            or is_flooded(packet)
            or (interface is not None and packet.destination_mac == interface.mac)
        )

    def passes_on(self, point: Point, packet: Packet) -> bool:
        """Whether a DNAT rule of that namespace sends the packet on, so that it has not arrived there."""
        node = self.nodes.get(point.netns)
        return node is not None and bool(dnat_target(node, packet))

    def bridge_of(self, point: Point) -> Point | None:
        """The captured bridge that the point is a port of."""
        interface = self.interfaces.get(InterfaceId(point.netns, point.index))
        node = self.nodes.get(point.netns)
        if (
            interface is None
            or node is None
            or not interface.master
            or not node.has_interface(interface.master)
        ):
            return None
        return self.by_id.get(node.interface(interface.master).id)

    def is_port(self, point: Point) -> bool:
        """Whether the interface is the port of a bridge."""
        interface = self.interfaces.get(InterfaceId(point.netns, point.index))
        return interface is not None and bool(interface.master)

    def peer_of(self, point: Point) -> Point | None:
        """The captured other end of the veth pair."""
        interface = self.interfaces.get(InterfaceId(point.netns, point.index))
        if interface is None or interface.peer is None or interface.kind == "macvlan":
            return None
        return self.by_id.get(interface.peer)

    def forward(self, first: Point, destination: str) -> bool:
        """Whether a packet first seen there travels in path order, from the containers to the internet."""
        owner = self.owner(destination)
        ranks = [self.rank[p] for p in self.points if p.netns == owner]
        if ranks and owner != first.netns:
            return min(ranks) > self.rank.get(first, 0)
        node = self.nodes.get(first.netns)
        return node is None or node.kind != "internet"

    def after(self, hop: Hop) -> Point | None:
        """The captured point that should have seen the packet after that hop; None if there is none."""
        point, packet = hop.frame.point, hop.packet
        if hop.frame.direction == "out":
            expected = self._after_out(point, packet)
        else:
            expected = self._after_in(point, packet)
        if expected is not None and expected != point:
            return expected
        return None if is_flooded(packet) else self._by_order(point, packet)

    def _after_out(self, point: Point, packet: Packet) -> Point | None:
        peer = self.peer_of(point)
        if peer is not None:
            return peer
        interface = self.interfaces.get(InterfaceId(point.netns, point.index))
        if interface is not None and interface.kind == "bridge":
            return self._port_towards(interface, packet)
        return None

    def _after_in(self, point: Point, packet: Packet) -> Point | None:
        interface = self.interfaces.get(InterfaceId(point.netns, point.index))
        node = self.nodes.get(point.netns)
        if interface is None or node is None:
            return None
        if interface.master and node.has_interface(interface.master):
            bridge = node.interface(interface.master)
            if is_flooded(packet) or packet.destination_mac in (bridge.mac, ""):
                return self.by_id.get(bridge.id)
            return self._port_towards(bridge, packet) or self.by_id.get(bridge.id)
        if is_flooded(packet):
            return None
        return self._route(node, packet, interface.name)

    def _route(self, node: Node, packet: Packet, iif: str) -> Point | None:
        device = route_to(node, dnat_target(node, packet) or packet.destination, packet.source, iif)
        if device is None or not device.device or not node.has_interface(device.device):
            return None
        return self.by_id.get(node.interface(device.device).id)

    def _port_towards(self, bridge: Interface, packet: Packet) -> Point | None:
        """The port behind which the frame's destination is: by MAC address, or by who owns the IP address."""
        owner = self.owner(packet.destination)
        found: Point | None = None
        for port in self.nodes[bridge.netns].ports(bridge.name):
            other = self.interfaces.get(port.peer) if port.peer else None
            point = self.by_id.get(port.id)
            if other is None or point is None:
                continue
            if other.mac and other.mac == packet.destination_mac:
                return point
            if other.netns == owner:
                found = found or point
        return found

    def _by_order(self, point: Point, packet: Packet) -> Point | None:
        """The next point in path order, without the ones that are on somebody else's way."""
        destination = innermost(packet).destination
        forward = self.forward(point, destination)
        ordered = self.points if forward else tuple(reversed(self.points))
        if point not in self.rank:
            return None
        start = ordered.index(point) + 1
        return next((p for p in ordered[start:] if self._on_the_way(point, p, destination, forward)), None)

    def _on_the_way(self, point: Point, other: Point, destination: str, forward: bool) -> bool:
        node = self.nodes.get(other.netns)
        if node is None or other.netns == self.owner(destination):
            return True
        if node.kind not in ("host", "internet") and other.netns != point.netns:
            return False
        return not (other.netns == point.netns and self.is_port(other) and forward)


def dnat_target(node: Node, packet: Packet) -> str:
    """The address to which a rule of the nat table sends what arrives for that port; "" without one."""
    wanted = {"-p": packet.protocol, "--dport": str(packet.destination_port)}
    for chain in node.chains:
        for rule in chain.rules if chain.table == "nat" else ():
            words = rule.text.split()
            options = dict(pairwise(words))
            if rule.target == "DNAT" and all(options.get(key) == value for key, value in wanted.items()):
                limits = options.get("-d", packet.destination).partition("/")[0]
                if limits == packet.destination and node.owns(packet.destination):
                    return options.get("--to-destination", "").partition(":")[0]
    return ""


def route_to(node: Node, destination: str, source: str = "", iif: str = "") -> Route | None:
    """The route by which the node sends to an address; None without one, or when it does not lead on."""
    try:
        found = decide(node, destination, source, iif, local=False).route
    except ValueError:  # not an IP address
        return None
    return found if found is not None and found.kind in ROUTE_KINDS_THAT_FORWARD else None
