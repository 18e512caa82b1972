"""What is handed in: read, found, or refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import nbformat.v4 as v4
import pytest

from netlab.errors import BadInput
from netlab.grade import naming
from netlab.grade.submission import find, read
from netlab.lessons import build
from netlab.lessons.content import LABS, LANDING, lesson, lessons
from tests.unit.grade.grades import NOTEBOOK, saved


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


def test_what_is_handed_out_can_be_handed_in() -> None:
    """Every lesson's notebook is read as that lesson."""
    assert [read(LABS / f"{each.stem}.ipynb").lesson for each in lessons()] == [each.id for each in lessons()]
