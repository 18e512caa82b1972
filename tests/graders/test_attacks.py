"""What a hand-in can do by way of the other graders: nothing that it could not do without us."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import nbformat
import pytest

from netlab.cli.main import main
from netlab.lab import Lab
from tests.attacks.support import FRAMINGS, source
from tests.attacks.test_code import PICKLE

from .test_nbgrader import lab as lab
from .tools import LESSON, tool


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """A folder that is there when the attacker's code has run on the machine."""
    return tmp_path / "taken"


def attacked(released: Path, target: Path, marker: Path) -> None:
    """The notebook as handed out, with a cell before the last that turns on whoever runs it."""
    found = nbformat.read(released, 4)
    code = source(PICKLE, marker=str(marker), framing=FRAMINGS[0])
    typed = f"%%bash\ncat >/tmp/a.py <<'END'\n{code}\nEND\npython3 /tmp/a.py"
    found.cells.insert(-1, nbformat.v4.new_code_cell(typed))
    target.parent.mkdir(parents=True)
    nbformat.write(found, target)


def test_a_hand_in_gets_neither_code_nor_points_by_way_of_nbgrader(
    tmp_path: Path, lab: Lab, marker: Path
) -> None:
    """Its cells run in the lab; what they say for its process 1 is data to nbgrader's kernel manager."""
    course = tmp_path / "course"
    assert main(["assignment", LESSON, "--course", str(course)]) == 0
    notebook = next((course / "source" / LESSON).glob("*.ipynb")).name
    tool(course, "nbgrader", "generate_assignment", LESSON)
    attacked(course / "release" / LESSON / notebook, course / "submitted/eve" / LESSON / notebook, marker)
    tool(course, "nbgrader", "autograde", LESSON)
    tool(course, "nbgrader", "export")
    assert not marker.exists(), "the attacker's code ran on the machine"
    (row,) = csv.DictReader((course / "grades.csv").open())
    assert float(row["score"]) == 0


def test_a_shell_cell_gets_no_code_on_the_machine_by_way_of_otter(tmp_path: Path, marker: Path) -> None:
    """With otter a notebook's Python is on the machine, as otter has it; what is typed is in a lab."""
    assert main(["assignment", LESSON, "--course", str(tmp_path), "--format", "otter"]) == 0
    master = next(tmp_path.glob("*.ipynb"))
    tool(tmp_path, "otter", "assign", master.name, "dist")
    autograder = next((tmp_path / "dist/autograder").glob("*.zip"))
    handed_in = tmp_path / "eve" / master.name
    attacked(tmp_path / "dist/student" / master.name, handed_in, marker)
    shutil.copytree(
        tmp_path / "dist/student", handed_in.parent, dirs_exist_ok=True, ignore=lambda *_: [master.name]
    )
    tool(tmp_path, "otter", "run", str(handed_in), "-a", str(autograder), "-o", str(handed_in.parent))
    assert not marker.exists(), "the attacker's code ran on the machine"
