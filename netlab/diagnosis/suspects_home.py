"""An answer that is not brought home: whoever shares a link with the asker sends it elsewhere."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface

from netlab.diagnosis.addressing import wrong_source
from netlab.diagnosis.finding import Cleared, Finding
from netlab.diagnosis.focus import Focus
from netlab.diagnosis.scene import Scene, cure, shown
from netlab.diagnosis.suspects_neighbour import give_address
from netlab.diagnosis.suspects_routing import Lookup, reroute, tables
from netlab.model import Interface, Node, Route
from netlab.verdict import PROVED


def homeless(scene: Scene, focus: Focus) -> Finding | Cleared | None:
    """The journey's nodes from its end on: one of them has the asker on a link and routes it by another."""
    if not focus.is_answer or focus.journey is None or not scene.requests:
        return None
    asker = scene.requests[0].first.packet.source
    homes = {i.id for n, i in scene.holders(asker) if n.name == scene.source}
    journey = scene.requests[-1] if focus.is_arp else focus.journey
    for netns in dict.fromkeys(hop.frame.point.netns for hop in journey.hops):
        node = scene.node(netns)
        near = [
            i for i in node.interfaces if scene.link(i.id) & homes and not i.master and i.kind != "loopback"
        ]
        if node.name == scene.source or not near:
            continue
        route = scene.best_route(node, asker)
        if route is None or not node.has_interface(route.device):
            continue
        if not route.gateway and scene.link(node.interface(route.device).id) & homes:
            continue
        return _strayed(scene, node, near[0], asker, route)
    return None


def _strayed(scene: Scene, node: Node, near: Interface, asker: str, route: Route) -> Finding | None:
    """Why a node does not see the asker behind `near`: no address there, one with a narrow prefix, an asker
    with a foreign address, or a route that is more special."""
    source = scene.after.node(scene.source)
    gateway = next(
        (r.gateway for r in source.routes if (r.destination, r.family) == ("default", scene.family)),
        scene.destination,
    )
    own = next(iter(scene.own(near)), None)
    if own is None:
        return give_address(scene, source, (node, near), gateway)
    theirs = next(a.prefixlen for i in source.interfaces for a in i.addresses if a.address == asker)
    device, asked = near.name, scene.route(node.name, asker)
    if ip_address(asker) in ip_interface(str(own)).network:
        if route.protocol == "kernel" and not route.gateway:
            return None  # two equal networks: that is for wrong_way
        table = tables(node, route)
        evidence = (
            shown(node, *asked, f"{node.name} sends the answer to {asker} elsewhere"),
            shown(node, f"{scene.ip} route show{table}", str(route), f"{asker} is behind {device}"),
        )
        text = f"{node.name} has a route “{route}”: answers to {asker}, behind {device}, go astray."
        steps = reroute(scene, Lookup(node, asker), route)
        return Finding("wrong-route", PROVED, text, evidence, steps)
    if own.prefixlen <= theirs or ip_address(own.address) not in ip_interface(f"{asker}/{theirs}").network:
        return wrong_source(scene, source, near, asker)
    right = f"{own.address}/{theirs}"
    evidence = (
        shown(node, f"ip addr show {device}", f"inet {own}", f"{asker} is not in the same network as {own}"),
        shown(node, *asked, f"so {node.name} sends the answer elsewhere"),
    )
    text = f"{device} in {node.name} has {own}: with this netmask {asker} seems to be elsewhere."
    steps = cure(node, f"ip addr add {right} dev {device}", f"ip addr del {own} dev {device}")
    return Finding("wrong-prefix", PROVED, text, evidence, steps)
