"""The catalogue of faults as it is written down."""

from __future__ import annotations

import re

import pytest

from netlab import faults
from netlab.diagnosis.verdict import CAUSES
from netlab.errors import BadInput, UnknownName
from netlab.faults.fault import Fault, Symptom
from netlab.faults.measure import Outcome

CATALOGUE = faults.catalogue()
each = pytest.mark.parametrize("fault", CATALOGUE, ids=[fault.name for fault in CATALOGUE])
# What a story must not give away: it is told by somebody who has not looked into it.
GIVEAWAYS = {
    "forwarding-off": "forward",
    "firewall-drop": r"drop|\bFORWARD\b|\bINPUT\b",
    "no-route": "no route|default route",
    "no-way-back": "masquerade|route",
    "route-refuses": "blackhole|prohibit|unreachable route",
    "wrong-route": r"\brout",
    "no-neighbour": r"gateway|\barp\b",
    "wrong-neighbour": r"\bmac\b|neighbour entry",
    "interface-down": r"\b(is|are|was|set) down\b",
    "no-address": "without address|no address|address is missing",
    "wrong-address": "wrong address|source address|src",
    "wrong-snat": "snat|source address",
    "arp-off": r"\barp\b",
    "wrong-prefix": "netmask|prefix|/24|/30",
    "not-a-port": "not a port|master|off the bridge",
    "port-blocked": "isolated|listening|blocked|spanning",
    "duplicate-address": "duplicate|same address|twice",
    "reverse-path": "rp_filter|reverse",
    "too-big": r"\bmtu\b",
    "ttl-exceeded": r"\bttl\b",
    "no-proxy-arp": r"\barp\b|proxy",
    "echo-ignored": "ignore",
    "nobody-there": "no such address|nobody holds",
    "wrong-dnat": "dnat|wrong port",
    "random-loss": "random|statistic",
    "queue-full": "queue|overflow|tbf",
    "ipv6-disabled": "disabled|switched off",
    "conntrack-full": r"conntrack|\bfull\b|track",
}


def test_there_are_enough_and_each_has_its_own_name() -> None:
    """At least thirty; names in kebab-case; no two stories are the same."""
    assert len(CATALOGUE) >= 30
    assert len({fault.name for fault in CATALOGUE}) == len({f.story for f in CATALOGUE}) == len(CATALOGUE)
    assert all(re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", fault.name) for fault in CATALOGUE)


@each
def test_its_cause_is_one_that_a_verdict_knows(fault: Fault) -> None:
    """The code stands in netlab.diagnosis.verdict.CAUSES."""
    assert fault.cause in CAUSES


@each
def test_its_story_does_not_tell_the_cause(fault: Fault) -> None:
    """One or two sentences in one line, neither the fault's name nor its cause in it."""
    assert fault.story.endswith(".") and 30 < len(fault.story) <= 110
    assert fault.name not in fault.story.lower().replace(" ", "-")
    assert not re.search(GIVEAWAYS[fault.cause], fault.story, re.IGNORECASE), fault.story


@each
def test_it_is_complete(fault: Fault) -> None:
    """There is something to break and something to mend, and a place."""
    assert fault.inject and fault.cure
    assert len(fault.where.split()) in (1, 2)
    assert fault.symptom.proto in ("icmp", "tcp")
    assert (fault.symptom.proto == "tcp") == bool(fault.symptom.port)


def test_a_seed_always_picks_the_same_fault() -> None:
    """Seeded, so that a grader can replay it; over many seeds everything light comes up."""
    assert [faults.pick(seed) for seed in range(20)] == [faults.pick(seed) for seed in range(20)]
    assert {faults.pick(seed) for seed in range(2000)} == {fault for fault in CATALOGUE if not fault.heavy}


def test_inside_the_lab_only_what_is_in_reach_is_picked() -> None:
    """No command of such a fault runs on internet, and no probe starts there; there are still thirty."""
    inside = faults.catalogue(inside=True)
    assert 30 <= len(inside) < len(CATALOGUE)
    for fault in inside:
        commands = (*fault.setup, *fault.inject, *fault.cure)
        assert "internet" not in {command.node for command in commands} | {fault.symptom.source}
    assert all(faults.pick(seed, inside=True) in inside for seed in range(200))


def test_an_unknown_name_is_answered_with_a_near_one() -> None:
    """UnknownName, with what was probably meant."""
    with pytest.raises(UnknownName, match="ip-forward-off"):
        faults.find("ip-forwrd-off")


@pytest.mark.parametrize(
    ("sent", "received", "partial", "shows"),
    [(2, 0, False, True), (2, 1, False, False), (2, 2, False, False)]
    + [(20, 9, True, True), (20, 0, True, False), (20, 20, True, False)],
)
def test_a_symptom_shows_when_as_many_are_lost_as_it_says(
    sent: int, received: int, partial: bool, shows: bool
) -> None:
    """All of them, or a part of them."""
    assert Outcome(sent, received).shows(Symptom(partial=partial)) is shows


@pytest.mark.parametrize("seed", [0, 7, 4108, 123_456, "7", "0815", "3f-ab", "-1", "1.5", "9" * 5000])
def test_a_report_leads_to_the_fault_that_was_put_in(seed: int | str) -> None:
    """What is checked is what was broken, in whatever form its number was kept."""
    assert faults.find_reported(str(seed)) == faults.pick(seed, inside=True)


@pytest.mark.parametrize("number", [-1, 1.5, True, 10**30, [], "x"])
def test_what_is_no_number_of_a_fault_is_told(number: object) -> None:
    """Another fault would be in the lab than the one that is asked about, or none could be found again."""
    with pytest.raises(BadInput, match="whole"):
        faults.check_number(number)
