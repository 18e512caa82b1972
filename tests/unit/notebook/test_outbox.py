"""Events that a notebook leaves for the board."""

from __future__ import annotations

from pathlib import Path

import pytest

from netlab.notebook import outbox


def test_outside_of_a_workshop_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever learns alone leaves no events."""
    monkeypatch.delenv(outbox.VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    outbox.put("checked", "01", "01.1", passed=True)
    assert list(tmp_path.iterdir()) == []


def test_a_full_outbox_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lesson goes on without it."""
    monkeypatch.setenv(outbox.VARIABLE, str(tmp_path))
    monkeypatch.setattr(outbox, "MOST", 2)
    for _ in range(5):
        outbox.put("visited", "01")
    assert len(list(tmp_path.iterdir())) == 2
