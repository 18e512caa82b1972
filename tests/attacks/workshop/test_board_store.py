"""A learner's server that tells the board more than there is to tell."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from netlab.workshop.board import table
from netlab.workshop.board.results import Results


@pytest.fixture
def board(tmp_path: Path) -> Results:
    made = Results(tmp_path / "board.sqlite", frozenset(("01.1",)))
    made.prepare()
    for name in ("ada", "bob"):
        made.note_presence(name)
    return made


def rows(board: Results, table: str) -> int:
    with sqlite3.connect(board.file) as db:
        count = int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    db.close()
    return count


def test_nobody_fills_the_disk_with_what_became_of_orders_that_were_never_given(board: Results) -> None:
    """A number that no order has, or one that was another learner's, is not kept; an answer counts once."""
    mine = board.order("ada", "reset", "")
    for number in (*range(200), 1 << 62):
        board.outcome("bob", number, "x" * 300)
        board.outcome("ada", number, "x" * 300)
    assert rows(board, "outcome") == 1 and mine < 200
    assert "outcome" not in board.board()["bob"]


def test_what_the_board_keeps_moves_no_cursor(board: Results) -> None:
    """In hints and in what became of an order."""
    number = board.order("", "reset", "")
    board.outcome("ada", number, "gone\x1b[2J\r\nthere\u202e")
    event = {
        "id": "1",
        "kind": "checked",
        "lesson": "01",
        "step": "01.1",
        "time": 1.0,
        "hint": "a\x1b]0;b\x07",
    }
    assert board.add("ada", [event]) == 1
    row = board.board()["ada"]
    assert row["outcome"][1].isprintable() and row["steps"]["01.1"]["failing"].isprintable()


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_a_name_is_no_formula(name: str) -> None:
    """For the spreadsheet into which the table is read."""
    assert table.harmless(name)[0] not in "=+-@\t\r"
