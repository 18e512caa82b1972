"""What makes a likely cause a proved one, in networks that are a few words and two numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from subprocess import CompletedProcess
from types import SimpleNamespace
from typing import Any

import pytest

from netlab.diagnosis.bench import Bench
from netlab.diagnosis.finding import STRONG, Finding
from netlab.diagnosis.focus import ROUTE, Focus
from netlab.diagnosis.judge import Judgement
from netlab.diagnosis.prove import prove
from netlab.diagnosis.verdict import LIKELY, PROVED, UNDECIDED, Cure, Verdict
from netlab.diagnosis.walk import Spot
from netlab.packets.flight import Flight, Landing
from netlab.packets.probe import Probe
from netlab.packets.walk import Met
from tests.worlds.builders import HOST, TARGET, lab, lecture_death

Passes = Callable[[Sequence[str], str], bool]  # whether a packet to there passes, after those commands


class Replica:
    """It remembers what was typed; `passes` says what that makes of packets."""

    whole = True

    def __init__(self, passes: Passes) -> None:
        self.passes, self.typed = passes, list[str]()
        self.put_backs = 0
        self.met: tuple[Met, ...] = ()

    def snapshot(self) -> Any:
        return lab()

    def probe(self, node: str, destination: str, count: int = 2, timeout: float = 1.0, **_: Any) -> Probe:
        return Probe(count, count if self.passes(self.typed, destination) else 0)

    probe_anew = probe

    def burst(self, flights: Sequence[Flight], timeout: float = 0.1) -> list[Landing]:
        return [Landing(self.passes(self.typed, flight.destination)) for flight in flights]

    def walk(self, *_: Any, **__: Any) -> tuple[Met, ...]:
        """Of the lost packet, only."""
        return self.met

    def run(self, argv: Sequence[str], node: str = "host") -> CompletedProcess[str]:
        self.typed.append(" ".join(argv))
        return CompletedProcess(list(argv), 1 if argv[0] == "wrong" else 0, "", "")

    def put_back(self) -> None:
        self.typed.clear()
        self.put_backs += 1

    def pack(self) -> Any:
        return SimpleNamespace(nodes=())

    def become(self, wanted: Any) -> None:
        """There is nothing to be taken away."""


def finding(cause: str, *commands: str) -> Finding:
    """One with strong evidence."""
    return Finding(cause, STRONG, f"it is {cause}.", (), tuple(Cure("host", (c,)) for c in commands))


def judged(*findings: Finding, place: str = "") -> Judgement:
    """Five probes were lost, and those are suspected."""
    capture = lecture_death()
    host = next(node for node in capture.before.nodes if node.netns == HOST)
    scene = SimpleNamespace(
        after=capture.after, source="if-test", destination=TARGET, holders=lambda _: [], family=4,
        own=lambda _: [], link=lambda _: set(), route=lambda *_: ("", ""),
        decide=lambda *_: SimpleNamespace(route=None), best_route=lambda *_: None, ip="ip",
        requests=(), node=lambda _: host,
    )  # fmt: skip
    verdict = Verdict("if-test", TARGET, 5, 0, explanation=place)
    return Judgement(scene, verdict, Focus(ROUTE, host, None, None, None, None), findings)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _no_forecast(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands next in line is not what is asked here."""
    monkeypatch.setitem(prove.__globals__["accuse"].__globals__, "forecast", lambda *_: "")


def verdict(passes: Passes, *findings: Finding, behind: Judgement | None = None) -> Verdict:
    """What is said of that network, when those are suspected."""
    bench = Bench(Replica(passes), "if-test", TARGET, 5, proto="icmp", port=0)  # type: ignore[arg-type]
    return prove(judged(*findings), bench, lambda: behind or judged(*findings))


def after(*commands: str) -> Passes:
    """Packets pass when all those have been typed."""
    return lambda typed, _: set(commands) <= set(typed)


def test_whose_cure_heals_is_proved() -> None:
    """And the others, which were suspected before, are not named."""
    found = verdict(after("good"), finding("no-route", "bad"), finding("arp-off", "good"))
    assert (found.cause, found.certainty) == ("arp-off", PROVED)
    assert [step.argv for step in found.cure] == [("good",)]
    assert [(e.change, e.answered) for e in found.experiments if e.change == found.cure] == [(found.cure, 10)]


def test_whose_cure_does_nothing_is_dropped() -> None:
    """However strong the evidence was: it stands among what was ruled out, and how."""
    found = verdict(after("nothing"), finding("no-route", "bad"))
    assert (found.cause, found.certainty, found.cure) == ("", UNDECIDED, ())
    assert "no-route" in dict(found.ruled_out)


