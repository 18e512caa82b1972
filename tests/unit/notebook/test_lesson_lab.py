"""What a lesson's notebook can say to its lab."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from netlab import notebook
from netlab.checks.runner import CheckResult
from netlab.errors import BadInput, UnknownName
from netlab.lessons import content
from netlab.lessons.progress import Progress
from netlab.notebook import tracebacks
from netlab.notebook.greeting import greeting
from netlab.notebook.lesson_lab import LessonLab
from tests.worlds.stories import PretendLab, World

from .test_predictions import BRIDGE, INSIDE, PORT, capture, request


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    return Progress(tmp_path / "progress.json")


def lesson_lab(lesson: str, progress: Progress, world: World | None = None) -> LessonLab:
    return LessonLab(PretendLab(world or World()), content.lesson(lesson), progress)  # type: ignore[arg-type]


def test_a_passed_check_is_remembered_and_a_failed_one_is_not(progress: Progress) -> None:
    """The next sitting knows what was done."""
    world = World().container()
    lab = lesson_lab("02", progress, world)
    assert lab.check("02.1").passed
    assert not lab.check("02.3").passed
    assert list(progress.passed_steps("02")) == ["02.1"]


def test_three_dots_ask_the_question(progress: Progress) -> None:
    """An untouched prediction cell is no error: it shows the question and its options."""
    lab = lesson_lab("05", progress)
    card = lab.predict("05.1")
    assert "not predicted yet" in str(card)
    assert '"docker0"' in str(card)
    assert "not predicted yet" in card._repr_html_()
    assert "not answered yet" in str(lab.answer("05.1"))
    assert not progress.predictions("05")


def test_a_prediction_is_noted_and_compared(progress: Progress) -> None:
    """Right or wrong, it stands beside what the capture shows."""
    lab = lesson_lab("05", progress)
    assert "eth0 of the lab host" in str(lab.predict("05.1", "host eth0"))
    compared = lab.compare("05.1", capture(*request(INSIDE, PORT, BRIDGE)))
    assert "not as predicted" in str(compared)


def test_without_a_prediction_there_is_nothing_to_compare(progress: Progress) -> None:
    """An untouched notebook runs through: comparing asks for the prediction instead of failing."""
    asked = lesson_lab("05", progress).compare("05.1", capture())
    assert "nothing to compare" in str(asked)


def test_a_typo_in_an_option_names_the_options(progress: Progress) -> None:
    """What cannot be an answer is not taken for one."""
    lab = lesson_lab("05", progress)
    with pytest.raises(UnknownName, match="Did you mean 'docker0'"):
        lab.predict("05.1", "docker")
    with pytest.raises(UnknownName, match="option"):
        lab.answer("05.2", "kernel")
    with pytest.raises(UnknownName, match="option"):
        lab.answer("05.2", 3)  # type: ignore[arg-type]


def test_a_step_without_a_question_says_which_have_one(progress: Progress) -> None:
    """lab.predict for a step that asks nothing names those that do."""
    with pytest.raises(UnknownName, match=r"01\.2"):
        lesson_lab("01", progress).predict("01.1", "lost")
    with pytest.raises(UnknownName, match=r"03\.1"):
        lesson_lab("03", progress).check("04.1")


def test_a_prediction_that_no_capture_decides_says_so(progress: Progress) -> None:
    """02.2 is decided by what ping prints, not by packets: there are none."""
    lab = lesson_lab("02", progress)
    lab.predict("02.2", "lost")
    with pytest.raises(BadInput, match="No capture decides"):
        lab.compare("02.2", capture())


def test_free_text_is_an_answer_too(progress: Progress) -> None:
    """Where only the running lab knows the answer, whatever is typed is noted."""
    lab = lesson_lab("01", progress)
    lab.answer("01.3", " veth12ab ")
    assert progress.answers("01")["01.3"] == "veth12ab"
    with pytest.raises(BadInput, match="is text"):
        lab.answer("01.3", 7)  # type: ignore[arg-type]


def test_hints_say_more_each_time(progress: Progress) -> None:
    """Three hints, the last one again and again, each counted."""
    lab = lesson_lab("03", progress)
    said = [str(lab.hint("03.2")) for _ in range(4)]
    assert [text.split(" of ")[0][-1] for text in said] == ["1", "2", "3", "3"]
    assert "ip link set veth_container name eth0" in said[2]


def test_the_solution_is_the_lectures_commands(progress: Progress) -> None:
    """Commands as printed in the lecture, and the right words for predictions and answers."""
    assert "ip link set veth_host master docker0" in str(lesson_lab("04", progress).solution("04.2"))
    assert 'lab.answer("05.2", "sysctl")' in str(lesson_lab("05", progress).solution("05.2"))
    assert "master docker0" in str(lesson_lab("01", progress).solution("01.3"))


def test_resuming_types_what_was_done_and_no_more(progress: Progress) -> None:
    """After 03.1 and 03.2, the lab gets their commands, and one goes on at 03.3."""
    for done in ("03.1", "03.2", "03.4"):
        progress.record_passed("03", done)
    lab = lesson_lab("03", progress)
    card = lab.resume()
    assert "03.3" in card.title
    typed = lab.lab.typed  # type: ignore[attr-defined]
    assert typed == [content.step("03.1").solution, content.step("03.2").solution]


def test_the_greeting_says_where_one_is(progress: Progress) -> None:
    """First visit, later visit, and how to go on."""
    lesson = content.lesson("03")
    assert "5 steps" in greeting(lesson, progress)
    progress.begin("03")
    progress.record_passed("03", "03.1")
    again = greeting(lesson, progress)
    assert "1 of 5 steps of this lesson done" in again
    assert "lab.resume()" in again
    assert "03.2" in again
    for step in lesson.steps:
        progress.record_passed("03", step.id)
    assert "5 of 5" in greeting(lesson, progress)
    assert "resume" not in greeting(lesson, progress)


def test_trouble_with_the_file_is_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where progress cannot be kept, the learner hears it at the first check and not at each."""
    lab = lesson_lab("02", Progress(tmp_path / "no" / "where.json"), World().container())
    assert lab.check("02.1").passed
    assert lab.check("02.1").passed
    assert capsys.readouterr().out.count("cannot be kept") == 1


