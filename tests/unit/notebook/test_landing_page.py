"""The landing page: how far one is, and where to go on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from netlab.lessons.content import LANDING, lesson, lessons
from netlab.lessons.progress import Progress
from netlab.notebook import landing_page
from netlab.notebook.landing_page import Overview, current_lesson


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    return Progress(tmp_path / "progress.json")


def begin(progress: Progress, id: str, monkeypatch: pytest.MonkeyPatch, minute: int) -> None:
    monkeypatch.setattr("netlab.lessons.progress._now", lambda: f"2026-11-26T08:{minute:02}:00+00:00")
    progress.begin(id)


def do(progress: Progress, id: str) -> None:
    for step in lesson(id).steps:
        progress.record_passed(id, step.id)


def test_at_first_one_is_sent_to_the_first_step(progress: Progress) -> None:
    """Nothing is done, all lessons are listed, and the first step is next."""
    found = Overview.of(progress)
    worth = sum(step.points for each in lessons() for step in each.steps)
    assert str(found).splitlines()[:2] == [
        f"0 of {worth} points.",
        "Next: 01.1 A container that runs (01-the-problem.ipynb)",
    ]
    assert [row.lesson.id for row in found.rows] == [each.id for each in lessons()]


def test_points_and_steps_are_counted(progress: Progress, monkeypatch: pytest.MonkeyPatch) -> None:
    """A passed step is marked and its points are given; the next one is the first that is not passed."""
    begin(progress, "03", monkeypatch, 1)
    for id in ("03.1", "03.2", "03.9"):  # 03.9: of an older edition
        progress.record_passed("03", id)
    found = Overview.of(progress)
    assert str(found).startswith("3 of ")
    assert "Next: 03.3 An address, and up (03-a-veth-pair.ipynb)" in str(found)
    assert "03 · A veth pair: ✔ 03.1 ✔ 03.2 ○ 03.3 ○ 03.4 ○ 03.5; 3 of 8; about 30 minutes" in str(found)


def test_one_goes_on_where_one_was(progress: Progress, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lesson last begun, when that is done the one after it, and what was left out at the end."""
    begin(progress, "02", monkeypatch, 1)
    begin(progress, "04", monkeypatch, 2)
    assert Overview.of(progress).current == current_lesson(lessons(), progress).id == "04"
    do(progress, "04")
    assert Overview.of(progress).current == current_lesson(lessons(), progress).id == "05"
    for each in lessons():
        if each.id not in ("01", "02"):
            do(progress, each.id)
    assert Overview.of(progress).current == "01"
    for id in ("01", "02"):
        do(progress, id)
    assert "All steps are done." in str(Overview.of(progress))


def test_before_anything_is_begun_the_landing_page_is_opened(progress: Progress) -> None:
    """`./run` on the first day."""
    assert current_lesson(lessons(), progress) == LANDING


def test_each_lesson_and_each_step_has_a_link(progress: Progress) -> None:
    """To the notebook beside it, and to the heading of the step as JupyterLab names it."""
    page = Overview.of(progress)._repr_html_()
    for each in lessons():
        assert f'<a href="{each.stem}.ipynb">' in page
    assert '<a href="03-a-veth-pair.ipynb#03.2-One-end-goes-inside" title="03.2 One end goes inside">' in page


def test_what_is_shown_follows_the_record(progress: Progress, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that is passed in another notebook appears; the same record is shown once."""
    shown: list[str] = []

    class Handle:
        def update(self, found: Overview) -> None:
            shown.append(str(found).splitlines()[0])

    class Thread:
        def __init__(self, target: Callable[..., None], args: Any, daemon: bool) -> None:
            assert daemon
            self.start = lambda: target(*args)

    def looks(seconds: float, pause: float) -> Iterator[int]:
        for number, passed_meanwhile in enumerate(("", "01.1", "", "")):
            if passed_meanwhile:
                progress.record_passed("01", passed_meanwhile)
            yield number

    monkeypatch.setattr("IPython.display.display", lambda found, display_id: Handle())
    monkeypatch.setattr(landing_page.threading, "Thread", Thread)
    monkeypatch.setattr(landing_page.polling, "looks", looks)
    landing_page.show(progress.path)
    assert [line.split(" of ")[0] for line in shown] == ["1"]


def test_a_record_that_cannot_be_read_is_a_beginning(tmp_path: Path) -> None:
    """A page that tells where to begin must not fail on a damaged file."""
    (tmp_path / "progress.json").write_text("{")
    os.chmod(tmp_path / "progress.json", 0o600)
    assert "0 of " in str(Overview.of(Progress(tmp_path / "progress.json")))
