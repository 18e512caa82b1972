"""The walk of a packet through the rules: what is told of it, and what it bears out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from netlab.diagnosis import walk
from netlab.diagnosis.walk import Spot, Step, confirms, of_one, steps, tell
from netlab.model import Chain, Rule
from netlab.packets.walk import Met

FORWARD = Chain("ip", "filter", "FORWARD", "DROP", rules=(Rule("-j DOCKER-USER"), Rule("-p icmp -j DROP")))


def met(number: int, verdict: str, *, packet: int = 1, node: str = "host", to: str = "") -> Met:
    """In filter/FORWARD."""
    ends = "172.17.1.2", "39.106.233.176"
    return Met(node, packet, *ends, "ip", "filter", "FORWARD", number, verdict, to)


def seen(*chains: Chain) -> Any:
    """A network of the host alone."""
    return SimpleNamespace(nodes=(SimpleNamespace(name="host", chains=chains),))


def test_a_step_has_the_rule_as_its_command_lists_it() -> None:
    """By its number; a policy has no text, nor has what is not there any more."""
    walked = steps(
        [met(1, "jump", to="DOCKER-USER"), met(2, "drop"), met(0, "drop"), met(9, "drop")], seen(FORWARD)
    )
    assert [step.text for step in walked] == ["-j DOCKER-USER", "-p icmp -j DROP", "", ""]
    assert str(walked[0]) == "filter/FORWARD rule 1: jump DOCKER-USER"
    assert str(walked[2]) == "filter/FORWARD policy: drop"


def test_the_packet_that_was_dropped_is_told_rather_than_the_last_one() -> None:
    """Whole, and without what others met."""
    walked = steps([met(1, "accept"), met(2, "drop", packet=2), met(0, "accept", packet=3)], seen(FORWARD))
    assert [step.met.packet for step in of_one(walked, "host")] == [2]
    assert [step.met.packet for step in of_one(walked[:1] + walked[2:], "host")] == [3]
    assert of_one(walked[:1], "elsewhere") == ()


def test_a_long_walk_is_told_by_its_end() -> None:
    """In one line; no rule met makes none."""
    walked = [Step(met(number, "continue")) for number in range(1, 9)]
    [line] = tell(walked)
    assert line.startswith("its walk in host (172.17.1.2 → 39.106.233.176): … · filter/FORWARD rule 5:")
    assert not list(tell(()))


def test_only_a_drop_by_that_very_rule_bears_it_out() -> None:
    """Not one by another rule, not another verdict of it, and not nothing at all."""
    spot = Spot.of("host", FORWARD, 2)
    assert confirms(steps([met(1, "jump"), met(2, "drop")], seen(FORWARD)), spot)
    assert not confirms(steps([met(1, "drop")], seen(FORWARD)), spot)
    assert not confirms(steps([met(2, "accept")], seen(FORWARD)), spot)
    assert not confirms(steps([met(2, "drop", node="r1")], seen(FORWARD)), spot)
    assert not confirms((), spot)


@pytest.mark.parametrize(
    "chain",
    [
        Chain("ip", "filter", "FORWARD", backend="legacy"),
        Chain("arp", "filter", "INPUT"),
        Chain("netdev", "t", "c"),
    ],
    ids=["legacy", "arp", "netdev"],
)
def test_where_no_witness_can_tell_nothing_is_doubted(chain: Chain) -> None:
    """There is then no spot to be borne out; nor where no walk could be seen."""
    assert Spot.of("host", chain, 1) is None
    assert confirms((), None)
    assert confirms(None, Spot.of("host", FORWARD, 2))
    assert walk.FAMILIES == ("ip", "ip6", "inet", "bridge")
