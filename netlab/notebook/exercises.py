"""The gym's part of a learner's lab: one fault after the other."""

from __future__ import annotations

from types import EllipsisType
from typing import TYPE_CHECKING

from netlab.display import Card
from netlab.i18n import gettext as _
from netlab.lessons.content import Lesson
from netlab.lessons.progress import Progress
from netlab.notebook.bench import Bench

if TYPE_CHECKING:
    from netlab.model import Snapshot


class Exercises:
    """What a lab can do beside its lessons when something is broken in it on purpose."""

    lesson: Lesson
    progress: Progress
    bench: Bench
    _previous: Snapshot | None

    def fault(self, number: int | None = None) -> Card:
        """Put the lab back and break it: in the way that belongs to the number, without one in the way that
        you are to try next. The bug report. BadInput."""
        self._previous = None
        self.progress.begin(self.lesson.id)
        number, said = self.bench.break_it(number)
        steps = ", ".join(step.id for step in self.lesson.steps)
        how = _("Answer and check as before: {checks}.").format(checks=steps)
        return Card(_("Bug report {number}").format(number=number), (*said, how))

    def log(self) -> Card:
        """Your level, and the last faults that you have fixed."""
        return self.bench.training.show()

    def explain(self, text: str | EllipsisType = ...) -> Card:
        """After a fix: keep your own report of it; another engineer's beside it."""
        return self.bench.training.explain(text)
