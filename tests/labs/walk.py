"""A learner for the tests: types a step's commands, predicts and answers, rightly or as a wrong turn does."""

from __future__ import annotations

from dataclasses import dataclass, field

from netlab.checks import check
from netlab.checks.story import SECONDS, CheckResult
from netlab.lab import Lab
from netlab.lessons import Lesson, Step, WrongTurn


@dataclass
class Learner:
    """Somebody who works through a lesson."""

    lab: Lab
    predictions: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)

    def does(self, step: Step, turn: WrongTurn | None = None) -> None:
        """Do a step as the lecture does, or take that wrong turn instead."""
        turn = turn or WrongTurn("none", "", step.solution)
        commands = turn.commands or step.solution
        if commands:
            done = self.lab.script(commands)
            assert done.returncode == 0, f"{step.id}: {commands}\n{done.stdout}{done.stderr}"
        self.says(step, turn)

    def says(self, step: Step, turn: WrongTurn | None = None) -> None:
        """Predict and answer, rightly or as that wrong turn does."""
        turn = turn or WrongTurn("none", "")
        if step.prediction and turn.predict != "":
            self.predictions[step.id] = turn.predict or step.prediction.right
        if step.answer and turn.answer != "":
            self.answers[step.id] = turn.answer or self._right(step)

    def _right(self, step: Step) -> str:
        assert step.answer
        return step.answer.right or self.lab.script(step.answer.command).stdout.strip()

    def checks(self, step: Step, seconds: float = SECONDS) -> CheckResult:
        """What the step's check says now."""
        return check(self.lab, step.id, self.predictions, self.answers, seconds)


def begin(lab: Lab, lesson: Lesson) -> Learner:
    """A learner at the start of a lesson."""
    lab.goto(lesson.id)
    return Learner(lab)
