"""Whose a submission is, and for which lesson: as the table says it, also of what cannot be read."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from netlab.grade import formats, naming
from netlab.grade.judge import Grade
from netlab.grade.naming import Whose
from netlab.grade.table import GRADES, STATEMENT, Table, find_changes
from netlab.lessons.content import lesson
from tests.unit.grade.grades import GRADE

VETH, PROBLEM, ADA = "03-a-veth-pair.ipynb", "01-the-problem.ipynb", ("ada", "01")
CASES: list[tuple[str, list[str], list[tuple[str, str]]]] = [
    ("a folder for each", [f"h/ada/{PROBLEM}", f"h/bob/{VETH}"], [("ada", "01"), ("bob", "03")]),
    ("one folder alone", [f"h/half/{PROBLEM}"], [("half", "01")]),
    ("one folder, two lessons", [f"h/half/{PROBLEM}", f"h/half/{VETH}"], [("half", "01"), ("half", "03")]),
    ("in two languages", [f"c/ada/{PROBLEM}", f"c/ada/zh/{PROBLEM}"], [("ada", "01"), ("ada", "01")]),
    ("called like folders", [f"c/zh/{PROBLEM}", f"c/labs/{PROBLEM}"], [("zh", "01"), ("labs", "01")]),
    ("files and folders", [f"h/ada-{VETH}", f"h/bob/{VETH}"], [("ada", "03"), ("bob", "03")]),
    ("one learner's labs/", [f"h/ada/labs/{PROBLEM}", f"h/ada/labs/zh/{PROBLEM}"], [ADA, ADA]),
    ("below labs/", [f"c/ada/labs/{PROBLEM}", f"c/bob/labs/zh/{VETH}"], [("ada", "01"), ("bob", "03")]),
    ("as nbgrader has it", ["s/ada/veth/03.ipynb", "s/bob/veth/03.ipynb"], [("ada", "03"), ("bob", "03")]),
    ("a file for each", ["h/ada.ipynb", "h/bob 04.ipynb"], [("ada", ""), ("bob", "04")]),
    ("the lesson behind the name", [f"h/ada-{VETH}", f"h/bob_{VETH}"], [("ada", "03"), ("bob", "03")]),
    ("the lesson before it", ["h/03-ada.ipynb", "h/03-bob.ipynb"], [("03-ada", "03"), ("03-bob", "03")]),
    ("loaded twice", ["h/ada/01-the-problem (1).ipynb", "h/ada/01-the-problem-Copy1.ipynb"], 2 * [ADA]),
    ("a number that is no lesson", ["h/2024.ipynb", "h/0123.ipynb"], [("2024", ""), ("0123", "")]),
]  # fmt: skip


@pytest.mark.parametrize(("paths", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_folder_is_a_learner_and_a_name_tells_the_lesson(
    paths: list[str], expected: list[tuple[str, str]]
) -> None:
    """However a platform, a teacher or the board lays out what was handed in."""
    assert [tuple(each) for each in naming.whose([Path(path) for path in paths])] == expected


def test_the_lesson_that_a_teacher_names_counts() -> None:
    """Whatever the file is called."""
    assert naming.whose([Path("h/ada.ipynb")], "05") == [Whose("ada", "05")]
    assert naming.whose([]) == []


def test_what_cannot_be_read_has_a_learner_an_assignment_and_a_maximum() -> None:
    """So that a platform that imports the table counts it as nothing of so many points."""
    broken = formats.result(Grade("ada-03", error="no notebook"))
    every = sum(step.points for step in lesson("03").steps)
    [row] = csv.DictReader(io.StringIO(formats.csv_table([broken], {"ada-03": Whose("ada", "03")})))
    assert (row["student_id"], row["assignment"]) == ("ada", "03")
    assert (row["score"], row["max_score"]) == ("0", str(every))


def test_whose_it_is_stands_in_the_signed_statement(tmp_path: Path) -> None:
    """It outlives a second run into the same folder, and who changes it is found out."""
    from netlab.grade.bundle import Bundle

    key = b"a key of more than sixteen bytes"
    grade = replace(GRADE, name="ada-03")
    Bundle(tmp_path / "ada-03").close(grade, None, key)
    table = Table(tmp_path, key, whose={"ada-03": Whose("ada", "03")})
    table.add(formats.result(grade))
    table.write()
    assert Table.read(tmp_path, key).whose == {"ada-03": Whose("ada", "03")}
    assert list(find_changes(tmp_path, key)) == [] and ",ada," in (tmp_path / GRADES).read_text()
    statement = tmp_path / STATEMENT
    statement.write_text(statement.read_text().replace('"ada"', '"bob"'))
    assert list(find_changes(tmp_path, key)) and Table.read(tmp_path, key).whose == {}
    statement.write_text(statement.read_text().replace('"bob"', '["bob"]'))
    assert list(find_changes(tmp_path, None))
