"""Neighbours and addresses: who answers for an address on a link, and who should."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface

from netlab.diagnosis.finding import STRONG, Cleared, Finding
from netlab.diagnosis.focus import Focus
from netlab.diagnosis.observation import Observation, cure, show, show_sysctl, sysctl
from netlab.diagnosis.suspects.addressing import (
    add,
    default_by,
    gateway_for,
    is_router,
    neighbours_on,
    passes_on,
)
from netlab.diagnosis.suspects.detour import detour
from netlab.diagnosis.suspects.duplicates import twins
from netlab.diagnosis.suspects.routing import lookup_at, reroute, set_gateway, tables
from netlab.diagnosis.verdict import Evidence
from netlab.i18n import gettext as _
from netlab.model import Interface, InterfaceId, Node, Route


def wrong_neighbour(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """The frame was addressed to a MAC that is not the next hop's, or that two interfaces have."""
    if (found := twins(scene, focus)) is not None:
        return found
    hops = focus.journey.hops if focus.journey else ()
    nodes = {hop.frame.point.netns: scene.node(hop.frame.point.netns) for hop in hops}
    for node in nodes.values():
        for entry in node.neighbours:
            holders = scene.holders(entry.address)
            used = focus.packet is not None and entry.mac == focus.packet.destination_mac
            if not used or len(holders) != 1 or entry.mac == holders[0][1].mac:
                continue
            evidence = (
                show(
                    node,
                    f"ip neigh show {entry.address}",
                    f"{entry.address} lladdr {entry.mac} {entry.state}",
                    _("but {name} in {holders_name} holds it, with {mac}").format(
                        name=holders[0][1].name, holders_name=holders[0][0].name, mac=holders[0][1].mac
                    ),
                ),
            )
            text = _("{name} sends what is for {address} to {mac}, which is not its MAC address.").format(
                name=node.name, address=entry.address, mac=entry.mac
            )
            return Finding(
                "wrong-neighbour",
                STRONG,
                text,
                evidence,
                cure(node, f"ip neigh del {entry.address} dev {entry.device}"),
            )
    return Cleared("wrong-neighbour", _("the neighbour entries name the right MAC addresses"))


