"""What is handed in, and how a grade looks in each form, without a lab."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import nbformat
import nbformat.v4 as v4
import pytest

from netlab import faults
from netlab.checks.expectations.bridge import PortOf
from netlab.checks.expectations.links import IsUp
from netlab.checks.runner import CheckResult
from netlab.cli.grade import Teller
from netlab.errors import BadInput, NetlabError
from netlab.grade import batch, formats, hidden_checks, naming, nbgrader, otter, redacted
from netlab.grade.bundle import MANIFEST, RESULT, SUBMISSION, Bundle, find_tampering
from netlab.grade.judge import Grade
from netlab.grade.naming import Known
from netlab.grade.session import CellRun
from netlab.grade.submission import Submission, find, read
from netlab.lessons import build
from netlab.lessons.build import learners_seed
from netlab.lessons.content import LABS, LANDING, lesson, lessons

NOTEBOOK = json.loads(build.notebook(lesson("03")))


def saved(folder: Path, content: object, name: str = "handed-in.ipynb") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def kernel(language: str) -> dict[str, object]:
    return {**NOTEBOOK, "metadata": {"kernelspec": {"name": "ir", "display_name": "R", "language": language}}}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not JSON"),
        (b"# notes of mine", "not JSON"),
        (b"[1, 2]", "not a notebook"),
        (b"[" * 100_000, "not a notebook"),
        ({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": "none"}, "not a notebook"),
        ({**NOTEBOOK, "nbformat": 99}, "not a notebook"),
        ({**NOTEBOOK, "cells": []}, "no code cells"),
        (
            {**NOTEBOOK, "cells": [c for c in NOTEBOOK["cells"] if c["cell_type"] == "markdown"]},
            "no code cells",
        ),
        (kernel("R"), "written in R"),
        ("café".encode("latin-1"), "not UTF-8 text"),
    ],
    ids=["empty", "text", "list", "deep", "cells", "version", "no cells", "prose", "kernel", "Latin-1"],
)
def test_what_cannot_be_read_is_said_clearly(tmp_path: Path, content: object, said: str) -> None:
    """One sentence about this file, and what to do, for every kind of broken file."""
    with pytest.raises(BadInput, match=said) as caught:
        read(saved(tmp_path, content))
    assert caught.value.next_step


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    """A file of 40 MiB is refused by its size, before anything of it is parsed."""
    path = tmp_path / "huge.ipynb"
    with path.open("wb") as file:
        file.truncate(40 << 20)
    with pytest.raises(BadInput, match="40 MiB"):
        read(path)


def test_the_lesson_is_found_in_the_notebook_or_its_name(tmp_path: Path) -> None:
    """The first cell says it; without that cell the file's name does; --lesson stands above both."""
    assert read(saved(tmp_path, NOTEBOOK)).lesson == "03"
    assert read(saved(tmp_path, NOTEBOOK), "04").lesson == "04"
    bare = v4.writes(v4.new_notebook(cells=[v4.new_code_cell("1 + 1")])).encode()
    assert read(saved(tmp_path, bare, "02-mine.ipynb")).lesson == "02"
    with pytest.raises(BadInput, match="which lesson"):
        read(saved(tmp_path, bare, "mine.ipynb"))


def test_cells_know_which_steps_they_check(tmp_path: Path) -> None:
    """Every step of the lesson is checked by one of its notebook's cells."""
    checked = [step for cell in read(saved(tmp_path, NOTEBOOK)).cells for step in cell.checks]
    assert checked == [step.id for step in lesson("03").steps]


def test_folders_are_searched_and_checkpoints_left_out(tmp_path: Path) -> None:
    """A teacher names the folder that the learning platform has unpacked."""
    for folder in ("ada", "ada/.ipynb_checkpoints", "bob"):
        (tmp_path / folder).mkdir(parents=True)
        saved(tmp_path / folder, NOTEBOOK, "03.ipynb")
    assert [path.parent.name for path in find([tmp_path])] == ["ada", "bob"]
    assert naming.names(find([tmp_path])) == ["ada-03", "bob-03"]
    with pytest.raises(BadInput):
        find([])


