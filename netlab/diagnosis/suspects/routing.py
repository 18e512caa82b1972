"""Routes and the rules that choose among tables: which way, if any, the packet was to take."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_interface

from netlab.diagnosis.finding import STRONG, Cleared, Finding, sure
from netlab.diagnosis.focus import ARRIVE, ROUTE, SEND, Focus
from netlab.diagnosis.observation import Asked, Observation, cure, show
from netlab.diagnosis.suspects.addressing import gateway_for, is_router, missing_address
from netlab.diagnosis.verdict import Cure, Evidence
from netlab.i18n import gettext as _
from netlab.model import Address, Interface, Node, Route
from netlab.packets.forwarding.routing import Decision, longest


@dataclass(frozen=True)
class Lookup:
    """One route decision that could have ended the journey."""

    node: Node
    address: str
    source: str = ""
    iif: str = ""

    def decision(self, scene: Observation) -> Decision:
        """What the tables say, as they were read."""
        return scene.decide(self.node, self.address, self.source, self.iif)

    def ask(self, scene: Observation) -> Asked:
        """What the kernel says; with source and interface only where they make a difference."""
        words = []
        if scene.decide(self.node, self.address) != self.decision(scene):
            words += ["from", self.source] if self.source else []
            words += ["iif", self.iif] if self.iif else []
        mark = scene.mark(self.node)
        words += ["mark", hex(mark)] if mark else []
        return scene.route(self.node.name, self.address, *words)


def lookups(scene: Observation, focus: Focus) -> list[Lookup]:
    """The route decisions at the place where it ended."""
    if focus.stage == SEND:
        return [Lookup(focus.node, scene.destination)]
    if focus.packet is None or focus.is_arp:
        return []
    if focus.stage == ROUTE and focus.interface is not None:
        packet = focus.packet
        return [Lookup(focus.node, packet.destination, packet.source, focus.interface.name)]
    if focus.stage == ARRIVE and focus.node.owns(focus.packet.destination):
        return [Lookup(focus.node, focus.packet.source, focus.packet.destination)]
    return []


def lookup_at(scene: Observation, node: Node, address: str) -> Lookup:
    """The decision for the probe itself at a node that it passed or started from."""
    for journey in scene.requests:
        came = [h for h in journey.hops if h.frame.point.netns == node.netns and h.frame.direction == "in"]
        if came:
            return Lookup(node, address, journey.first.packet.source, came[-1].frame.point.interface)
    return Lookup(node, address)


def tables(node: Node, route: Route | None) -> str:
    """The words that name a route's table; none for the main one."""
    return f" table {route.table}" if route is not None and route.table != "main" else ""


def drop_route(scene: Observation, node: Node, route: Route) -> tuple[Cure, ...]:
    """The command that takes a route back."""
    kind = "" if route.kind == "unicast" else f"{route.kind} "
    words = f"{scene.ip} route del {kind}{route.destination}"
    words += f" via {route.gateway}" if route.gateway else ""
    words += f" dev {route.device}" if route.device and kind == "" else ""
    return cure(node, words + (f" metric {route.metric}" if route.metric else "") + tables(node, route))


def set_gateway(scene: Observation, node: Node, route: Route, gateway: str) -> tuple[Cure, ...]:
    """The same route, by another gateway."""
    words = f"{scene.ip} route replace {route.destination} via {gateway} dev {route.device}"
    return cure(node, words + (f" metric {route.metric}" if route.metric else "") + tables(node, route))


