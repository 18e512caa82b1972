"""A lesson as an assignment of nbgrader's, for those who have a course there.

A step is a test cell that calls `lab.check`: it runs in the learner's own lab, where he is root, so it is
worth what an honest learner's word is worth. What has to be defended is graded by ./run grade, from outside.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from netlab.grade.hidden_checks import Hidden
from netlab.i18n import language
from netlab.lessons.build import cells_of, metadata
from netlab.lessons.content import Lesson
from netlab.lessons.translation import MARKER

CONFIG = """# The course as nbgrader sees it. A stub must be a comment: it stands in bash cells too.
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbgrader.preprocessors import ClearHiddenTests, GetGrades

c = get_config()
c.CourseDirectory.course_id = "container-networking"
c.ClearSolutions.code_stub = {"python": "# your turn"}
c.ExecutePreprocessor.timeout = 120
# What learners get back does not show what hidden tests look at.
c.GenerateFeedback.preprocessors = [GetGrades, ClearHiddenTests, CSSHTMLHeaderPreprocessor]
"""
SCHEMA = 3  # of nbgrader's cell metadata
TEST = {"grade": True, "solution": False, "locked": True}
Cell = dict[str, Any]


def write(lesson: Lesson, course: Path, further: Sequence[Hidden] = ()) -> Path:
    """Write the lesson's instructor version into the course's folder, and a configuration if it has none."""
    made = (piece for _, piece in cells_of(lesson, language()))
    cells = [_cell(lesson, f"cell-{number}", *piece) for number, piece in enumerate(made)]
    cells += [_further(each) for each in further]
    notebook = {"cells": cells, "metadata": metadata(language()), "nbformat": 4, "nbformat_minor": 5}
    target = course / "source" / lesson.id / f"{lesson.stem}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(notebook, indent=1, ensure_ascii=False), encoding="utf-8")
    if not (course / "nbgrader_config.py").exists():
        (course / "nbgrader_config.py").write_text(CONFIG)
    return target


def _cell(lesson: Lesson, id: str, kind: str, tags: list[str], source: str) -> Cell:
    """A locked test for a check, a cell to be filled in for what has a solution, else the cell as it is."""
    words: dict[str, Any] = {}
    if tags[:1] == ["check"]:
        step = lesson.step(tags[1])
        id = f"step-{step.id.replace('.', '-')}"
        source = f'result = lab.check("{step.id}")\nprint(result)\nassert result.passed, result.found'
        words = {**TEST, "points": step.points}
    elif MARKER in source:
        above, _, below = source.partition(f"{MARKER}\n")
        source = f"{above}### BEGIN SOLUTION\n{below}\n### END SOLUTION"
        words = {"grade": False, "solution": True, "locked": False}
    return _make_cell(kind, id, source, words)


def _further(hidden: Hidden) -> Cell:
    """A test of which nothing but its points is in what learners get."""
    source = f"# A further check\n### BEGIN HIDDEN TESTS\n{hidden.as_test()}\n### END HIDDEN TESTS"
    step = hidden.check.step
    return _make_cell("code", f"step-{step.id.replace('.', '-')}", source, {**TEST, "points": step.points})


def _make_cell(kind: str, id: str, source: str, words: dict[str, Any]) -> Cell:
    metadata = (
        {"nbgrader": {"grade_id": id, "schema_version": SCHEMA, "task": False, **words}} if words else {}
    )
    cell: Cell = {"cell_type": kind, "id": id, "metadata": metadata, "source": source}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})