def test_the_landing_page_is_not_graded(tmp_path: Path) -> None:
    """A folder that is handed in whole holds it as well; who names it alone is told that it has no steps."""
    for page in (LANDING, lesson("01")):
        (tmp_path / f"{page.stem}.ipynb").write_text(build.notebook(page))
    assert [path.name for path in find([tmp_path])] == ["01-the-problem.ipynb"]
    with pytest.raises(BadInput, match="no steps"):
        read(tmp_path / f"{LANDING.stem}.ipynb")


def test_an_older_notebook_is_read_as_well(tmp_path: Path) -> None:
    """Format 3 had worksheets and inputs; it is put into today's form."""
    cell = {
        "cell_type": "code",
        "language": "python",
        "input": "notebook.start('03')",
        "outputs": [],
        "metadata": {},
    }
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": "x"},
        "worksheets": [{"cells": [cell], "metadata": {}}],
    }
    assert read(saved(tmp_path, old)).lesson == "03"


class Screen(io.StringIO):
    """What a terminal shows."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_a_bar_says_how_far_it_is() -> None:
    """Each result has its line; the bar below them tells what is done, and when the rest will be."""
    screen, times = Screen(), iter((0.0, 30.0, 40.0))
    teller = Teller(screen, lambda: next(times))
    teller(1, 4, "ada: lesson 03, 9 of 9")
    assert screen.getvalue() == f"\r\033[Kada: lesson 03, 9 of 9\n[{'#' * 7}{'.' * 23}] 1 of 4, 1:30 left"
    teller(4, 4, "bob: lesson 03, 0 of 9")
    assert screen.getvalue().endswith(f"\r\033[Kbob: lesson 03, 0 of 9\n[{'#' * 30}] 4 of 4, 0:00 left\n")
    log = io.StringIO()
    Teller(log)(1, 4, "ada: …")
    assert log.getvalue() == "1/4 ada: …\n"


HIDDEN = """
[[check]]
lesson = "04"
title = "still a port"
points = 2
needs = ["04.2"]
expect = [{ PortOf = { bridge = "docker0" } }, { IsUp = {} }]
"""


def test_hidden_checks_are_read_from_a_file(tmp_path: Path) -> None:
    """Each is a check of its own, and says in Python for other graders what it stands for."""
    file = tmp_path / "hidden.toml"
    file.write_text(HIDDEN)
    [found] = hidden_checks.read(file)
    assert (found.check.id, found.check.needs, found.check.step.points) == ("04.h1", ("04.2",), 2)
    assert found.check.expects == (PortOf("docker0"), IsUp())
    assert hidden_checks.digest([found]) != hidden_checks.digest([]) == ""
    compile(found.as_test(), "cell", "exec")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("PortOf", "PortsOf", "Did you mean 'PortOf'"),
        ("bridge =", "brigde =", "brigde"),
        ("04.2", "04.9", "There is no step '04.9'"),
        ('"04"', '"44"', "There is no lesson '44'"),
        ("points = 2", "", "points"),
        ('[{ PortOf = { bridge = "docker0" } }, { IsUp = {} }]', "[]", "expects nothing"),
        ("[[check]]", "check", "hidden checks"),
    ],
)
def test_a_mistake_in_a_file_of_hidden_checks_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    """Its author is told which word, not given a KeyError."""
    file = tmp_path / "hidden.toml"
    file.write_text(HIDDEN.replace(old, new))
    with pytest.raises(NetlabError) as caught:
        hidden_checks.read(file)
    assert said in str(caught.value)
    with pytest.raises(BadInput):
        hidden_checks.read(tmp_path / "nosuch.toml")


def test_what_differs_after_grading_again_is_said(tmp_path: Path) -> None:
    """A point more or less, a step that is not there any more, another file of hidden checks."""
    before = {**formats.result(GRADE), "name": "ada"}
    assert list(batch._differences(before, before)) == []
    fewer = {**before, "steps": [{**before["steps"][0], "points": 1}]}
    assert list(batch._differences(before, fewer)) == [
        "ada: 03.1 had 2 points, and gets 1 now",
        "ada: 03.2 had 0 points, and gets None now",
    ]
    [said] = batch._differences(before, {**before, "hidden": "0" * 64})
    assert "other hidden checks" in said


def test_a_manifest_that_was_made_to_fit_is_not_signed_with_the_key(tmp_path: Path) -> None:
    """Points written in by hand, and their digest in the manifest: what is signed is what the files hold."""
    folder, key = tmp_path / "ada", b"0123456789abcdef"
    Bundle(folder).close(GRADE, None, key)
    assert find_tampering(folder, key) == []
    manifest = json.loads((folder / MANIFEST).read_text())
    result = json.dumps({**json.loads((folder / RESULT).read_text()), "points": 99}).encode()
    manifest["files"][RESULT] = hashlib.sha256(result).hexdigest()
    (folder / RESULT).write_bytes(result)
    (folder / MANIFEST).write_text(json.dumps(manifest))
    assert find_tampering(folder, None) == []
    assert find_tampering(folder, key) == ["its signature is not that of this key"]


def test_whose_variant_it_is_the_teacher_knows(tmp_path: Path) -> None:
    """By the folder that it was handed in from; a result that lies beside it was handed in as well."""
    folder, again = tmp_path / "ada", {tmp_path / "ada" / SUBMISSION: ("bob-1", "uplink-down")}

    def known(file: str, **words: Any) -> Known:
        return batch.Batch(tmp_path, **words).known(folder / file, "ada")

    assert known("03.ipynb", seed="autumn").seed == learners_seed("autumn", "ada")
    assert known("03.ipynb") == Known("ada", None, "")
    Bundle(folder).close(replace(GRADE, seed="bob-1"), None, None)
    assert known(SUBMISSION).seed is None
    assert known(SUBMISSION, own=again) == Known("ada", "bob-1", "uplink-down")


def test_the_teachers_key_draws_the_fault_and_the_learners_seed_does_not(tmp_path: Path) -> None:
    """The same for the same key and learner, another for another key, and seldom that of the visible seed."""

    def drawn(learner: str, key: bytes | None) -> str:
        return batch.Batch(tmp_path, key=key, seed="autumn").known(tmp_path / learner / "10.ipynb", "").fault

    names = [f"learner{number}" for number in range(40)]
    ours, others = ([drawn(name, key) for name in names] for key in (b"one key", b"another"))
    visible = [faults.find_reported(learners_seed("autumn", name)).name for name in names]
    assert ours == [drawn(name, b"one key") for name in names]
    assert len(set(ours)) > 10
    for guess in (others, visible, [drawn(name, None) for name in names]):
        assert sum(one == other for one, other in zip(ours, guess, strict=True)) < 8


@pytest.mark.parametrize("write", [nbgrader.write, otter.write])
def test_an_assignment_has_every_step_and_the_hidden_checks(tmp_path: Path, write: Any) -> None:
    """For both graders: one test for each step with its points, and those for what is hidden behind them."""
    (tmp_path / "hidden.toml").write_text(HIDDEN)
    text = write(lesson("04"), tmp_path, hidden_checks.read(tmp_path / "hidden.toml")).read_text()
    nbformat.validate(nbformat.reads(text, 4))
    tests = [step.id for step in lesson("04").steps if f'lab.check(\\"{step.id}\\")' in text]
    assert tests == [step.id for step in lesson("04").steps]
    assert text.index('lab.check(\\"04.4\\")') < text.index("hidden.require(")
    assert ("notebook.attach" in text) == (write is otter.write)


@pytest.mark.parametrize("id", [each.id for each in lessons()])
def test_a_graded_lab_shows_one_lesson_and_no_solution(tmp_path: Path, id: str) -> None:
    """Its questions and its beginning are there, and no command that solves a step."""
    folder = redacted.write(id, tmp_path / "labs")
    shown = lessons(folder / "lessons.toml")
    assert [found.id for found in shown] == [id]
    assert shown[0].start == lesson(id).start
    assert all(not step.solution for step in shown[0].steps)
    asked = [[step.answer and step.answer.text for step in each.steps] for each in (shown[0], lesson(id))]
    assert asked[0] == asked[1]


def step(id: str, passed: bool) -> CheckResult:
    return CheckResult(
        id, "A <title>", passed, 2, "start", "wanted", "found \x1b[31m", "hint", "hint-id", "next"
    )


GRADE = Grade(
    "ada & bob",
    "03",
    "0" * 64,
    "",
    (step("03.1", True), step("03.2", False)),
    (CellRun(1, 0.5, "out", "", "stopped"),),
)


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


def test_what_is_handed_out_can_be_handed_in() -> None:
    """Every lesson's notebook is read as that lesson."""
    assert [read(LABS / f"{each.stem}.ipynb").lesson for each in lessons()] == [each.id for each in lessons()]
