"""What the desk tells its pages, and what they hand in."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from netlab.i18n import speaking
from netlab.lessons import content
from netlab.lessons.progress import Progress
from netlab.notebook import desk
from netlab.notebook.desk.desk import Desk, lesson_of
from netlab.notebook.desk.quiet import HOLDS, MISSING, OPEN, Glance
from netlab.notebook.desk.steps import bar
from netlab.notebook.lesson_lab import LessonLab
from netlab.notebook.question import MIME
from tests.support.patience import eventually
from tests.worlds.stories import PretendLab, World

from .test_predictions import BRIDGE, INSIDE, PORT, capture, request


class Page:
    """A page's end of the comm."""

    def __init__(self, id: str = "1") -> None:
        self.comm_id = id
        self.told: list[dict[str, Any]] = []
        self.heard: Any = None
        self.closed: Any = None

    def send(self, state: dict[str, Any]) -> None:
        self.told.append(state)

    def on_msg(self, act: Any) -> None:
        self.heard = act

    def on_close(self, act: Any) -> None:
        self.closed = act

    def says(self, **words: Any) -> dict[str, Any]:
        """Hand in; what is told then."""
        self.heard({"content": {"data": words}})
        return self.told[-1]


@pytest.fixture
def progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Progress:
    monkeypatch.setenv("NETLAB_PROGRESS", str(tmp_path / "progress.json"))
    return Progress(tmp_path / "progress.json")


def lesson_lab(id: str, progress: Progress) -> LessonLab:
    return LessonLab(PretendLab(World().container()), content.lesson(id), progress)  # type: ignore[arg-type]


def states(told: dict[str, Any]) -> list[str]:
    return [step["state"] for step in told["steps"]]


def test_a_page_sees_the_steps_before_anything_ran(progress: Progress) -> None:
    """By the notebook's name: what was passed earlier, what is next, and that the first cell comes first."""
    progress.record_passed("05", "05.1")
    page = Page()
    Desk().welcome(page, {"path": "zh/05-where-does-it-die.ipynb"})
    told = page.told[-1]
    assert (told["lesson"], told["now"], told["begun"]) == ("05", "05.2", False)
    assert states(told) == ["passed", "open", "open", "open"]
    assert "lab.resume()" in told["line"]


def test_a_notebook_of_no_lesson_has_no_steps(progress: Progress) -> None:
    """Nor has the landing page."""
    page = Page()
    Desk().welcome(page, {"path": "mine.ipynb"})
    assert page.told[-1]["lesson"] == ""
    assert lesson_of("00-start-here.ipynb") is None


def test_what_holds_is_told_and_what_is_missing() -> None:
    """One line: what may be noted, and what the next step still lacks."""
    lesson = content.lesson("01")
    told = bar(lesson, {}, (Glance("01.1", HOLDS), Glance("01.2", MISSING, "no prediction yet")), True)
    assert states(told) == ["holds", "open", "open"]
    assert told["now"] == "01.2"
    assert told["line"] == '01.1 is done: lab.check("01.1") notes it. 01.2: no prediction yet'
    told = bar(lesson, {"01.1": ""}, (Glance("01.2", OPEN, "try it"),), True)
    assert told["line"] == "01.2: try it"
    told = bar(lesson, dict.fromkeys(("01.1", "01.2", "01.3"), ""), (), True)
    assert told["line"] == "All steps of this lesson are passed."


def test_it_speaks_the_notebooks_language() -> None:
    """The line, and what the script itself says."""
    with speaking("zh"):
        told = bar(content.lesson("01"), {}, (), False)
        assert "第一个单元格" in told["line"]
        assert told["texts"]["Live view"] == "实时视图"


def test_a_button_does_what_is_typed(progress: Progress) -> None:
    """A prediction and an answer are kept as lab.predict and lab.answer keep them, and all pages are told."""
    made, page, other = Desk(), Page("1"), Page("2")
    made.begin(lesson_lab("05", progress))
    for each in (page, other):
        made.welcome(each, {"path": "05-where-does-it-die.ipynb"})
    told = page.says(kind="predict", step="05.1", key="docker0")
    assert progress.predictions("05") == {"05.1": "docker0"}
    assert told["said"]["predict 05.1"]["key"] == "docker0"
    assert other.told[-1] == told
    told = page.says(kind="answer", step="05.1", key="veth_host")
    assert progress.answers("05") == {"05.1": "veth_host"}
    assert "answer 05.1" in told["said"]
    assert "Did you mean" in page.says(kind="predict", step="05.1", key="docker")["error"]
    made.close()


