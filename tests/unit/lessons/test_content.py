"""The lessons as data: complete, consistent, and in step with their checks and notebooks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netlab.checks import CHECKS
from netlab.errors import BadInput, UnknownName
from netlab.lessons import build
from netlab.lessons import content as data
from netlab.lessons.content import LABS, LANDING, Lesson, Step, lesson, lessons, pages

STEPS = [step for lesson in lessons() for step in lesson.steps]
by_id = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.id)
each_lesson = pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.id)
each_page = pytest.mark.parametrize("lesson", pages(), ids=lambda lesson: lesson.id)


def test_the_lessons_are_in_order() -> None:
    """The lecture's five lessons, what it leaves out, and then the gym."""
    assert [lesson.id for lesson in lessons()] == [f"{number:02}" for number in range(1, 13)]


def test_unknown_names_say_which_are_known() -> None:
    """A typo in a lesson's or a step's number is answered with the right ones."""
    assert lesson("3") == lesson("03")
    with pytest.raises(UnknownName, match="03"):
        lesson("33")
    with pytest.raises(UnknownName, match=r"03\.2"):
        data.step("03.9")
    with pytest.raises(UnknownName):
        lesson("03").step("04.1")


@pytest.mark.parametrize("text", ["lesson = 3", "[[lesson]]\nid = '01'", "not toml at all"])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    """An author who breaks lessons.toml is told which file, not given a KeyError."""
    broken = tmp_path / "lessons.toml"
    broken.write_text(text)
    with pytest.raises(BadInput, match=r"lessons\.toml"):
        lessons(broken)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """An incomplete checkout says what is missing."""
    with pytest.raises(BadInput, match="There is no file"):
        lessons(tmp_path / "lessons.toml")


def test_every_step_has_a_check_and_every_check_a_step() -> None:
    """Nobody does a step for nothing."""
    assert sorted(CHECKS) == sorted(step.id for step in STEPS)


@each_lesson
def test_a_lesson_has_steps_and_says_how_long_it_takes(lesson: Lesson) -> None:
    """The landing page, which has neither, is no lesson, and so neither graded nor checked."""
    assert lesson.steps
    assert lesson.minutes >= 10
    assert LANDING not in lessons()


@pytest.mark.parametrize("lesson", lessons()[1:], ids=lambda lesson: lesson.id)
def test_a_lesson_begins_with_three_questions_about_earlier_ones(lesson: Lesson) -> None:
    """From the third on one of them goes further back than the lesson before; each has its options."""
    assert [recall.id for recall in lesson.recall] == [f"{lesson.id}.{letter}" for letter in "abc"]
    about = {recall.of for recall in lesson.recall}
    assert max(about) == f"{int(lesson.id) - 1:02}"
    assert lesson.id == "02" or min(about) < max(about)
    for recall in lesson.recall:
        assert len(recall.question.options) >= 3 and recall.question.right in recall.question.options
        assert recall.why.endswith(".")


@by_id
def test_a_step_has_three_hints_and_three_wrong_turns(step: Step) -> None:
    """Each hint says more than the one before, and at least three mistakes are known by name."""
    assert len(step.hints) == len(set(step.hints)) == 3
    assert len(step.wrong_turns) >= 3
    assert len({turn.name for turn in step.wrong_turns}) == len(step.wrong_turns)


@by_id
def test_the_right_answers_are_among_the_options(step: Step) -> None:
    """A question can be answered rightly, and a prediction can be compared with a capture."""
    for question in (step.prediction, step.answer):
        if question and question.options:
            assert question.right in question.options
    if step.answer and not step.answer.options:
        assert step.answer.command or step.answer.right
    for turn in step.wrong_turns:
        if turn.answer and step.answer and step.answer.options:
            assert turn.answer in step.answer.options
            assert turn.answer != step.answer.right


@by_id
def test_a_wrong_turn_differs_from_the_solution(step: Step) -> None:
    """A wrong turn types, predicts or answers something that the solution does not."""
    for turn in step.wrong_turns:
        said = turn.predict is not None or turn.answer is not None
        assert said or turn.commands not in ("", step.solution), turn.name


def cells(text: str) -> list[dict[str, object]]:
    return json.loads(text)["cells"]


def code(text: str) -> str:
    """All code of a notebook, in order."""
    return "\n".join("".join(c["source"]) for c in cells(text) if c["cell_type"] == "code")


@each_page
def test_the_committed_notebook_is_built_from_its_source(lesson: Lesson) -> None:
    """Nobody edits a notebook by hand: `python -m netlab build-lessons` after a change of the source."""
    committed = (LABS / f"{lesson.stem}.ipynb").read_text(encoding="utf-8")
    assert committed == build.notebook(lesson)


