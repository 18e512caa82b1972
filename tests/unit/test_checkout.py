"""How a newer edition of the project comes to a learner in a virtual machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "vagrant/checkout"


class Place:
    """The project as Vagrant brings it, and the folder in which the learner works."""

    def __init__(self, folder: Path) -> None:
        self.project, self.mine = folder / "project", folder / "a place"
        self.write("run", "first")
        self.write("labs/01.ipynb", "lesson 1")
        self.write("netlab/lab/lab.py", "first")
        for name in (".ci/install-docker", "vagrant/checkout"):
            self.write(name, "")
        self.bring()

    def write(self, name: str, text: str) -> None:
        (self.project / name).parent.mkdir(parents=True, exist_ok=True)
        (self.project / name).write_text(text)

    def bring(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run([SCRIPT, self.project, self.mine], capture_output=True, text=True, check=True)

    def read(self, name: str) -> str:
        return (self.mine / name).read_text()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_so_is_one_in_another_language(place: Place) -> None:
    """The lessons of a language have a folder of their own, and what is worked on there stays as well."""
    place.write("labs/zh/01.ipynb", "第一课")
    place.bring()
    (place.mine / "labs/zh/01.ipynb").write_text("我的第一课")
    place.write("labs/zh/01.ipynb", "第一课，第二版")
    assert "There is a new edition of zh/01.ipynb" in place.bring().stderr
    assert place.read("labs/zh/01.ipynb") == "我的第一课"
    assert place.read("labs/01.ipynb") == "lesson 1"


def test_a_lesson_that_was_worked_on_is_kept(place: Place) -> None:
    """The learner's notebook stays, also where a newer edition is there, which is said."""
    (place.mine / "labs/01.ipynb").write_text("my lesson 1")
    assert place.bring().stderr == ""
    place.write("labs/01.ipynb", "lesson 1, second edition")
    place.write("labs/02.ipynb", "lesson 2")
    done = place.bring()
    assert "There is a new edition of 01.ipynb" in done.stderr
    assert place.read("labs/01.ipynb") == "my lesson 1"
    assert place.read("labs/02.ipynb") == "lesson 2"


def test_a_lesson_that_was_not_touched_is_renewed(place: Place) -> None:
    """So is one that was renamed: the new edition comes beside it."""
    place.write("labs/01.ipynb", "second edition")
    place.bring()
    assert place.read("labs/01.ipynb") == "second edition"
    (place.mine / "labs/01.ipynb").rename(place.mine / "labs/mine.ipynb")
    place.write("labs/01.ipynb", "third edition")
    place.bring()
    assert (place.read("labs/01.ipynb"), place.read("labs/mine.ipynb")) == ("third edition", "second edition")


def test_the_learners_other_files_stay(place: Place) -> None:
    """Notebooks of his own, his progress and the environment outlive a newer edition."""
    for name in ("labs/own.ipynb", "labs/.progress.json", ".venv", "netlab/old.py"):
        (place.mine / name).write_text("mine")
    place.write("labs/.progress.json", "somebody else's")
    place.write(".venv/big", "the machine's")
    place.write("netlab/lab/lab.py", "second")
    place.bring()
    assert [place.read(name) for name in ("labs/own.ipynb", "labs/.progress.json", ".venv")] == ["mine"] * 3
    assert place.read("netlab/lab/lab.py") == "second"
    assert not (place.mine / "netlab/old.py").exists()


def test_what_has_changed_is_said_and_nothing_else_is_touched(place: Place) -> None:
    """The same edition once more says nothing and leaves the running program's files alone."""
    before = (place.mine / "netlab").stat().st_ino
    (place.mine / "netlab/__pycache__").mkdir()
    assert place.bring().stdout == ""
    assert (place.mine / "netlab").stat().st_ino == before
    place.write("netlab/lab/lab.py", "second")
    assert place.bring().stdout == "netlab\n"


def test_what_windows_forgot_can_be_run(place: Place) -> None:
    """A checkout without executable bits is put right."""
    (place.project / "run").chmod(0o644)
    place.write("run", "second")
    place.bring()
    assert os.access(place.mine / "run", os.X_OK)
