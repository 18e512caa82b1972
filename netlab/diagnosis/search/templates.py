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


def templates(scene: Observation, focus: Focus) -> Iterator[Finding]:
    """One finding for each thing that could be added, what is most often forgotten first."""
    nodes = [focus.node, *(node for node in scene.after.nodes if node is not focus.node)]
    for node in nodes:
        yield from _ports(node)
    for kind in (_addresses, _switches, _routes, _translation, _filters):
        for node in nodes:
            yield from kind(scene, node)


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
    """The address of a gateway that nobody has: at the other end of the link on which it is looked for."""
    for route in node.routes:
        if not route.gateway or scene.holders(route.gateway) or not node.has_interface(route.device):
            continue
        near = node.interface(route.device)
        for key in scene.link(near.id) - {near.id}:
            interface, other = scene.after.interface(key), scene.node(key.netns)
            if interface is None or other is node or scene.own(interface) or interface.master:
                continue
            for own in scene.own(near):
                text = _("{gateway}, by which {node} sends, is nobody's.").format(
                    gateway=route.gateway, node=node.name
                )
                words = ("ip", "addr", "add", f"{route.gateway}/{own.prefixlen}", "dev", interface.name)
                yield _accuse("no-address", text, step(other, *words))


def _switches(scene: Observation, node: Node) -> Iterator[Finding]:
    name = "net.ipv6.conf.all.forwarding" if scene.family == 6 else "net.ipv4.ip_forward"
    if node.name != scene.source and node.sysctls.get(name) == "0" and len(node.interfaces) > 2:
        text = _("{node} does not pass packets on: {name} = 0.").format(node=node.name, name=name)
        yield _accuse("forwarding-off", text, step(node, "sysctl", "-w", f"{name}=1"))


def _routes(scene: Observation, node: Node) -> Iterator[Finding]:
    """A way to whom it has to send to: the destination, or the source of the answers."""
    for target in _targets(scene, node):
        for gateway, device in _neighbours(scene, node):
            if gateway == target:
                continue
            words = (*scene.ip.split(), *_route(scene, node, target), "via", gateway, "dev", device)
            text = _("{node} has no way to {target}, or a wrong one.").format(node=node.name, target=target)
            yield _accuse("no-route", text, step(node, *words))


def _route(scene: Observation, node: Node, target: str) -> list[str]:
    """The route that is taken now, in another way; else a new one."""
    now = scene.decide(node, target).route
    if now is None:
        return ["route", "add", "default"]
    if now.kind == "unicast" and not now.gateway and now.destination != "default":
        return ["route", "replace", target]  # beside the network of a link
    table = ["table", now.table] if now.table not in ("", "main") else []
    metric = ["metric", str(now.metric)] if now.metric else []
    return ["route", "replace", now.destination, *table, *metric]


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
