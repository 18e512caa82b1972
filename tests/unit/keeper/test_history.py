"""The marks that a keeper keeps: all of them, the newest at the price of one, the oldest forgotten."""

from __future__ import annotations

import pytest

from netlab.keeper import history
from netlab.keeper.history import History, Mark
from netlab.model import codec
from netlab.model.pack import Node, Pack


def mark(number: int) -> Mark:
    """One that differs from the others."""
    return Mark(f"cell {number}", Pack("lab", nodes=(Node(f"node {number}", "netns"),)))


def marks(history: History) -> list[Mark]:
    """All of them, the oldest first."""
    return [mark for _, mark in history.latest()][::-1]


@pytest.fixture
def kept() -> History:
    """With ten marks."""
    made = History()
    for number in range(10):
        made.add(mark(number))
    return made


def test_what_was_kept_is_what_is_read() -> None:
    """None at first, then each with its word, in their order."""
    made = History()
    assert marks(made) == [] and made.last() is None
    for number in range(3):
        made.add(mark(number))
        assert made.last() == mark(number)
    assert marks(made) == [mark(0), mark(1), mark(2)]


def test_later_ones_are_forgotten(kept: History) -> None:
    """Who goes back goes on from there; a mark may be set where there is none any more."""
    kept.keep(4)
    assert [each.label for each in marks(kept)] == [f"cell {number}" for number in range(4)]
    kept.add(mark(9))
    assert kept.last() == mark(9) and len(marks(kept)) == 5
    kept.keep(0)
    kept.add(mark(1))
    assert marks(kept) == [mark(1)]


def test_the_oldest_are_forgotten_where_there_is_no_room(
    kept: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither too many nor too large in all, and what stays can be read without what has gone."""
    monkeypatch.setattr(history, "MOST", 6)
    kept.add(mark(10))
    assert marks(kept) == [mark(number) for number in range(5, 11)]
    monkeypatch.setattr(history, "LARGEST", 100)
    kept.add(mark(11))
    assert 0 < len(marks(kept)) < 6 and kept.last() == mark(11)


def test_one_more_mark_costs_no_more_when_there_are_many(
    kept: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To set one, before each cell, no more than the last is read, and none but that one is written."""
    read, write = codec.read, codec.write
    done: list[str] = []
    monkeypatch.setattr(codec, "read", lambda kind, plain: done.append("read") or read(kind, plain))
    monkeypatch.setattr(codec, "write", lambda value: done.append("write") or write(value))
    kept.last()
    kept.add(mark(10))
    assert done == ["read", "write"]
