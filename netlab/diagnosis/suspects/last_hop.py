"""A packet that is not brought home: whoever shares a link with its destination sends it elsewhere."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface

from netlab.diagnosis.finding import STRONG, Cleared, Finding
from netlab.diagnosis.focus import Focus
from netlab.diagnosis.observation import Observation, cure, show
from netlab.diagnosis.suspects.addressing import wrong_source
from netlab.diagnosis.suspects.link import down
from netlab.diagnosis.suspects.neighbour import give_address
from netlab.diagnosis.suspects.routing import Lookup, missing_connected_route, reroute, tables
from netlab.i18n import gettext as _
from netlab.model import Interface, Journey, Node, Route
from netlab.packets.forwarding.routing import prefix


def homeless(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """A node that the packet passed has its destination on a link, and sends it by another."""
    if focus.journey is None or not scene.requests:
        return None
    if not focus.is_answer:
        home = next((n for n, _ in scene.holders(scene.destination)), None)
        return _first_astray(scene, scene.requests[-1], scene.destination, home) if home else None
    journey = scene.requests[-1] if focus.is_arp else focus.journey
    return _first_astray(
        scene, journey, scene.requests[0].first.packet.source, scene.after.node(scene.source)
    )


def _first_astray(scene: Observation, journey: Journey, address: str, home: Node) -> Finding | None:
    homes = {i.id for n, i in scene.holders(address) if n.netns == home.netns and i.kind != "loopback"}
    for netns in dict.fromkeys(hop.frame.point.netns for hop in journey.hops):
        node = scene.node(netns)
        near = [
            i for i in node.interfaces if scene.link(i.id) & homes and not i.master and i.kind != "loopback"
        ]
        if netns == home.netns or not near:
            continue
        route = scene.best_route(node, address)
        if route is None or not node.has_interface(route.device):
            continue
        if not route.gateway and scene.link(node.interface(route.device).id) & homes:
            continue
        return _why_astray(scene, node, near[0], address, home, route)
    return None


def _why_astray(
    scene: Observation, node: Node, near: Interface, address: str, home: Node, route: Route
) -> Finding | None:
    """Why a node does not see the address behind `near`: that is down, has no address, or one with a narrow
    prefix; the address is a foreign one; or a route is more special."""
    defaults = [r for r in home.routes if (r.destination, r.family) == ("default", scene.family)]
    gateway = defaults[0].gateway if defaults else scene.destination
    own = next(iter(scene.own(near)), None)
    if not near.is_up:
        return down(scene, node, near)
    if own is None:
        return give_address(scene, home, (node, near), gateway)
    theirs = next(a.prefixlen for i in home.interfaces for a in i.addresses if a.address == address)
    device, asked = near.name, scene.route(node.name, address)
    if ip_address(address) in ip_interface(str(own)).network:
        if route.protocol == "kernel" and not route.gateway:
            return None  # two equal networks: that is for wrong_way
        if prefix(route) < own.prefixlen:
            return missing_connected_route(scene, node, near, own, address)
        return _astray(scene, node, near, address, route)
    if own.prefixlen <= theirs or ip_address(own.address) not in ip_interface(f"{address}/{theirs}").network:
        return wrong_source(scene, home, near, address)
    right = f"{own.address}/{theirs}"
    evidence = (
        show(
            node,
            f"ip addr show {device}",
            f"inet {own}",
            _("{address} is not in that network").format(address=address),
        ),
        show(node, *asked, _("so {name} sends what is for it elsewhere").format(name=node.name)),
    )
    text = _("{device} in {name} has {own}: with this netmask {address} seems to be elsewhere.").format(
        device=device, name=node.name, own=own, address=address
    )
    steps = cure(node, f"ip addr add {right} dev {device}", f"ip addr del {own} dev {device}")
    return Finding("wrong-prefix", STRONG, text, evidence, steps)


def _astray(scene: Observation, node: Node, near: Interface, address: str, route: Route) -> Finding:
    """A more special route leads elsewhere."""
    says = _("{name} sends what is for {address} elsewhere").format(name=node.name, address=address)
    table = f"{scene.ip} route show{tables(node, route)}"
    behind = _("{address} is behind {device}").format(address=address, device=near.name)
    evidence = (
        show(node, *scene.route(node.name, address), says),
        show(node, table, str(route), behind),
    )
    text = _("{name} has a route “{route}”: what is for {address}, behind {device}, goes astray.").format(
        name=node.name, route=route, address=address, device=near.name
    )
    return Finding("wrong-route", STRONG, text, evidence, reroute(scene, Lookup(node, address), route))
