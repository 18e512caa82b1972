"""The smallest change that heals: narrowed down, and told as the command that makes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from netlab.diagnosis.search.atom import Atom
from netlab.diagnosis.search.atoms import atoms
from netlab.diagnosis.search.narrow import smallest, without
from netlab.diagnosis.search.search import listing
from netlab.diagnosis.suspects.nat import parse_target
from netlab.diagnosis.suspects.opening import words_of
from netlab.model import Node, Snapshot, pack


def named(*names: str) -> list[Atom]:
    """Atoms that are no more than their names."""
    return [Atom("host", "", name, (), lambda node: node) for name in names]


@pytest.mark.parametrize(
    "guilty", [{"7"}, {"0", "9"}, {"3", "4"}, {"1", "5", "8"}], ids=lambda guilty: "+".join(sorted(guilty))
)
def test_whoever_is_guilty_together_is_found_among_ten(guilty: set[str]) -> None:
    """One, two or three, which heal when all of them are gone; none of the others is named."""
    asked: list[int] = []

    def heals(gone: Sequence[Atom]) -> bool:
        asked.append(len(gone))
        return guilty <= {atom.text for atom in gone}

    found = smallest(named(*map(str, range(10))), heals, lambda: False)
    assert {atom.text for atom in found} == guilty
    assert len(asked) < 60


def test_who_has_no_time_left_tells_what_is_known() -> None:
    """All of them heal: that is true, if not small."""
    everything = named("a", "b", "c")
    assert smallest(everything, lambda gone: True, lambda: True) == everything


PLACE = Node(netns=1, name="host", kind="host", pid=1)
LINKS = (
    pack.Link(1, "lo", "loopback", up=True),
    pack.Link(2, "br0", "bridge", up=True),
    pack.Link(3, "v1", "veth", up=False, master=2, flags=frozenset({"NOARP"}), port={"learning": "off"}),
)
SET = pack.Node(
    "host",
    "host",
    links=LINKS,
    addresses=(pack.Address(2, "10.0.0.1", 8),),
    routes=(
        pack.Route("10.0.0.0/8", protocol=2, index=2),
        pack.Route("0.0.0.0/0", gateway="10.0.0.2", index=2, protocol=3),
        pack.Route("192.0.2.0/24", kind=6),
    ),
    policies=(pack.PolicyRule(4, 100, table=7),),
    neighbours=(pack.Neighbour(2, "10.0.0.9", "02:00:00:00:00:09"),),
    queues=(pack.Queue(2, "tbf"),),
    tables=(
        pack.Table(
            "ip",
            "nft",
            "filter",
            (pack.Chain("FORWARD", "DROP", ("-i br0 -j DROP", "-m recent --set -j DROP", "-i br0 -j DROP")),),
        ),
    ),
    settings={"net/ipv4/icmp_echo_ignore_all": "1"},
)
COMMANDS = """
iptables -t filter -P FORWARD ACCEPT
iptables -t filter -D FORWARD -i br0 -j DROP; iptables -t filter -D FORWARD -i br0 -j DROP
iptables -t filter -D FORWARD 2
tc qdisc del dev br0 root
bridge link set dev v1 learning on
ip link set dev v1 up
ip link set dev v1 arp on
ip neigh del 10.0.0.9 dev br0
ip rule del pref 100
ip route del 0.0.0.0/0 via 10.0.0.2 dev br0
ip route del blackhole 192.0.2.0/24
ip addr del 10.0.0.1/8 dev br0
"""


def test_each_thing_that_was_set_has_its_command() -> None:
    """As one would type it: alike rules all at once, and by number what is not found by its words."""
    found = list(atoms(pack.Pack("lab", nodes=(SET,)), Snapshot(0, "lab", (PLACE,))))
    told = ["; ".join(" ".join(step.argv) for step in atom.cure) for atom in found if atom.cure]
    assert told == COMMANDS.strip().splitlines()
    assert [atom.setting for atom in found if atom.setting] == ["net.ipv4.icmp_echo_ignore_all"]


LISTINGS = """
iptables -t filter -S FORWARD
tc -s qdisc show dev br0
bridge -d link show dev v1
ip -d link show v1
ip neigh show dev br0
ip rule
ip route show table main
ip addr show dev br0
sysctl net.ipv4.icmp_echo_ignore_all
"""


def test_each_thing_that_was_set_can_be_shown() -> None:
    """By the command that lists its kind."""
    found = list(atoms(pack.Pack("lab", nodes=(SET,)), Snapshot(0, "lab", (PLACE,))))
    assert sorted(set(map(listing, found))) == sorted(LISTINGS.strip().splitlines())


def test_without_all_that_was_set_nothing_of_it_is_left() -> None:
    """But the links themselves, and the kernel's own routes for addresses that nobody took away."""
    found = pack.Pack("lab", nodes=(SET,))
    left = without(found, list(atoms(found, Snapshot(0, "lab", (PLACE,))))).nodes[0]
    assert (left.policies, left.neighbours, left.queues, left.settings, left.addresses) == (
        (),
        (),
        (),
        {},
        (),
    )
    assert [chain.rules for table in left.tables for chain in table.chains] == [()]
    assert [chain.policy for table in left.tables for chain in table.chains] == ["ACCEPT"]
    assert [(link.up, link.port) for link in left.links][2] == (True, {"learning": "on"})
    assert replace(SET, links=left.links) != left


@pytest.mark.parametrize(
    ("rule", "target"),
    [
        ("-j DNAT --to-destination 172.17.0.2:80", ("172.17.0.2", 80)),
        ("-j DNAT --to-destination :81", ("", 81)),
        ("-j DNAT --to-destination 172.17.0.2-172.17.0.9:80-90", ("172.17.0.2", 80)),
        ("-j DNAT --to-destination fd00:17::99", ("fd00:17::99", 0)),
        ("-j DNAT --to-destination [fd00:17::99]:8080", ("fd00:17::99", 8080)),
        ("-j SNAT --to-source 192.0.2.10", ("192.0.2.10", 0)),
        ("dnat to 172.17.0.2:80", ("172.17.0.2", 80)),
        ("dnat ip6 to [fd00::1]:80", ("fd00::1", 80)),
        ("dnat to numgen random mod 2 map", None),
        ("-j DNAT --to-destination nonsense", None),
        ("-j MASQUERADE", None),
    ],
)
def test_where_a_rule_translates_to_is_read_of_both_families(rule: str, target: object) -> None:
    """With and without a port, a range, and a port alone."""
    assert parse_target(rule) == target


def test_a_rule_that_its_words_do_not_find_again_goes_by_its_number() -> None:
    """`iptables -D` compares more of some matches than `iptables -S` prints."""
    assert words_of("-p tcp -m tcp --dport 80 -j DROP", 3) == "-p tcp -m tcp --dport 80 -j DROP".split()
    assert words_of("-p tcp -m connlimit --connlimit-above 0 -j REJECT", 3) == ["3"]
