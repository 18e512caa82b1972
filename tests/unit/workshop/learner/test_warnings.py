"""A learner hears of the bounds that they meet."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from netlab.workshop.learner import warnings
from netlab.workshop.learner.warnings import Complaints


def test_a_learner_is_told_once_what_he_met(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That his disk is full, again only after there was room; how many processes the kernel ended since."""
    free = {"blocks": 0}
    monkeypatch.setattr(
        os, "statvfs", lambda _: SimpleNamespace(f_bavail=free["blocks"], f_frsize=4096, f_blocks=65536)
    )
    events = tmp_path / "memory.events"
    events.write_text("low 0\noom 4\noom_kill 3\noom_group_kill 0\n")
    with events.open() as file:
        his = Complaints(tmp_path, 640 << 20, file.fileno())
        (said,) = his.new()
        assert "(256 MiB) is full" in said and list(his.new()) == []
        for blocks in (500, 0):  # a little room is none
            free["blocks"] = blocks
            assert list(his.new()) == []
        free["blocks"] = 5000
        assert list(his.new()) == []
        events.write_text("low 0\noom 9\noom_kill 5\noom_group_kill 0\n")
        (said,) = his.new()
        assert "640 MiB" in said and "ended 2 of them" in said
        free["blocks"] = 0
        assert len(list(his.new())) == 1


def test_without_a_group_only_the_disk_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody counts then, and nobody says anything."""
    monkeypatch.delenv(warnings.VARIABLE, raising=False)
    assert list(Complaints.of_environment(tmp_path).new()) == []
