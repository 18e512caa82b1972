"""What may be missing on a packet's way, and the command that adds it."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_interface, ip_network

from netlab.diagnosis.finding import WEAK, Finding
from netlab.diagnosis.focus import Focus
from netlab.diagnosis.observation import Observation, step
from netlab.diagnosis.verdict import Cure
from netlab.i18n import gettext as _
from netlab.model import Address, Interface, Node

# Settings that keep packets from their way: their names, how they are then, and how they are tried.
OTHERWISE = (("rp_filter", "1", "2", "reverse-path"), ("proxy_arp", "0", "1", "no-proxy-arp"))
LOOSE = ("veth", "dummy", "vxlan")  # what a bridge may be missing


def anomalies(scene: Observation, focus: Focus) -> Iterator[Finding]:
    """One finding for each thing that is missing as one can see, whomever it concerns: there are few."""
    for kind in (_addresses, _ends_of_cables, _policies, _own_networks, _switches, _prefixes):
        for node in _nodes(scene, focus):
            yield from kind(scene, node)


def templates(scene: Observation, focus: Focus) -> Iterator[Finding]:
    """One finding for each thing that could be added, what is most often forgotten first."""
    nodes = _nodes(scene, focus)
    for node in nodes:
        yield from _ports(node)
    for kind in (_routes, _translation, _filters):
        for node in nodes:
            yield from kind(scene, node)


def _nodes(scene: Observation, focus: Focus) -> list[Node]:
    """All: where it ended, where it begins, where it was to end, and the others."""
    first = [focus.node, scene.after.node(scene.source), *(n for n, _i in scene.holders(scene.destination))]
    found = {node.name: node for node in (*first, *scene.after.nodes)}
    return list(found.values())


def _accuse(cause: str, text: str, *cure: Cure) -> Finding:
    return Finding(cause, WEAK, text, (), cure)


def _ports(node: Node) -> Iterator[Finding]:
    bridges = [each.name for each in node.interfaces if each.kind == "bridge"]
    for interface in node.interfaces:
        if interface.kind in LOOSE and not _global(interface):
            for bridge in (name for name in bridges if name != interface.master):
                text = _("On {node}, {name} is no port of {bridge}.").format(
                    node=node.name, name=interface.name, bridge=bridge
                )
                words = ("ip", "link", "set", interface.name, "master", bridge)
                yield _accuse("not-a-port", text, step(node, *words))


def _addresses(scene: Observation, node: Node) -> Iterator[Finding]:
    """An address that nobody has: of a gateway, or the one that is asked for, at the other end of the link on
    which it is looked for."""
    for address, near in _seek(scene, node):
        for interface in _without_any(scene, near):
            other = scene.node(interface.netns)
            for own in scene.own(near) if other is not node else ():
                text = _("{address}, to which {node} sends, is nobody's.").format(
                    address=address, node=node.name
                )
                words = ("ip", "addr", "add", f"{address}/{own.prefixlen}", "dev", interface.name)
                yield _accuse("no-address", text, step(other, *words))


def _ends_of_cables(scene: Observation, node: Node) -> Iterator[Finding]:
    """An address that nobody has, and to which somebody has a route by a cable: it is whose at its end."""
    whole = f"/{128 if scene.family == 6 else 32}"
    for route in node.routes:
        address = route.destination.removesuffix(whole)
        near = node.interface(route.device) if node.has_interface(route.device) else None
        is_one = route.kind == "unicast" and address != "default" and "/" not in address
        if route.gateway or route.family != scene.family or not is_one or near is None or not near.peer:
            continue
        end = scene.after.interface(near.peer)
        if near.kind != "veth" or end is None or scene.holders(address):
            continue
        other = scene.node(end.netns)
        text = _("{address}, to which {node} sends, is nobody's.").format(address=address, node=node.name)
        gone = [step(other, "ip", "addr", "del", str(own), "dev", end.name) for own in scene.own(end)]
        add = step(other, "ip", "addr", "add", f"{address}{whole}", "dev", end.name)
        way = step(other, *scene.ip.split(), "route", "replace", "default", "dev", end.name)
        yield _accuse("no-address", text, *gone, add, way)


def _without_any(scene: Observation, near: Interface) -> list[Interface]:
    """Interfaces that have no address of that one's network, and could have one: those on its link; if there
    are none, others that have none at all, since not every kind of link is known here."""
    link = scene.link(near.id) - {near.id}
    networks = [ip_interface(str(own)).network for own in scene.own(near)]
    there = [each for _node, each in scene.after.interfaces() if each.id in link and _may_have(each)]
    foreign = [i for i in there if not any(_is_in(own, net) for own in scene.own(i) for net in networks)]
    bare = [each for _node, each in scene.after.interfaces() if _is_bare(scene, each)]
    return foreign or bare


def _may_have(interface: Interface) -> bool:
    return interface.kind != "loopback" and not interface.master


def _is_bare(scene: Observation, interface: Interface) -> bool:
    return _may_have(interface) and not scene.own(interface)


def _prefixes(scene: Observation, node: Node) -> Iterator[Finding]:
    """Another length of a prefix: that of somebody on its link who takes it for a neighbour."""
    for interface in node.interfaces:
        for own in scene.own(interface):
            others = (scene.after.interface(key) for key in scene.link(interface.id) - {interface.id})
            near = [address for other in others if other for address in scene.own(other)]
            lengths = {a.prefixlen for a in near if _is_in(own, ip_interface(str(a)).network)}
            for length in sorted(lengths - {own.prefixlen}):
                right = f"{own.address}/{length}"
                text = _("{device} in {name} has {own}, and others on its link have /{length}.").format(
                    device=interface.name, name=node.name, own=own, length=length
                )
                add = step(node, "ip", "addr", "add", right, "dev", interface.name)
                delete = step(node, "ip", "addr", "del", str(own), "dev", interface.name)
                yield _accuse("wrong-prefix", text, add, delete)


def _policies(scene: Observation, node: Node) -> Iterator[Finding]:
    """The rule that has the main table looked at, which a kernel has from the beginning on."""
    known = [rule for rule in node.policies if rule.family == scene.family]
    if known and not any(rule.table == "main" for rule in known):
        text = _("On {node} no rule has the table main looked at.").format(node=node.name)
        words = (*scene.ip.split(), "rule", "add", "lookup", "main", "pref", "32766")
        yield _accuse("no-route", text, step(node, *words))


def _seek(scene: Observation, node: Node) -> Iterator[tuple[str, Interface]]:
    """Addresses that this node sends to and nobody holds, and by which interface."""
    wanted = [(route.gateway, route.device) for route in node.routes if route.gateway]
    route = scene.best_route(node, scene.destination)
    wanted += [(scene.destination, route.device)] if route and not route.gateway else []
    for address, device in dict.fromkeys(wanted):
        if not scene.holders(address) and node.has_interface(device):
            yield address, node.interface(device)


def _switches(scene: Observation, node: Node) -> Iterator[Finding]:
    name = "net.ipv6.conf.all.forwarding" if scene.family == 6 else "net.ipv4.ip_forward"
    if node.name != scene.source and node.sysctls.get(name) == "0" and len(node.interfaces) > 2:
        text = _("{node} does not pass packets on: {name} = 0.").format(node=node.name, name=name)
        yield _accuse("forwarding-off", text, step(node, "sysctl", "-w", f"{name}=1"))


def _routes(scene: Observation, node: Node) -> Iterator[Finding]:
    """A way to whom it has to send to: the destination, or the source of the answers."""
    for target in _targets(scene, node):
        ways: list[tuple[str, ...]] = [
            ("via", gateway, "dev", device) for gateway, device in _neighbours(scene, node)
        ]
        ways += [("dev", each.name) for each in node.interfaces if _leads_on(each)]
        for way in ways:
            if target in way:
                continue
            # What somebody switched off has lost its routes, and takes none.
            up = () if node.interface(way[-1]).is_up else (step(node, "ip", "link", "set", way[-1], "up"),)
            text = _("{node} has no way to {target}, or a wrong one.").format(node=node.name, target=target)
            for route in _ways(scene, node, target, "via" in way):
                yield _accuse("no-route", text, *up, step(node, *scene.ip.split(), "route", *route, *way))


def _own_networks(scene: Observation, node: Node) -> Iterator[Finding]:
    """The route to an interface's own network, which comes with the address and can be deleted."""
    for interface in node.interfaces:
        for own in scene.own(interface):
            network = str(ip_interface(f"{own.address}/{own.prefixlen}").network)
            # Among the local table's is one to the address itself, which leads nobody to the others.
            known = [r for r in node.routes if r.device == interface.name and r.kind == "unicast"]
            if interface.is_up and not any(route.destination in (network, own.address) for route in known):
                text = _("{node} has no way to {target}, or a wrong one.").format(
                    node=node.name, target=network
                )
                words = (*scene.ip.split(), "route", "replace", network, "dev", interface.name)
                words += () if scene.family == 6 else ("src", own.address)
                yield _accuse("no-route", text, step(node, *words))


