"""What changed between two snapshots, in words that the lecture uses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netlab.model import Chain, Interface, Node, Route, Rule, Snapshot
from netlab.model.changes import describe_changes, marks
from tests.worlds import builders as b
from tests.worlds.topologies import WORLDS, pair_in_the_host


def changed(snapshot: Snapshot, name: str, **fields: object) -> Snapshot:
    """The snapshot with some fields of one node replaced."""
    nodes = tuple(replace(n, **fields) if n.name == name else n for n in snapshot.nodes)  # type: ignore[arg-type]
    return replace(snapshot, nodes=nodes)


def with_interface(snapshot: Snapshot, node: str, name: str, **fields: object) -> Snapshot:
    """The snapshot with some fields of one interface replaced."""

    def touched(i: Interface) -> Interface:
        return replace(i, **fields) if i.name == name else i  # type: ignore[arg-type]

    return changed(snapshot, node, interfaces=tuple(map(touched, snapshot.node(node).interfaces)))


@pytest.mark.parametrize("name", WORLDS)
def test_nothing_changed_says_nothing(name: str) -> None:
    """Equal snapshots have no differences, whatever is in them."""
    assert describe_changes(WORLDS[name](), WORLDS[name]()) == ()
    assert marks(WORLDS[name](), WORLDS[name]()) == {}


def test_a_moved_and_renamed_link_is_one_sentence() -> None:
    """ip link set veth_container netns $pid name eth0: index and name change, MAC address and kind do not."""
    before = pair_in_the_host()
    old = before.node("host").interface("veth_container")
    moved = replace(old, netns=b.CONTAINER, index=2, name="eth0")
    after = changed(before, "host", interfaces=tuple(i for i in before.node("host").interfaces if i != old))
    after = changed(after, "if-test", interfaces=(*before.node("if-test").interfaces, moved))
    assert describe_changes(before, after) == ("veth_container moved to if-test and became eth0",)


def test_a_link_takes_the_index_of_one_that_left() -> None:
    """The same index with another MAC address is another interface."""
    before = pair_in_the_host()
    node = before.node("host")
    other = replace(node.interface("veth_container"), name="veth9", mac="02:42:00:00:00:99")
    after = changed(
        before, "host", interfaces=tuple(other if i.name == "veth_container" else i for i in node.interfaces)
    )
    assert describe_changes(before, after) == ("veth_container is gone from host", "veth9 appeared in host")


def test_what_happens_to_a_link_is_said_in_the_order_of_its_life() -> None:
    """Up, port of a bridge, address, mtu."""
    before = with_interface(b.lab(), "host", "veth_host", flags=b.DOWN, master="", addresses=())
    fields = {"flags": b.UP, "master": "docker0", "mtu": 1400, "addresses": b.addresses("172.17.1.1/16")}
    after = with_interface(before, "host", "veth_host", **fields)
    assert describe_changes(before, after) == (
        "veth_host in host came up",
        "veth_host became a port of docker0",
        "mtu of veth_host in host went from 1500 to 1400",
        "address 172.17.1.1/16 added to veth_host in host",
    )


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [(b.DOWN, "eth0 in if-test went down"), (b.NO_CARRIER, "eth0 in if-test lost its carrier")],
)
def test_down_and_without_carrier_are_different_things(flags: frozenset[str], sentence: str) -> None:
    """One was done by the administrator, the other happened at the far end."""
    assert describe_changes(b.lab(), with_interface(b.lab(), "if-test", "eth0", flags=flags)) == (sentence,)


def test_routes_and_sysctls() -> None:
    """The lecture's two last steps: the default route of the container and ip_forward of the host."""
    route = Route("172.17.0.0/16", "eth0", source="172.17.0.2")
    before = changed(b.lab(), "if-test", routes=(route,))
    after = changed(before, "if-test", routes=(route, Route("default", "eth0", "172.17.0.1")))
    after = changed(after, "host", sysctls={"net.ipv4.ip_forward": "1"})
    assert describe_changes(before, after) == (
        "route default via 172.17.0.1 dev eth0 added in if-test",
        "net.ipv4.ip_forward went from 0 to 1 in host",
    )


def test_a_count_is_not_news() -> None:
    """How many connections are tracked changes by itself; how many may be is a setting."""
    count, most = "net.netfilter.nf_conntrack_count", "net.netfilter.nf_conntrack_max"
    before = changed(b.lab(), "host", sysctls={count: "3", most: "1000"})
    after = changed(b.lab(), "host", sysctls={count: "7", most: "2000"})
    assert describe_changes(before, after) == (f"{most} went from 1000 to 2000 in host",)


def test_local_routes_of_the_kernel_are_not_news() -> None:
    """Each address brings routes in table local; the address itself has been told already."""
    local = Route("172.17.0.2", "eth0", table="local", kind="local")
    node = b.lab().node("if-test")
    assert describe_changes(b.lab(), changed(b.lab(), "if-test", routes=(*node.routes, local))) == ()


def test_policies_rules_and_chains() -> None:
    """FORWARD without its table, nat chains with it; counters alone are not a change."""
    drop = Rule("-s 172.17.0.2/32 -j DROP", "DROP", 3, 252)
    after = changed(
        b.lab(),
        "host",
        chains=(
            Chain("ip", "filter", "FORWARD", "DROP", rules=(drop,)),
            Chain("ip", "nat", "POSTROUTING", "ACCEPT"),
        ),
    )
    assert set(describe_changes(b.lab(), after)) == {
        "policy of FORWARD went from ACCEPT to DROP in host",
        "rule “-s 172.17.0.2/32 -j DROP” added to FORWARD in host",
        "rule “-s 172.17.0.0/16 ! -o docker0 -j MASQUERADE” removed from nat POSTROUTING in host",
    }
    counted = changed(after, "host", chains=tuple(replace(c, packets=9) for c in after.node("host").chains))
    assert describe_changes(after, counted) == ()


def test_the_same_rule_twice_is_a_change() -> None:
    """iptables -A run a second time by mistake adds a second, equal rule."""
    rule = Rule("-j DROP", "DROP")
    once = changed(b.lab(), "host", chains=(Chain("ip", "filter", "FORWARD", "ACCEPT", rules=(rule,)),))
    twice = changed(b.lab(), "host", chains=(Chain("ip", "filter", "FORWARD", "ACCEPT", rules=(rule, rule)),))
    assert describe_changes(once, twice) == ("rule “-j DROP” added to FORWARD in host",)


def test_namespaces_come_and_go() -> None:
    """A new container is one sentence; what is in it belongs to it."""
    assert describe_changes(b.world(b.host()), b.world(b.host(), Node(9, "c9", "container"))) == (
        "c9 appeared",
    )
    assert describe_changes(b.world(b.host(), Node(9, "c9", "container")), b.world(b.host())) == (
        "c9 is gone",
    )
