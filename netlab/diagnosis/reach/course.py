"""The way of a packet to its end, and of the answer back, by what is set: routes, rules, links, settings.

What goes beyond it makes a doubt, and is never guessed: packets that are sent have the last word anyway.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from netlab.diagnosis.reach.answer import NO, UNSURE, YES, Forecast
from netlab.diagnosis.reach.links import Links
from netlab.diagnosis.reach.rules import TABLES, Firewall, Ruling
from netlab.diagnosis.reach.translate import Translations, target_of
from netlab.i18n import gettext as _
from netlab.model import Interface, Node, Route, Snapshot
from netlab.packets.flight import Flight
from netlab.packets.forwarding.iptables import Flow
from netlab.packets.forwarding.routing import decide

MOST_HOPS = 16
SOURCE_PORT = 40_000  # some port of the asker's
SOURCES, DESTINATIONS = ("SNAT", "MASQUERADE"), ("DNAT", "REDIRECT")


class Stopped(Exception):
    """It goes no further; says why."""


@dataclass(slots=True)
class Packet:
    """On its way: what it looks like now, and what has been left open."""

    flow: Flow
    doubts: list[str]
    translations: Translations = field(default_factory=Translations)

    @property
    def is_answer(self) -> bool:
        """Whether it goes back."""
        return self.flow.state == "ESTABLISHED"

    def doubt(self, why: str) -> None:
        """Something that cannot be told; "" is nothing."""
        if why and why not in self.doubts:
            self.doubts.append(why)


class Evaluator:
    """Of one network."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._links = Links(snapshot)
        self._firewalls = {node.netns: Firewall(node) for node in snapshot.nodes}
        self._own = {
            node.netns: {a.address for i in node.interfaces for a in i.addresses} for node in snapshot.nodes
        }
        self._routes: dict[tuple[int, str, str, str], Route] = {}

    def forecast(self, flight: Flight) -> Forecast:
        """What becomes of a packet, and of its answer."""
        protocol = "icmpv6" if flight.proto == "icmp" and flight.is_ipv6 else flight.proto
        port = SOURCE_PORT if flight.port else 0
        packet = Packet(Flow(flight.source, flight.destination, protocol, port, flight.port), [])
        asker, receiver = self._snapshot.node(flight.node), ""
        try:
            there = self._travel(packet, asker)
            receiver = there.name
            self._check_service(packet, there)
            self._come_back(packet, there, asker)
        except Stopped as stop:
            return Forecast(UNSURE if packet.doubts else NO, "; ".join((str(stop), *packet.doubts)), receiver)
        return Forecast(UNSURE if packet.doubts else YES, "; ".join(packet.doubts), receiver)

    def _come_back(self, packet: Packet, there: Node, asker: Node) -> None:
        flow = packet.flow
        packet.flow = Flow(
            flow.destination, flow.source, flow.protocol, flow.destination_port, flow.source_port,
            state="ESTABLISHED",
        )  # fmt: skip
        try:
            end = self._travel(packet, there)
        except Stopped as stop:
            raise Stopped(_("its answer does not come back: {why}").format(why=stop)) from None
        if end is not asker:
            told = _("its answer goes to {node}, which has {address}, too")
            raise Stopped(told.format(node=end.name, address=packet.flow.destination))

    # -- from node to node

    def _travel(self, packet: Packet, node: Node) -> Node:
        """Where it is taken in. Stopped."""
        iif = ""
        for _hop in range(MOST_HOPS):
            if iif:
                self._check_reverse_path(packet, node, iif)
                self._pass("PREROUTING", packet, node, iif, "")
            if self._is_own(node, packet.flow.destination):
                if iif:
                    self._pass("INPUT", packet, node, iif, "")
                return node
            if iif:
                _check_forwarding(packet, node, iif)
            route = self._route(packet, node, iif)
            self._choose_source(packet, node, route)
            if self._pass("FORWARD" if iif else "OUTPUT", packet, node, iif, route.device):
                if self._is_own(node, packet.flow.destination):
                    return node
                route = self._route(packet, node, iif)
            self._pass("POSTROUTING", packet, node, iif, route.device)
            node, iif = self._cross(packet, node, route)
        raise Stopped(_("it goes round in circles, and its time to live runs out"))

    def _is_own(self, node: Node, address: str) -> bool:
        return address in self._own[node.netns] or node.takes(address)

    def _route(self, packet: Packet, node: Node, iif: str) -> Route:
        key = (node.netns, packet.flow.destination, packet.flow.source, iif)
        if key not in self._routes:
            decision = decide(node, packet.flow.destination, packet.flow.source, iif, local=False)
            if decision.unsure:
                packet.doubt(
                    _("a rule of ip rule on {node} asks for what is not read").format(node=node.name)
                )
            if decision.refuses:
                told = _("{what} on {node} refuses it").format(
                    what=decision.route or decision.rule, node=node.name
                )
                raise Stopped(told)
            if decision.route is None:
                told = _("{node} has no route to {destination}")
                raise Stopped(told.format(node=node.name, destination=packet.flow.destination))
            if not node.has_interface(decision.route.device):
                packet.doubt(_("{node} has several ways there").format(node=node.name))
                raise Stopped(_("which one it takes cannot be told"))
            if decision.unsure:
                return decision.route
            self._routes[key] = decision.route
        return self._routes[key]

    def _choose_source(self, packet: Packet, node: Node, route: Route) -> None:
        """The one that the kernel gives to what has none."""
        if not packet.flow.source:
            packet.flow = replace(packet.flow, source=self._address(packet, node, route.device, route.source))

    def _address(self, packet: Packet, node: Node, device: str, preferred: str = "") -> str:
        version = 6 if ":" in packet.flow.destination else 4
        own = (node.interface(device), *node.interfaces)
        held = (a.address for i in own for a in i.addresses if (a.family, a.scope) == (version, "global"))
        found = preferred or next(held, "")
        if not found:
            raise Stopped(_("{node} has no address to send from").format(node=node.name))
        return found

    # -- rules

    def _pass(self, hook: str, packet: Packet, node: Node, iif: str, oif: str) -> bool:
        """Through the tables of a hook; whether it has another destination then. Stopped."""
        firewall, destination = self._firewalls[node.netns], packet.flow.destination
        packet.doubt(firewall.native(hook, "inet", "ip6" if ":" in destination else "ip"))
        if packet.is_answer and hook == "PREROUTING":
            packet.flow = packet.translations.undo_source(node, packet.flow)
        for table in TABLES[hook]:
            if table == "nat" and packet.is_answer:
                continue
            local = self._is_own(node, packet.flow.destination)
            packet.flow = replace(packet.flow, iif=iif, oif=oif, local=local)
            for ruling in firewall.at(table, hook, packet.flow):
                packet.doubt(ruling.doubt)
                if ruling.kind == "stops":
                    raise Stopped(ruling.tell(node))
                if ruling.target in (*SOURCES, *DESTINATIONS):
                    self._translate(ruling, packet, node)
        if packet.is_answer and hook in ("POSTROUTING", "OUTPUT"):
            packet.flow = packet.translations.undo_destination(node, packet.flow)
        return packet.flow.destination != destination

    def _translate(self, ruling: Ruling, packet: Packet, node: Node) -> None:
        flow = packet.flow
        told = target_of(ruling.rule.text if ruling.rule else "")
        if told is None:
            packet.doubt(
                _("what {target} on {node} makes of it").format(target=ruling.target, node=node.name)
            )
            return
        address, port = told
        if ruling.target in SOURCES:
            address = address or self._address(packet, node, flow.oif)
            new = replace(flow, source=address, source_port=port or flow.source_port)
            packet.translations.note_source(node, flow, new)
        else:
            if ruling.target == "REDIRECT":
                address = self._address(packet, node, flow.iif or "lo")
            port = port if flow.destination_port else 0
            new = replace(
                flow, destination=address or flow.destination, destination_port=port or flow.destination_port
            )
            packet.translations.note_destination(node, flow, new)
        packet.flow = new

    # -- links

    def _cross(self, packet: Packet, node: Node, route: Route) -> tuple[Node, str]:
        """(who is at the other end, the interface that it comes in by). Stopped."""
        device, wanted = node.interface(route.device), route.gateway or packet.flow.destination
        if not device.is_up:
            raise Stopped(_("{interface} on {node} is down").format(interface=device.name, node=node.name))
        link = self._links.link(device.id)
        found = link.holders(wanted, node)
        if len(found) > 1:
            names = ", ".join(other.name for other, __ in found)
            packet.doubt(_("{names} all have {address}").format(names=names, address=wanted))
        if not found:
            found = self._find_proxy(packet, node, device, wanted)
        for bridge_node, bridge in link.bridges:
            if bridge_node.netns not in (node.netns, found[0][0].netns):
                self._pass_bridge(packet, bridge_node, bridge)
        return found[0][0], found[0][1].name

    def _find_proxy(
        self, packet: Packet, node: Node, device: Interface, wanted: str
    ) -> list[tuple[Node, Interface]]:
        link = self._links.link(device.id)
        for other, interface in link.ends.values():
            name = f"net.ipv4.conf.{interface.name}.proxy_arp"
            if other.netns != node.netns and other.sysctls.get(name) == "1":
                packet.doubt(_("{node} may answer for {address}").format(node=other.name, address=wanted))
                return [(other, interface)]
        if link.goes_beyond:
            packet.doubt(_("what is behind {interface} is not followed").format(interface=device.name))
        if self._links.link(device.id, wired=True).holders(wanted, node):
            down = ", ".join(f"{at.name} {each.name}" for at, each in self._links.down(device.id))
            raise Stopped(_("on the way to {address} is down: {what}").format(address=wanted, what=down))
        told = _("nobody behind {interface} on {node} has {address}")
        raise Stopped(told.format(interface=device.name, node=node.name, address=wanted))

    def _pass_bridge(self, packet: Packet, node: Node, bridge: Interface) -> None:
        """From port to port of a bridge that may show its packets to iptables."""
        packet.doubt(self._firewalls[node.netns].native("FORWARD", "bridge"))
        if node.sysctls.get("net.bridge.bridge-nf-call-iptables") == "1":
            self._pass("FORWARD", packet, node, bridge.name, bridge.name)

    # -- settings

    def _check_reverse_path(self, packet: Packet, node: Node, iif: str) -> None:
        names = (f"net.ipv4.conf.{name}.rp_filter" for name in ("all", iif))
        mode = max(int(node.sysctls.get(name) or 0) for name in names)
        if not mode or ":" in packet.flow.destination:
            return
        back = decide(node, packet.flow.source, packet.flow.destination, local=False).route
        if back is None or (mode == 1 and back.device not in ("", iif)):
            told = _("rp_filter on {node}: the way back to {source} does not lead over {interface}")
            raise Stopped(told.format(node=node.name, source=packet.flow.source, interface=iif))

    def _check_service(self, packet: Packet, node: Node) -> None:
        """Whether somebody answers there. Stopped."""
        flow = packet.flow
        if flow.protocol == "icmp" and node.sysctls.get("net.ipv4.icmp_echo_ignore_all") == "1":
            raise Stopped(_("net.ipv4.icmp_echo_ignore_all = 1 on {node}").format(node=node.name))
        if flow.protocol.startswith("icmp"):
            return
        port = (flow.protocol, flow.destination_port)
        bound = [each.address for each in node.listeners if (each.protocol, each.port) == port]
        where = {"node": node.name, "proto": flow.protocol, "port": flow.destination_port}
        if not bound:
            raise Stopped(_("nobody listens on {proto} port {port} of {node}").format(**where))
        everywhere = ("0.0.0.0", "::", "*") if ":" not in flow.destination else ("::", "*")
        if not {*everywhere, flow.destination} & set(bound):
            told = _("who listens on {proto} port {port} of {node} does so on {bound} alone")
            raise Stopped(told.format(**where, bound=", ".join(bound)))


def _check_forwarding(packet: Packet, node: Node, iif: str) -> None:
    if ":" in packet.flow.destination:
        name, value = "net.ipv6.conf.all.forwarding", node.sysctls.get("net.ipv6.conf.all.forwarding")
    else:
        name, value = "net.ipv4.ip_forward", node.sysctls.get("net.ipv4.ip_forward")
        own = f"net.ipv4.conf.{iif}.forwarding"
        if node.sysctls.get(own, value) != value:
            name, value = own, node.sysctls[own]
    if value == "0":
        raise Stopped(_("{setting} = 0 on {node}: it is not passed on").format(setting=name, node=node.name))
