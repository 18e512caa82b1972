"""Forwarding, routes, reverse path filter, time to live and size: what the IP layer decides."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address, ip_interface

from netlab.diagnosis.finding import Cleared, Finding, sure
from netlab.diagnosis.focus import ARRIVE, CABLE, ROUTE, SEND, Focus
from netlab.diagnosis.scene import Scene, cure, shown, sysctl, sysctl_shown
from netlab.diagnosis.suspects_firewall import undo
from netlab.model import Node
from netlab.verdict import PROVED, Cure, Evidence

REFUSING = ("blackhole", "unreachable", "prohibit")


def forwarding_off(scene: Scene, focus: Focus) -> Finding | Cleared | None:
    """The node is no router, or not for packets that come in by that interface."""
    if focus.stage != ROUTE or focus.interface is None or focus.node.kind in ("container", "internet"):
        return None
    node, device = focus.node, focus.interface.name
    own, switch = f"net.ipv4.conf.{device}.forwarding", "net.ipv4.ip_forward"
    if sysctl(node, own) != "0":
        return Cleared("forwarding-off", f"{own} is {sysctl(node, own)} on {node.name}")
    everywhere = sysctl(node, switch) == "0"
    rose = scene.risen(node, "Ip.InAddrErrors")
    evidence = [sysctl_shown(node, switch if everywhere else own, "packets are not passed on")]
    evidence.append(
        shown(
            node,
            "nstat -az IpInAddrErrors",
            f"IpInAddrErrors +{rose}",
            f"{rose} packets were thrown away for it",
        )
    )
    name = switch if everywhere else own
    text = (
        f"{node.name} got the packet on {device} for somebody else and does not pass packets on: {name} = 0."
    )
    return Finding(
        "forwarding-off", sure(rose >= scene.lost), text, tuple(evidence), cure(node, f"sysctl -w {name}=1")
    )


def route_refuses(scene: Scene, focus: Focus) -> Finding | Cleared | None:
    """A blackhole, unreachable or prohibit route is the longest match."""
    for node, address in lookups(scene, focus):
        route = scene.best_route(node, address)
        if route is None or route.kind not in REFUSING:
            continue
        command, answer = scene.route(node.name, address)
        evidence = (
            shown(node, "ip route", str(route), "the longest match for this destination refuses it"),
            shown(node, command, answer, "so says the kernel"),
        )
        text = f"On {node.name}, the route “{route}” refuses packets to {address}."
        words = f"ip route del {route.kind} {route.destination}"
        words += f" metric {route.metric}" if route.metric else ""
        return Finding("route-refuses", PROVED, text, evidence, cure(node, words))
    return Cleared("route-refuses", "no blackhole, unreachable or prohibit route covers it")


def lookups(scene: Scene, focus: Focus) -> list[tuple[Node, str]]:
    """(node, address) of the route decisions that could have ended the journey."""
    if focus.stage == SEND:
        return [(focus.node, scene.destination)]
    if focus.packet is None or focus.is_arp:
        return []
    if focus.stage == ROUTE:
        return [(focus.node, focus.packet.destination)]
    if focus.stage == ARRIVE and focus.node.owns(focus.packet.destination):
        return [(focus.node, focus.packet.source)]
    return []


def no_route(scene: Scene, focus: Focus) -> Finding | Cleared | None:
    """Nothing in the tables leads there."""
    for node, address in lookups(scene, focus):
        if scene.best_route(node, address) is not None:
            continue
        command, answer = scene.route(node.name, address)
        if "unreachable" not in answer.lower():
            continue
        if focus.stage == ARRIVE:
            return _no_way_back(scene, focus, node, address, (command, answer))
        evidence = (shown(node, command, answer, f"{node.name} knows no way to {address}"), _routes(node))
        if not any(a.family == 4 for i in node.interfaces for a in i.addresses if i.kind != "loopback"):
            return _without_address(scene, node)
        narrow = _narrow_prefix(scene, node)
        if narrow is not None:
            return narrow
        gateway = scene.gateway_for(node)
        words = cure(node, f"ip route add default via {gateway}") if gateway else ()
        return Finding("no-route", PROVED, f"{node.name} has no route to {address}.", evidence, words)
    return Cleared("no-route", "ip route get finds a route") if lookups(scene, focus) else None


def _without_address(scene: Scene, node: Node) -> Finding:
    """No interface has an address, so there is no route either. Docker's MAC addresses hold the address."""
    own = next(i for i in node.interfaces if i.kind != "loopback")
    evidence = (shown(node, f"ip -4 addr show {own.name}", "(nothing)", f"{own.name} has no address"),)
    steps: tuple[Cure, ...] = ()
    for key in scene.link(own.id) - {own.id}:
        other = scene.after.interface(key)
        address = next((a for a in other.addresses if a.family == 4), None) if other else None
        if address is not None and own.mac.startswith("02:42:"):
            mine = str(IPv4Address(bytes.fromhex(own.mac.replace(":", "")[4:])))
            steps = cure(node, f"ip addr add {mine}/{address.prefixlen} dev {own.name}")
            steps += cure(node, f"ip route add default via {address.address}")
    return Finding("no-address", PROVED, f"{own.name} in {node.name} has no address.", evidence, steps)


