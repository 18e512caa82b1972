"""A macvlan and the interface that it lies on: of what they send, neither ever gets the other's."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface

from netlab.diagnosis.finding import STRONG, Finding
from netlab.diagnosis.focus import Focus
from netlab.diagnosis.observation import Observation, cure, show
from netlab.i18n import gettext as _
from netlab.model import Interface, Node

NAME = "mv-"  # of the interface that the cure makes, before the lower one's name
LONGEST_NAME = 15


def parent_and_child(scene: Observation, focus: Focus) -> Finding | None:
    """One end has its address on a macvlan, the other one on what is below that."""
    source = scene.after.node(scene.source)
    for there, far in scene.holders(scene.destination):
        for near in source.interfaces:
            if _lies_on(near, far) and _has(scene, near):
                return _tell(scene, there, far, source, near)
            if _lies_on(far, near) and _has(scene, near):
                return _tell(scene, source, near, there, far)
    return None


def _lies_on(upper: Interface, lower: Interface) -> bool:
    return upper.kind == "macvlan" and upper.peer == lower.id


def _has(scene: Observation, near: Interface) -> bool:
    """Whether that is the way to the destination."""
    wanted = ip_address(scene.destination)
    return any(wanted in ip_interface(str(own)).network for own in scene.own(near))


def _tell(scene: Observation, host: Node, lower: Interface, child: Node, upper: Interface) -> Finding:
    """The usual cure: a macvlan of the host's own, for whom the others are sisters."""
    text = _(
        "{upper} in {child} is a macvlan on {lower} of {host}: by design these two never hear each other."
    ).format(upper=upper.name, child=child.name, lower=lower.name, host=host.name)
    says = _("a macvlan on {lower}").format(lower=lower.name)
    evidence = show(
        child,
        f"ip -d link show {upper.name}",
        ", ".join(" ".join(detail) for detail in upper.details.items()),
        says,
    )
    name = f"{NAME}{lower.name}"[:LONGEST_NAME]
    whole = 128 if scene.family == 6 else 32
    theirs = [own.address for own in scene.own(upper)]
    mine = [own.address for own in scene.own(lower)]
    hint = f" src {mine[0]}" if mine else ""
    steps = cure(
        host,
        f"ip link add {name} link {lower.name} type macvlan mode bridge",
        f"ip link set {name} up",
        *(f"{scene.ip} route add {address}/{whole} dev {name}{hint}" for address in theirs),
    )
    return Finding("no-neighbour", STRONG, text, (evidence,), steps)