def no_neighbour(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """An ARP request to which nobody answered, at a place where it should have been answered."""
    if not focus.is_arp or focus.packet is None or focus.journey is None:
        return None
    asked, asker = focus.packet.destination, scene.node(focus.journey.first.frame.point.netns)
    device = focus.journey.first.frame.point.interface
    start = InterfaceId(focus.journey.first.frame.point.netns, focus.journey.first.frame.point.index)
    holders = scene.holders(asked)
    state = _("{asked} dev {device} INCOMPLETE or FAILED").format(asked=asked, device=device)
    evidence = [show(asker, f"ip neigh show {asked}", state, _("nobody answered the ARP requests"))]
    if any(i.id in scene.link(start) for _, i in holders):
        return None  # it is there and reachable by wire: some other suspect kept the request or the answer
    told = scene.best_route(asker, asked) if asked else None  # in a tunnel nobody reads what is asked for
    if told is not None and not told.gateway and told.protocol != "kernel":  # all are to be asked for there
        proxy = _needs_proxy(scene, asker, start, asked)
        if proxy is not None:
            return proxy
    if holders and holders[0][0].netns != asker.netns:
        owner, interface = holders[0]
        says = _("it lives there, on another link than {device}").format(device=device)
        evidence.append(show(owner, f"ip addr show {interface.name}", asked, says))
        return _elsewhere(scene, asker, asked, device, evidence)
    proxy = _needs_proxy(scene, asker, start, asked)
    if proxy is not None:
        return proxy
    bare = _bare(scene, start)
    if bare is not None:
        return give_address(scene, asker, bare, asked)
    return _by_way_of_nobody(scene, focus, asker, asked, evidence)


def _by_way_of_nobody(
    scene: Observation, focus: Focus, asker: Node, asked: str, evidence: list[Evidence]
) -> Finding:
    """A gateway that nobody is; or else an address on the link itself."""
    assert focus.journey is not None
    device = focus.journey.first.frame.point.interface
    via = next((r for r in asker.routes if r.gateway == asked), None)
    chosen = lookup_at(scene, asker, scene.destination).decision(scene).route
    via = chosen if chosen is not None and chosen.gateway == asked else via
    if via is None:
        return _nobody(scene, focus, asker, asked, device, evidence)
    says = _("this is why {name} asks for {asked}").format(name=asker.name, asked=asked)
    evidence.append(show(asker, f"{scene.ip} route show{tables(asker, via)}", str(via), says))
    gateway = gateway_for(scene, asker, via.device) or gateway_for(scene, asker)
    steps = set_gateway(scene, asker, via, gateway) if gateway and gateway != asked else ()
    text = _("{name} sends by way of {asked}, which nobody on the link of {device} holds.").format(
        name=asker.name, asked=asked, device=device
    )
    return Finding("no-neighbour", STRONG, text, tuple(evidence), steps)


def _nobody(
    scene: Observation, focus: Focus, asker: Node, asked: str, device: str, evidence: list[Evidence]
) -> Finding:
    """An address that was looked for on the link itself: by a route without gateway, or rightly."""
    route = scene.best_route(asker, asked)
    gateway = gateway_for(scene, asker, device)
    if route is not None and route.destination == "default" and gateway:
        evidence.append(
            show(asker, f"{scene.ip} route", str(route), _("no gateway: the link is asked for all"))
        )
        text = _(
            "{name} has a default route without gateway, and looks for {asked} on {device} itself."
        ).format(name=asker.name, asked=asked, device=device)
        steps = set_gateway(scene, asker, route, gateway)
        return Finding("wrong-route", STRONG, text, tuple(evidence), steps)
    return Finding(
        "nobody-there",
        STRONG,
        _("Nobody on the link of {device} holds {asked}.").format(device=device, asked=asked),
        tuple(evidence),
    )


def _elsewhere(
    scene: Observation, asker: Node, asked: str, device: str, evidence: list[Evidence]
) -> Finding | None:
    """It is held by somebody on another link: the route is wrong, or the address that brought it."""
    look = lookup_at(scene, asker, asked)
    route = look.decision(scene).route
    if route is None:
        return None
    evidence.append(show(asker, *look.ask(scene), _("so it is looked for on {device}").format(device=device)))
    text = _("{name} looks for {asked} behind {device}, but it is elsewhere: the route is wrong.").format(
        name=asker.name, asked=asked, device=device
    )
    steps = reroute(scene, look, route)
    if not steps and route.protocol == "kernel":
        return _wide(scene, asker, route, asked, evidence)
    return Finding("wrong-route", STRONG, text, tuple(evidence), steps)


def _wide(
    scene: Observation, asker: Node, route: Route, asked: str, evidence: list[Evidence]
) -> Finding | None:
    """An address whose network covers what lies elsewhere: it goes, or gets the others' netmask."""
    interface = asker.interface(route.device)
    own = scene.own(interface)
    wide = next((a for a in own if ip_address(asked) in ip_interface(str(a)).network), None)
    peer = next((one[2] for one in neighbours_on(scene, interface)), None)
    if wide is None:
        return None
    steps = cure(asker, f"ip addr del {wide} dev {interface.name}")
    if peer is not None and peer.prefixlen == wide.prefixlen:  # it is the network itself that is too large
        steps = detour(scene, asker, asked)
    elif peer is not None and len(own) == 1:
        steps += cure(asker, f"ip addr add {wide.address}/{peer.prefixlen} dev {interface.name}")
        steps += default_by(scene, asker, interface, peer.address)
    text = _("{name} in {asker_name} has {wide}: with this netmask {asked} seems to be on its link.").format(
        name=interface.name, asker_name=asker.name, wide=wide, asked=asked
    )
    return Finding("wrong-prefix", STRONG, text, tuple(evidence), steps)


def arp_off(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """The request came to whoever holds the address, and he is told not to answer."""
    speechless = _speechless(scene, focus)
    if speechless is not None or not focus.is_arp or focus.packet is None:
        return speechless
    asked = focus.packet.destination
    for node, interface in scene.holders(asked):
        device = focus.interface if focus.interface and focus.interface.netns == node.netns else interface
        device = node.interface(device.master) if node.has_interface(device.master or "-") else device
        silent = _silent(node, device, interface)
        if silent is not None:
            says, command, output, words = silent
            evidence = (show(node, command, output, says),)
            text = _("{name} in {node_name} does not answer ARP requests for {asked}: {says}.").format(
                name=device.name, node_name=node.name, asked=asked, says=says
            )
            return Finding("arp-off", STRONG, text, evidence, cure(node, words))
    return Cleared("arp-off", _("whoever holds {asked} is not told to keep silent").format(asked=asked))


def _speechless(scene: Observation, focus: Focus) -> Finding | None:
    """It was sent by an interface that does not ask for MAC addresses, and so with none that is right."""
    for hop in focus.journey.hops if focus.journey and not focus.is_arp else ():
        node, point = scene.node(hop.frame.point.netns), hop.frame.point
        interface = scene.after.interface(InterfaceId(point.netns, point.index))
        if hop.frame.direction == "in" or interface is None or interface.kind not in ("veth", "bridge"):
            continue
        if "NOARP" in interface.flags:
            says = _("it has the flag NOARP, and sends to the MAC address {destination_mac}").format(
                destination_mac=hop.packet.destination_mac
            )
            evidence = (show(node, f"ip link show {interface.name}", "NOARP", says),)
            text = _("{name} in {node_name} does not ask for MAC addresses: ARP is off.").format(
                name=interface.name, node_name=node.name
            )
            steps = cure(node, f"ip link set {interface.name} arp on")
            return Finding("arp-off", STRONG, text, evidence, steps)
    return None


def _silent(node: Node, device: Interface, holder: Interface) -> tuple[str, str, str, str] | None:
    """(what it says, the command, what it shows, the cure) if ARP is off there."""
    if "NOARP" in device.flags:
        command = f"ip link show {device.name}"
        return _("it has the flag NOARP"), command, "NOARP", f"ip link set {device.name} arp on"
    for scope in ("all", device.name):
        name = f"net.ipv4.conf.{scope}.arp_ignore"
        level = sysctl(node, name)
        if level == "8" or (level in ("1", "2") and device.id != holder.id):
            return (
                _("arp_ignore is {level}").format(level=level),
                f"sysctl {name}",
                f"{name} = {level}",
                f"sysctl -w {name}=0",
            )
    return None


def _needs_proxy(scene: Observation, asker: Node, start: InterfaceId, asked: str) -> Finding | None:
    """A cable that ends in a router's own interface, which must answer for whatever is behind that."""
    mine = scene.after.interface(start)
    far = scene.after.interface(mine.peer) if mine is not None and mine.peer else None
    if far is None or far.master or not passes_on(scene, host := scene.node(far.netns)):
        return None
    name = f"net.ipv4.conf.{far.name}.proxy_arp"
    routed = any(r.device == far.name and r.table == "main" and ":" not in r.destination for r in host.routes)
    if not routed or sysctl(host, name) != "0" or sysctl(host, "net.ipv4.conf.all.proxy_arp") == "1":
        return None
    evidence = (
        show_sysctl(host, name, _("{name} does not answer for {asked}").format(name=host.name, asked=asked)),
    )
    text = _(
        "{name} asks for {asked}; {host_name}, which routes by {far_name}, does not answer for it."
    ).format(name=asker.name, asked=asked, host_name=host.name, far_name=far.name)
    return Finding("no-proxy-arp", STRONG, text, evidence, cure(host, f"sysctl -w {name}=1"))


def _bare(scene: Observation, start: InterfaceId) -> tuple[Node, Interface] | None:
    """A router's interface on that link, or a bridge, that has no address."""
    for key in scene.link(start) - {start}:
        interface, node = scene.after.interface(key), scene.node(key.netns)
        if interface is None or interface.master or scene.own(interface):
            continue
        if interface.kind == "bridge" or is_router(scene, node):
            return node, interface
    return None


def give_address(scene: Observation, asker: Node, bridge: tuple[Node, Interface], asked: str) -> Finding:
    """The finding of a bridge without the address that is asked for, and its cure."""
    node, interface = bridge
    full = 128 if scene.family == 6 else 32
    lengths = [a.prefixlen for i in asker.interfaces for a in scene.own(i)]
    prefix = next((length for length in lengths if length < full), full * 3 // 4)
    command = f"ip -{scene.family} addr show {interface.name}"
    evidence = (show(node, command, "(nothing)", _("it should hold {asked}").format(asked=asked)),)
    text = _("{name} in {node_name} has no address: nobody answers for {asked}.").format(
        name=interface.name, node_name=node.name, asked=asked
    )
    steps = cure(node, add(asked, prefix, interface.name))
    return Finding("no-address", STRONG, text, evidence, steps)
