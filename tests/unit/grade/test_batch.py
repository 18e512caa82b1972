"""A batch of hand-ins: how far it is, whose variant and fault each has, what differs when graded again."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from netlab import faults
from netlab.cli.grade import Teller
from netlab.grade import batch, formats, redacted
from netlab.grade.bundle import MANIFEST, RESULT, SUBMISSION, Bundle, find_tampering
from netlab.grade.naming import Known
from netlab.lessons.build import learners_seed
from netlab.lessons.content import lesson, lessons
from tests.unit.grade.grades import GRADE


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
