"""A snapshot's topology as a networkx graph: what is in which namespace, and what is connected with what.

import networkx
found = graph(snapshot)
networkx.shortest_path(found, "if-test", "internet", weight="weight")
[name for name, about in found.nodes(data=True) if about.get("state") == "no carrier"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from netlab.model.snapshot import Interface, InterfaceId, Node, Snapshot

if TYPE_CHECKING:
    from networkx import MultiGraph

NAMESPACE, INTERFACE = "namespace", "interface"  # what a node of the graph is
IN, CABLE, PORT, LOWER, VXLAN = "in", "cable", "port", "lower", "vxlan"  # what an edge of the graph is
PORT_STATE, REMOTE = "port state", "vxlan remote"  # of an interface's details
BY_BRIDGE = 3  # as long as this is a port's way to its namespace: by its bridge it is shorter


def graph(snapshot: Snapshot) -> MultiGraph:
    """The topology, as it is wired; whether a packet passes depends on states, routes and rules as well.

    Nodes are text: "if-test" for a namespace, "if-test eth0" for an interface, as in `capture`; where two
    would be called the same, the later one has its namespace's inode behind its name. Each has `what`
    ("namespace" or "interface"), `name`, `netns` (inode) and `kind` as in the snapshot. A namespace has
    `aliases`, `pid` as well. An interface has `node` (its namespace's name), `id`, `index`, `state` ("up",
    "no carrier" or "down"), `port_state` ("forwarding", …; "" if it is no port of a bridge), `addresses`
    ("172.17.0.1/16", …), `mac`, `mtu` in bytes.

    Edges have `kind`, which is their key, too: "in" (an interface and its namespace), "cable" (both ends of a
    veth pair, once), "port" (a bridge and what is plugged into it), "lower" (a macvlan, ipvlan, … and the
    interface that it is on), "vxlan" (two ends of a tunnel, each of which sends to the other). They have a
    `weight` of 1, and of 3 between a bridge's port and its namespace: a path that heeds it goes by the
    bridge, as packets do. The graph itself has `lab` and `time_ns` in `graph.graph`.
    """
    from networkx import MultiGraph

    made = MultiGraph(lab=snapshot.lab, time_ns=snapshot.time_ns)
    keys: dict[InterfaceId, str] = {}
    for node in snapshot.nodes:
        home = _free_name(made, node.name, node)
        about = {"name": node.name, "kind": node.kind, "aliases": node.aliases, "pid": node.pid}
        made.add_node(home, what=NAMESPACE, netns=node.netns, **about)
        for interface in node.interfaces:
            key = keys[interface.id] = _free_name(made, f"{node.name} {interface.name}", node)
            made.add_node(key, what=INTERFACE, node=node.name, **_about(interface))
            _connect(made, key, home, IN, BY_BRIDGE if interface.master else 1)
    for node, interface in snapshot.interfaces():
        for kind, other in _neighbours(snapshot, node, interface):
            if other in keys:
                _connect(made, keys[interface.id], keys[other], kind)
    return made


def _free_name(made: MultiGraph, name: str, node: Node) -> str:
    return f"{name} ({node.netns})" if name in made else name


def _connect(made: MultiGraph, one: str, other: str, kind: str, weight: int = 1) -> None:
    """Once: both ends of a cable name each other."""
    if not made.has_edge(one, other, kind):
        made.add_edge(one, other, kind, kind=kind, weight=weight)


def _about(interface: Interface) -> dict[str, object]:
    return {
        "name": interface.name,
        "kind": interface.kind,
        "id": interface.id,
        "netns": interface.netns,
        "index": interface.index,
        "state": interface.state,
        "port_state": interface.details.get(PORT_STATE, ""),
        "addresses": tuple(map(str, interface.addresses)),
        "mac": interface.mac,
        "mtu": interface.mtu,
    }


def _neighbours(snapshot: Snapshot, node: Node, interface: Interface) -> list[tuple[str, InterfaceId]]:
    """What it is connected with, as far as it says so itself."""
    found = []
    if interface.peer:
        found.append((CABLE if interface.kind == "veth" else LOWER, interface.peer))
    if interface.master and node.has_interface(interface.master):
        found.append((PORT, node.interface(interface.master).id))
    if interface.kind == VXLAN:
        found += [(VXLAN, other) for other in _far_ends(snapshot, node, interface)]
    return found


def _far_ends(snapshot: Snapshot, node: Node, interface: Interface) -> list[InterfaceId]:
    """The VXLANs with its number, on hosts that it sends to, which send to its own host."""
    number = interface.details.get("vxlan id")
    return [
        other.id
        for far, other in snapshot.interfaces()
        if far is not node and other.kind == VXLAN and other.details.get("vxlan id") == number
        if any(map(far.owns, _remotes(node, interface))) and any(map(node.owns, _remotes(far, other)))
    ]


def _remotes(node: Node, vxlan: Interface) -> set[str]:
    """To which addresses it sends: the one of `remote`, and those of its forwarding table."""
    told = {entry.address for entry in node.fdb if entry.device == vxlan.name}
    return {*told, vxlan.details.get(REMOTE, "")} - {""}
