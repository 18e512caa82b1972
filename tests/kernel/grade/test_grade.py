"""Grading on a real kernel: honest work earns its points, cheats earn none, and nothing holds a batch up."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat.v4 as v4
import pytest

from netlab.grade import bundle, hidden_checks
from netlab.grade.batch import Batch
from netlab.grade.session import Session
from netlab.grade.submission import Cell
from netlab.keeper import address
from netlab.lab import Lab
from netlab.lessons import build
from netlab.lessons.content import LABS, lesson, lessons
from netlab.lessons.variant import Variant
from tests.worlds.cheats import CHEATS, RUNAWAYS

KEY = b"0123456789abcdef"
SECRET = "Nothing but lo, still"
HIDDEN = f"""
[[check]]
lesson = "02"
title = "{SECRET}"
points = 2
needs = ["02.3"]
expect = [{{ OnlyLoopback = {{}} }}]
"""
Results = dict[str, dict[str, Any]]
Cells = list[dict[str, Any]]
LOOK = "import netlab, os\nprint(sorted(os.listdir(netlab.__path__[0] + '/..')), os.listdir('/home'))"


def number_of(cells: Cells, words: str) -> int:
    """Which cell holds those words."""
    return next(number for number, cell in enumerate(cells) if words in "".join(cell["source"]))


def reordered(cells: Cells) -> Cells:
    """The bridge is plugged in before the address is taken away, the check of that stands at the end."""
    plug, check = number_of(cells, "veth_host master docker0\n"), number_of(cells, 'check("04.1")')
    rest = [cell for number, cell in enumerate(cells) if number not in (plug, check)]
    return [*rest[:2], cells[plug], *rest[2:], cells[check]]


def shortened(cells: Cells) -> Cells:
    """Every check and every picture is gone."""
    return [cell for cell in cells if not "".join(cell["source"]).startswith(("lab.check", "lab.draw"))]


MUDDLED = {
    "reordered": reordered,
    "shortened": shortened,
    "backwards": lambda cells: cells[::-1],
    "beheaded": lambda cells: [cell for cell in cells if "notebook.start" not in "".join(cell["source"])],
}


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
        files[-1].write_text(build.notebook(each, solution=True))
        files.append(place / f"untouched-{each.id}.ipynb")
        files[-1].write_text((LABS / f"{each.stem}.ipynb").read_text())
    for solution in (True, False):
        files.append(place / f"chinese-{'honest' if solution else 'untouched'}.ipynb")
        files[-1].write_text(build.notebook(lesson("02"), solution=solution, language="zh"))
    for name, change in MUDDLED.items():
        notebook = json.loads(build.notebook(lesson("04"), solution=True))
        notebook["cells"] = change(notebook["cells"])
        files.append(place / f"{name}.ipynb")
        files[-1].write_text(json.dumps(notebook))
    for name, cheat in CHEATS.items():
        files.append(write(place / f"{name}.ipynb", cheat.lesson, cheat.cells))
    for name, (cell, _) in RUNAWAYS.items():
        files.append(write(place / f"{name}.ipynb", "05", [cell, "print('after')"]))
    out = place / "out"
    (place / "hidden.toml").write_text(HIDDEN)
    further = hidden_checks.read(place / "hidden.toml")
    results = Batch(out, key=KEY, jobs=10, cell_seconds=25, hidden=further).run(files)
    yield out, dict(zip((file.stem for file in files), results, strict=True))


@pytest.mark.parametrize("id", [each.id for each in lessons()])
def test_honest_work_earns_all_points(graded: tuple[Path, Results], id: str) -> None:
    """A notebook with the lecture's own commands passes every step."""
    found = graded[1][f"honest-{id}"]
    assert found["points"] == found["max_points"] > 0, found
    assert found["end"] == ""


