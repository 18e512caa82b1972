"""Who reaches whom, where a replica plays the packets: they have the last word, and it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from netlab.diagnosis.reach.answer import NO, UNSURE, YES, Answer, Reach
from netlab.diagnosis.reach.ask import reach
from netlab.diagnosis.reach.differ import differ
from netlab.diagnosis.reach.text import as_json, as_matrix, as_text
from netlab.errors import LabError
from netlab.model import Snapshot
from netlab.packets.flight import Flight, Landing
from tests.worlds.builders import TARGET, lab

C1, C2, HOST_OUTSIDE = "172.17.0.2", "172.17.0.3", "192.0.2.10"


class Replica:
    """Plays a replica in which packets arrive as they are told to."""

    def __init__(self, snapshot: Snapshot, landing: Landing) -> None:
        self._snapshot, self._landing = snapshot, landing
        self.asked: list[Flight] = []

    def snapshot(self) -> Snapshot:
        return self._snapshot

    def burst(self, some: Sequence[Flight], timeout: float = 0.1) -> list[Landing]:
        self.asked += some
        return [self._landing] * len(some)

    def capture(self, **_: object) -> None:
        raise LabError("no capture here")

    def substitutes(self) -> tuple[str, ...]:
        return ()

    @contextmanager
    def replica(self) -> Iterator[Replica]:
        yield self


def ask(snapshot: Snapshot, landing: Landing, question: str) -> tuple[Answer, Replica]:
    """The one answer to a question."""
    played = Replica(snapshot, landing)
    (answer,) = reach(played, question).answers  # type: ignore[arg-type]
    return answer, played


def test_a_yes_has_been_seen_by_its_owner() -> None:
    """Expected or not: what tables say is no yes."""
    there = Landing(True, ("internet",))
    answer, played = ask(lab(1, "1"), there, f"if-test → {TARGET} ping")
    assert (answer.answer, answer.receiver) == (YES, "internet")
    assert played.asked == [answer.flight]
    answer, __ = ask(lab(1, "1"), Landing(), f"if-test → {TARGET} ping")
    assert (answer.answer, answer.expected) == (UNSURE, YES)
    assert "not answered" in answer.why


def test_tables_that_are_wrong_are_overruled() -> None:
    """They say no, and the owner has seen it; they say yes, and another has."""
    answer, __ = ask(lab(1), Landing(True, ("internet",)), f"if-test → {TARGET} ping")
    assert (answer.answer, answer.expected) == (YES, NO)
    answer, __ = ask(lab(1, "1"), Landing(True, ("host",)), f"if-test → {TARGET} ping")
    assert answer.answer == UNSURE and "host answers" in answer.why
    answer, __ = ask(lab(1, "1"), Landing(True, ()), f"if-test → {TARGET} ping")
    assert answer.answer == UNSURE


def test_a_no_is_sent_as_well() -> None:
    """And has the setting that says so."""
    answer, played = ask(lab(1), Landing(), f"if-test → {TARGET} ping")
    assert answer.answer == NO and "ip_forward" in answer.why and answer.sent
    assert played.asked == [answer.flight]


# -- what differs, and how it is told

PLACE = Flight("internet", "10.0.0.7", "tcp", 5432)


def test_what_is_open_now_and_was_not_is_told() -> None:
    """And what is closed, and what cannot be told; what was left out is neither."""
    before = [Answer(PLACE, NO, why="nobody listens"), Answer(Flight("a", C1), YES, "if-test")]
    now = [Answer(PLACE, YES, "db"), Answer(Flight("a", C2), UNSURE, why="x")]
    changes, unsure = differ(now, before, whole=True)
    assert [(change.now.flight, change.opens) for change in changes] == [
        (PLACE, True),
        (Flight("a", C1), False),
    ]
    assert [answer.flight for answer in unsure] == [Flight("a", C2)]
    changes, unsure = differ(now, before, whole=False)
    assert [change.now.flight for change in changes] == [PLACE] and unsure == ()
    text = as_text(Reach("internet → *", compared=True, changes=changes))
    assert "+ after the change 10.0.0.7 tcp 5432 is open from internet (before: nobody listens)" in text
    told = json.loads(as_json(Reach("internet → *", compared=True, changes=changes)))
    assert told["opened"][0]["port"] == 5432 and told["closed"] == []


def test_the_matrix_has_a_line_for_each_hole() -> None:
    """Marks in columns, reasons below; of many, a bounded number of lines."""
    answers = [Answer(Flight("a", C1), YES, "if-test"), Answer(Flight("b", C1), NO, why="rule 3")]
    text = as_matrix(Reach("* → *", tuple(answers)))
    assert f"{C1} ping  ✔  ✘" in text and f"✘ b → {C1} ping: rule 3" in text
    many = tuple(Answer(Flight(f"n{n}", C1), NO, why="x") for n in range(500))
    assert len(as_matrix(Reach("* → *", many)).splitlines()) < 600
    assert len(as_text(Reach("* → *", many)).splitlines()) < 70


def test_names_move_no_cursor() -> None:
    """Whatever a node is called, and whatever its rule says."""
    nasty = "a\x1b[2J\nb\u202e"
    answers = (Answer(Flight(nasty, C1), NO, why=nasty), Answer(Flight("x", C1), YES, nasty))
    for text in (as_text(Reach(nasty, answers)), as_matrix(Reach(nasty, answers))):
        assert not {"\x1b", "\u202e"} & set(text) and "\nb" not in text
    assert "\x1b" not in as_json(Reach(nasty, answers))