def route_refuses(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """A blackhole, unreachable or prohibit route is the longest match, or a rule of that kind comes first."""
    for look in lookups(scene, focus):
        found = look.decision(scene)
        thrown = found.thrown[0] if found.thrown and found.route is None and not found.refuses else None
        if not found.refuses and thrown is None:
            continue
        node, route = look.node, found.route or thrown
        asked, refused = look.ask(scene), None
        if route is not None:
            words = f"{scene.ip} route show{tables(node, route) or ''}"
            refused = show(node, words, str(route), _("the longest match for this destination refuses it"))
            text = _("On {name}, the route “{route}”{tables} refuses packets to {address}.").format(
                name=node.name, route=route, tables=tables(node, route), address=look.address
            )
            steps = drop_route(scene, node, route)
        else:
            assert found.rule is not None
            line = f"{found.rule.preference}: {found.rule}"
            refused = show(node, f"{scene.ip} rule", line, _("the first rule that fits says so"))
            text = _("On {name}, the rule “{rule}” refuses packets to {address}.").format(
                name=node.name, rule=found.rule, address=look.address
            )
            steps = cure(node, f"{scene.ip} rule del {found.rule} pref {found.rule.preference}")
        evidence = (refused, show(node, *asked, _("so says the kernel")))
        return Finding("route-refuses", sure("RTNETLINK" in asked[1]), text, evidence, steps)
    return Cleared(
        "route-refuses", _("no rule of that kind, and no blackhole, unreachable, prohibit or throw route")
    )


def no_route(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """Nothing in the tables leads there."""
    for look in lookups(scene, focus):
        if look.decision(scene).route is not None or look.decision(scene).refuses or focus.stage == ARRIVE:
            continue
        node, asked = look.node, look.ask(scene)
        if "unreachable" not in asked[1].lower() or (focus.stage == ROUTE and node.kind == "internet"):
            continue
        bare = _not_asked_for(scene, node, look.address) or missing_address(scene, node)
        if bare is not None:
            return bare
        evidence = (
            show(
                node,
                *asked,
                _("{name} knows no way to {address}").format(name=node.name, address=look.address),
            ),
            routes(scene, node),
        )
        return Finding(
            "no-route",
            STRONG,
            _("{name} has no route to {address}.").format(name=node.name, address=look.address),
            evidence,
            _default(scene, node),
        )
    return Cleared("no-route", _("ip route get finds a route")) if lookups(scene, focus) else None


def _default(scene: Observation, node: Node) -> tuple[Cure, ...]:
    """A default route by way of a router in sight, or by the one cable that there is, at whose end is one."""
    if gateway := gateway_for(scene, node):
        return cure(node, f"{scene.ip} route add default via {gateway}")
    cables = [each for each in node.interfaces if each.kind == "veth" and each.is_up and scene.own(each)]
    if len(cables) != 1 or cables[0].peer is None or not is_router(scene, scene.node(cables[0].peer.netns)):
        return ()
    return cure(node, f"{scene.ip} route add default dev {cables[0].name}")


def _not_asked_for(scene: Observation, node: Node, address: str) -> Finding | None:
    """The main table leads there, and no rule has it looked at."""
    rules = [rule for rule in node.policies if rule.family == scene.family]
    if not rules or any(rule.table == "main" for rule in rules):
        return None
    if longest(node.routes, ip_address(address), "main") is None:
        return None
    says = _("no rule has the table main looked at")
    evidence = (
        show(node, f"{scene.ip} rule", "\n".join(f"{r.preference}: {r}" for r in rules), says),
        routes(scene, node),
    )
    text = _("{name} has a route to {address}, but {says}.").format(
        name=node.name, address=address, says=says
    )
    steps = cure(node, f"{scene.ip} rule add from all lookup main pref 32766")
    return Finding("no-route", STRONG, text, evidence, steps)


def missing_connected_route(
    scene: Observation, node: Node, near: Interface, own: Address, address: str
) -> Finding:
    """The route that comes with an address is gone: the node does not know its own link any more."""
    network = ip_interface(str(own)).network
    asked = scene.route(node.name, address)
    evidence = (
        show(
            node,
            f"ip addr show {near.name}",
            str(own),
            _("{address} is in the network of {name}").format(address=address, name=near.name),
        ),
        show(node, *asked, _("but no route to {network} says so").format(network=network)),
        routes(scene, node),
    )
    text = _("{name} has no route to {network}, the network of its own {near_name}.").format(
        name=node.name, network=network, near_name=near.name
    )
    scope = "" if scene.family == 6 else _(" scope link src {address}").format(address=own.address)
    words = f"{scene.ip} route add {network} dev {near.name} proto kernel{scope}"
    return Finding("no-route", STRONG, text, evidence, cure(node, words))


def routes(scene: Observation, node: Node) -> Evidence:
    """All routes of the main table, of the family that matters."""
    lines = [str(r) for r in node.routes if r.table == "main" and r.family == scene.family]
    return show(node, f"{scene.ip} route", "\n".join(lines) or "(nothing)", _("these are all its routes"))


def wrong_way(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """The route leads by another interface than the one behind which the address is."""
    if focus.interface is None:
        return None
    for look in lookups(scene, focus):
        node, route = look.node, look.decision(scene).route
        if route is None or route.kind != "unicast" or not node.has_interface(route.device or "-"):
            continue
        if route.gateway:
            continue
        homes = {i.id for n, i in scene.holders(look.address) if n.netns != node.netns}
        asked = look.ask(scene)
        device = asked[1].split(" dev ")[1].split()[0] if " dev " in asked[1] else route.device
        if not homes or not node.has_interface(device) or scene.link(node.interface(device).id) & homes:
            return Cleared(
                "wrong-route",
                _("the route to {address} leads to the link that it is on").format(address=look.address),
            )
        home = next((i for i in node.interfaces if scene.link(i.id) & homes and not i.master), None)
        same = [str(r) for r in node.routes if (r.table, r.destination) == (route.table, route.destination)]
        says = _("two equal routes: the first wins") if len(same) > 1 else _("so says the table")
        table = tables(node, route)
        evidence = (
            show(
                node,
                *asked,
                _("{name} sends to {address} by {device}").format(
                    name=node.name, address=look.address, device=device
                ),
            ),
            show(node, f"{scene.ip} route show{table}", "\n".join(same), says),
        )
        place = home.name if home else _("none of its interfaces")
        text = _("{name} sends what is for {address} out by {device}, but it is behind {place}.").format(
            name=node.name, address=look.address, device=device, place=place
        )
        return Finding("wrong-route", STRONG, text, evidence, reroute(scene, look, route))
    return None


def reroute(scene: Observation, look: Lookup, route: Route) -> tuple[Cure, ...]:
    """Take back the route that leads astray, or give it the gateway that it lacks; one that the kernel made
    for an address is outranked, or goes with its address."""
    node = look.node
    homes = {i.id for _, i in scene.holders(look.address)}
    near = [i for i in node.interfaces if scene.link(i.id) & homes and not i.master]
    gateway = gateway_for(scene, node, route.device) if not route.gateway and not near else ""
    if route.protocol != "kernel":
        if gateway and gateway != look.address:
            return set_gateway(scene, node, route, gateway)
        return drop_route(scene, node, route)
    way = next((i for i in near if i.name != route.device), None)
    length = 128 if scene.family == 6 else 32
    return cure(node, f"{scene.ip} route add {look.address}/{length} dev {way.name}") if way else ()
