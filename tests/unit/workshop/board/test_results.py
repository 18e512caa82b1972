"""What the board counts, and what it orders."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from netlab.workshop.board import results
from netlab.workshop.board.results import Results

STEPS = frozenset(("01.1", "01.2", "02.1"))


@pytest.fixture
def board(tmp_path: Path) -> Results:
    made = Results(tmp_path / "board.sqlite", STEPS)
    made.prepare()
    made.note_presence("ada")
    return made


def event(id: str, step: str = "01.1", **words: Any) -> dict[str, Any]:
    return {"id": id, "kind": "checked", "lesson": step[:2], "step": step, "time": time.time(), **words}


def test_an_event_that_is_sent_twice_counts_once(board: Results) -> None:
    """Whether in one request or in two, before a restart or after."""
    assert board.add("ada", [event("a"), event("a")]) == 1
    again = Results(board.file, STEPS)
    again.prepare()
    assert again.add("ada", [event("a")]) == 0
    assert again.board()["ada"]["steps"]["01.1"]["tries"] == 1


def test_two_learners_may_have_the_same_id(board: Results) -> None:
    """An id is a learner's own: nobody takes another one's event away by guessing it."""
    board.note_presence("bob")
    assert board.add("bob", [event("a")]) == board.add("ada", [event("a")]) == 1


def test_a_late_event_does_not_undo_a_newer_one(board: Results) -> None:
    """A failure from before the success, which waited in a queue, is counted and changes nothing else."""
    now = time.time()
    board.add("ada", [event("new", passed=True, time=now)])
    board.add("ada", [event("old", passed=False, hint="no-cable", time=now - 60)])
    step = board.board()["ada"]["steps"]["01.1"]
    assert step["passed"] == now and step["failing"] is None and step["tries"] == 2


def test_the_board_says_where_somebody_is_stuck(board: Results) -> None:
    """Which hint the last check gave, how many hints were asked for, and how often it was tried."""
    board.add("ada", [event(str(n), passed=False, hint="no-cable") for n in range(3)])
    board.add("ada", [event("h", kind="hint", number=2)])
    step = board.board()["ada"]["steps"]["01.1"]
    assert (step["failing"], step["tries"], step["hints"]) == ("no-cable", 3, 2)
    assert "solution" not in step
    board.add("ada", [event("s", kind="solution")])
    assert board.board()["ada"]["steps"]["01.1"]["solution"] is True


@pytest.mark.parametrize(
    "words",
    [
        {"kind": "graded"},
        {"step": "99.1"},
        {"lesson": "99"},
        {"time": float("nan")},
        {"time": "soon"},
        {"number": "many"},
        {"id": ""},
    ],
)
def test_what_is_no_event_is_left_out(board: Results, words: dict[str, Any]) -> None:
    """A learner's server is not believed: unknown steps, kinds and times are not taken down."""
    assert board.add("ada", [{**event("x"), **words}]) == 0
    assert board.add("ada", [event("good")]) == 1


def test_nobody_fills_the_database(board: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is an end to what one learner may send."""
    monkeypatch.setattr(results, "MOST_EVENTS", 3)
    assert board.add("ada", [event(str(n)) for n in range(9)]) == 3
    assert board.add("ada", [event("more")]) == 0


def test_a_time_from_the_future_is_now(board: Results) -> None:
    """Nobody is at work tomorrow."""
    board.add("ada", [event("a", passed=True, time=time.time() + 86400)])
    assert board.board()["ada"]["steps"]["01.1"]["passed"] <= time.time()


def test_an_order_for_all_is_for_those_who_are_there(board: Results) -> None:
    """Who comes later does not find his lab broken by what was ordered before."""
    number = board.order("", "inject", "veth-down")
    board.note_presence("late")
    assert [order["number"] for order in board.orders("ada", 0)] == [number]
    assert board.orders("late", 0) == []
    assert board.orders("ada", number) == []


def test_an_order_for_one_is_for_no_other(board: Results) -> None:
    """Ada's lab is put back, not Bob's."""
    board.note_presence("bob")
    board.order("ada", "reset", "")
    assert [order["what"] for order in board.orders("ada", 0)] == ["reset"] and board.orders("bob", 0) == []


def test_an_old_order_is_not_carried_out(board: Results) -> None:
    """Who comes back the next morning keeps what he has."""
    board.order("ada", "reset", "")
    with sqlite3.connect(board.file) as db:
        db.execute("UPDATE instruction SET time = time - ?", (results.FRESH + 1,))
    db.close()
    assert board.orders("ada", 0) == []


def test_lessons_that_are_open(board: Results) -> None:
    """All of them, unless the instructor opens one after the other."""
    assert board.open_lessons() is None
    board.unlock(["01"])
    assert Results(board.file, STEPS).open_lessons() == ["01"]
