"""Two ways out: answers of a connection that came in by one of them leave by the other."""

from __future__ import annotations

from collections.abc import Sequence

from netlab.diagnosis.finding import STRONG, Finding
from netlab.diagnosis.focus import Focus
from netlab.diagnosis.observation import Observation, cure, show, step
from netlab.diagnosis.suspects.routing import routes
from netlab.i18n import gettext as _
from netlab.model import Journey, Node, Route

MARK = "0x2"


def other_uplink(scene: Observation, focus: Focus) -> Finding | None:
    """A router has a table for the way by which the request came, and its answer is not looked up in it."""
    if not focus.is_answer or focus.journey is None or not scene.requests:
        return None
    for netns in dict.fromkeys(hop.frame.point.netns for hop in scene.requests[-1].hops[1:-1]):
        came = _device(scene.requests, netns, "in")
        left = _device([focus.journey], netns, "out")
        node = scene.node(netns)
        if came and left and came != left and (route := _own_table(node, came, scene.family)):
            return _tell(scene, node, came, left, route)
    return None


def _device(journeys: Sequence[Journey], netns: int, direction: str) -> str:
    """By which interface these pass that node's border."""
    points = [hop.frame for hop in journeys[-1].hops if hop.frame.point.netns == netns]
    found = [frame.point.interface for frame in points if frame.direction == direction]
    return (found[0] if direction == "in" else found[-1]) if found else ""


def _own_table(node: Node, device: str, family: int) -> Route | None:
    """The default route by that device in a table of its own."""
    found = (r for r in node.routes if (r.destination, r.device, r.family) == ("default", device, family))
    return next((route for route in found if route.table not in ("main", "")), None)


def _tell(scene: Observation, node: Node, came: str, left: str, route: Route) -> Finding:
    """The mark of a connection remembers by which way it came."""
    text = _(
        "What came into {node} by {came} is answered by {left}: answers are routed before their source is "
        "translated back, so no rule for that address takes them to table {table}."
    ).format(node=node.name, came=came, left=left, table=route.table)
    says = _("no rule sends the answers of these connections to table {table}").format(table=route.table)
    policies = "\n".join(map(str, node.policies))
    evidence = (show(node, f"{scene.ip} rule", policies, says), routes(scene, node))
    tool = "ip6tables" if scene.family == 6 else "iptables"
    mangle = (tool, "-t", "mangle", "-A", "PREROUTING")
    new = ("-m", "conntrack", "--ctstate", "NEW", "-j", "CONNMARK", "--set-mark", MARK)
    steps = (
        step(node, *mangle, "-i", came, *new),
        step(node, *mangle, "!", "-i", came, "-j", "CONNMARK", "--restore-mark"),
        *cure(node, f"{scene.ip} rule add fwmark {MARK} lookup {route.table}"),
    )
    return Finding("wrong-route", STRONG, text, evidence, steps)
