"""What the first cell of a lesson says: where one is, and in the gym what somebody complains of."""

from __future__ import annotations

from collections.abc import Container

from netlab.i18n import gettext as _
from netlab.lessons.content import Lesson
from netlab.lessons.progress import Progress
from netlab.lessons.variant import Variant


def greeting(lesson: Lesson, progress: Progress) -> str:
    """Which lesson this is, and what is done of it."""
    done, visited = progress.passed_steps(lesson.id), progress.last_visit(lesson.id)
    steps = [step.id for step in lesson.steps]
    lines = [
        _("Lesson {id}: {title}. The lab is where this lesson begins.").format(
            id=lesson.id, title=lesson.title
        )
    ]
    number = len([id for id in steps if id in done])
    if visited:
        lines.append(
            _("{number} of {steps} steps of this lesson done; last time on {visited}.").format(
                number=number, steps=len(steps), visited=visited[:10]
            )
        )
    else:
        lines.append(_("{count} steps: {steps}.").format(count=len(steps), steps=", ".join(steps)))
    if 0 < number < len(steps):
        upto = next_step(lesson, done)
        lines.append(
            _("lab.resume() types the commands of the steps already done; you go on at {upto}.").format(
                upto=upto
            )
        )
    return "\n".join(lines)


def bug_report(report: str, variant: Variant) -> tuple[str, str]:
    """What somebody says, and what is measured. Neither the place nor the cause."""
    from netlab import faults  # here, since only the gym has any, and the catalogue takes a while to import

    fault = faults.find_reported(report)
    measured = _("Measured: {symptom}.").format(symptom=fault.symptom)
    return variant.exchange(_(fault.story)), variant.exchange(measured)


def next_step(lesson: Lesson, done: Container[str]) -> str:
    """The id of the first step that is not done; of the last one when all are."""
    return next((step.id for step in lesson.steps if step.id not in done), lesson.steps[-1].id)
