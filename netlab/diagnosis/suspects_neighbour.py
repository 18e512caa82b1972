"""Neighbours and addresses: who answers for an address on a link, and who should."""

from __future__ import annotations

from netlab.diagnosis.finding import Cleared, Finding
from netlab.diagnosis.focus import Focus
from netlab.diagnosis.scene import Scene, cure, shown, sysctl, sysctl_shown
from netlab.model import Interface, InterfaceId, Node
from netlab.verdict import LIKELY, PROVED, Cure


def wrong_neighbour(scene: Scene, focus: Focus) -> Finding | Cleared | None:
    """The frame was addressed to a MAC that is not the next hop's, or that two interfaces have."""
    twins = _twins(scene, focus)
    if twins is not None:
        return twins
    hops = focus.journey.hops if focus.journey else ()
    nodes = {hop.frame.point.netns: scene.node(hop.frame.point.netns) for hop in hops}
    for node in nodes.values():
        for entry in node.neighbours:
            holders = scene.holders(entry.address)
            used = focus.packet is not None and entry.mac == focus.packet.destination_mac
            if not used or len(holders) != 1 or entry.mac == holders[0][1].mac:
                continue
            evidence = (
                shown(
                    node,
                    f"ip neigh show {entry.address}",
                    f"{entry.address} lladdr {entry.mac} {entry.state}",
                    f"but {holders[0][1].name} in {holders[0][0].name} holds it, with {holders[0][1].mac}",
                ),
            )
            text = (
                f"{node.name} sends what is for {entry.address} to {entry.mac}, which is not its MAC address."
            )
            return Finding(
                "wrong-neighbour",
                PROVED,
                text,
                evidence,
                cure(node, f"ip neigh del {entry.address} dev {entry.device}"),
            )
    return Cleared("wrong-neighbour", "the neighbour entries name the right MAC addresses")


def _twins(scene: Scene, focus: Focus) -> Finding | None:
    """Two interfaces on one link with the same IP or MAC address."""
    start = focus.interface.id if focus.interface is not None else None
    starts = [start] if start else [i.id for i in focus.node.interfaces if i.kind != "loopback"]
    link = {key for one in starts for key in scene.link(one)}
    seen: dict[str, tuple[Node, Interface]] = {}
    for key in sorted(
        link,
        key=lambda k: (
            scene.node(k.netns).kind != "internet",
            scene.node(k.netns).name != scene.source,
            k.netns,
            k.index,
        ),
    ):
        interface, node = scene.after.interface(key), scene.node(key.netns)
        if interface is None:
            continue
        names = [a.address for a in interface.addresses if a.family == 4]
        names += [interface.mac] if interface.kind != "bridge" and not interface.master else []
        for name in names:
            if name in seen and seen[name][1].id != interface.id:
                misled = _was_misled(focus, seen[name][1], interface)
                return _twin(scene, seen[name], (node, interface), name, misled)
            seen.setdefault(name, (node, interface))
    return None


def _was_misled(focus: Focus, *twins: Interface) -> bool:
    """Whether the frame was addressed to one of the two: the choice between them went wrong."""
    return focus.packet is not None and focus.packet.destination_mac in {twin.mac for twin in twins}


def _twin(
    scene: Scene, first: tuple[Node, Interface], second: tuple[Node, Interface], name: str, misled: bool
) -> Finding:
    node, interface = second
    is_mac = name.count(":") == 5
    evidence = tuple(
        shown(n, f"ip {'link' if is_mac else 'addr'} show {i.name}", name, f"{i.name} in {n.name} has {name}")
        for n, i in (first, second)
    )
    text = f"{first[1].name} in {first[0].name} and {interface.name} in {node.name} both have {name}."
    if is_mac:
        words = f"ip link set {interface.name} address 02:00:00:{name[9:]}"
    else:
        prefix = next(a.prefixlen for a in interface.addresses if a.address == name)
        words = f"ip addr del {name}/{prefix} dev {interface.name}"
    steps = cure(node, words)
    if not is_mac:  # whoever was misled remembers the wrong one for a while
        steps += cure(scene.after.node(scene.source), f"ip neigh flush to {name}")
    return Finding("duplicate-address", PROVED if misled else LIKELY, text, evidence, steps)


def homeless(scene: Scene, focus: Focus) -> Finding | Cleared | None:
    """An answer that is not brought home: whoever shares a link with the asker routes it elsewhere."""
    if not focus.is_answer or focus.is_arp or focus.journey is None or not scene.requests:
        return None
    asker = scene.requests[0].first.packet.source
    homes = {i.id for n, i in scene.holders(asker) if n.name == scene.source}
    for netns in {hop.frame.point.netns for hop in focus.journey.hops}:
        node = scene.node(netns)
        near = [
            i for i in node.interfaces if scene.link(i.id) & homes and not i.master and i.kind != "loopback"
        ]
        route = scene.best_route(node, asker)
        if node.name == scene.source or not near or route is None or not node.has_interface(route.device):
            continue
        if scene.link(node.interface(route.device).id) & homes:
            continue
        return _strayed(scene, node, near[0], asker)
    return None