def test_starting_an_unknown_lesson_names_the_known_ones() -> None:
    """A typo in the first cell is answered before anything is done to a lab."""
    with pytest.raises(UnknownName, match="01, 02, 03, 04, 05"):
        notebook.start("66")


def test_starting_on_the_machine_itself_is_refused() -> None:
    """A notebook with an ordinary kernel is told which kernel to choose."""
    with pytest.raises(BadInput, match="netlab"):
        notebook.start("01")


def test_errors_are_short() -> None:
    """A failed %%bash cell and netlab's own errors are told in words, without a traceback."""
    failed = tracebacks.message(subprocess.CalledProcessError(2, "bash"))
    assert "status 2" in failed
    assert "Next:" in failed
    assert "Known: 03" in tracebacks.message(UnknownName("lesson", "3", ["03"]))
    lost = "%%bash\ndocker exec if-test ping -c 3 -W 1 39.106.233.176\n"
    assert "No answer came" in tracebacks.message(subprocess.CalledProcessError(1, lost))
    assert "interrupted" in tracebacks.message(subprocess.CalledProcessError(-2, lost))
    assert "run the notebook's first cell" in tracebacks.message(NameError("no lab", name="lab"))


def test_results_print_as_text_where_there_is_no_page(progress: Progress) -> None:
    """A terminal shows the same words as the page."""

    class Printed:
        said = ""

        def text(self, text: str) -> None:
            self.said += text

    lab = lesson_lab("05", progress)
    for result in (lab.check("05.1"), lab.hint("05.1"), lab.predict("05.1", "docker0")):
        printer = Printed()
        result._repr_pretty_(printer, False)
        assert printer.said == str(result)
    assert isinstance(lab.check("05.1"), CheckResult)


def test_hints_and_the_solution_leave_an_event(
    tmp_path: Path, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the instructor sees who used them; what is only asked for counts, whatever becomes of the step."""
    monkeypatch.setenv("NETLAB_OUTBOX", str(tmp_path / "outbox"))
    lab = lesson_lab("05", progress)
    lab.hint("05.1")
    lab.hint("05.1")
    lab.solution("05.1")
    said = [json.loads(file.read_text()) for file in sorted((tmp_path / "outbox").iterdir())]
    assert [(each["kind"], each["step"]) for each in said] == [("hint", "05.1")] * 2 + [("solution", "05.1")]
