"""The gym's log in a notebook: which fault comes next, how each went, what a good engineer writes of it."""

from __future__ import annotations

import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from types import EllipsisType
from typing import TYPE_CHECKING

from netlab.display import Card
from netlab.i18n import gettext as _
from netlab.lessons.content import Lesson
from netlab.lessons.progress import Progress
from netlab.model import codec

if TYPE_CHECKING:
    from netlab.faults.fault import Fault
    from netlab.faults.training import Attempt

CAUSE, PROOF, CURE = ".3", ".4", ".5"  # how the ids of the gym's steps end
SHOWN = 8  # of the log's entries
LONGEST = 4000  # characters of an explanation


@dataclass
class Training:
    """One learner's exercises, one after the other."""

    lesson: Lesson
    progress: Progress
    _began: float = field(default_factory=time.monotonic)
    _helped: bool = False
    _fixed: Fault | None = None  # the last one that was fixed, until the next begins

    def begin(self) -> None:
        """A fault has been put in."""
        self._began, self._helped, self._fixed = time.monotonic(), False, None

    def note_help(self) -> None:
        """A hint or a solution was asked for."""
        self._helped = True

    def choose(self) -> int:
        """The number of the fault that comes next."""
        from netlab import faults
        from netlab.faults import levels, training

        attempts, dice = self._attempts(), random.Random()
        drawable = faults.drawable(inside=True)
        if training.level(attempts) == levels.LAST:
            drawable += faults.pairs()
        return faults.number_of(training.choose(attempts, drawable, dice), dice, inside=True)

    def finish(self, fault: Fault) -> Card | None:
        """The fault is gone: it is entered in the log, once. What was learned, and how far one is."""
        if self._fixed is not None:
            return None
        from netlab import faults
        from netlab.diagnosis.causes import CAUSES
        from netlab.faults import levels
        from netlab.faults.training import Attempt

        self._fixed = fault
        before = self._attempts()
        answered = self.progress.first_answers(self.lesson.id).get(self.lesson.id + CAUSE, "")
        minutes = round((time.monotonic() - self._began) / 60, 1)
        right = answered == fault.cause and not self._helped
        entry = Attempt(fault.name, fault.cause, levels.of(fault), right, minutes, answered)
        self.progress.record_attempt(self.lesson.id, codec.to_plain(entry))
        lines = [_("It was: {title}.").format(title=faults.title(fault))]
        if fault.cause not in {attempt.cause for attempt in before}:
            cause = CAUSES[fault.cause]
            lines += [
                _("New to you. {happens} What shows it: {shown_by}").format(
                    happens=_(cause.happens), shown_by=_(cause.shown_by)
                )
            ]
        return Card(_("Fixed, after {minutes} minutes").format(minutes=minutes), (*lines, *self._say_level()))

    def show(self) -> Card:
        """How far one is, and the last exercises."""
        lines = [
            _("{mark} {fault}: {minutes} min, first answer {answered}").format(
                mark="✔" if attempt.right else "✘",
                fault=attempt.fault,
                minutes=attempt.minutes,
                answered=attempt.answered or "…",
            )
            for attempt in self._attempts()[-SHOWN:]
        ]
        return Card(_("Your training"), (*self._say_level(), *lines))

    def explain(self, text: str | EllipsisType = ...) -> Card:
        """Keep the learner's own report of what was broken; a good engineer's beside it. Without one: how."""
        if self._fixed is None:
            how = _("Fix what is broken, and check {step}.").format(step=self.lesson.id + CURE)
            return Card(_("There is nothing to explain yet."), (how,))
        if isinstance(text, EllipsisType) or not text.strip() or len(text) > LONGEST:
            how = _('lab.explain("if-test got no answer, because …")')
            return Card(_("An explanation is a few sentences."), (how,))
        self.progress.record_answer(self.lesson.id, f"explained {self._fixed.name}", text.strip())
        return Card(_("Noted. Another engineer might write:"), tuple(_report(self._fixed)))

    def _say_level(self) -> tuple[str, ...]:
        from netlab.faults import levels, training

        attempts = self._attempts()
        at, row = training.level(attempts), training.row(attempts)
        after = _("what lessons 01 to {lesson} have taught").format(lesson=levels.AFTER[at])
        where = _("Level {level} of {last}: {after}.").format(level=at, last=levels.LAST, after=after)
        if at == levels.LAST and row >= training.IN_A_ROW:
            return where, _("You have been through all of them. lab.fault() still finds you what you missed.")
        left = training.IN_A_ROW - row
        return where, _(
            "The next level comes after {left} more in a row: the cause at the first answer, and no hint."
        ).format(left=left)

    def _attempts(self) -> list[Attempt]:
        from netlab.faults.training import Attempt

        attempts = []
        for entry in self.progress.attempts(self.lesson.id):
            with suppress(codec.Malformed):  # the file is the learner's own
                attempts.append(codec.from_plain(Attempt, entry))
        return attempts


def _report(fault: Fault) -> list[str]:
    """What was seen, what it was, how it shows, what was done; of a pair the causes one after the other."""
    from netlab import faults
    from netlab.diagnosis.causes import CAUSES

    parts = [faults.find(name) for name in fault.name.split("+")]
    lines = [_("Seen: {symptom}.").format(symptom=fault.symptom)]
    for part in parts:
        cause = CAUSES[part.cause]
        lines += [
            _("Where: the last interface that saw the packet is {place}.").format(place=part.where),
            _("Why: {happens}").format(happens=_(cause.happens)),
            _("Shown by: {shown_by}").format(shown_by=_(cause.shown_by)),
            _("Fixed with: {done}").format(done="; ".join(map(str, part.cure))),
        ]
    return [*lines, _("Then measured again: all answers come.")]
