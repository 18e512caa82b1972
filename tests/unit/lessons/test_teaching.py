"""The pages for teachers: each lesson has one in each language, and they follow the lessons."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

import pytest

from netlab.i18n import LANGUAGES, speaking
from netlab.lessons import teaching
from netlab.lessons.content import LABS, Lesson, lessons

each_lesson = pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.id)


@pytest.fixture(params=LANGUAGES)
def spoken(request: pytest.FixtureRequest) -> Iterator[str]:
    with speaking(request.param):
        yield request.param


@each_lesson
def test_the_committed_page_is_made_of_its_lesson(lesson: Lesson, spoken: str) -> None:
    """Nobody edits one by hand: ./run build-lessons after a change."""
    ours = next(each for each in lessons() if each.id == lesson.id)
    assert teaching.page_of(ours).read_text() == teaching.page(ours)


@each_lesson
def test_a_plan_takes_as_long_as_the_lesson_says(lesson: Lesson, spoken: str) -> None:
    """In both languages the same minutes, two questions to discuss, a ticket and its answer."""
    [about] = [entry for entry in teaching._read()["lesson"] if entry["id"] == lesson.id]
    assert sum(minutes for minutes, _what in about["plan"]) == lesson.minutes
    assert len(about["discuss"]) == 2 and about["goal"] and about["ticket"] and about["answer"]


def test_every_wrong_turn_has_a_chinese_name() -> None:
    """And none is named that is not there any more."""
    called = tomllib.loads((LABS / "teaching.zh.toml").read_text())["wrong_turns"]
    names = {turn.name for lesson in lessons() for step in lesson.steps for turn in step.wrong_turns}
    assert called.keys() == names