def _routes(node: Node) -> Evidence:
    lines = [str(r) for r in node.routes if r.table == "main" and ":" not in r.destination + r.gateway]
    return shown(node, "ip route", "\n".join(lines) or "(nothing)", "these are all its routes")


def _narrow_prefix(scene: Scene, node: Node) -> Finding | None:
    """An address whose prefix leaves the bridge on its own link outside: then no gateway can be given."""
    for interface in node.interfaces:
        for own in (a for a in interface.addresses if a.family == 4 and interface.kind != "loopback"):
            for key in scene.link(interface.id) - {interface.id}:
                other = scene.after.interface(key)
                for peer in other.addresses if other else ():
                    if peer.family != 4 or peer.prefixlen >= own.prefixlen or key.netns == node.netns:
                        continue
                    if scene.best_route(node, peer.address) is None and _covers(str(peer), own.address):
                        return _wrong_prefix(
                            node, interface.name, str(own), f"{own.address}/{peer.prefixlen}", peer.address
                        )
    return None


def _covers(network: str, address: str) -> bool:
    return ip_address(address) in ip_interface(network).network


def _wrong_prefix(node: Node, device: str, has: str, wants: str, gateway: str) -> Finding:
    evidence = (
        shown(
            node, f"ip addr show {device}", f"inet {has}", f"{gateway} is not in the same network as {has}"
        ),
    )
    text = f"{device} in {node.name} has {has}: with this netmask its gateway {gateway} is out of reach."
    return Finding(
        "wrong-prefix",
        PROVED,
        text,
        evidence,
        cure(
            node,
            f"ip addr del {has} dev {device}",
            f"ip addr add {wants} dev {device}",
            f"ip route replace default via {gateway}",
        ),
    )


def _no_way_back(scene: Scene, focus: Focus, node: Node, address: str, asked: tuple[str, str]) -> Finding:
    """The destination cannot answer: its peer's address was not translated on the way."""
    evidence = [shown(node, *asked, f"{node.name} knows no way back to {address}")]
    text = f"The packet reached {node.name} with the source address {address}, to which it knows no way back."
    cures: tuple[Cure, ...] = ()
    host = _translator(scene, focus)
    if host is not None:
        bridge, network = _network_of(scene, host, address)
        text += f" {host.name} should have put its own address in: the MASQUERADE rule is missing."
        evidence.append(
            shown(host, "iptables -t nat -S POSTROUTING", _nat(host), "no rule translates that source")
        )
        words = f"iptables -t nat -A POSTROUTING -s {network} ! -o {bridge} -j MASQUERADE"
        cures = cure(host, words)
    return Finding("no-way-back", PROVED, text, tuple(evidence), cures)


def _nat(node: Node) -> str:
    chains = [c for c in node.chains if (c.family, c.table, c.name) == ("ip", "nat", "POSTROUTING")]
    lines = [f"-A POSTROUTING {rule.text}" for chain in chains for rule in chain.rules]
    return "\n".join(lines) or "-P POSTROUTING ACCEPT"


def _translator(scene: Scene, focus: Focus) -> Node | None:
    """The last node that passed the packet on."""
    passed = [scene.node(hop.frame.point.netns) for hop in focus.journey.hops] if focus.journey else []
    between = [n for n in passed if n.netns not in (focus.node.netns, passed[0].netns)]
    return between[-1] if between else None


def _network_of(scene: Scene, host: Node, address: str) -> tuple[str, str]:
    route = scene.best_route(host, address)
    return (route.device, route.destination) if route else ("docker0", f"{address}/32")


def reverse_path(scene: Scene, focus: Focus) -> Finding | Cleared | None:
    """Strict reverse path filtering threw it away."""
    if focus.interface is None or focus.stage not in (ROUTE, ARRIVE):
        return None
    node, device = focus.node, focus.interface.name
    rose = scene.risen(node, "TcpExt.IPReversePathFilter")
    names = [f"net.ipv4.conf.{scope}.rp_filter" for scope in ("all", device)]
    strict = [name for name in names if sysctl(node, name) not in ("", "0")]
    if focus.is_arp and "1" in (sysctl(node, name) for name in names):
        return _arp_filtered(scene, focus, node, device, strict)
    if rose <= 0:
        return Cleared("reverse-path", f"IPReversePathFilter did not rise on {node.name}")
    evidence = (
        shown(node, "nstat -az TcpExtIPReversePathFilter", f"+{rose}", "so many packets failed the filter"),
        *(sysctl_shown(node, name, "the filter is on") for name in strict),
    )
    text = (
        f"The reverse path filter of {node.name} threw it away: the way back does not lead through {device}."
    )
    return Finding(
        "reverse-path",
        sure(rose >= scene.lost),
        text,
        evidence,
        cure(node, *(f"sysctl -w {n}=0" for n in strict)),
    )


