"""A lesson as an assignment of otter-grader's: the master notebook, for `otter assign`.

A step is a question whose test calls `lab.check`. The kernel is an ordinary one on the machine, with a lab of
its own (netlab.notebook.host_kernel); what it says is worth what an honest learner's word is worth, and
hidden checks run beside his code. What has to be defended is graded by ./run grade, from outside.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from netlab.grade.hidden_checks import Hidden
from netlab.i18n import LANGUAGES, language
from netlab.lessons.build import cells_of
from netlab.lessons.content import Lesson
from netlab.lessons.translation import MARKER

KERNELSPEC = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
CONFIG = """# ASSIGNMENT CONFIG
name: netlab-{lesson}
strip_solutions_from_all_cells: true
export_cell: {{pdf: false}}
generate: {{pdf: false}}"""
Cell = dict[str, Any]


def write(lesson: Lesson, folder: Path, further: Sequence[Hidden] = ()) -> Path:
    """Write the lesson's master notebook into the folder."""
    made = (piece for _, piece in cells_of(lesson, language()))
    cells = [_cell("raw", CONFIG.format(lesson=lesson.id))]
    for kind, tags, source in made:
        cells += _step(lesson, tags[1]) if tags[:1] == ["check"] else [_cell(kind, _solvable(source))]
    for each in further:
        step = each.check.step
        cells += _question(step.id, step.points, f"# HIDDEN\n{each.as_test()}", "\ncheck_cell: false")
    metadata = {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{lesson.stem}.ipynb"
    target.write_text(json.dumps(notebook, indent=1, ensure_ascii=False), encoding="utf-8")
    return target


def _step(lesson: Lesson, id: str) -> Iterator[Cell]:
    test = f'result = lab.check("{id}")\nassert result.passed, result'
    return _question(id, lesson.step(id).points, test)


def _question(id: str, points: int, test: str, more: str = "") -> Iterator[Cell]:
    yield _cell("raw", f"# BEGIN QUESTION\nname: '{id}'\npoints: {points}{more}")
    yield _cell("raw", "# BEGIN TESTS")
    yield _cell("code", test)
    yield _cell("raw", "# END TESTS")
    yield _cell("raw", "# END QUESTION")


def _solvable(source: str) -> str:
    """With otter's marks around the solution, and with the start that a kernel on the machine needs."""
    above, marker, below = source.partition(f"{MARKER}\n")
    if marker:
        return f"{above}# BEGIN SOLUTION NO PROMPT\n{below}\n# END SOLUTION"
    own = "" if language() == LANGUAGES[0] else f", language={language()!r}"
    return re.sub(r"notebook\.start\(([^)]*)\)", rf"notebook.attach(\1{own})", source)


def _cell(kind: str, source: str) -> Cell:
    cell: Cell = {"cell_type": kind, "metadata": {}, "source": source}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})
