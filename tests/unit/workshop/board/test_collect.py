"""What was graded finds its learner, and goes into one table and one file."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from netlab.grade import formats
from netlab.grade.bundle import Bundle
from netlab.grade.naming import Whose
from netlab.grade.table import Table
from netlab.lessons.content import lesson
from netlab.workshop.board import collect, table
from tests.unit.grade.grades import GRADE


def graded(out: Path) -> None:
    """A folder of results as `./run grade` leaves it: of two learners, and one notebook that is broken."""
    results = Table(out)
    for name, student in (("ada-03", "ada"), ("ada-zh-03", "ada"), ("bob-03", "bob")):
        given = replace(GRADE, name=name, lesson="03")
        if student == "bob":
            given = replace(given, lesson="", results=(), error="not a notebook")
        Bundle(out / name).close(given, None, None)
        results.whose[name] = Whose(student, "03")
        results.add(formats.result(given))
    results.write()


def test_results_of_a_grading_find_their_learner(tmp_path: Path) -> None:
    """By the folder that was collected for each; what could not be graded has a page, and no lesson."""
    graded(tmp_path)
    assert list(collect.read_results(tmp_path)) == [
        ("ada", "03", "ada-03", 2.0, 4.0),
        ("ada", "03", "ada-zh-03", 2.0, 4.0),
        ("bob", "", "bob-03", 0.0, 0.0),
    ]


def rows(learners: dict[str, dict[str, Any]]) -> list[dict[str, str]]:
    text = table.csv_text(learners, [lesson("01"), lesson("02")])
    return list(csv.DictReader(io.StringIO(text.removeprefix(table.MARK))))


def test_the_spreadsheet_has_totals_and_nothing_handed_in_is_zero() -> None:
    """Moments have their zone, tries and hints are numbers, and no name is a formula."""
    done = {"passed": 1_800_000_000.0, "tries": 3, "hints": 1, "solution": True}
    learners = {
        "ada": {"steps": {"01.1": done, "01.2": {"tries": 2}}, "grades": {"01": [4.0, 6.0]}},
        "=1+1": {"steps": {}, "grades": {}},
    }
    ada, other = rows(learners)
    assert ada["01.1"][10] == "T" and ada["01.1"][19] in "+-" and ada["01.2"] == ""
    assert (ada["steps passed"], ada["tries"], ada["hints"], ada["solutions"]) == ("1", "5", "1", "1")
    assert (ada["01 points"], ada["01 max"], ada["points"], ada["max"]) == ("4.0", "6.0", "4.0", "6.0")
    assert (other["learner"], other["01 points"], other["01 max"], other["points"]) == (
        "'=1+1",
        "0",
        "6.0",
        "0",
    )


def test_all_about_the_last_grading_is_one_file(tmp_path: Path) -> None:
    """The newest folder that has a table; links in it are left out."""
    assert table.find_graded(tmp_path) is None
    for name in ("20260101-000000", "20260102-000000"):
        (tmp_path / name).mkdir()
        graded(tmp_path / name)
    (tmp_path / "20260103-000000").mkdir()
    newest = table.find_graded(tmp_path)
    assert newest and newest.name == "20260102-000000"
    (newest / "ada-03/secret").symlink_to("/etc/passwd")
    with table.pack(newest, "the table") as made, zipfile.ZipFile(made) as packed:
        names = set(packed.namelist())
        assert {"workshop.csv", "grades.csv", "grades.json", "ada-03/feedback.html"} <= names
        assert "ada-03/secret" not in names and packed.read("workshop.csv") == b"the table"