def test_a_chinese_notebook_is_answered_in_chinese(graded: tuple[Path, Results]) -> None:
    """Its cells earn what the English ones do; what its learner reads, here and in its cells, is Chinese."""
    out, results = graded
    honest, untouched = results["chinese-honest"], results["chinese-untouched"]
    assert honest["points"] == results["honest-02"]["points"] > 0, honest
    assert untouched["points"] == 0
    page = (out / "chinese-untouched" / "feedback.html").read_text(encoding="utf-8")
    assert "lang='zh-Hans'" in page
    assert "下一步" in page
    assert "not yet" not in page
    assert "记下了" in (out / "chinese-honest" / "executed.ipynb").read_text(encoding="utf-8")
    assert "lang='en'" in (out / "honest-02" / "feedback.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("id", [each.id for each in lessons()])
def test_an_untouched_notebook_earns_nothing(graded: tuple[Path, Results], id: str) -> None:
    """Each step says what it found instead, and what to do next."""
    found = graded[1][f"untouched-{id}"]
    assert found["points"] == 0
    seen = [step["id"] for step in found["steps"] if not step["hidden"]]
    assert seen == [step.id for step in lesson(id).steps]
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


def test_cells_in_another_order_are_graded_by_what_they_reach(graded: tuple[Path, Results]) -> None:
    """A step counts whenever its state was there; without the first cell there is nobody to answer."""
    points = {name: graded[1][name]["points"] for name in MUDDLED}
    assert points["reordered"] == points["shortened"] == graded[1]["honest-04"]["max_points"]
    assert points["backwards"] < graded[1]["honest-04"]["max_points"]
    beheaded = graded[1]["beheaded"]
    assert "does not say which lesson" in beheaded["error"] and beheaded["points"] == 0


def test_what_is_hidden_counts_and_is_not_told(graded: tuple[Path, Results]) -> None:
    """The teacher's result says what was looked at; the learner's pages say how many points it gave."""
    honest, untouched = (graded[1][f"{who}-02"]["steps"][-1] for who in ("honest", "untouched"))
    assert honest["hidden"] and honest["passed"] and honest["title"] == SECRET
    assert untouched["hidden"] and not untouched["passed"]
    folder = graded[0] / "untouched-02"
    assert "Further checks: 0 of 2 points" in (folder / "feedback.html").read_text()
    for name in ("feedback.html", "results.json", "executed.ipynb"):
        assert SECRET not in (folder / name).read_text()
        assert "OnlyLoopback" not in (folder / name).read_text()
    assert {"name": "Further checks", "score": 0, "max_score": 2} in json.loads(
        (folder / "results.json").read_text()
    )["tests"]


def learners(place: Path, text: str, names: Sequence[str] = ("ada", "bob")) -> list[Path]:
    """The same notebook in each learner's folder."""
    files = [place / learner / "handed-in.ipynb" for learner in names]
    for file in files:
        file.parent.mkdir(parents=True)
        file.write_text(text)
    return files


def test_a_solution_copied_from_another_variant_fails_on_the_difference(tmp_path: Path) -> None:
    """Ada's notebook is worth all points in her folder; in Bob's the same file has others' names in it."""
    adas = Variant.of(build.learners_seed("autumn", "ada"))
    files = learners(tmp_path, build.notebook(lesson("04"), solution=True, variant=adas))
    ada, bob = Batch(tmp_path / "out", seed="autumn").run(files)
    assert ada["points"] == ada["max_points"]
    assert bob["seed"] == build.learners_seed("autumn", "bob") != ada["seed"]
    same_for_all = ["04.3"]  # the firewall's policy, and what MASQUERADE rewrites
    assert [step["id"] for step in bob["steps"] if step["passed"]] == same_for_all


def test_each_learners_gym_has_a_fault_of_its_own(tmp_path: Path) -> None:
    """Ada finds and mends hers. Bob, with her notebook, has not found his, whichever he says that it is.
    Graded again, each has the same fault once more."""
    words = ("blackhole-route", "masquerade-missing")
    seed = next(
        f"class {n}"
        for n in range(100_000)
        if [fault_of(f"class {n}", who) for who in ("ada", "bob")] == [*words]
    )
    adas = Variant.of(build.learners_seed(seed, "ada"))
    said = {"10.1": "none", "10.2": "docker0", "10.3": "route-refuses", "10.4": "ip route"}
    cells = [f"lab.answer('{id}', '{answer}')" for id, answer in said.items()]
    cells += ["!ip route delete blackhole 39.106.233.176", "!ip route delete blackhole 39.106.233.176/32"]
    cells += [f"lab.check('10.{number}')" for number in range(1, 6)]
    start = f"from netlab import notebook\nlab = notebook.start('10', seed='{adas.seed}')"
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source) for source in (start, *cells)])
    batch = Batch(tmp_path / "out", key=KEY, seed=seed)
    ada, bob = batch.run(learners(tmp_path, v4.writes(notebook)))
    assert (ada["fault"], bob["fault"]) == words
    assert ada["points"] == ada["max_points"] > 0, ada
    passed = [step["id"] for step in bob["steps"] if step["passed"]]
    assert not {"10.2", "10.3", "10.4", "10.5"} & set(passed), bob
    assert Batch(tmp_path / "out", key=KEY).verify() == []


