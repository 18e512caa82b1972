"""Where packets are captured: every interface, in the order of a packet's way out."""

from __future__ import annotations

from collections.abc import Sequence

from netlab.errors import BadInput
from netlab.i18n import gettext as _
from netlab.model import Interface, Node, Point, Snapshot


def path_order(snapshot: Snapshot) -> tuple[Point, ...]:
    """Every interface but the loopbacks, in the order of a packet's way out: containers, bridge ports,
    bridges, the uplink, the internet."""
    ranked = sorted(
        (_rank(node, interface), number, Point(node.netns, interface.index, node.name, interface.name))
        for number, (node, interface) in enumerate(snapshot.interfaces())
        if interface.kind != "loopback"
    )
    return tuple(point for _, _, point in ranked)


def _rank(node: Node, interface: Interface) -> int:
    if node.kind != "host":
        return 5 if node.kind == "internet" else 0
    if any(r.destination == "default" and r.device == interface.name for r in node.routes):
        return 4
    if interface.kind == "bridge":
        return 2
    return 1 if interface.master or interface.kind == "veth" else 3


def choose(snapshot: Snapshot, wanted: Sequence[str] | None) -> tuple[Point, ...]:
    """The points to capture at: all, or those named "NODE INTERFACE" or "INTERFACE" (of the host).

    UnknownName or BadInput for what is not there.
    """
    if wanted is None:
        return path_order(snapshot)
    chosen = []
    for text in wanted:
        node_name, __, interface_name = text.rpartition(" ")
        node = snapshot.node(node_name or "host")
        interface = node.interface(interface_name)
        chosen.append(Point(node.netns, interface.index, node.name, interface.name))
    if not chosen:
        raise BadInput(_("No place to capture at was named."), _("Leave `points` out to capture everywhere."))
    return tuple(chosen)
