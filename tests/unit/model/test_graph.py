"""The topology as a graph: every namespace and interface, and each connection once."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import networkx
import pytest

from netlab.diagnosis.observation import Observation
from netlab.model import Capture, InterfaceId, Neighbour, Node, Snapshot
from netlab.model.graph import graph
from tests.worlds import builders as b
from tests.worlds.topologies import WORLDS, chain_of_routers, macvlan_and_vxlan


def edges(found: networkx.MultiGraph, kind: str) -> set[frozenset[str]]:
    """The ends of every edge of that kind."""
    return {frozenset((a, b)) for a, b, of_kind in found.edges(keys=True) if of_kind == kind}


def test_the_lectures_lab_is_a_graph() -> None:
    """Cables join namespaces, each once; the bridge has its port; every interface is in its namespace."""
    found = graph(b.lab())
    assert edges(found, "cable") == {
        frozenset(("if-test eth0", "host veth_host")),
        frozenset(("host eth0", "internet uplink")),
    }
    assert edges(found, "port") == {frozenset(("host veth_host", "host docker0"))}
    assert {"if-test", "host", "internet"} == {n for n, w in found.nodes(data="what") if w == "namespace"}
    assert len(edges(found, "in")) == sum(len(node.interfaces) for node in b.lab().nodes)
    assert found.graph == {"lab": "lab", "time_ns": b.START}


def test_nodes_tell_what_the_snapshot_tells() -> None:
    """Names, kinds, states, addresses, MAC addresses and MTUs stand at the nodes."""
    snapshot = b.lab()
    interface = snapshot.node("if-test").interface("eth0")
    assert graph(snapshot).nodes["if-test eth0"] == {
        "what": "interface",
        "name": "eth0",
        "kind": "veth",
        "node": "if-test",
        "id": interface.id,
        "netns": b.CONTAINER,
        "index": 2,
        "state": "up",
        "port_state": "",
        "addresses": ("172.17.0.2/16",),
        "mac": interface.mac,
        "mtu": 1500,
    }
    assert graph(snapshot).nodes["host"] == {
        **{"what": "namespace", "name": "host", "kind": "host"},
        **{"netns": b.HOST, "aliases": (), "pid": 11},
    }


def test_states_are_those_of_the_pictures() -> None:
    """Up, no carrier, down; and of a port what the bridge lets it do."""
    port = b.interface(
        b.HOST, 101, "veth_host", master="docker0", flags=b.NO_CARRIER, **{"port state": "disabled"}
    )
    found = graph(b.world(b.host(port, docker0_flags=b.DOWN)))
    assert found.nodes["host veth_host"]["state"] == "no carrier"
    assert found.nodes["host veth_host"]["port_state"] == "disabled"
    assert found.nodes["host docker0"]["state"] == "down"


def test_a_packets_way_is_the_shortest_path() -> None:
    """By cables and bridges, and through the namespaces that route between them."""
    assert networkx.shortest_path(graph(b.lab()), "if-test", "internet", weight="weight") == [
        *("if-test", "if-test eth0", "host veth_host", "host docker0", "host"),
        *("host eth0", "internet uplink", "internet"),
    ]
    assert networkx.is_connected(graph(chain_of_routers()))


def test_a_macvlan_is_on_its_lower_interface() -> None:
    """Also where that is in another namespace."""
    assert edges(graph(macvlan_and_vxlan()), "lower") == {frozenset(("mv mac0", "host eth0"))}


def tunnel(id: str = "42", **fdb: tuple[Neighbour, ...]) -> Snapshot:
    """Two hosts with a VXLAN each, of which the second has that number; by `remote`, or by an fdb."""
    nodes = []
    for number, name in enumerate(("one", "two")):
        own, far = f"198.51.100.{number + 1}", f"198.51.100.{2 - number}"
        details = {"vxlan id": ("42", id)[number], "vxlan remote": "" if fdb else far}
        cards = (
            b.interface(7000 + number, 2, "eth0", "veth", f"{own}/24", peer=(7001 - number, 2)),
            replace(b.interface(7000 + number, 3, "vxlan7", "vxlan"), details=details),
        )
        nodes.append(Node(7000 + number, name, "netns", interfaces=cards, fdb=fdb.get(name, ())))
    return b.world(*nodes)


def test_the_ends_of_a_tunnel_are_joined() -> None:
    """Two VXLANs of one number that send to each other, by `remote` or by their forwarding tables."""
    both = {frozenset(("one vxlan7", "two vxlan7"))}
    assert edges(graph(tunnel()), "vxlan") == both
    everybody = [Neighbour(f"198.51.100.{n}", "vxlan7", "00:00:00:00:00:00") for n in (1, 2)]
    assert edges(graph(tunnel(one=(everybody[1],), two=(everybody[0],))), "vxlan") == both


def test_other_ends_are_not_joined() -> None:
    """With another number, or where only one of them sends to the other, there is no tunnel."""
    assert edges(graph(tunnel(id="43")), "vxlan") == set()
    one_way = (Neighbour("198.51.100.2", "vxlan7", "00:00:00:00:00:00"),)
    assert edges(graph(tunnel(one=one_way)), "vxlan") == set()


def test_two_of_one_name_are_two_nodes() -> None:
    """A container may be called `host`: then its namespace's number is behind its name."""
    other, port = b.container(1, "host")
    found = graph(b.world(b.host(port), other))
    assert found.nodes["host"]["kind"] == "host"
    assert found.nodes[f"host ({b.CONTAINER})"]["kind"] == "container"
    assert edges(found, "cable") == {frozenset((f"host eth0 ({b.CONTAINER})", "host veth_host"))}


