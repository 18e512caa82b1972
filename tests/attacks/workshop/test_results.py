"""Results that come back from a grader: only what the schema knows is taken, and signed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netlab.grade import bundle, formats, privsep
from netlab.grade.judge import Grade
from netlab.grade.naming import Known
from netlab.grade.privsep import Handed, Wanted
from netlab.linux import files
from tests.attacks.workshop.grading import KEY, folder, huge, link, pipe


@pytest.fixture
def back(place: Path) -> Callable[..., dict[str, Any]]:
    """Have a result taken back from a grader's folder that somebody has prepared."""
    out = place / "theirs"
    out.mkdir()
    wanted = Wanted(place / "out", "", KEY, 1, 60.0, 600.0, ())
    (place / "out").mkdir()

    def take(name: str = "02", content: bytes = b"{}") -> dict[str, Any]:
        each = Handed(place / "02.ipynb", Known(name, None), content)
        with files.folder(out) as fd:
            return privsep._result(fd, each, "", wanted, os.geteuid())

    return take


def result(**words: Any) -> str:
    plain = formats.result(Grade("02", "02", bundle.hashlib.sha256(b"{}").hexdigest()))
    return json.dumps({**plain, **words})


def written(place: Path, text: str, name: str = "02") -> Path:
    folder = place / "theirs" / name
    folder.mkdir()
    (folder / "manifest.json").write_text("{ }")
    (folder / "result.json").write_text(text)
    return folder


def test_an_honest_result_is_taken_and_signed(place: Path, back: Callable[..., dict[str, Any]]) -> None:
    """The way that the attacks below leave."""
    written(place, result())
    assert back()["error"] == "" and bundle.find_tampering(place / "out/02", KEY) == []


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "",
        "7",
        result(points=7),
        result(points=float("nan")),
        result(points=10**30),
        result(max_points=-1),
        result(name="ada"),
        result(digest="0" * 64),
        result(more=1),
        result(steps=[{"id": "../../x"}]),
    ],
    ids=lambda text: text[:20] + text[-20:],
)
def test_a_forged_result_is_not_taken(place: Path, back: Callable[..., dict[str, Any]], text: str) -> None:
    """Not the schema's, another one's, points that do not add up: nothing is written, nothing is signed."""
    written(place, text)
    assert "was not taken" in back()["error"] and not (place / "out/02").exists()


@pytest.mark.parametrize("trap", [link, pipe, huge, folder], ids=lambda trap: trap.__name__)
@pytest.mark.parametrize("name", ["result.json", "feedback.html", "manifest.json"])
def test_a_trap_among_the_results_is_not_taken(
    place: Path, back: Callable[..., dict[str, Any]], trap: Callable[[Path, Path], None], name: str
) -> None:
    """A link to the teacher's files would be a way to read them: the pages go to the learner."""
    made = written(place, result())
    (made / name).unlink(missing_ok=True)
    trap(place, made / name)
    assert "was not taken" in back()["error"] and not (place / "out/02").exists()


def test_a_hard_link_to_anothers_file_is_not_taken(place: Path, back: Callable[..., dict[str, Any]]) -> None:
    """Nor what has two names."""
    made = written(place, result())
    os.link(place / "secret", made / "feedback.html")
    assert "was not taken" in back()["error"]


def test_a_result_that_is_a_link_is_not_taken(place: Path, back: Callable[..., dict[str, Any]]) -> None:
    """The folder as a whole leads elsewhere."""
    written(place, result(), "other")
    (place / "theirs/02").symlink_to("other")
    assert "was not taken" in back()["error"]


def test_a_file_that_no_result_has_stays_behind(place: Path, back: Callable[..., dict[str, Any]]) -> None:
    """Only known names are copied; what was handed in is root's own copy."""
    made = written(place, result())
    for name in ("run.sh", "..x", "submission.ipynb", "02.1.pcapng"):
        (made / name).write_text("theirs")
    back()
    kept = {file.name: file.read_bytes() for file in (place / "out/02").iterdir()}
    assert set(kept) == {"manifest.json", "result.json", "submission.ipynb", "02.1.pcapng"}
    assert kept["submission.ipynb"] == b"{}"


def test_a_grader_cannot_say_that_nothing_had_to_be_graded(
    place: Path, back: Callable[..., dict[str, Any]]
) -> None:
    """The sign for "as it was before" means nothing where there was nothing before."""
    made = written(place, result())
    (made / "manifest.json").write_bytes(privsep.STAYS)
    assert back()["error"] == "" and bundle.find_tampering(place / "out/02", KEY) == []
