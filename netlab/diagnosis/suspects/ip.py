"""Forwarding, reverse path filter, time to live and size: settings of the IP layer."""

from __future__ import annotations

import re

from netlab.diagnosis.finding import STRONG, WEAK, Cleared, Finding, sure
from netlab.diagnosis.focus import ARRIVE, BRIDGE, CABLE, ROUTE, SEND, Focus
from netlab.diagnosis.observation import Observation, cure, show, show_sysctl, sysctl
from netlab.diagnosis.suspects.firewall import listing
from netlab.diagnosis.suspects.opening import undo
from netlab.diagnosis.suspects.routing import lookups, tables
from netlab.diagnosis.verdict import Cure
from netlab.i18n import gettext as _
from netlab.model import Node


def forwarding_off(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """The node is no router, or not for packets that come in by that interface."""
    if focus.stage != ROUTE or focus.interface is None or focus.node.kind in ("container", "internet"):
        return None
    node, device = focus.node, focus.interface.name
    own, switch, count = f"net.ipv4.conf.{device}.forwarding", "net.ipv4.ip_forward", "Ip"
    if scene.family == 6:  # the interface's own setting is for router advertisements only
        own = switch = "net.ipv6.conf.all.forwarding"
        count = "Ip6"
    if sysctl(node, own) != "0":
        return Cleared(
            "forwarding-off",
            _("{own} is {sysctl} on {name}").format(own=own, sysctl=sysctl(node, own), name=node.name),
        )
    everywhere = sysctl(node, switch) == "0"
    rose = scene.increase(node, f"{count}.InAddrErrors")
    evidence = [show_sysctl(node, switch if everywhere else own, _("packets are not passed on"))]
    evidence.append(
        show(
            node,
            f"nstat -az {count}InAddrErrors",
            _("{count}InAddrErrors +{rose}").format(count=count, rose=rose),
            _("{rose} packets were thrown away for it").format(rose=rose),
        )
    )
    name = switch if everywhere else own
    text = _(
        "{name} got the packet on {device} for somebody else and does not pass packets on: {switch} = 0."
    ).format(name=node.name, device=device, switch=name)
    return Finding(
        "forwarding-off", sure(rose >= scene.lost), text, tuple(evidence), cure(node, f"sysctl -w {name}=1")
    )


def reverse_path(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """Strict reverse path filtering threw it away."""
    if focus.interface is None or focus.stage not in (ROUTE, ARRIVE) or scene.family == 6:
        return None
    node, device = focus.node, focus.interface.name
    rose = scene.increase(node, "TcpExt.IPReversePathFilter")
    names = [f"net.ipv4.conf.{scope}.rp_filter" for scope in ("all", device)]
    strict = [name for name in names if sysctl(node, name) not in ("", "0")]
    if focus.is_arp and "1" in (sysctl(node, name) for name in names):
        return _arp_filter(scene, focus, node, device, strict)
    if rose <= 0:
        return Cleared("reverse-path", _("IPReversePathFilter did not rise on {name}").format(name=node.name))
    evidence = (
        show(node, "nstat -az TcpExtIPReversePathFilter", f"+{rose}", _("so many packets failed the filter")),
        *(show_sysctl(node, name, _("the filter is on")) for name in strict),
    )
    text = _(
        "The reverse path filter of {name} threw it away: the way back does not lead through {device}."
    ).format(name=node.name, device=device)
    return Finding(
        "reverse-path",
        sure(rose >= scene.lost),
        text,
        evidence,
        *_loosen(node, device, strict),
    )


def _loosen(
    node: Node, device: str, strict: list[str]
) -> tuple[tuple[Cure, ...], tuple[tuple[Cure, ...], ...]]:
    """The mildest first: from any interface, then no filter at all."""
    loose = cure(node, f"sysctl -w net.ipv4.conf.{device}.rp_filter=2")
    return loose, (cure(node, *(f"sysctl -w {name}=0" for name in strict)),)


def _arp_filter(
    scene: Observation, focus: Focus, node: Node, device: str, strict: list[str]
) -> Finding | Cleared | None:
    """ARP requests fail the strict filter as well, and nothing counts them."""
    asker = focus.packet.source if focus.packet else ""
    route = scene.best_route(node, asker) if asker else None
    if route is None or route.device == device:
        return Cleared(
            "reverse-path",
            _("the way back to {asker} leads through {device}").format(asker=asker, device=device),
        )
    evidence = (
        show(
            node,
            *scene.route(node.name, asker),
            _("the way back to {asker} does not lead through {device}").format(asker=asker, device=device),
        ),
        *(show_sysctl(node, name, _("the filter is on")) for name in strict),
    )
    text = _(
        "The reverse path filter of {name} leaves ARP requests from {asker} on {device} unanswered."
    ).format(name=node.name, asker=asker, device=device)
    return Finding("reverse-path", STRONG, text, evidence, *_loosen(node, device, strict))


def ttl_exceeded(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """The time to live ran out."""
    if focus.stage != ROUTE or focus.packet is None:
        return None
    count = "Ip6" if scene.family == 6 else "Ip"
    rose = scene.increase(focus.node, f"{count}.InHdrErrors")
    if focus.packet.ttl > 1 or rose <= 0:
        return Cleared("ttl-exceeded", _("it came with a ttl of {ttl}").format(ttl=focus.packet.ttl))
    source = scene.after.node(scene.source)
    start = focus.journey.first.packet.ttl if focus.journey else 0
    evidence = [
        show(
            focus.node,
            f"nstat -az {count}InHdrErrors",
            f"+{rose}",
            _("it came with a ttl of {ttl}").format(ttl=focus.packet.ttl),
        )
    ]
    cures = _ttl_rules(scene)
    name = "net.ipv6.conf.all.hop_limit" if scene.family == 6 else "net.ipv4.ip_default_ttl"
    if sysctl(source, name) not in ("", "64"):
        evidence.append(show_sysctl(source, name, _("packets start with {start}").format(start=start)))
        cures = cure(source, f"sysctl -w {name}=64")
    text = _("The time to live ran out on {name}: the packet started with {start}.").format(
        name=focus.node.name, start=start
    )
    return Finding("ttl-exceeded", STRONG, text, tuple(evidence), cures)


def _ttl_rules(scene: Observation) -> tuple[Cure, ...]:
    """The rules that set the time to live of these packets, taken back."""
    return tuple(
        undo(node, chain, rule)
        for node in scene.after.nodes
        for chain, rule, *__ in scene.counted_rules(node)
        if rule is not None and rule.target == "TTL"
    )


def too_big(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """Larger than the next link takes, and not to be cut."""
    node = focus.node
    count = "Ip6InTooBigErrors" if scene.family == 6 else "IpFragFails"
    rose = scene.increase(node, "Ip6.InTooBigErrors" if scene.family == 6 else "Ip.FragFails")
    if focus.stage in (ROUTE, SEND) and (rose > 0 or any("too long" in e.lower() for e in scene.errors)):
        return _by_route(scene, focus, f"{count} +{rose}", f"nstat -az {count}")
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
    if focus.stage == BRIDGE and (found := _through_a_narrow_port(scene, focus)):
        return found
    return Cleared("too-big", _("it fits the MTU of the next link")) if scene.size > 1000 else None


def _through_a_narrow_port(scene: Observation, focus: Focus) -> Finding | None:
    """A bridge counts nothing and tells nobody when a frame does not fit the port that it has to leave by."""
    if focus.journey is None or focus.interface is None or not focus.interface.master:
        return None
    length = focus.journey.last_seen.frame.length - 14
    ports = focus.node.ports(focus.interface.master)
    narrow = [i for i in ports if i.mtu < length and i.id != focus.interface.id]
    if not narrow:
        return None
    port, first = narrow[0], focus.journey.first.frame.point
    text = _(
        "The packet has {length} bytes, and {port}, a port of {bridge} on {name}, takes {mtu} at most: "
        "a bridge drops what does not fit, and tells nobody."
    ).format(length=length, port=port.name, bridge=port.master, name=focus.node.name, mtu=port.mtu)
    says = _("{device} takes {mtu} bytes at most").format(device=port.name, mtu=port.mtu)
    evidence = (show(focus.node, f"ip link show {port.name}", f"mtu {port.mtu}", says),)
    steps = cure(scene.after.node(first.node), f"ip link set {first.interface} mtu {port.mtu}")
    return Finding("too-big", WEAK, text, evidence, steps)


def _by_route(scene: Observation, focus: Focus, output: str, command: str) -> Finding:
    """Too big for the interface that the route names, or for the size that the route itself allows."""
    node = focus.node
    narrow = min((i for i in node.interfaces if i.kind != "loopback"), key=lambda i: i.mtu)
    for look in lookups(scene, focus):
        route, asked = look.decision(scene).route, look.ask(scene)
        if route is None or not node.has_interface(route.device):
            continue
        narrow = node.interface(route.device)
        said = re.search(r" mtu (?:lock )?(\d+)", asked[1])
        if said and int(said[1]) < narrow.mtu and "expires" not in asked[1]:  # not learnt
            text = _(
                "The packet is too big for the route “{route}” on {name}, which allows {said} bytes."
            ).format(route=route, name=node.name, said=said[1])
            words = f"{scene.ip} route replace {route.destination}"
            words += f" via {route.gateway}" if route.gateway else ""
            steps = cure(node, f"{words} dev {route.device}{tables(node, route)}")
            steps += cure(scene.after.node(scene.source), f"{scene.ip} route flush cache")
            evidence = (
                show(node, command, output, _("it may not be cut")),
                show(node, *asked, f"mtu {said[1]}"),
            )
            return Finding("too-big", STRONG, text, evidence, steps)
    return _narrow(scene, node, narrow.name, narrow.mtu, output, command)


def _narrow(scene: Observation, node: Node, device: str, mtu: int, output: str, command: str) -> Finding:
    wide = max(i.mtu for n, i in scene.after.interfaces() if i.kind == "veth")
    evidence = [
        show(node, command, output, _("{device} takes {mtu} bytes at most").format(device=device, mtu=mtu))
    ]
    text = _(
        "The packet is too big for {device} in {name}, which takes {mtu} bytes, and may not be cut."
    ).format(device=device, name=node.name, mtu=mtu)
    steps = cure(node, f"ip link set {device} mtu {wide}")
    for chain, rule, *__ in scene.counted_rules(node):
        if rule is not None and rule.target == "DROP" and chain.name == "OUTPUT":
            says = _("it keeps the source from being told the size that fits")
            evidence.append(listing(node, chain, says))
            text += _(" A rule in {table}/OUTPUT drops the ICMP error that would say so.").format(
                table=chain.table
            )
            steps += (undo(node, chain, rule),)
    # The source remembers the smaller size for minutes, unless it is told to forget.
    steps += cure(scene.after.node(scene.source), f"{scene.ip} route flush cache")
    return Finding("too-big", STRONG, text, tuple(evidence), steps)
