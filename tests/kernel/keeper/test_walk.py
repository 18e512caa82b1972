"""Which rules a packet meets, as the kernel tells it: in a replica, of which nothing of the mark is left."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netlab import faults
from netlab.errors import BadInput, UnknownName
from netlab.faults.fault import STANDARD
from netlab.lab import Lab
from netlab.lab.replica import Replica
from netlab.packets.walk import Met
from tests.kernel.conftest import sh

TARGET = "39.106.233.176"
RULES = """
iptables -N OWN; iptables -A OWN -p tcp -j ACCEPT
iptables -A OWN -p icmp -m comment --comment 'why not' -j DROP
iptables -I FORWARD 1 -s 10.1.2.3 -j ACCEPT; iptables -I FORWARD 2 -j OWN
nft add table inet mine; nft 'add chain inet mine early { type filter hook prerouting priority raw; }'
nft 'add rule inet mine early ip daddr 39.106.233.176 counter'
"""


@pytest.fixture
def replica(lab: Lab) -> Iterator[Replica]:
    """Of the lecture's lab with rules of both kinds."""
    faults.perform(lab, STANDARD)
    sh(lab, RULES)
    with lab.replica() as made:
        yield made


def told(found: tuple[Met, ...]) -> list[tuple[str, str, int, str]]:
    return [(met.table, met.chain, met.number, met.verdict) for met in found if met.node == "host"]


def test_each_rule_that_it_meets_is_told_with_its_number(replica: Replica) -> None:
    """Those that do not match are none of them; behind the drop there is nothing."""
    found = told(replica.walk("if-test", TARGET, 1))
    mine = [("mine", "early", 1, "continue"), ("mine", "early", 0, "accept")]
    own = [("filter", "FORWARD", 2, "jump"), ("filter", "OWN", 2, "drop")]
    assert [each for each in found if each[0] == "mine"] == mine
    assert [each for each in found if each[0] == "filter"] == own
    assert found[-1] == own[-1]


def test_without_the_rule_it_goes_on_and_its_answer_is_seen_as_well(replica: Replica) -> None:
    """With the addresses that each has there: the host hides who asked."""
    replica.run(("iptables", "-D", "OWN", "2"))
    found = replica.walk("if-test", TARGET, 1)
    assert not any(met.drops for met in found)
    ends = {(met.source, met.destination) for met in found if met.node == "host"}
    assert ("172.17.0.2", TARGET) in ends
    assert any(source == TARGET for source, _ in ends)


def test_rules_of_a_bridge_are_told_of(replica: Replica) -> None:
    """Where a packet is switched, not routed."""
    replica.run(("nft", "add", "table", "bridge", "b"))
    replica.run("nft add chain bridge b pre { type filter hook prerouting priority 0 ; }".split())
    replica.run("nft add rule bridge b pre ip protocol icmp drop".split())
    assert told(replica.walk("if-test", TARGET, 1))[-1] == ("b", "pre", 1, "drop")


def test_nothing_of_the_mark_is_left(replica: Replica) -> None:
    """The tables are those that there were."""
    before = replica.run(("nft", "list", "tables")).stdout
    assert len(replica.walk("if-test", TARGET, 1)) > 3
    assert replica.run(("nft", "list", "tables")).stdout == before != ""


def test_an_order_that_makes_no_sense_is_refused(replica: Replica) -> None:
    """Before anything is marked."""
    with pytest.raises(BadInput):
        replica.walk("if-test", TARGET, 0)
    with pytest.raises(UnknownName):
        replica.walk("nobody", TARGET, 1)
    assert "netlab_walk" not in replica.run(("nft", "list", "ruleset")).stdout