@pytest.mark.parametrize("words", [{}, {"kind": "check"}, {"kind": "predict", "step": "99.1", "key": "x"}])
def test_what_no_button_says_changes_nothing(progress: Progress, words: dict[str, str]) -> None:
    """A page hands in data, never authority."""
    made, page = Desk(), Page()
    made.begin(lesson_lab("05", progress))
    made.welcome(page, {"path": "05-where-does-it-die.ipynb"})
    page.says(**words)
    assert not progress.predictions("05") and not progress.answers("05")
    made.close()


def test_after_a_change_the_steps_are_looked_at_and_nothing_is_noted(progress: Progress) -> None:
    """A container without a network runs: 02.1 is done, and in the record it is not."""
    made, page = Desk(), Page()
    made.begin(lesson_lab("02", progress))
    made.welcome(page, {"path": "02-an-empty-namespace.ipynb"})
    assert eventually(lambda: states(page.told[-1])[0] == "holds")
    assert page.told[-1]["now"] == "02.2"
    assert not progress.passed_steps("02")
    made.close()


def test_a_page_that_went_is_told_nothing(progress: Progress) -> None:
    """And no thread is started for nobody."""
    made, page = Desk(), Page()
    made.welcome(page, {"path": "05-where-does-it-die.ipynb"})
    page.closed({})
    page.told.clear()
    made.begin(lesson_lab("05", progress))
    assert page.told == []
    assert made._thread is None


def test_the_kernel_answers_at_one_place_and_without_a_kernel_there_is_none() -> None:
    """Loaded twice, the target is there once."""
    targets: list[str] = []
    manager = SimpleNamespace(register_target=lambda name, act: targets.append(name))
    events = SimpleNamespace(register=lambda *words: None)
    shell = SimpleNamespace(
        kernel=SimpleNamespace(comm_manager=manager), meta=SimpleNamespace(), events=events
    )
    desk.register(shell)
    desk.desk_of(shell)
    desk.register(shell)
    assert targets == ["netlab-desk"]
    desk.register(SimpleNamespace(kernel=None))
    assert desk.of_this_kernel() is None


def test_a_question_is_a_form_and_a_card(progress: Progress) -> None:
    """The form for a page with the desk; for all others the text that it always was."""
    asked = lesson_lab("05", progress).predict("05.1")
    form = asked._repr_mimebundle_()[MIME]  # type: ignore[attr-defined]
    assert (form["kind"], form["step"]) == ("predict", "05.1")
    assert "docker0" in [key for key, _meaning in form["options"]]
    assert '"docker0"' in str(asked) and "05.1" in asked._repr_html_()


def test_a_prediction_after_the_result_is_late(progress: Progress) -> None:
    """Said when the timeline was there already, it is kept and marked."""
    lab = lesson_lab("05", progress)
    lab.timeline(capture(*request(INSIDE, PORT, BRIDGE)))
    assert "late" in str(lab.predict("05.1", "docker0"))
    assert progress.predictions("05") == {"05.1": "docker0"}
    assert list(progress.late("05")) == ["05.1"]


def test_a_first_prediction_stays(progress: Progress) -> None:
    """Whoever has seen the result changes nothing of what was said before it."""
    lab = lesson_lab("05", progress)
    lab.predict("05.1", "veth_host")
    lab.predict("05.1", "host eth0")  # no result yet: one may think again
    lab.compare("05.1", capture(*request(INSIDE, PORT, BRIDGE)))
    assert "too late" in str(lab.predict("05.1", "docker0"))
    assert "too late" not in str(lab.predict("05.1", "host eth0"))  # the cell is run once more
    assert progress.predictions("05") == {"05.1": "host eth0"}
    assert not progress.late("05")
