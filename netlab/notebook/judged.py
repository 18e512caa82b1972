"""What a lab says that is judged outside: it holds neither checks nor hints, nor the instrument."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from netlab.display import Card
from netlab.i18n import gettext as _
from netlab.lessons.content import Lesson

if TYPE_CHECKING:
    from netlab.lab import Lab


def with_report(lab: Lab, lesson: Lesson) -> Lesson:
    """The gym's lesson as it begins in a lab into which somebody has put a fault that is to be judged."""
    if not lesson.gym or lesson.judged:
        return lesson
    from netlab.faults import gym  # here: only the gym has any

    report = gym.find_report(lab)
    return replace(lesson, judged=True, report=report) if report else lesson


def note(step: str) -> Card:
    """In place of what a check finds."""
    return Card(_("{step}: noted").format(step=step), (_("It is judged outside of this lab."),))


def no_hints(step: str) -> Card:
    """In place of a hint."""
    return Card(_("{step}: no hints here").format(step=step), (_("It is judged outside of this lab."),))


def no_instrument() -> Card:
    """In place of a trace."""
    return Card(_("The instrument is not in this lab"), (_("Who works in it is judged, not netlab."),))
