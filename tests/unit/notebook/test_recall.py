"""The questions about earlier lessons that stand at a lesson's beginning."""

from __future__ import annotations

from pathlib import Path

import pytest

from netlab.errors import UnknownName
from netlab.lessons.content import lesson
from netlab.lessons.progress import Progress
from netlab.notebook import recall

LESSON = lesson("05")


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    """Nobody has answered anything yet."""
    return Progress(tmp_path / "progress.json")


def test_unanswered_they_are_asked_with_their_options(progress: Progress) -> None:
    """Whether with three open places or with none; nothing is told, and nothing is noted."""
    for keys in ((..., ..., ...), ()):
        said = str(recall.ask(LESSON, progress, keys))
        assert said.count('": ') == 9 and "lab.recall(" in said
        assert not any(question.why in said for question in LESSON.recall)
    assert progress.memories("05") == {}


def test_an_answer_says_whether_and_why(progress: Progress) -> None:
    """A wrong one is put right, with the lesson where that is; those still open are asked further."""
    said = str(recall.ask(LESSON, progress, ("docker0", "hide", ...)))
    assert said.count("✔") == 1 and said.count("✘") == 1 and "lesson 04" in said
    assert '"request":' in said, "the third is still asked"
    assert "3 of 3 remembered" in str(recall.ask(LESSON, progress, ("docker0", "source", "answer")))
    assert progress.memories("05") == {"05.a": "docker0", "05.b": "hide", "05.c": "answer"}, (
        "the first counts"
    )


def test_a_key_that_is_none_is_refused_with_those_that_are(progress: Progress) -> None:
    """A typo is no wrong answer."""
    with pytest.raises(UnknownName, match="docker0"):
        recall.ask(LESSON, progress, ("dokcer0", ..., ...))
    assert progress.memories("05") == {}
