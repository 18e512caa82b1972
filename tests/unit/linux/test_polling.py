"""Looks until a deadline."""

from __future__ import annotations

import time

import pytest

from netlab.linux import polling


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses, in which only this clock goes on."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    monkeypatch.setattr(time, "monotonic", lambda: sum(pauses))
    return pauses


def test_the_last_look_is_at_the_deadline(slept: list[float]) -> None:
    """Pauses grow, and the last is as long as what is left."""
    assert list(polling.looks(1.0, 0.25, growth=2)) == [0, 1, 2, 3]
    assert slept == [0.25, 0.5, 0.25]


def test_without_time_it_is_looked_once(slept: list[float]) -> None:
    """And nobody waits."""
    assert list(polling.looks(0, 0.25)) == [0]
    assert slept == []