def test_the_end_of_a_cable_that_nobody_sees_is_left_out() -> None:
    """A peer in a namespace that is not in the snapshot has no node, and no edge."""
    loose = b.interface(b.HOST, 9, "loose", "veth", peer=(-1, 4))
    assert edges(graph(b.world(b.host(loose))), "cable") == set()


@pytest.mark.parametrize("name", WORLDS)
def test_a_link_is_a_component_of_cables_ports_and_macvlans(name: str) -> None:
    """What a trace takes for one link is what networkx finds connected; the trace spares its import."""
    snapshot = WORLDS[name]()
    found = graph(snapshot)
    macvlans = {node for node, about in found.nodes(data=True) if about.get("kind") == "macvlan"}
    wired = found.edge_subgraph(
        (one, other, kind)
        for one, other, kind in found.edges(keys=True)
        if kind in ("cable", "port") or (kind == "lower" and macvlans & {one, other})
    )
    components = [{found.nodes[n]["id"] for n in part} for part in networkx.connected_components(wired)]
    for _, interface in snapshot.interfaces():
        link = observed(snapshot).link(interface.id)
        assert link == next((part for part in components if interface.id in part), {interface.id})


def observed(snapshot: Snapshot) -> Observation:
    """A trace in which nothing was seen."""
    seen = Capture((), (), {}, snapshot, snapshot)
    return Observation("", "", "icmp", 0, 0, 0, 0, (), (), (), seen, lambda *_: ("", ""))


@pytest.mark.parametrize("name", WORLDS)
def test_every_interface_is_there_once(name: str) -> None:
    """Nothing is lost and nothing is told twice, whatever the topology."""
    snapshot = WORLDS[name]()
    told: list[InterfaceId] = [id for _, id in graph(snapshot).nodes(data="id") if id is not None]
    assert sorted(told, key=str) == sorted((i.id for _, i in snapshot.interfaces()), key=str)


def test_networkx_is_imported_with_the_first_graph() -> None:
    """It takes a quarter of a second, which nobody pays who makes no graph."""
    modules = "netlab.model.graph, netlab.lab.lab, netlab.lab.machine"
    code = f"import sys, {modules}; print('networkx' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"
