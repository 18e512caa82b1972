"""A lesson as an assignment in the real nbgrader: generated, solved, autograded, exported."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from need import missing

from netlab.grade import nbgrader
from netlab.lab import Lab
from netlab.lessons import lesson

LESSON = "04"


@pytest.fixture
def lab(lab_name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """The lab in which nbgrader's kernels start."""
    monkeypatch.setenv("NETLAB_LAB", lab_name)
    found = Lab.up(lab_name)
    yield found
    found.down()


def tool(course: Path, *words: str) -> None:
    program = Path(sys.executable).with_name("nbgrader")
    if not program.exists():
        missing("nbgrader is not installed: ./run test graders installs it")
    path = f"{program.parent}:{os.environ['PATH']}"  # it calls a program of its own, alembic
    done = subprocess.run(
        [program, *words], cwd=course, env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_a_lesson_goes_through_nbgrader(tmp_path: Path, lab: Lab) -> None:
    """The solved notebook gets all points, the one handed out gets none, and it holds no solution."""
    source = nbgrader.write(lesson(LESSON), tmp_path)
    tool(tmp_path, "generate_assignment", LESSON)
    released = tmp_path / "release" / LESSON / source.name
    assert "### BEGIN SOLUTION" not in released.read_text()
    assert "master docker0\\n### " not in released.read_text()
    for learner, notebook in (("ada", source), ("bob", released)):
        (tmp_path / "submitted" / learner / LESSON).mkdir(parents=True)
        shutil.copy(notebook, tmp_path / "submitted" / learner / LESSON)
    tool(tmp_path, "autograde", LESSON)
    tool(tmp_path, "export")
    rows = {row["student_id"]: row for row in csv.DictReader((tmp_path / "grades.csv").open())}
    points = float(sum(step.points for step in lesson(LESSON).steps))
    assert (float(rows["ada"]["score"]), float(rows["ada"]["max_score"])) == (points, points)
    assert float(rows["bob"]["score"]) == 0
