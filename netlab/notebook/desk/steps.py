"""What the bar above a lesson says: its steps, and in one line what comes next. Pure."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

from netlab.i18n import gettext as _
from netlab.i18n import translations
from netlab.lessons.content import Lesson, Question
from netlab.notebook.desk.quiet import HOLDS, Glance
from netlab.notebook.desk.texts import TEXTS
from netlab.notebook.greeting import next_step

PASSED, TO_DO = "passed", "open"


def bar(lesson: Lesson, passed: Container[str], glances: Sequence[Glance], begun: bool) -> dict[str, Any]:
    """{"lesson", "title", "begun", "steps": [{"id", "title", "state", "words"}], "now": id, "line", "texts"}.

    A step's state is "passed" (recorded), "holds" (done, and not recorded), or "open".
    """
    seen = {glance.step: glance for glance in glances}
    steps = []
    for step in lesson.steps:
        glance = seen.get(step.id)
        state = PASSED if step.id in passed else HOLDS if glance and glance.state == HOLDS else TO_DO
        steps.append({"id": step.id, "title": step.title, "state": state, "words": _words(state)})
    now = next((step["id"] for step in steps if step["state"] == TO_DO), next_step(lesson, passed))
    line = _line(lesson, passed, glances, now) if begun else _before(lesson, passed)
    said = {"lesson": lesson.id, "title": lesson.title, "begun": begun, "steps": steps, "now": now}
    return {**said, "line": line, "texts": translations(TEXTS)}


def _words(state: str) -> str:
    return {PASSED: _("passed"), HOLDS: _("done, not noted yet"), TO_DO: _("to do")}[state]


def _before(lesson: Lesson, passed: Container[str]) -> str:
    """What is said as long as the first cell has not run in this kernel."""
    if any(step.id in passed for step in lesson.steps):
        return _("Run the first cell; lab.resume() then types what you had done.")
    return _("Run the first cell: it brings the lab to where this lesson begins.")


def _line(lesson: Lesson, passed: Container[str], glances: Sequence[Glance], now: str) -> str:
    if all(step.id in passed for step in lesson.steps):
        return _("All steps of this lesson are passed.")
    waiting = [glance.step for glance in glances if glance.state == HOLDS]
    noted = _('{step} is done: lab.check("{step}") notes it.').format(step=waiting[0]) if waiting else ""
    missing = next((f"{glance.step}: {glance.line}" for glance in glances if glance.line), "")
    if missing and waiting:
        return f"{noted} {missing}"
    return noted or missing or f"{now}: {lesson.step(now).title}"


def sayings(lesson: Lesson, kind: str, keys: Mapping[str, str], late: Container[str] = ()) -> dict[str, Any]:
    """What was predicted or answered (`kind`: "predict", "answer"): by "kind step" {"key", "words"}."""
    found = {}
    for step in lesson.steps:
        question = step.prediction if kind == "predict" else step.answer
        if question and step.id in keys:
            words = _repeat(kind, question, keys[step.id], step.id in late)
            found[f"{kind} {step.id}"] = {"key": keys[step.id], "words": words}
    return found


def _repeat(kind: str, question: Question, key: str, late: bool) -> str:
    meaning = question.options.get(key, key)
    if kind == "answer":
        return _("Your answer: {meaning}.").format(meaning=meaning)
    words = _("You say: {meaning}.").format(meaning=meaning)
    how = _("Said late: the result was there already.")
    return f"{words} {how}" if late else words
