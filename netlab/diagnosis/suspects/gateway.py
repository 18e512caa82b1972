"""A gateway that is somebody on the link, and passes nothing on."""

from __future__ import annotations

from netlab.diagnosis.finding import STRONG, Cleared, Finding
from netlab.diagnosis.focus import ROUTE, Focus
from netlab.diagnosis.observation import Observation, cure, show
from netlab.diagnosis.suspects.addressing import gateway_for, is_router
from netlab.diagnosis.suspects.routing import drop_route, set_gateway
from netlab.diagnosis.verdict import Cure
from netlab.i18n import gettext as _
from netlab.model import Node, Route


def not_a_router(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """A route named a node as gateway that passes nothing on: somebody on the link, but no router."""
    journey = focus.journey
    if focus.stage != ROUTE or journey is None or focus.is_arp or is_router(scene, focus.node):
        return None
    before = [h.frame.point for h in journey.hops if h.frame.point.netns != focus.node.netns]
    if not before:
        return None
    for netns in dict.fromkeys(point.netns for point in reversed(before)):
        sender = scene.node(netns)
        route = scene.best_route(sender, scene.destination)
        if route is None or not route.gateway:
            continue
        if [n.netns for n, _ in scene.holders(route.gateway)] != [focus.node.netns]:
            continue
        evidence = (
            show(
                sender,
                f"{scene.ip} route",
                str(route),
                _("{gateway} is to pass the packet on").format(gateway=route.gateway),
            ),
            show(
                focus.node,
                "ip -br addr",
                route.gateway,
                _("that is {name}, which is no router").format(name=focus.node.name),
            ),
        )
        text = _("{name} sends by way of {gateway}: that is {node_name}, no router.").format(
            name=sender.name, gateway=route.gateway, node_name=focus.node.name
        )
        return Finding("wrong-route", STRONG, text, evidence, _by_a_router(scene, sender, route))
    return None


def _by_a_router(scene: Observation, sender: Node, route: Route) -> tuple[Cure, ...]:
    """The same by way of a router: on that link, or on another one; else without that route."""
    if gateway := gateway_for(scene, sender, route.device):
        return set_gateway(scene, sender, route, gateway)
    if route.destination != "default":
        return drop_route(scene, sender, route)
    other = gateway_for(scene, sender)
    words = f"{scene.ip} route replace default via {other}"
    return cure(sender, words + (f" metric {route.metric}" if route.metric else "")) if other else ()