def _arp_filtered(
    scene: Scene, focus: Focus, node: Node, device: str, strict: list[str]
) -> Finding | Cleared | None:
    """ARP requests fail the strict filter as well, and nothing counts them."""
    asker = focus.packet.source if focus.packet else ""
    route = scene.best_route(node, asker) if asker else None
    if route is None or route.device == device:
        return Cleared("reverse-path", f"the way back to {asker} leads through {device}")
    evidence = (
        shown(
            node, *scene.route(node.name, asker), f"the way back to {asker} does not lead through {device}"
        ),
        *(sysctl_shown(node, name, "the filter is on") for name in strict),
    )
    text = f"The reverse path filter of {node.name} leaves ARP requests from {asker} on {device} unanswered."
    return Finding("reverse-path", PROVED, text, evidence, cure(node, *(f"sysctl -w {n}=0" for n in strict)))


def ttl_exceeded(scene: Scene, focus: Focus) -> Finding | Cleared | None:
    """The time to live ran out."""
    if focus.stage != ROUTE or focus.packet is None:
        return None
    rose = scene.risen(focus.node, "Ip.InHdrErrors")
    if focus.packet.ttl > 1 or rose <= 0:
        return Cleared("ttl-exceeded", f"it came with a ttl of {focus.packet.ttl}")
    source = scene.after.node(scene.source)
    start = focus.journey.first.packet.ttl if focus.journey else 0
    evidence = [
        shown(focus.node, "nstat -az IpInHdrErrors", f"+{rose}", f"it came with a ttl of {focus.packet.ttl}")
    ]
    cures = _ttl_rules(scene)
    if sysctl(source, "net.ipv4.ip_default_ttl") not in ("", "64"):
        evidence.append(sysctl_shown(source, "net.ipv4.ip_default_ttl", f"packets start with {start}"))
        cures = cure(source, "sysctl -w net.ipv4.ip_default_ttl=64")
    text = f"The time to live ran out on {focus.node.name}: the packet started with {start}."
    return Finding("ttl-exceeded", PROVED, text, tuple(evidence), cures)


def _ttl_rules(scene: Scene) -> tuple[Cure, ...]:
    """The rules that set the time to live of these packets, taken back."""
    return tuple(
        undo(node, chain, rule)
        for node in scene.after.nodes
        for chain, rule, _, _ in scene.moved(node)
        if rule is not None and rule.target == "TTL"
    )


def too_big(scene: Scene, focus: Focus) -> Finding | Cleared | None:
    """Larger than the next link takes, and not to be cut."""
    node = focus.node
    rose = scene.risen(node, "Ip.FragFails")
    if focus.stage in (ROUTE, SEND) and (rose > 0 or any("too long" in e.lower() for e in scene.errors)):
        narrow = min((i for i in node.interfaces if i.kind != "loopback"), key=lambda i: i.mtu)
        return _narrow(scene, node, narrow.name, narrow.mtu, f"IpFragFails +{rose}", "nstat -az IpFragFails")
    if (
        focus.stage == CABLE
        and focus.journey is not None
        and focus.interface is not None
        and focus.interface.peer
    ):
        peer = scene.after.interface(focus.interface.peer)
        length = focus.journey.last_seen.frame.length - 14
        if peer is not None and length > peer.mtu:
            other = scene.node(peer.netns)
            return _narrow(scene, other, peer.name, peer.mtu, f"mtu {peer.mtu}", f"ip link show {peer.name}")
    return Cleared("too-big", "it fits the MTU of the next link") if scene.size > 1000 else None


def _narrow(scene: Scene, node: Node, device: str, mtu: int, output: str, command: str) -> Finding:
    wide = max(i.mtu for n, i in scene.after.interfaces() if i.kind == "veth")
    says = f"{device} takes {mtu} bytes at most"
    text = f"The packet is too big for {device} in {node.name}, which takes {mtu} bytes, and may not be cut."
    # The source remembers the smaller size for minutes, unless it is told to forget.
    steps = cure(node, f"ip link set {device} mtu {wide}")
    steps += cure(scene.after.node(scene.source), "ip route flush cache")
    return Finding("too-big", PROVED, text, (shown(node, command, output, says),), steps)
