"""One submission, graded: a fresh lab of its own, its cells run in it, each step judged from outside.

What a cell prints, what the learner's `lab.check` says and what his programs claim counts for nothing. The
keeper reads the kernel, and sends its own probes, out of the learner's reach.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache

from netlab import checks, faults
from netlab.checks.runner import Check, CheckResult
from netlab.errors import CaptureRefused, LabDied, LabError, LabNotFound
from netlab.faults import gym
from netlab.faults.fault import Command
from netlab.faults.proof import Practice, try_out
from netlab.grade.session import CELL_SECONDS, CellRun, Session
from netlab.grade.steady import Steady
from netlab.grade.submission import Submission
from netlab.i18n import gettext as _
from netlab.keeper.launch import Confinement, ForkServer
from netlab.lab import Lab
from netlab.lessons import content
from netlab.lessons.content import Lesson
from netlab.lessons.start import bring
from netlab.lessons.variant import Variant
from netlab.model import Capture

SECONDS = 300.0  # for all cells of a submission
EMPTY = ["host docker0", "host eth0", "internet uplink"]  # the interfaces of a lab in which nothing was done
SETTLING = 0.3  # seconds for what the lab has not come to yet when all cells have run
OFTEN = 3  # a step is judged after so many of its check cells, and at the end

LATER = 0.06  # seconds at most before another look at what was found right
DICE = random.SystemRandom()

Seen = Callable[[str, Capture], None]  # told of what the judge saw of a step


@dataclass(frozen=True, slots=True)
class Grade:
    """What a submission has earned.

    `error` says why there was nothing to judge, `end` why its cells did not run to the last one, `hidden` by
    which file of hidden checks it was judged, `fault` with which one of the gym.
    """

    name: str
    lesson: str = ""
    digest: str = ""
    seed: str = ""
    results: tuple[CheckResult, ...] = ()
    runs: tuple[CellRun, ...] = ()
    end: str = ""
    error: str = ""
    hidden: str = ""
    fault: str = ""

    @property
    def points(self) -> int:
        return sum(result.points for result in self.results if result.passed)

    @property
    def max_points(self) -> int:
        """How many points there are to earn."""
        return sum(result.points for result in self.results)


@dataclass
class _Judge:
    """What stands about one submission so far."""

    lab: Lab
    session: Session
    variant: Variant
    hidden: tuple[Check, ...]
    seen: Seen
    practice: Practice | None = None
    passed: dict[str, CheckResult] = field(default_factory=dict)
    last: dict[str, CheckResult] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)

    def look(self, id: str, seconds: float) -> None:
        """Judge a step now; one that has passed once has passed."""
        if id in self.passed:
            return
        with self.lab.capture() as seen:
            said = self.session.predictions, self.session.answers
            result = checks.check(self.lab, id, *said, seconds, self.variant, self.hidden, self.practice)
            if result.passed:
                result = self._again(result, said)
        self.last[id] = result
        self.seen(id, seen.capture)
        if result.passed:
            self.passed[id] = result

    def _again(self, result: CheckResult, said: tuple[Mapping[str, str], Mapping[str, str]]) -> CheckResult:
        """Looks at moments that nobody knows before: a state is what lasts, not what flickers."""
        never = threading.Event()
        for lab in (self.lab, Steady(self.lab)):
            never.wait(DICE.uniform(0.0, LATER))
            found = checks.check(lab, result.id, *said, 0.0, self.variant, self.hidden, self.practice)
            if not found.passed:
                return replace(found, found=_("not for long: {found}").format(found=found.found))
        return result

    def after(self, cell_checks: tuple[str, ...], lesson: Lesson) -> None:
        for step in lesson.steps:
            if step.id in cell_checks and self.asked.setdefault(step.id, 0) < OFTEN:
                self.asked[step.id] += 1
                self.look(step.id, checks.runner.SECONDS)

    def result(self, check: Check) -> CheckResult:
        return self.passed.get(check.id) or self.last.get(check.id) or _not_judged(check, self.session.gone)


@dataclass(frozen=True, slots=True)
class Order:
    """What to grade, and where: in a lab of that name, confined to what netlab.grade.redacted writes.

    `twin` is the name of another one, in which proofs are tried. A `forkserver` makes the second lab of many
    come sooner.
    """

    submission: Submission
    name: str
    lab: str
    twin: str
    confined: Confinement
    cell_seconds: float = CELL_SECONDS
    hidden: tuple[Check, ...] = ()
    forkserver: ForkServer | None = None


def grade(order: Order, seen: Seen = lambda step, capture: None) -> Grade:
    """Grade one submission in a lab of its own. LabError when none can be made, or a new one is not empty."""
    submission, name = order.submission, order.name
    lesson, variant = content.lesson(submission.lesson), Variant.of(submission.seed)
    lab = Lab.up(order.lab, confined=order.confined, forkserver=order.forkserver)
    try:
        _assert_empty(lab)
        practice = _break(lab, order, variant) if lesson.gym else None
        if practice is None:
            bring(lab, lesson, variant)
        with Session(lab, lesson.id, order.cell_seconds) as session:
            judge = _Judge(lab, session, variant, order.hidden, seen, practice)
            runs = _play(submission, lesson, judge)
        every = [*(checks.CHECKS[step.id] for step in lesson.steps), *order.hidden]
        results = tuple(judge.result(check) for check in every)
        given = Grade(name, lesson.id, submission.digest, submission.seed, results, runs, session.gone)
        return replace(given, hidden=submission.hidden, fault=submission.fault)
    finally:
        with suppress(LabNotFound, LabDied):
            lab.down()


def _break(lab: Lab, order: Order, variant: Variant) -> Practice:
    """Put the submission's fault of the gym in, before anything of the learner's runs."""
    fault = faults.find(order.submission.fault or faults.FIRST)
    gym.begin(variant.view(lab), name=fault.name)

    @cache
    def proves(command: Command) -> bool:
        return try_out(order.twin, fault, command, order.confined, order.forkserver)

    return gym.practise(variant.view(lab), fault, proves)


def _assert_empty(lab: Lab) -> None:
    found = sorted(f"{node.name} {i.name}" for node, i in lab.snapshot().interfaces() if i.kind != "loopback")
    if found != EMPTY:
        raise LabError(
            _("The new lab {name!r} is not empty: {found}.").format(name=lab.name, found=", ".join(found)),
            _("Look at: ./run doctor, and report it."),
        )


def _play(submission: Submission, lesson: Lesson, judge: _Judge) -> tuple[CellRun, ...]:
    """Run the cells, judging each step after the cells that check it, and all at the end."""
    runs, deadline = [], time.monotonic() + SECONDS
    with suppress(LabNotFound, LabDied, CaptureRefused):  # what is left then is not judged, and says so
        for number, cell in enumerate(submission.cells, 1):
            if time.monotonic() > deadline:
                judge.session.gone = _("its cells took more than {seconds:.0f} seconds together").format(
                    seconds=SECONDS
                )
            runs.append(judge.session.run(number, cell))
            judge.after(cell.checks, lesson)
        settling = gym.SECONDS if judge.practice else SETTLING  # ARP asks again only after a second
        for id in [*(step.id for step in lesson.steps), *(check.id for check in judge.hidden)]:
            judge.look(id, settling)
    return tuple(runs)


def _not_judged(check: Check, why: str) -> CheckResult:
    again = _("Run all cells from the first on: Kernel → Restart Kernel and Run All Cells")
    return CheckResult.of(
        check, _("not judged: {why}").format(why=why or _("the lab ended")), next_step=again
    )
