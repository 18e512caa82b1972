"""A lesson as an assignment in the real nbgrader: generated, solved, autograded, exported, given back."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from netlab.cli.main import main
from netlab.lab import Lab
from netlab.lessons.content import lesson

from .tools import HIDDEN, LESSON, told, tool


@pytest.fixture
def lab(lab_name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """The lab in which nbgrader's kernels start."""
    monkeypatch.setenv("NETLAB_LAB", lab_name)
    found = Lab.up(lab_name)
    yield found
    found.down()


def test_a_lesson_goes_through_nbgrader(tmp_path: Path, lab: Lab) -> None:
    """The solved notebook gets all points, the one handed out none; nobody sees what is hidden."""
    course, hidden = tmp_path / "course", tmp_path / "hidden.toml"
    hidden.write_text(HIDDEN)
    assert main(["assignment", LESSON, "--course", str(course), "--hidden", str(hidden)]) == 0
    source = next((course / "source" / LESSON).glob("*.ipynb"))
    tool(course, "nbgrader", "generate_assignment", LESSON)
    released = course / "release" / LESSON / source.name
    assert "### BEGIN SOLUTION" not in released.read_text()
    assert "master docker0\\n### " not in released.read_text()
    for learner, notebook in (("ada", source), ("bob", released)):
        (course / "submitted" / learner / LESSON).mkdir(parents=True)
        shutil.copy(notebook, course / "submitted" / learner / LESSON)
    tool(course, "nbgrader", "autograde", LESSON)
    tool(course, "nbgrader", "generate_feedback", LESSON)
    tool(course, "nbgrader", "export")
    rows = {row["student_id"]: row for row in csv.DictReader((course / "grades.csv").open())}
    points = float(sum(step.points for step in lesson(LESSON).steps) + 3)
    assert (float(rows["ada"]["score"]), float(rows["ada"]["max_score"])) == (points, points)
    assert float(rows["bob"]["score"]) == 0
    assert told(course / "source") and told(course / "autograded")
    assert told(course / "release") == [] and told(course / "feedback") == []
    assert "A further check is not passed" in (course / "feedback/bob").rglob("*.html").__next__().read_text()
