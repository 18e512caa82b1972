"""Grading on a real kernel: honest work earns its points, cheats earn none, and nothing holds a batch up."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat.v4 as v4
import pytest

from netlab import build_lessons, keeper
from netlab.grade import bundle
from netlab.grade.batch import Batch
from netlab.lessons import LABS, lesson, lessons
from netlab.variant import Variant

from .cheats import CHEATS, RUNAWAYS

KEY = b"0123456789abcdef"
Results = dict[str, dict[str, Any]]


def write(path: Path, id: str, cells: Sequence[str]) -> Path:
    """A notebook for that lesson with those cells after its first."""
    first = f"from netlab import notebook\nlab = notebook.start('{id}')"
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source) for source in (first, *cells)])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(v4.writes(notebook))
    return path


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Results]]:
    """Everything of this module in one batch, as a teacher would do it: the folder, and results by name."""
    place = tmp_path_factory.mktemp("grade")
    files = [place / "broken.ipynb"]
    files[0].write_bytes(b"{")
    for each in lessons():
        files.append(place / f"honest-{each.id}.ipynb")
        files[-1].write_text(build_lessons.notebook(each, solution=True))
        files.append(place / f"untouched-{each.id}.ipynb")
        files[-1].write_text((LABS / f"{each.stem}.ipynb").read_text())
    for name, cheat in CHEATS.items():
        files.append(write(place / f"{name}.ipynb", cheat.lesson, cheat.cells))
    for name, (cell, _) in RUNAWAYS.items():
        files.append(write(place / f"{name}.ipynb", "05", [cell, "print('after')"]))
    out = place / "out"
    results = Batch(out, key=KEY, jobs=10, cell_seconds=12).run(files)
    yield out, dict(zip((file.stem for file in files), results, strict=True))


@pytest.mark.parametrize("id", [each.id for each in lessons()])
def test_honest_work_earns_all_points(graded: tuple[Path, Results], id: str) -> None:
    """A notebook with the lecture's own commands passes every step."""
    found = graded[1][f"honest-{id}"]
    assert found["points"] == found["max_points"] > 0, found
    assert found["end"] == ""


@pytest.mark.parametrize("id", [each.id for each in lessons()])
def test_an_untouched_notebook_earns_nothing(graded: tuple[Path, Results], id: str) -> None:
    """Each step says what it found instead, and what to do next."""
    found = graded[1][f"untouched-{id}"]
    assert found["points"] == 0
    assert [step["id"] for step in found["steps"]] == [step.id for step in lesson(id).steps]
    assert all(step["found"] and step["next_step"] for step in found["steps"])


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_earns_nothing(graded: tuple[Path, Results], name: str) -> None:
    """Of the steps that it is about, none is passed."""
    steps = {step["id"]: step for step in graded[1][name]["steps"]}
    assert [id for id in CHEATS[name].steps if steps[id]["passed"]] == []


@pytest.mark.parametrize("name", RUNAWAYS)
def test_a_runaway_ends_with_a_clear_word(graded: tuple[Path, Results], name: str) -> None:
    """Time, memory, processes, output and disk have limits, and the result says which one was met."""
    found = graded[1][name]
    said = " ".join([found["end"], *(cell["end"] + cell["error"] for cell in found["cells"])])
    wanted = RUNAWAYS[name][1]
    assert not wanted or any(word in said for word in wanted), said
    assert len(found["steps"]) == len(lesson("05").steps)


def test_a_solution_copied_from_another_variant_fails_on_the_difference(tmp_path: Path) -> None:
    """Ada's notebook is worth all points in her folder; in Bob's the same file has others' names in it."""
    adas = build_lessons.notebook(lesson("04"), solution=True, variant=Variant.of("autumn:ada"))
    files = [tmp_path / learner / "04.ipynb" for learner in ("ada", "bob")]
    for file in files:
        file.parent.mkdir()
        file.write_text(adas)
    ada, bob = Batch(tmp_path / "out", seed="autumn").run(files)
    assert ada["points"] == ada["max_points"]
    assert bob["seed"] == "autumn:bob"
    same_for_all = ["04.3"]  # the firewall's policy, and what MASQUERADE rewrites
    assert [step["id"] for step in bob["steps"] if step["passed"]] == same_for_all
    assert Batch(tmp_path / "out").verify() == []


def test_what_is_not_a_notebook_is_said_and_the_batch_goes_on(graded: tuple[Path, Results]) -> None:
    """The broken file came first, and everything else was graded all the same."""
    assert "not JSON" in graded[1]["broken"]["error"]
    assert (graded[0] / "broken" / "feedback.html").exists()


def test_no_lab_is_left(graded: tuple[Path, Results]) -> None:
    """Each submission's lab ended with it, whatever ran in it."""
    assert [name for name in keeper.names() if name.startswith("grade-")] == []


def test_a_bundle_shows_what_was_changed_in_it(graded: tuple[Path, Results], tmp_path: Path) -> None:
    """Points written in by hand, a file gone, another key: each is found."""
    folder = graded[0] / "untouched-02"
    assert bundle.tampered(folder, KEY) == []
    assert bundle.tampered(folder, b"another key, 16 bytes") != []
    file = folder / "result.json"
    honest = file.read_text()
    try:
        file.write_text(json.dumps({**json.loads(honest), "points": 4}))
        assert bundle.tampered(folder, KEY) == ["result.json has been changed"]
    finally:
        file.write_text(honest)


def test_what_was_graded_is_not_graded_again(graded: tuple[Path, Results], tmp_path: Path) -> None:
    """The same file into the same folder comes back as it was, without a lab."""
    out, results = graded
    notebook = tmp_path / "honest-02.ipynb"
    notebook.write_bytes((out / "honest-02" / "submission.ipynb").read_bytes())
    before = (out / "honest-02" / "manifest.json").stat().st_mtime_ns
    assert Batch(out, key=KEY).run([notebook])[0]["points"] == results["honest-02"]["points"]
    assert (out / "honest-02" / "manifest.json").stat().st_mtime_ns == before


def test_grading_again_gives_the_same(graded: tuple[Path, Results], tmp_path: Path) -> None:
    """A folder of results is judged anew and nothing differs; a point that was added shows."""
    for name in ("honest-02", "untouched-02"):
        (tmp_path / name).symlink_to(graded[0] / name)
    assert Batch(tmp_path, key=KEY).verify() == []
