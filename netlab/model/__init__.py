"""What netlab talks about, as frozen values. Nothing here touches a kernel."""

from netlab.model.packet import Capture, Captured, Frame, Hop, Journey, Packet, Point, Rewrite
from netlab.model.routing import PolicyRule, Route
from netlab.model.snapshot import (
    Address,
    Chain,
    Interface,
    InterfaceId,
    Listener,
    Neighbour,
    News,
    Node,
    Rule,
    Snapshot,
)

__all__ = [
    "Address",
    "Capture",
    "Captured",
    "Chain",
    "Frame",
    "Hop",
    "Interface",
    "InterfaceId",
    "Journey",
    "Listener",
    "Neighbour",
    "News",
    "Node",
    "Packet",
    "Point",
    "PolicyRule",
    "Rewrite",
    "Route",
    "Rule",
    "Snapshot",
]
