"""How a grade looks in each form, without a lab."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from netlab.grade import formats
from netlab.grade.judge import Grade
from netlab.grade.submission import Submission, read
from tests.unit.grade.grades import GRADE, NOTEBOOK, saved, step


def test_the_forms_agree_on_the_points(tmp_path: Path) -> None:
    """JSON, Gradescope, CSV and JUnit all say 2 of 4, and which step failed."""
    found = formats.result(GRADE)
    assert (found["points"], found["max_points"]) == (2, 4)
    scope = formats.gradescope(GRADE)
    assert scope["score"] == 2 == sum(test["score"] for test in scope["tests"])
    row = next(csv.DictReader(io.StringIO(formats.csv_table([found]))))
    assert (row["student_id"], row["score"], row["max_score"]) == ("ada & bob", "2", "4")
    suite = ElementTree.fromstring(formats.junit([found])).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    page = formats.feedback(GRADE)
    assert "2 of 4 points" in page
    assert "A &lt;title&gt;" in page
    assert "ada &amp; bob" in page


def test_learners_are_told_how_many_points_hidden_checks_gave_and_no_more() -> None:
    """Title, state and hint of a hidden check are in the teacher's forms alone."""
    secret = replace(step("03.h1", False), title="secret", found="secret", hint="secret", hidden=True)
    grade = replace(GRADE, results=(*GRADE.results, secret))
    page, scope = formats.feedback(grade), json.dumps(formats.gradescope(grade))
    assert "secret" not in page + scope and "03.h1" not in page + scope
    assert "Further checks: 0 of 2 points" in page and '"name": "Further checks", "score": 0' in scope
    assert "secret" in json.dumps(formats.result(grade)) and "secret" in formats.junit(
        [formats.result(grade)]
    )


def test_a_result_is_as_its_schema_says() -> None:
    """A graded submission's result.json, and that of a file which could not be read."""
    schema = json.loads((Path(formats.__file__).parent / "result.schema.json").read_text())
    for grade in (GRADE, Grade("broken", error="not a notebook")):
        jsonschema.validate(formats.result(grade), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**formats.result(GRADE), "points": "2"}, schema)


def test_the_executed_notebook_holds_what_the_cells_printed(tmp_path: Path) -> None:
    """A teacher sees each cell with its output, and where it was stopped."""
    submission = Submission(tmp_path, "03", read(saved(tmp_path, NOTEBOOK)).cells, "")
    cells = json.loads(formats.executed_notebook(submission, GRADE))["cells"]
    assert len(cells) == len(submission.cells)
    assert "".join(cells[0]["outputs"][0]["text"]) == "out\n[stopped]"
