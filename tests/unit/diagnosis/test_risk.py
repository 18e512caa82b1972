"""What is never printed as a cure: a person has to decide it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netlab.diagnosis.risk import hold_back, risks
from netlab.diagnosis.verdict import LIKELY, PROVED, UNDECIDED, Cure, Verdict
from netlab.model import Address, Chain, Interface, Node, Route, Rule, Snapshot

WEB = "! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80"
STALE = "! -i docker0 -p tcp -m tcp --dport 9090 -j DNAT --to-destination 172.17.0.99:80"
NAMES = "-d 127.0.0.11/32 -p udp -m udp --dport 53 -j DNAT --to-destination 127.0.0.11:40000"
HIDES = "-s 172.17.0.0/16 ! -o docker0 -j MASQUERADE"
NAT = (
    Chain("ip", "nat", "DOCKER", rules=(Rule(WEB, "DNAT"), Rule(STALE, "DNAT"))),
    Chain("ip", "nat", "POSTROUTING", "ACCEPT", rules=(Rule(HIDES, "MASQUERADE"),)),
    Chain("ip", "nat", "DOCKER_OUTPUT", rules=(Rule(NAMES, "DNAT"),)),
    Chain("ip", "nat", "PREROUTING", "ACCEPT", rules=(Rule("-p icmp -j ACCEPT", "ACCEPT"),)),
)


def card(netns: int, index: int, name: str, *held: str) -> Interface:
    """With those addresses."""
    return Interface(netns, index, name, addresses=tuple(Address(each, 24) for each in held))


HOST = Node(
    1, "host", "host",
    interfaces=(
        card(1, 1, "vx0", "10.50.0.1"),
        card(1, 2, "eth0", "10.0.0.1", "10.0.0.7"),
        card(1, 3, "eth1", "10.9.0.1"),
    ),
    routes=(Route("default", "eth0", gateway="10.0.0.254"),), chains=NAT,
)  # fmt: skip
OTHER = Node(
    2, "other", "container",
    interfaces=(card(2, 1, "eth0", "172.17.0.2"), card(2, 2, "eth1", "10.9.0.1")),
    routes=(
        Route("default", "eth0", gateway="172.17.0.1"),
        Route("default", "eth1", gateway="10.9.0.254", metric=5),
    ),
)  # fmt: skip
SEEN = Snapshot(0, "lab", (HOST, OTHER))
RISKY = {
    "the only address": "ip addr del 10.50.0.1/24 dev vx0",
    "the only one of its kind, another kind comes": (
        "ip addr del 10.50.0.1/24 dev vx0; ip addr add fd00::1/64 dev vx0"
    ),
    "the last two": "ip addr del 10.0.0.1/24 dev eth0; ip addr del 10.0.0.7/24 dev eth0",
    "the default route": "ip route del default via 10.0.0.254 dev eth0",
    "the default route, in numbers": "ip route del 0.0.0.0/0 via 10.0.0.254 dev eth0",
    "a published port": f"iptables -t nat -D DOCKER {WEB}",
    "a published port, by its number": "iptables -t nat -D DOCKER 1",
    "Docker's names": f"iptables -t nat -D DOCKER_OUTPUT {NAMES}",
    "Docker's networks": f"iptables -t nat -D POSTROUTING {HIDES}",
}
HARMLESS = {
    "one of two addresses": "ip addr del 10.0.0.7/24 dev eth0",
    "another address instead": "ip addr add 10.51.0.1/24 dev vx0; ip addr del 10.50.0.1/24 dev vx0",
    "a double address": "ip addr del 10.9.0.1/24 dev eth1",
    "another default route instead": "ip route del default dev eth0; ip route add default via 10.0.0.253",
    "another route": "ip route del 10.1.0.0/24 via 10.0.0.254 dev eth0",
    "another table's default route": "ip route del default dev eth0 table 100",
    "a published port of nobody": f"iptables -t nat -D DOCKER {STALE}",
    "somebody's own rule": "iptables -t nat -D PREROUTING -p icmp -j ACCEPT",
    "a rule of a filter": "iptables -t filter -D FORWARD 1",
}


def typed(commands: str, node: str = "host") -> tuple[Cure, ...]:
    """Those commands, on that node."""
    return tuple(Cure(node, tuple(each.split())) for each in commands.split("; "))


def with_cure(verdict: Verdict, commands: str) -> Verdict:
    """The same, with those commands on the host."""
    return replace(verdict, cure=typed(commands))


@pytest.mark.parametrize("name", RISKY)
def test_what_a_machine_lives_by_is_not_taken_away(name: str) -> None:
    """Each with a sentence that says what it is."""
    assert risks(SEEN, typed(RISKY[name]), harms=False)


@pytest.mark.parametrize("name", HARMLESS)
def test_what_another_one_has_or_replaces_may_go(name: str) -> None:
    """So that a cure is not held back without need."""
    assert risks(SEEN, typed(HARMLESS[name]), harms=False) == ()


def test_a_double_address_stays_where_something_stops_with_it() -> None:
    """That it is another one's, too, is not enough."""
    assert risks(SEEN, typed(HARMLESS["a double address"]), harms=True)


def test_of_two_default_routes_one_may_go() -> None:
    """And not both."""
    one, both = (
        "ip route del default dev eth1",
        "ip route del default dev eth1; ip route del default dev eth0",
    )
    assert not risks(SEEN, typed(one, "other"), harms=False)
    assert risks(SEEN, typed(both, "other"), harms=False)


def test_what_is_typed_from_outside_counts_for_the_node_that_it_changes() -> None:
    """The words before the command lead into a container."""
    words = ("nsenter", "-t", "77", "-n", "ip", "addr", "del", "172.17.0.2/24", "dev", "eth0")
    assert "other" in risks(SEEN, (Cure("host", words, within="other"),), harms=False)[0]


def test_a_person_has_to_decide_and_is_told_what_was_found() -> None:
    """No command is printed; other cures stay as they are."""
    found = Verdict("host", "10.50.0.2", 5, 0, cause="wrong-address", certainty=PROVED, explanation="Found.")
    held = hold_back(with_cure(found, RISKY["the only address"]), SEEN)
    assert (held.cause, held.certainty, held.candidates, held.cure) == ("", UNDECIDED, ("wrong-address",), ())
    assert held.explanation.startswith("Found. On host 10.50.0.1/24 is the only address of vx0. A person has")
    for name in HARMLESS:
        assert hold_back(other := with_cure(found, HARMLESS[name]), SEEN) == other
    doubtful = Verdict("host", "10.9.0.2", 5, 0, cause="duplicate-address", certainty=LIKELY)
    assert hold_back(with_cure(doubtful, HARMLESS["a double address"]), SEEN).certainty == UNDECIDED
