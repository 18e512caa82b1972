"""What waits in the outbox until the board has it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from netlab.notebook import outbox
from netlab.workshop.learner import reporter


def test_an_event_waits_in_a_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order, whole, under a name that is its id; taken off when the board has it."""
    monkeypatch.setenv(outbox.VARIABLE, str(tmp_path / "out"))
    for number in range(3):
        outbox.put("hint", "01", "01.1", number=number)
    waiting = reporter.read_outbox(tmp_path / "out")
    assert [event["number"] for event in waiting.values()] == [0, 1, 2]
    assert len({event["id"] for event in waiting.values()}) == 3
    reporter._forget(waiting)
    assert reporter.read_outbox(tmp_path / "out") == {}


def test_a_trap_in_the_outbox_is_no_event(tmp_path: Path) -> None:
    """Links, pipes and rubbish: nothing outside is read, and nobody waits for good."""
    (tmp_path / "secret").write_text('{"kind": "secret"}')
    out = tmp_path / "out"
    out.mkdir()
    (out / "1.json").symlink_to(tmp_path / "secret")
    os.mkfifo(out / "2.json")
    (out / "3.json").write_text("[1, 2")
    (out / "4.json").write_text("[1]")
    assert all(set(event) == {"id"} for event in reporter.read_outbox(out).values())