def _leads_on(interface: Interface) -> bool:
    """Whether a route can have it alone: there somebody may answer for all."""
    return interface.kind not in ("loopback", "bridge") and not interface.master


def _ways(scene: Observation, node: Node, target: str, is_by_gateway: bool) -> Iterator[list[str]]:
    """The route that is taken now, in another way; else a new one: of all, or of the target's network."""
    now = scene.decide(node, target).route
    if now is None:
        yield ["add", "default"]
    elif now.kind == "unicast" and (not is_by_gateway or (not now.gateway and now.destination != "default")):
        yield ["replace", target]  # beside the network of a link, or all others
    else:
        table = ["table", now.table] if now.table not in ("", "main") else []
        metric = ["metric", str(now.metric)] if now.metric else []
        yield ["replace", now.destination, *table, *metric]
        if now.destination == "default" and node.name != scene.source:
            yield ["add", _network(scene, target), *table]


def _network(scene: Observation, address: str) -> str:
    """In which its holder has it."""
    held = [a for _node, interface in scene.holders(address) for a in scene.own(interface)]
    return next((str(ip_interface(str(a)).network) for a in held if a.address == address), address)


def _targets(scene: Observation, node: Node) -> list[str]:
    sources = [a.address for i in scene.after.node(scene.source).interfaces for a in scene.own(i)]
    held = {address.address for interface in node.interfaces for address in interface.addresses}
    wanted = [scene.destination] if node.name == scene.source else [*sources[:1], scene.destination]
    return [target for target in wanted if target not in held]


