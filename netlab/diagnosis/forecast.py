"""What stands next in line behind the first blocker, as far as tables tell: read, not measured."""

from __future__ import annotations

from dataclasses import replace

from netlab.diagnosis.focus import BRIDGE, CABLE, ROUTE, SEND, Focus
from netlab.diagnosis.observation import Observation, sysctl
from netlab.i18n import gettext as _
from netlab.model import Node
from netlab.packets.forwarding.iptables import Flow, Outcome, walk

STOPS = ("DROP", "REJECT")
ROUTES = ("no-route", "route-refuses", "wrong-route", "no-neighbour", "no-address", "wrong-prefix")


def forecast(scene: Observation, focus: Focus, cause: str) -> str:
    """The next blocker on the way of the probe once `cause` is mended; "" if none is in sight."""
    router = _router(scene, focus)
    holders = scene.holders(scene.destination)
    if router is None or not holders or focus.is_answer:
        return ""
    far, source = holders[0][0], _source(scene)
    if far.netns == router.netns or not source:
        return ""
    if cause != "forwarding-off" and _forwards(scene, router) == "0":
        return _("With that fixed, {name} does not pass packets on: forwarding is 0 there.").format(
            name=router.name
        )
    iif = _entry(scene, router, source)
    found = scene.decide(router, scene.destination, source, iif)
    if cause not in ROUTES and (found.route is None or found.refuses):
        return _("With that fixed, {name} has no route to {destination}.").format(
            name=router.name, destination=scene.destination
        )
    flow = Flow(source, scene.destination, scene.protocol, 0, scene.port, iif)
    if found.route is not None:
        flow = replace(flow, oif=found.route.device)
    stop = _find_stop(router, "FORWARD", flow) if cause not in ("firewall-drop", "random-loss") else ""
    return stop or _behind(scene, router, far, flow, cause)


def _behind(scene: Observation, router: Node, far: Node, flow: Flow, cause: str) -> str:
    """What waits behind the router: no way back, or the far end's own firewall."""
    translated = any(o.target in ("MASQUERADE", "SNAT") for o in walk(router, "nat", "POSTROUTING", flow))
    if not translated and scene.decide(far, flow.source).route is None and cause != "no-way-back":
        return _(
            "With that fixed, {name} knows no way back to {source}: no rule on {router_name} translates it."
        ).format(name=far.name, source=flow.source, router_name=router.name)
    return _find_stop(
        far, "INPUT", Flow(flow.source, flow.destination, flow.protocol, 0, flow.destination_port)
    )


def _find_stop(node: Node, hook: str, flow: Flow) -> str:
    for outcome in walk(node, "filter", hook, flow):
        if outcome.target in STOPS:
            verb = _("drops it") if outcome.sure else _("may drop it")
            return _("With that fixed, {name} on {node_name} {verb}.").format(
                name=_name(outcome), node_name=node.name, verb=verb
            )
    return ""


def _name(outcome: Outcome) -> str:
    chain = f"{outcome.chain.table}/{outcome.chain.name}"
    if outcome.rule is None:
        return _("the policy of {chain}, {target},").format(chain=chain, target=outcome.target)
    return _("rule {number} of {chain} ({text})").format(
        number=outcome.number, chain=chain, text=outcome.rule.text
    )


def _router(scene: Observation, focus: Focus) -> Node | None:
    """The node that has to pass the packet on: where it ended, or else the lab host before it."""
    if focus.stage == ROUTE and not focus.is_arp:
        return focus.node
    if focus.stage not in (SEND, CABLE, BRIDGE) and not focus.is_arp:
        return None
    hosts = [node for node in scene.after.nodes if node.kind == "host" and node.name != scene.source]
    return hosts[0] if hosts else None


def _source(scene: Observation) -> str:
    """The address that the probe has, or would have."""
    if scene.requests:
        return scene.requests[0].first.packet.source
    own = [a for i in scene.after.node(scene.source).interfaces for a in scene.own(i)]
    return own[0].address if own else ""


def _entry(scene: Observation, router: Node, source: str) -> str:
    """The interface by which the packet comes, or would come, into the router."""
    for journey in scene.requests:
        came = [
            h.frame.point.interface
            for h in journey.hops
            if h.frame.point.netns == router.netns and h.frame.direction == "in"
        ]
        if came:
            last = came[-1]
            master = router.interface(last).master if router.has_interface(last) else ""
            return master or last
    route = scene.best_route(router, source)
    return route.device if route else ""


def _forwards(scene: Observation, router: Node) -> str:
    return sysctl(router, "net.ipv6.conf.all.forwarding" if scene.family == 6 else "net.ipv4.ip_forward")
