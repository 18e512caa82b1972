"""One submission, graded: a fresh lab of its own, its cells run in it, each step judged from outside.

What a cell prints, what the learner's `lab.check` says and what his programs claim counts for nothing. The
keeper reads the kernel, and sends its own probes, out of the learner's reach.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from netlab import checks, lessons
from netlab.checks.story import CheckResult
from netlab.errors import CaptureRefused, LabDied, LabError, LabNotFound
from netlab.grade.session import CELL_SECONDS, CellRun, Session
from netlab.grade.submission import Submission
from netlab.keeper import Confinement
from netlab.lab import Lab
from netlab.lessons import Lesson, Step
from netlab.model import Capture
from netlab.variant import Variant

SECONDS = 300.0  # for all cells of a submission
EMPTY = ["host docker0", "host eth0", "internet uplink"]  # the interfaces of a lab in which nothing was done
SETTLING = 0.3  # seconds; the learner's own check has waited before, and at the end there is another look
OFTEN = 3  # a step is judged after so many of its check cells, and at the end

Seen = Callable[[str, Capture], None]  # told of what the judge saw of a step


@dataclass(frozen=True, slots=True)
class Grade:
    """What a submission has earned.

    `error` says why there was nothing to judge, `end` why its cells did not run to the last one.
    """

    name: str
    lesson: str = ""
    digest: str = ""
    seed: str = ""
    results: tuple[CheckResult, ...] = ()
    runs: tuple[CellRun, ...] = ()
    end: str = ""
    error: str = ""

    @property
    def points(self) -> int:
        return sum(result.points for result in self.results if result.passed)

    @property
    def max_points(self) -> int:
        return sum(result.points for result in self.results)


@dataclass
class _Judge:
    """What stands about one submission so far."""

    lab: Lab
    session: Session
    variant: Variant
    seen: Seen
    passed: dict[str, CheckResult] = field(default_factory=dict)
    last: dict[str, CheckResult] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)

    def step(self, step: Step) -> None:
        """Judge a step now; one that has passed once has passed."""
        if step.id in self.passed:
            return
        with self.lab.capture() as seen:
            said = self.session.predictions, self.session.answers
            result = checks.check(self.lab, step.id, *said, SETTLING, self.variant)
        self.last[step.id] = result
        self.seen(step.id, seen)
        if result.passed:
            self.passed[step.id] = result

    def after(self, cell_checks: tuple[str, ...], lesson: Lesson) -> None:
        for step in lesson.steps:
            if step.id in cell_checks and self.asked.setdefault(step.id, 0) < OFTEN:
                self.asked[step.id] += 1
                self.step(step)

    def result(self, step: Step) -> CheckResult:
        return self.passed.get(step.id) or self.last.get(step.id) or _not_judged(step, self.session.gone)


@dataclass(frozen=True, slots=True)
class Order:
    """What to grade, and where: `edition` is what the learner sees as labs/ (netlab.grade.edition)."""

    submission: Submission
    name: str
    lab: str
    edition: Path
    cell_seconds: float = CELL_SECONDS


def grade(order: Order, seen: Seen = lambda step, capture: None) -> Grade:
    """Grade one submission in a lab of its own. LabError when none can be made, or a new one is not empty."""
    submission, name = order.submission, order.name
    lesson, variant = lessons.lesson(submission.lesson), Variant.of(submission.seed)
    lab = Lab.up(order.lab, confined=Confinement(order.edition))
    try:
        _assert_empty(lab)
        lab.goto(lesson.id, variant)
        with Session(lab, lesson.id, order.cell_seconds) as session:
            judge = _Judge(lab, session, variant, seen)
            runs = _play(submission, lesson, judge)
        results = tuple(judge.result(step) for step in lesson.steps)
        return Grade(name, lesson.id, submission.digest, submission.seed, results, runs, session.gone)
    finally:
        with suppress(LabNotFound, LabDied):
            lab.down()


def _assert_empty(lab: Lab) -> None:
    found = sorted(f"{node.name} {i.name}" for node, i in lab.snapshot().interfaces() if i.kind != "loopback")
    if found != EMPTY:
        raise LabError(
            f"The new lab {lab.name!r} is not empty: {', '.join(found)}.",
            "Look at: ./run doctor, and report it.",
        )


def _play(submission: Submission, lesson: Lesson, judge: _Judge) -> tuple[CellRun, ...]:
    """Run the cells, judging each step after the cells that check it, and all at the end."""
    runs, deadline = [], time.monotonic() + SECONDS
    with suppress(LabNotFound, LabDied, CaptureRefused):  # what is left then is not judged, and says so
        for number, cell in enumerate(submission.cells, 1):
            if time.monotonic() > deadline:
                judge.session.gone = f"its cells took more than {SECONDS:.0f} seconds together"
            runs.append(judge.session.run(number, cell))
            judge.after(cell.checks, lesson)
        for step in lesson.steps:
            judge.step(step)
    return tuple(runs)


def _not_judged(step: Step, why: str) -> CheckResult:
    return CheckResult(
        id=step.id,
        title=step.title,
        passed=False,
        points=step.points,
        start=step.begin,
        wanted="",
        found=f"not judged: {why or 'the lab ended'}",
        next_step="Run all cells from the first on: Kernel → Restart Kernel and Run All Cells",
    )
