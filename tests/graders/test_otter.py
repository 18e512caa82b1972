"""A lesson as an assignment in the real otter-grader: assigned, solved, autograded, exported."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from netlab.cli.main import main
from netlab.keeper import address
from netlab.lessons.content import lesson

from .tools import HIDDEN, LESSON, told, tool


def exported(folder: Path, name: str, place: Path) -> Path:
    """Run that notebook to its last cell, which is otter's export; the notebook in the archive it made."""
    tool(folder, "jupyter", "nbconvert", "--to", "notebook", "--execute", "--inplace", name)
    (archive,) = folder.glob(f"{Path(name).stem}_*.zip")
    with zipfile.ZipFile(archive) as opened:
        assert name in opened.namelist()
        opened.extractall(place)
    return place / name


def test_a_lesson_goes_through_otter(tmp_path: Path) -> None:
    """The solved notebook gets all points, the one handed out none; nobody sees what is hidden."""
    hidden = tmp_path / "hidden.toml"
    hidden.write_text(HIDDEN)
    words = ["--course", str(tmp_path), "--hidden", str(hidden), "--format", "otter"]
    assert main(["assignment", LESSON, *words]) == 0
    master = next(tmp_path.glob("*.ipynb"))
    tool(tmp_path, "otter", "assign", master.name, "dist")  # it runs the tests on the solutions too
    student = (tmp_path / "dist/student" / master.name).read_text()
    assert (
        "master docker0\\n# END" not in student and 'lab.answer(\\"04.4\\", \\"host only\\")' not in student
    )
    assert told(tmp_path / "dist/student") == []
    autograder = next((tmp_path / "dist/autograder").glob("*.zip"))
    handed_in = exported(tmp_path / "dist/autograder", master.name, tmp_path / "handed in")
    scores = {}
    for who, notebook in (("solved", handed_in), ("untouched", tmp_path / "dist/student" / master.name)):
        (tmp_path / who).mkdir()
        tool(tmp_path, "otter", "run", str(notebook), "-a", str(autograder), "-o", str(tmp_path / who))
        results = json.loads((tmp_path / who / "results.json").read_text())
        scores[who] = {test["name"]: (test.get("score"), test.get("max_score")) for test in results["tests"]}
        shown = [test for test in results["tests"] if test["visibility"] == "visible"]
        assert not [word for word in ("DefaultRoute", "way out") if word in json.dumps(shown)]
    points = {step.id: step.points for step in lesson(LESSON).steps} | {f"{LESSON}.h1": 3}
    for step, worth in points.items():
        assert scores["solved"][step] == (worth, worth)
        assert scores["untouched"][step] == (0, worth)
    assert [name for name in address.names() if name.startswith("kernel-")] == []