@each_page
def test_committed_notebooks_hold_no_outputs(lesson: Lesson) -> None:
    """What learners open is empty, runs on our kernel, and has an id on each cell, used once."""
    notebook = json.loads((LABS / f"{lesson.stem}.ipynb").read_text(encoding="utf-8"))
    ran = [
        c for c in notebook["cells"] if c["cell_type"] == "code" and (c["outputs"] or c["execution_count"])
    ]
    ids = [c["id"] for c in notebook["cells"]]
    assert not ran
    assert len(ids) == len(set(ids))
    assert max(map(len, ids)) <= 64
    assert notebook["metadata"]["kernelspec"]["name"] == "netlab"


@each_lesson
def test_the_solution_notebook_types_the_lessons_commands_in_order(lesson: Lesson) -> None:
    """lessons.toml and the source agree on what is typed; the learner's notebook does not give it away."""
    solved, learners = (code(build.notebook(lesson, solution=s)) for s in (True, False))
    place = 0
    for line in (line for step in lesson.steps for line in (step.python or step.solution).splitlines()):
        place = solved.find(line, place)
        assert place >= 0, line
    typed = [line for step in lesson.steps for line in (step.python or step.solution).splitlines()]
    typed = [line for line in typed if "pid=" not in line and not line.startswith("with ")]
    assert not [line for line in typed if line in learners]


@each_lesson
def test_each_step_is_checked_in_its_notebook(lesson: Lesson) -> None:
    """Every step ends with its check, every question stands where it is asked, in both variants."""
    for solution in (False, True):
        text = code(build.notebook(lesson, solution=solution))
        for step in lesson.steps:
            assert f'lab.check("{step.id}")' in text
            assert (f'lab.predict("{step.id}"' in text) == (step.prediction is not None)
            assert (f'lab.answer("{step.id}"' in text) == (step.answer is not None)


@each_page
def test_cells_are_short_and_come_after_prose(lesson: Lesson) -> None:
    """A learner reads before typing, and no cell is longer than a glance."""
    listed = cells(build.notebook(lesson, solution=True))
    assert listed[0]["cell_type"] == "markdown"
    assert max(len(c["source"]) for c in listed if c["cell_type"] == "code") <= 6


def test_the_two_halves_of_a_cell() -> None:
    """Above the marker is the learner's, below it the solution's; a magic line is kept for both."""
    bash = "%%bash\n# your turn\n# --- solution ---\nip link\n"
    assert build.choose(bash, solution=False) == "%%bash\n# your turn"
    assert build.choose(bash, solution=True) == "%%bash\nip link\n"
    assert build.choose("lab.draw()", solution=True) == "lab.draw()"


def test_an_id_stays_when_another_cell_comes() -> None:
    """Adding a paragraph to a lesson changes no other cell's id, so that diffs stay small."""

    def ids(text: str) -> list[str]:
        made = list(build.pieces(text))
        return [c["id"] for c in build._cells(zip(made, made, strict=True), "01", solution=False)]

    before = ids("```python\nlab.draw()\n```\n")
    after = ids("A new word.\n\n```python\nlab.draw()\n```\n")
    assert before[0] in after
    assert len(after) == 2


def test_notebooks_are_written_where_asked(tmp_path: Path) -> None:
    """Solutions go into the folder that was named, and never into labs/."""
    written = build.build(tmp_path / "solutions")
    assert [str(path.relative_to(tmp_path / "solutions")) for path in written] == [
        f"{folder}{lesson.stem}.ipynb"
        for language, folder in (("en", ""), ("zh", "zh/"))
        for lesson in pages()
        if build.source(lesson, language).is_file()
    ]
    assert (
        "ip link set veth_host master docker0" in (tmp_path / "solutions/04-onto-docker0.ipynb").read_text()
    )


def test_a_lesson_without_a_source_is_named(tmp_path: Path) -> None:
    """An author who forgot to write the source is told which file is missing."""
    with pytest.raises(BadInput, match=r"01-the-problem\.md"):
        build.notebook(lesson("01"), labs=tmp_path)


def test_a_lesson_is_found_by_its_number() -> None:
    """As somebody types it who has not read that it is a text; what is none gets the list."""
    assert lesson(5).id == lesson("5").id == lesson("05").id == "05"
    for wrong in (55, None, 1.5):
        with pytest.raises(UnknownName, match="There is no lesson"):
            lesson(wrong)  # type: ignore[arg-type]
