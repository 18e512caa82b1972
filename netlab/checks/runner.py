"""A check is a story of expectations, told in order until one is not met.

Behaviour comes before configuration, and what is not met says so for the state it found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Protocol

from netlab.checks.world import World
from netlab.display import Printer, pad
from netlab.i18n import gettext as _
from netlab.lab.observable import Witnessed
from netlab.lessons.content import Step
from netlab.lessons.content import step as lesson_step
from netlab.linux import polling

if TYPE_CHECKING:
    from netlab.faults.proof import Practice

SECONDS = 1.0  # how long a check waits for the lab to settle
PAUSE = 0.1  # before the second look; then twice as long each time


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an expectation is not met: what was found, what that means, and one thing to do next."""

    id: str
    found: str
    hint: str
    next_step: str = ""
    settled: bool = False  # waiting will not change it


class Expectation(Protocol):
    """One thing that must hold."""

    def describe(self) -> str: ...

    def trouble(self, world: World) -> Trouble | None:
        """What is wrong; None when it holds."""


@dataclass(frozen=True, slots=True)
class Check:
    """The expectations of one step, and the steps that have to hold before it is worth looking.

    A hidden check belongs to no step of a lesson and brings its own (netlab.grade.hidden_checks).
    """

    id: str
    expects: tuple[Expectation, ...]
    needs: tuple[str, ...] = ()
    own_step: Step | None = None

    @property
    def step(self) -> Step:
        """The step that it belongs to, in the language that is spoken. UnknownName."""
        return self.own_step or lesson_step(self.id)

    @property
    def wanted(self) -> str:
        """All that it expects, in words."""
        return _("; ").join(expectation.describe() for expectation in self.expects)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found. `hint_id` names the known wrong turn, if it was one."""

    id: str
    title: str
    passed: bool
    points: int
    start: str
    wanted: str
    found: str
    hint: str = ""
    hint_id: str = ""
    next_step: str = ""
    waiting_for: str = ""
    hidden: bool = False  # learners are not told what it looks at
    typed: str = ""  # a slip in what was typed, where somebody has looked at that

    @staticmethod
    def of(
        check: Check,
        found: str,
        *,
        passed: bool = False,
        hint: str = "",
        hint_id: str = "",
        next_step: str = "",
        waiting_for: str = "",
    ) -> CheckResult:
        """The result of that check."""
        step, hidden = check.step, check.own_step is not None
        said = (hint, hint_id, next_step, waiting_for, hidden)
        return CheckResult(step.id, step.title, passed, step.points, step.begin, check.wanted, found, *said)

    @property
    def verdict(self) -> str:
        """Whether it passed, with its points; or what it waits for."""
        if self.passed:
            return _("✔ passed ({points} of {points} points)").format(points=self.points)
        if not self.waiting_for:
            return _("… not yet")
        return _("… waiting for {step}").format(step=self.waiting_for)

    @property
    def headline(self) -> str:
        """The step and the verdict, in one line."""
        return _("{id} {title}: {verdict}").format(id=self.id, title=self.title, verdict=self.verdict)

    def lines(self) -> list[tuple[str, str]]:
        """The labelled lines of the result, in the order in which they are read; of one that passed there is
        nothing to read."""
        if self.passed:
            return []
        rows = [(_("start"), self.start), (_("wanted"), self.wanted), (_("found"), self.found)]
        rows += [(_("typed"), self.typed), (_("hint"), self.hint), (_("next"), self.next_step)]
        return [(label, text) for label, text in rows if text]

    def __str__(self) -> str:
        body = "".join(f"\n  {pad(label, 7)} {text}" for label, text in self.lines())
        return self.headline + body

    def _repr_pretty_(self, printer: Printer, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        color = "#1a7f52" if self.passed else "#8a5a00"
        rows = "".join(
            f"<dt style='font-weight:600'>{label}</dt><dd style='margin:0 0 .2em 1em'>{escape(text)}</dd>"
            for label, text in self.lines()
        )
        return (
            f"<div role='status' style='border-left:.4em solid {color};padding:.2em 1em'>"
            f"<strong>{escape(self.headline)}</strong>"
            f"<dl style='margin:.3em 0'>{rows}</dl></div>"
        )


def run(
    lab: Witnessed,
    check: Check,
    checks: Mapping[str, Check],
    predictions: Mapping[str, str],
    answers: Mapping[str, str],
    seconds: float = SECONDS,
    practice: Practice | None = None,
) -> CheckResult:
    """Run that check, after those of `checks` that it needs."""
    world = World(lab, lab.snapshot(), predictions, answers, practice)
    for needed in _order(check, checks):
        trouble, world = _wait(world, needed.expects, seconds)
        if trouble:
            return _not_yet(check, needed, trouble)
    return CheckResult.of(check, _("all of it"), passed=True)


def _order(check: Check, checks: Mapping[str, Check]) -> list[Check]:
    """The check, after everything it stands on, each once."""
    before = [each for id in check.needs for each in _order(checks[id], checks)]
    return [*{each.id: each for each in before}.values(), check]


def _wait(world: World, expects: Sequence[Expectation], seconds: float) -> tuple[Trouble | None, World]:
    """The first trouble that is still there at the deadline, and the last look at the lab."""
    trouble = None
    for number in polling.looks(seconds, PAUSE, growth=2):  # an answer to a probe changes nothing in a lab
        if number:
            world = replace(world, snapshot=world.lab.snapshot())
        trouble = next((t for t in (e.trouble(world) for e in expects) if t), None)
        if trouble is None or trouble.settled:
            break
    return trouble, world


def _not_yet(check: Check, needed: Check, trouble: Trouble) -> CheckResult:
    """`needed` has the trouble: the check itself, or one that it stands on."""
    title = "" if needed is check else needed.step.title
    return CheckResult.of(
        check,
        trouble.found,
        hint=trouble.hint,
        hint_id=trouble.id,
        next_step=trouble.next_step or _('lab.hint("{id}") gives a hint').format(id=needed.id),
        waiting_for="" if needed is check else _("{id}, {title}").format(id=needed.id, title=title),
    )
