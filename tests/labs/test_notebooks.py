"""The notebooks as people run them, on the project's own kernel: with solutions, and untouched."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from jupyter_core.utils import ensure_event_loop
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from netlab.lessons import build
from netlab.lab import Lab
from netlab.i18n import LANGUAGES
from netlab.lessons.content import LABS, LANDING, Lesson, lessons
from netlab.lessons.content import lesson as lesson_of

PASSED, NOTED = {"en": "✔ passed", "zh": "✔ 通过"}, {"en": "noted", "zh": "记下了"}
each_lesson = pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.id)


@pytest.fixture(scope="module", autouse=True)
def event_loop_of_jupyter() -> None:
    """Jupyter's blocking functions make one and keep it: it is there before the leak check looks."""
    ensure_event_loop()


@pytest.fixture(autouse=True)
def in_this_lab(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels start in the tests' own lab."""
    monkeypatch.setenv("NETLAB_LAB", lab.name)


def executed(lab: Lab, text: str) -> nbformat.NotebookNode:
    """The notebook after it ran, with progress of its own; the run fails with the first cell that does."""
    progress = Path(lab.exchange) / "progress.json"
    progress.unlink(missing_ok=True)
    notebook = nbformat.reads(text, 4)
    setting = nbformat.v4.new_code_cell(f"import os\nos.environ['NETLAB_PROGRESS'] = '{progress}'")
    notebook.cells.insert(0, setting)
    NotebookClient(notebook, timeout=60).execute()
    return notebook


def tagged(notebook: nbformat.NotebookNode, tag: str) -> list[str]:
    """What the cells with that tag answered, as text."""
    cells = [c for c in notebook.cells if tag in c.metadata.get("tags", [])]
    return [o["data"]["text/plain"] for c in cells for o in c.outputs if o.output_type == "execute_result"]


@each_lesson
def test_with_its_solutions_a_notebook_ends_with_all_checks_passed(lab: Lab, lesson: Lesson) -> None:
    """From the first cell to the last, in Chinese: no error, a passed check for every step, every prediction
    noted. The English one has the same cells (tests/unit/lessons/test_languages.py), and runs on real Docker."""
    assert_it_passes(lab, lesson, "zh")


def assert_it_passes(lab: Lab, lesson: Lesson, language: str) -> None:
    """What that test says, of one notebook."""
    notebook = executed(lab, build.notebook(lesson, solution=True, language=language))
    results = tagged(notebook, "check")
    assert len(results) == len(lesson.steps)
    assert all(PASSED[language] in result for result in results), results
    said = (*tagged(notebook, "predict"), *tagged(notebook, "answer"))
    assert all(NOTED[language] in each for each in said), said
    assert told_too_early(notebook) == []
    pictures = [c for c in notebook.cells if c.source.startswith(("lab.draw", "lab.timeline"))]
    pages = [picture.outputs[0]["data"]["text/html"] for picture in pictures]
    assert pages
    assert all("<img" in page and "alt=" in page for page in pages), "a picture without words"


def told_too_early(notebook: nbformat.NotebookNode) -> list[str]:
    """The pictures before the question of 05.2 that name the setting which it asks for."""
    if not any(f"lesson-{id}" in notebook.cells[-1].id for id in ("01", "02", "03", "04", "05")):
        return []
    asked = [n for n, cell in enumerate(notebook.cells) if {"answer", "05.2"} <= set(cell.metadata.get("tags", []))]
    before = notebook.cells[: asked[0] if asked else None]
    pictures = [cell for cell in before if cell.source.startswith(("lab.draw", "lab.timeline"))]
    return [cell.source for cell in pictures if "ip_forward" in str(cell.outputs)]


@each_lesson
def test_untouched_nothing_crashes_and_no_check_passes(lab: Lab, lesson: Lesson) -> None:
    """Somebody who only presses Shift-Enter, in English, sees each check say what is missing, and no traceback."""
    text = (LABS / f"{lesson.stem}.ipynb").read_text(encoding="utf-8")
    results = tagged(executed(lab, text), "check")
    assert len(results) == len(lesson.steps)
    assert all("not yet" in result or "waiting for" in result for result in results), results


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_landing_page_tells_how_far_one_is(lab: Lab, language: str) -> None:
    """On the lessons' kernel, in each language, and it leaves the lab as it is."""
    lab.reset()
    lab.run(["ip", "link", "add", "mine", "type", "bridge"])
    done = executed(lab, build.notebook(LANDING, language=language))
    shown = next(cell for cell in done.cells if "notebook.overview" in cell.source).outputs[0]["data"]
    assert [each.id for each in lessons() if f"○ {each.id}.1" not in shown["text/plain"]] == []
    assert f'<a href="{lessons()[0].stem}.ipynb">' in shown["text/html"]
    assert "mine" in lab.run(["ip", "-br", "link"]).stdout


def test_a_kernel_on_the_machine_works_in_the_lab_too(lab: Lab) -> None:
    """As other graders start it: %%bash and ! act on the lab host, a command that fails fails the cell."""
    text = build.notebook(lesson_of("02"), solution=True).replace("notebook.start(", "notebook.attach(")
    notebook = nbformat.reads(text.replace('"name": "netlab"', '"name": "python3"'), 4)
    more = ("word = 'ost'\nnames = !uname -n; echo h$word\nprint(list(names))", "!echo $(uname -n) {word}")
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in more]
    done = executed(lab, nbformat.writes(notebook))
    assert all("✔ passed" in result for result in tagged(done, "check")), tagged(done, "check")
    assert [cell.outputs[0]["text"] for cell in done.cells[-2:]] == ["['host', 'host']\n", "host ost\n"]
    start = next(cell for cell in notebook.cells if "notebook.attach" in cell.source)
    notebook.cells = [start, nbformat.v4.new_code_cell("%%bash\nexit 3")]
    with pytest.raises(CellExecutionError, match="ended with status 3"):
        executed(lab, nbformat.writes(notebook))