def test_a_command_that_fails_cures_nothing() -> None:
    """Though packets pass after it."""
    found = verdict(after("wrong"), finding("no-route", "wrong"))
    assert (found.cause, found.certainty) == ("", UNDECIDED)


def test_what_heals_by_having_been_tried_is_no_cure() -> None:
    """After the first packet all others pass, too, also without the cure: that is no proof."""
    seen: list[bool] = []

    def learns(typed: Sequence[str], destination: str) -> bool:
        if destination == TARGET:
            seen.append(bool(typed))
        return any(seen)

    found = verdict(learns, finding("no-route", "bad"))
    assert found.certainty != PROVED


def test_two_faults_in_a_row_are_cured_together() -> None:
    """The first one's cure gets the packet further; what is suspected there is tried on top of it."""
    first, second = finding("arp-off", "one"), finding("firewall-drop", "two")
    found = verdict(after("one", "two"), first, behind=judged(second))
    assert (found.cause, found.certainty) == ("arp-off", PROVED)
    assert [step.argv for step in found.cure] == [("one",), ("two",)]
    assert "firewall-drop" in found.next_blocker


def test_what_is_not_needed_is_left_out_of_the_cure() -> None:
    """The first one's cure got the packet elsewhere, and the second would have done without it."""
    found = verdict(after("two"), finding("arp-off", "one"), behind=judged(finding("no-route", "two")))
    assert (found.cause, [step.argv for step in found.cure]) == ("no-route", [("two",)])


def test_a_cure_that_stops_something_else_is_not_proved_and_says_so() -> None:
    """And one that harms nothing goes before it, though it was suspected later."""

    def passes(typed: Sequence[str], destination: str) -> bool:
        return bool({"harm", "good"} & set(typed)) if destination == TARGET else "harm" not in typed

    alone = verdict(passes, finding("no-route", "harm"))
    assert (alone.cause, alone.certainty) == ("no-route", LIKELY)
    assert any("stops" in effect for effect in alone.side_effects)
    better = verdict(passes, finding("no-route", "harm"), finding("arp-off", "good"))
    assert (better.cause, better.certainty) == ("arp-off", PROVED)
    assert not any("stops" in effect for effect in better.side_effects)


def test_what_only_a_person_may_take_away_is_no_cure() -> None:
    """It heals and stops nothing that was asked: what does not take so much goes before it, and without any
    such no command is printed."""
    risky = Finding("wrong-route", STRONG, "", (), (Cure("host", ("ip", "route", "del", "default")),))

    def passes(typed: Sequence[str], destination: str) -> bool:
        return destination != TARGET or bool({"ip route del default", "good"} & set(typed))

    alone = verdict(passes, risky)
    assert (alone.cause, alone.certainty, alone.candidates) == ("", UNDECIDED, ("wrong-route",))
    assert alone.cure == () and "A person has to decide" in alone.explanation
    better = verdict(passes, risky, finding("arp-off", "good"))
    assert (better.cause, better.certainty) == ("arp-off", PROVED)


def test_a_fault_that_does_not_show_in_the_replica_is_not_proved() -> None:
    """It is nothing that is set; the verdict says so."""
    found = verdict(lambda *_: True, finding("no-route", "good"))
    assert (found.cause, found.certainty) == ("no-route", LIKELY)
    assert "In a copy" in found.explanation


def test_what_nobody_can_try_stays_likely() -> None:
    """A container has to be started anew: there is none in a replica."""
    found = verdict(after("x"), Finding("silent-program", STRONG, "", (), (Cure("host", ("docker", "x")),)))
    assert (found.cause, found.certainty) == ("silent-program", LIKELY)


def doubted(*met: Met) -> Verdict:
    """What is said when a rule's cure heals, and the packet met those rules."""
    suspected = replace(finding("firewall-drop", "good"), spot=Spot("host", "ip", "filter", "FORWARD", 2))
    replica = Replica(after("good"))
    replica.met = met
    bench = Bench(replica, "if-test", TARGET, 5, proto="icmp", port=0)  # type: ignore[arg-type]
    return prove(judged(suspected), bench, lambda: judged(suspected))


def test_a_rule_that_the_packet_itself_did_not_meet_is_not_proved() -> None:
    """Though its cure heals: three witnesses have to agree."""
    there = Met("host", 1, "172.17.1.2", TARGET, "ip", "filter", "FORWARD", 2, "drop")
    assert doubted(there).certainty == PROVED
    assert [step.met for step in doubted(there).walk] == [there]
    elsewhere = doubted(replace(there, number=1))
    assert (elsewhere.cause, elsewhere.certainty) == ("firewall-drop", LIKELY)
    assert "shows no drop by it" in elsewhere.explanation