def _strayed(scene: Scene, node: Node, near: Interface, asker: str) -> Finding | None:
    """Why a node does not see the asker behind `near`: no address there, or one with a narrow prefix."""
    source = scene.after.node(scene.source)
    gateway = next((r.gateway for r in source.routes if r.destination == "default"), scene.destination)
    own = next((a for a in near.addresses if a.family == 4), None)
    if own is None:
        return _give_address(scene, source, (node, near), gateway)
    theirs = next(a.prefixlen for i in source.interfaces for a in i.addresses if a.address == asker)
    if own.prefixlen <= theirs:
        return None
    device, right = near.name, f"{own.address}/{theirs}"
    asked = scene.route(node.name, asker)
    evidence = (
        shown(node, f"ip addr show {device}", f"inet {own}", f"{asker} is not in the same network as {own}"),
        shown(node, *asked, f"so {node.name} sends the answer elsewhere"),
    )
    text = f"{device} in {node.name} has {own}: with this netmask {asker} seems to be elsewhere."
    steps = cure(node, f"ip addr add {right} dev {device}", f"ip addr del {own} dev {device}")
    return Finding("wrong-prefix", PROVED, text, evidence, steps)


def no_neighbour(scene: Scene, focus: Focus) -> Finding | Cleared | None:
    """An ARP request to which nobody answered, at a place where it should have been answered."""
    if not focus.is_arp or focus.packet is None or focus.journey is None:
        return None
    asked, asker = focus.packet.destination, scene.node(focus.journey.first.frame.point.netns)
    device = focus.journey.first.frame.point.interface
    start = InterfaceId(focus.journey.first.frame.point.netns, focus.journey.first.frame.point.index)
    holders = scene.holders(asked)
    evidence = [
        shown(
            asker,
            f"ip neigh show {asked}",
            f"{asked} dev {device} INCOMPLETE or FAILED",
            "nobody answered the ARP requests",
        )
    ]
    if any(i.id in scene.link(start) for _, i in holders):
        return None  # it is there and reachable by wire: some other suspect kept the request or the answer
    if holders and holders[0][0].netns != asker.netns:
        owner, interface = holders[0]
        evidence.append(
            shown(
                owner,
                f"ip addr show {interface.name}",
                asked,
                f"it lives there, on another link than {device}",
            )
        )
        words = _reroute(scene, asker, asked, interface, start)
        text = f"{asker.name} looks for {asked} behind {device}, but it is elsewhere: the route is wrong."
        return Finding("wrong-route", PROVED, text, tuple(evidence), words)
    proxy = _needs_proxy(scene, asker, start, asked)
    if proxy is not None:
        return proxy
    bare = _bare_bridge(scene, start)
    if bare is not None:
        return _give_address(scene, asker, bare, asked)
    gateway = scene.gateway_for(asker)
    evidence.append(
        shown(asker, "ip route", _via(asker, asked), f"this is why {asker.name} asks for {asked}")
    )
    words = cure(asker, f"ip route replace default via {gateway}") if gateway and gateway != asked else ()
    text = f"{asker.name} sends by way of {asked}, which nobody on the link of {device} holds."
    is_gateway = any(r.gateway == asked for r in asker.routes)
    if not is_gateway:
        return Finding("nobody-there", PROVED, f"Nobody holds {asked}.", tuple(evidence))
    return Finding("no-neighbour", PROVED, text, tuple(evidence), words)


def _reroute(scene: Scene, asker: Node, asked: str, home: Interface, start: InterfaceId) -> tuple[Cure, ...]:
    """Take back the route that leads astray; one that the kernel made for an address is outranked instead."""
    route = scene.best_route(asker, asked)
    if route is not None and route.protocol != "kernel":
        return cure(asker, f"ip route del {route.destination} dev {route.device}")
    way = next((i for i in asker.interfaces if scene.link(i.id) & {home.id} and i.id != start), None)
    return cure(asker, f"ip route add {asked}/32 dev {way.name}") if way else ()


def _via(node: Node, gateway: str) -> str:
    return next((str(r) for r in node.routes if r.gateway == gateway), "")


def _needs_proxy(scene: Scene, asker: Node, start: InterfaceId, asked: str) -> Finding | None:
    """A cable that ends in a routed interface of the host, which must answer for the gateway."""
    mine = scene.after.interface(start)
    far = scene.after.interface(mine.peer) if mine is not None and mine.peer else None
    if far is None or far.master or scene.node(far.netns).kind != "host":
        return None
    host = scene.node(far.netns)
    name = f"net.ipv4.conf.{far.name}.proxy_arp"
    routed = any(r.device == far.name and r.table == "main" and ":" not in r.destination for r in host.routes)
    if not routed or sysctl(host, name) != "0" or sysctl(host, "net.ipv4.conf.all.proxy_arp") == "1":
        return None
    evidence = (sysctl_shown(host, name, f"{host.name} does not answer for {asked}"),)
    text = f"{asker.name} asks for {asked}; {host.name}, which routes by {far.name}, does not answer for it."
    return Finding("no-proxy-arp", PROVED, text, evidence, cure(host, f"sysctl -w {name}=1"))


def _bare_bridge(scene: Scene, start: InterfaceId) -> tuple[Node, Interface] | None:
    """A bridge of the host's on that link without an IPv4 address."""
    for key in scene.link(start):
        interface = scene.after.interface(key)
        if (
            interface is not None
            and interface.kind == "bridge"
            and not any(a.family == 4 for a in interface.addresses)
        ):
            return scene.node(key.netns), interface
    return None


def _give_address(scene: Scene, asker: Node, bridge: tuple[Node, Interface], asked: str) -> Finding:
    node, interface = bridge
    prefix = next(
        (
            a.prefixlen
            for i in asker.interfaces
            for a in i.addresses
            if a.family == 4 and a.prefixlen < 32 and i.kind != "loopback"
        ),
        24,
    )
    evidence = (shown(node, f"ip -4 addr show {interface.name}", "(nothing)", f"it should hold {asked}"),)
    text = f"{interface.name} in {node.name} has no address: nobody answers for {asked}."
    return Finding(
        "no-address", PROVED, text, evidence, cure(node, f"ip addr add {asked}/{prefix} dev {interface.name}")
    )
