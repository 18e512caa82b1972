"""Progress between sittings: whole at any moment, tolerant of what it finds, never in the way."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from netlab.lessons.progress import Progress, default_path


def test_what_was_passed_is_there_at_the_next_sitting(tmp_path: Path) -> None:
    """A step passed today is passed tomorrow, and keeps the time of its first success."""
    path = tmp_path / "progress.json"
    Progress(path).record_passed("03", "03.1")
    first = dict(Progress(path).passed_steps("03"))
    Progress(path).record_passed("03", "03.1")
    assert dict(Progress(path).passed_steps("03")) == first
    assert list(first) == ["03.1"]
    assert not Progress(path).passed_steps("04")


def test_a_new_sitting_asks_anew(tmp_path: Path) -> None:
    """Experiments are made again, so predictions and answers go; what was passed stays."""
    progress = Progress(tmp_path / "progress.json")
    progress.record_prediction("05", "05.1", "docker0")
    progress.record_answer("05", "05.1", "docker0")
    progress.record_passed("05", "05.1")
    assert progress.last_visit("05") == ""
    progress.begin("05")
    assert (dict(progress.predictions("05")), dict(progress.answers("05"))) == ({}, {})
    assert list(progress.passed_steps("05")) == ["05.1"]
    assert progress.last_visit("05")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "3",
        '{"lessons": []}',
        '{"lessons": {"03": {"passed": ["03.1"]}}}',
        '{"lessons": {"03": 1}}',
    ],
)
def test_a_corrupt_file_is_kept_aside_and_said_once(tmp_path: Path, content: str) -> None:
    """A broken file loses nothing and stops nobody: it is kept as .bak, and progress starts anew."""
    path = tmp_path / "progress.json"
    path.write_text(content)
    progress = Progress(path)
    assert not progress.passed_steps("03")
    assert "kept as progress.json.bak" in progress.notes()[0]
    assert progress.notes() == []
    assert path.with_name("progress.json.bak").read_text() == content
    progress.record_passed("03", "03.1")
    assert list(Progress(path).passed_steps("03")) == ["03.1"]


def test_a_file_that_is_not_text_is_corrupt_too(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are kept aside like any other damage."""
    path = tmp_path / "progress.json"
    path.write_bytes(b"\xff\xfe\x00")
    assert not Progress(path).passed_steps("03")
    assert path.with_name("progress.json.bak").exists()


def test_where_nothing_can_be_written_the_sitting_goes_on(tmp_path: Path) -> None:
    """A folder that is missing (or read-only, or full) costs the record between sittings, not the lesson."""
    progress = Progress(tmp_path / "missing" / "progress.json")
    progress.record_passed("03", "03.1")
    progress.record_prediction("03", "03.5", "lost")
    assert list(progress.passed_steps("03")) == ["03.1"]
    assert dict(progress.predictions("03")) == {"03.5": "lost"}
    notes = progress.notes()
    assert len(notes) == 1
    assert "NETLAB_PROGRESS" in notes[0]


def test_the_file_is_whole_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up while saving leaves the old file as it was, and nothing half-written."""
    path = tmp_path / "progress.json"
    Progress(path).record_passed("03", "03.1")
    before = path.read_text()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("netlab.linux.files.os.fsync", full)
    progress = Progress(path)
    progress.record_passed("03", "03.2")
    assert path.read_text() == before
    assert [file.name for file in tmp_path.iterdir()] == ["progress.json"]
    assert sorted(progress.passed_steps("03")) == ["03.1", "03.2"]
    assert "No space left" in progress.notes()[0]


def test_two_notebooks_at_once_lose_nothing(tmp_path: Path) -> None:
    """Savings from several notebooks take turns: each finds what the others saved."""
    path = tmp_path / "progress.json"
    threads = [
        threading.Thread(target=Progress(path).record_passed, args=("03", f"03.{number}"))
        for number in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Progress(path).passed_steps("03")) == 20
    assert json.loads(path.read_text())["version"] == 1


def test_the_path_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the lessons, or wherever NETLAB_PROGRESS says."""
    monkeypatch.delenv("NETLAB_PROGRESS", raising=False)
    assert default_path().name == ".progress.json"
    assert default_path().parent.name == "labs"
    monkeypatch.setenv("NETLAB_PROGRESS", str(tmp_path / "mine"))
    assert default_path() == tmp_path / "mine"