def _neighbours(scene: Observation, node: Node) -> Iterator[tuple[str, str]]:
    """(address, by which interface) of others in a network of this node's."""
    for interface in node.interfaces:
        for own in scene.own(interface):
            network = ip_interface(f"{own.address}/{own.prefixlen}").network
            for other in scene.after.nodes:
                if other is not node:
                    near = [a for i in other.interfaces for a in scene.own(i) if _is_in(a, network)]
                    yield from ((address.address, interface.name) for address in near)


def _is_in(address: Address, network: object) -> bool:
    return ip_interface(address.address).ip in ip_network(str(network))


def _translation(scene: Observation, node: Node) -> Iterator[Finding]:
    """Behind which address of its own a router could hide those who have no way back."""
    if node.name == scene.source or scene.family == 6:
        return
    route = scene.best_route(node, scene.destination)
    source = next((a for i in scene.after.node(scene.source).interfaces for a in scene.own(i)), None)
    if route is None or source is None or not route.device:
        return
    network = ip_interface(f"{source.address}/{source.prefixlen}").network
    words = ("iptables", "-t", "nat", "-A", "POSTROUTING", "-s", str(network), "-o", route.device)
    text = _("No rule on {node} translates {network}.").format(node=node.name, network=network)
    yield _accuse("no-way-back", text, step(node, *words, "-j", "MASQUERADE"))


def _filters(scene: Observation, node: Node) -> Iterator[Finding]:
    """What lets a router take packets that come another way than it would send them, or answer for others."""
    for interface in node.interfaces:
        if interface.kind == "loopback" or scene.family == 6:
            continue
        for name, usual, value, cause in OTHERWISE:
            key = f"net.ipv4.conf.{interface.name}.{name}"
            if node.sysctls.get(key) == usual:
                text = f"{node.name}: {key} = {node.sysctls[key]}."
                yield _accuse(cause, text, step(node, "sysctl", "-w", f"{key}={value}"))


def _global(interface: Interface) -> bool:
    return any(address.scope == "global" for address in interface.addresses)
