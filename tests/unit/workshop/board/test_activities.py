"""A fault as an activity: what counts meanwhile, who has it, who has mended it; and what was announced."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from netlab.workshop.board.results import Results
from tests.unit.workshop.board.test_results import STEPS, event


@pytest.fixture
def board(tmp_path: Path) -> Results:
    made = Results(tmp_path / "board.sqlite", STEPS)
    made.prepare()
    for name in ("ada", "bob"):
        made.note_presence(name)
    return made


def activity(board: Results, learner: str = "ada") -> dict[str, Any]:
    return dict(board.board()[learner].get("activity") or {})


def passed(board: Results, id: str) -> bool:
    board.add("ada", [event(id, passed=True)])
    return bool(board.board()["ada"]["steps"].get("01.1", {}).get("passed"))


def test_what_a_fault_builds_passes_no_step(board: Results) -> None:
    """Neither while it is put in nor while it is on nor when it is mended; when a lesson has begun again,
    checks count."""
    number = board.break_labs("", "ip-forward-off")
    assert not passed(board, "a")
    board.outcome("ada", number, "")
    board.outcome("bob", number, "The lab is sick before anything was broken.")
    assert not passed(board, "b") and activity(board)["broken"] and not activity(board)["ended"]
    assert activity(board, "bob")["trouble"] and activity(board, "bob")["ended"]
    board.note_repair("ada", number)
    assert not passed(board, "c") and activity(board)["mended"]
    board.add("ada", [{**event("v", ""), "kind": "visited", "lesson": "01"}])
    assert activity(board)["ended"] and passed(board, "d")


@pytest.mark.parametrize("what", ["reset", "goto"])
def test_a_lab_that_is_put_back_has_no_fault_any_more(board: Results, what: str) -> None:
    """When that is done, and not when it failed."""
    board.outcome("ada", board.break_labs("ada", "ip-forward-off"), "")
    board.outcome("ada", board.order("", what, "01"), "The lab went away.")
    assert not passed(board, "a")
    board.outcome("ada", board.order("", what, "01"), "")
    assert activity(board)["ended"] and passed(board, "b") and activity(board, "bob") == {}


def test_an_announcement_ends_no_activity(board: Results) -> None:
    """Nor does another learner's word, or one about another order."""
    number = board.break_labs("ada", "ip-forward-off")
    board.outcome("ada", number, "")
    board.outcome("ada", board.order("", "announce", "Five minutes"), "")
    board.note_repair("bob", number)
    board.note_repair("ada", number + 1)
    board.outcome("ada", board.order("bob", "reset", ""), "")
    assert not activity(board)["ended"] and not activity(board)["mended"]


def test_an_order_that_nobody_has_fetched_stops_counting(
    board: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was away for long gets no fault, and their checks count."""
    board.break_labs("ada", "ip-forward-off")
    assert not passed(board, "a")
    later = time.time() + 700
    monkeypatch.setattr(time, "time", lambda: later)
    assert passed(board, "b")


def test_who_comes_later_is_told_what_was_announced(board: Results) -> None:
    """But is not ordered what was ordered before; and the board keeps what was said, the newest first."""
    board.order("", "announce", "Welcome")
    board.order("", "goto", "02")
    board.order("ada", "announce", "for Ada")
    board.order("", "announce", "Five minutes left")
    board.note_presence("carol")
    assert [order["words"] for order in board.orders("carol", 0)] == ["Welcome", "Five minutes left"]
    assert [order["words"] for order in board.orders("ada", 0)] == [
        "Welcome",
        "02",
        "for Ada",
        "Five minutes left",
    ]
    assert board.orders("carol", board.orders("carol", 0)[-1]["number"]) == []
    assert [words for _, words in board.announcements()] == ["Five minutes left", "Welcome"]
