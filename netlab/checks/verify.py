"""./run check-lessons: what a lesson's author has promised, tried in a real lab.

Untouched, every check says "not yet"; with the solutions every check passes; each wrong turn gets its hint.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache

from netlab import faults
from netlab.checks import check
from netlab.checks.runner import SECONDS, CheckResult
from netlab.errors import CommandFailed, LabError
from netlab.faults import gym
from netlab.faults.fault import Command
from netlab.faults.proof import Practice, try_out
from netlab.i18n import gettext as _
from netlab.lab import Lab, ephemeral
from netlab.lessons import content
from netlab.lessons.content import Lesson, Step, WrongTurn
from netlab.lessons.start import goto

PREFIX = "check"
AS_TAUGHT = WrongTurn("none", "")
SETTLED = 0.2  # seconds for a check that is not to pass


@dataclass
class Learner:
    """Somebody who works through a lesson: types, predicts and answers, rightly or as a wrong turn does."""

    lab: Lab
    predictions: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    practice: Practice | None = None

    def does(self, step: Step, turn: WrongTurn = AS_TAUGHT) -> None:
        """Do a step as the lecture does, or take that wrong turn instead. CommandFailed."""
        if commands := turn.commands or step.solution:
            done = self.lab.script(commands)
            if done.returncode:
                raise CommandFailed(f"{step.id}: {commands}\n{done.stdout}{done.stderr}", _("Fix it."))
        self.says(step, turn)

    def says(self, step: Step, turn: WrongTurn = AS_TAUGHT) -> None:
        """Predict and answer, rightly or as that wrong turn does."""
        if step.prediction and turn.predict != "":
            self.predictions[step.id] = turn.predict or step.prediction.right
        if step.answer and turn.answer != "":
            right = step.answer.right or self.lab.script(step.answer.command).stdout.strip()
            self.answers[step.id] = turn.answer or right

    def checks(self, step: Step, seconds: float = SECONDS) -> CheckResult:
        """What the step's check says now."""
        said = self.predictions, self.answers
        return check(self.lab, step.id, *said, seconds, practice=self.practice)


def begin(lab: Lab, lesson: Lesson) -> Learner:
    """A learner at the start of a lesson."""
    goto(lab, lesson.id)
    if not lesson.gym:
        return Learner(lab)
    return Learner(lab, practice=gym.practise(lab, faults.find(faults.FIRST), _is_proof))


@cache
def _is_proof(command: Command) -> bool:
    """Whether it proves the fault that the gym begins with."""
    twin = ephemeral.name(PREFIX, threading.get_native_id())  # several learners may be at it at once
    return try_out(twin, faults.find(faults.FIRST), command)


def check_untouched(learner: Learner, lesson: Lesson) -> Iterator[str]:
    """What is wrong where nothing is done yet: a check that passes, or does not say what is missing."""
    for step in lesson.steps:
        result = learner.checks(step, SETTLED)
        if result.passed or not (result.found and result.next_step):
            yield _("untouched, {result}").format(result=result)


def check_solved(lab: Lab, lesson: Lesson) -> Iterator[str]:
    """What is wrong with the solutions: a check that fails after its step, or at the lesson's end."""
    learner = begin(lab, lesson)
    for step in lesson.steps:
        learner.does(step)
        if not (result := learner.checks(step)).passed:
            yield _("with the solution, {result}").format(result=result)
    for step in lesson.steps:
        if not (result := learner.checks(step)).passed:
            yield _("when the lesson is over, {result}").format(result=result)


def check_wrong_turn(lab: Lab, lesson: Lesson, step: Step, turn: WrongTurn) -> Iterator[str]:
    """What is wrong with that wrong turn: it passes, or gets another hint than its own."""
    learner = begin(lab, lesson)
    for before in lesson.steps:
        if before.id < step.id:
            learner.does(before)
    learner.does(step, turn)
    result = learner.checks(step, SETTLED)
    if result.passed or result.hint_id != turn.hint:
        said = _("{hint} is its hint, and it gets {hint_id}").format(
            hint=turn.hint, hint_id=result.hint_id or _("none")
        )
        yield _("the wrong turn “{name}”: {said}: {result}").format(name=turn.name, said=said, result=result)


def troubles(lab: Lab, lesson: Lesson) -> Iterator[str]:
    """All that is wrong with a lesson."""
    try:
        yield from check_untouched(begin(lab, lesson), lesson)
        yield from check_solved(lab, lesson)
        for step in lesson.steps:
            for turn in step.wrong_turns:
                yield from check_wrong_turn(lab, lesson, step, turn)
    except CommandFailed as error:
        yield str(error)


def run(ids: Sequence[str]) -> int:
    """Check those lessons, or all; print what is wrong. Exit status 0, or 1 if anything is. UnknownName."""
    chosen = [content.lesson(id) for id in ids] or content.lessons()
    ephemeral.sweep(PREFIX)
    lab, wrong = Lab.up(ephemeral.name(PREFIX)), 0
    try:
        for lesson in chosen:
            found = list(troubles(lab, lesson))
            turns = sum(len(step.wrong_turns) for step in lesson.steps)
            said = _("{found} things are wrong").format(found=len(found)) if found else _("all is as it says")
            print(
                _("{id} {title}: {steps} steps, {turns} wrong turns: {said}.").format(
                    id=lesson.id, title=lesson.title, steps=len(lesson.steps), turns=turns, said=said
                )
            )
            print(*found, sep="\n", end="\n" if found else "", flush=True)
            wrong += len(found)
    finally:
        with suppress(LabError):
            lab.down()
    return 1 if wrong else 0