def fault_of(seed: str, learner: str) -> str:
    return Batch(Path("out"), key=KEY, seed=seed).known(Path("/", learner, "10.ipynb"), learner).fault


def test_a_graded_lab_holds_nothing_of_the_teachers(tmp_path: Path) -> None:
    """Of the checkout it sees the package and one lesson: no key, no hidden check, nobody's work."""
    [found] = Batch(tmp_path / "out").run([write(tmp_path / "look.ipynb", "02", [LOOK])])
    assert found["error"] == "" and found["cells"][-1]["error"] == ""
    printed = json.loads((tmp_path / "out/look/executed.ipynb").read_text())["cells"][-1]["outputs"][0][
        "text"
    ]
    prefix = [Path(sys.prefix).name] if Path(sys.prefix).parent == LABS.parent else []
    assert "".join(printed).strip() == f"{sorted([*prefix, 'labs', 'netlab'])} []"


def test_what_a_cell_printed_is_all_there_however_late_it_is_read(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of a cell is told on another way than its output, and may come first."""
    read, enough = Session._read, threading.Event()
    monkeypatch.setattr(Session, "_read", lambda session: enough.wait(60) and read(session))
    with Session(lab, "02") as session:
        for number in range(1, 4):
            ran = session.run(number, Cell(f"print({number}, 'x' * 50_000)", ()))
            assert (ran.output, ran.end) == (f"{number} {'x' * 50_000}\n", "")
        enough.set()


def test_what_is_not_a_notebook_is_said_and_the_batch_goes_on(graded: tuple[Path, Results]) -> None:
    """The broken file came first, and everything else was graded all the same."""
    assert "not JSON" in graded[1]["broken"]["error"]
    assert (graded[0] / "broken" / "feedback.html").exists()


def test_no_lab_is_left(graded: tuple[Path, Results]) -> None:
    """Each submission's lab ended with it, whatever ran in it."""
    assert [name for name in address.names() if name.startswith("grade-")] == []


def test_a_bundle_shows_what_was_changed_in_it(graded: tuple[Path, Results], tmp_path: Path) -> None:
    """Points written in by hand, a file gone, another key: each is found."""
    folder = graded[0] / "untouched-02"
    assert bundle.find_tampering(folder, KEY) == []
    assert bundle.find_tampering(folder, b"another key, 16 bytes") != []
    file = folder / "result.json"
    honest = file.read_text()
    try:
        file.write_text(json.dumps({**json.loads(honest), "points": 4}))
        assert bundle.find_tampering(folder, KEY) == ["result.json has been changed"]
    finally:
        file.write_text(honest)


def test_what_was_graded_is_not_graded_again(graded: tuple[Path, Results], tmp_path: Path) -> None:
    """The same file into the same folder comes back as it was, without a lab."""
    out, results = graded
    notebook = tmp_path / "honest-02.ipynb"
    notebook.write_bytes((out / "honest-02" / "submission.ipynb").read_bytes())
    before = (out / "honest-02" / "manifest.json").stat().st_mtime_ns
    further = hidden_checks.read(out.parent / "hidden.toml")
    assert Batch(out, key=KEY, hidden=further).run([notebook])[0]["points"] == results["honest-02"]["points"]
    assert (out / "honest-02" / "manifest.json").stat().st_mtime_ns == before


def test_grading_again_gives_the_same(graded: tuple[Path, Results], tmp_path: Path) -> None:
    """A folder of results is judged anew and nothing differs; a point that was added shows."""
    further = hidden_checks.read(graded[0].parent / "hidden.toml")
    files = [tmp_path / f"{name}.ipynb" for name in ("honest-02", "untouched-02")]
    for file in files:
        shutil.copy(graded[0] / file.stem / bundle.SUBMISSION, file)
    again = Batch(tmp_path / "out", key=KEY, hidden=further)
    again.run(files)
    assert again.verify() == []
