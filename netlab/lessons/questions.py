"""A question as the notebook puts it to the learner."""

from __future__ import annotations

from netlab.display import Card
from netlab.errors import UnknownName
from netlab.i18n import gettext as _
from netlab.lessons.content import Lesson, Question

REPORT = "report"  # the answer that holds the bug report of the gym


def ask(title: str, question: Question, call: str) -> Card:
    """The question with its options; `call` is what to type for an answer."""
    options = [f'"{key}": {meaning}' for key, meaning in question.options.items()]
    how = (
        _("{call} with one of:").format(call=call) if options else _("{call} with its name").format(call=call)
    )
    return Card(title, (question.text, how, *options))


def check_known(question: Question, key: str) -> None:
    """UnknownName for what is no option of the question."""
    if key not in question.options:
        raise UnknownName(_("option"), str(key), question.options)


def the_prediction(lesson: Lesson, step: str) -> Question:
    """What is asked before that step; UnknownName if nothing is."""
    if question := lesson.step(step).prediction:
        return question
    raise UnknownName(_("prediction in step"), step, [s.id for s in lesson.steps if s.prediction])


def the_answer(lesson: Lesson, step: str) -> Question:
    """What is asked after that step; UnknownName if nothing is."""
    if question := lesson.step(step).answer:
        return question
    raise UnknownName(_("question in step"), step, [s.id for s in lesson.steps if s.answer])
