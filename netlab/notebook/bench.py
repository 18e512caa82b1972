"""The gym in a notebook: the fault that is in the lab, and the proof that has been run while it is."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from netlab.display import Card
from netlab.errors import BadInput
from netlab.i18n import gettext as _
from netlab.lessons.content import Lesson
from netlab.lessons.progress import Progress
from netlab.lessons.questions import REPORT
from netlab.lessons.variant import Variant
from netlab.notebook.greeting import bug_report
from netlab.notebook.training import CAUSE, CURE, Training

if TYPE_CHECKING:
    from netlab.faults.fault import Command, Fault
    from netlab.faults.proof import Look, Practice
    from netlab.lab import Lab
    from netlab.model import Snapshot

SHOWN = 20  # lines of what a proof prints


@dataclass
class Bench:
    """One lab of the gym. What it looks up in the catalogue is imported there: other lessons do without."""

    lab: Lab
    lesson: Lesson
    progress: Progress
    variant: Variant
    _before: Snapshot | None = None
    _looks: dict[Command, Look] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.training = Training(self.lesson, self.progress)

    def take_up(self, report: str) -> tuple[str, ...]:
        """The fault of that report is in the lab: what somebody says, and what is measured."""
        if self.lesson.report:
            return (self.variant.exchange(self.lesson.report),)
        self.progress.record_answer(self.lesson.id, REPORT, report)
        self._looks.clear()
        self.training.begin()
        self._before = self.variant.view(self.lab).snapshot()
        return bug_report(report, self.variant)

    def break_it(self, number: int | None) -> tuple[int, tuple[str, ...]]:
        """Put in the fault of that number, or the one that comes next: its number, and the bug report.

        BadInput in a lab that is judged.
        """
        from netlab import faults
        from netlab.faults import gym

        if self.lesson.judged:
            raise BadInput(
                _("This lab is judged, with the fault that is in it."), _("Find that one, and fix it.")
            )
        number = self.training.choose() if number is None else number
        faults.check_number(number)
        gym.begin(self.variant.view(self.lab), seed=number, inside=True)
        return number, self.take_up(str(number))

    def finish(self, step: str) -> None:
        """Say what it was when the last step has passed, and enter it in the log."""
        if step.endswith(CURE) and not self.lesson.judged and (card := self.training.finish(self._fault())):
            print(self.variant.exchange(str(card)))

    def instrument(self) -> Card | None:
        """What a trace says instead in the gym before somebody has named a cause themselves."""
        if not self.lesson.gym or self.lesson.id + CAUSE in self.progress.answers(self.lesson.id):
            return None
        return Card(
            _("First your own diagnosis"),
            (
                _("The instrument would tell you. Answer {step} first, then compare.").format(
                    step=self.lesson.id + CAUSE
                ),
            ),
        )

    def practice(self) -> Practice | None:
        """What checks have to know; None in a lesson that is not the gym's."""
        if not self.lesson.gym:
            return None
        from netlab.faults.proof import Practice

        return Practice(self._fault(), self._before, proves=self._proves)

    def run_proof(self, text: str) -> str:
        """Run what somebody names as a proof, now: what it prints. BadInput for what is no command."""
        from netlab.faults import proof

        view = self.variant.view(self.lab)
        command = proof.generalize(proof.parse(self.variant.exchange(text)), view.snapshot())
        looked = proof.look(view, command, self._fault().symptom)
        self._looks.setdefault(command, looked)
        printed = proof.run(view, command, self._fault().symptom)
        return "\n".join(printed[:SHOWN]).strip()

    def solution(self, step: str) -> tuple[tuple[str, ...], str]:
        """That of a step for the fault that is in the lab: lines to say, and commands to type. The proof is
        looked for while the fault is on."""
        from netlab import faults

        fault, view = self._fault(), self.variant.view(self.lab)
        if step.endswith(CURE):
            typed = [(command.node, shlex.join(faults.resolve(view, command))) for command in fault.cure]
            lines = (words if node == "host" else f"{node}: {words}" for node, words in typed)
            return (), self.variant.exchange("\n".join(lines))
        right = {
            ".1": "some" if fault.symptom.partial else "none",
            ".2": faults.place(view.snapshot(), fault),
            ".3": fault.cause,
            ".4": self._find_proof(fault),
        }[step[-2:]]
        return (f'lab.answer("{step}", {self.variant.exchange(right)!r})',), ""

    def _find_proof(self, fault: Fault) -> str:
        """A command that shows the cause: of those with which a trace has found it. "" if there is none."""
        from netlab.diagnosis import trace
        from netlab.faults import proof

        view, symptom = self.variant.view(self.lab), fault.symptom
        verdict = trace.trace(
            view,
            symptom.source,
            symptom.destination,
            proto=symptom.proto,
            port=symptom.port,
            size=symptom.size,
            df=symptom.df,
        )
        shown = [f"{piece.node}: {piece.command}" for piece in verdict.evidence]
        ranks = {text: proof.rank(fault.cause, proof.parse(text)) for text in shown}
        return min(
            (text for text in shown if ranks[text] is not None), key=lambda t: ranks[t] or 0, default=""
        )

    def _proves(self, command: Command) -> bool | None:
        from netlab.faults import proof
        from netlab.faults.measure import measure

        view, symptom = self.variant.view(self.lab), self._fault().symptom
        if (before := self._looks.get(command)) is None or not measure(view, symptom).healthy:
            return None
        return proof.differ([before], [proof.look(view, command, symptom)])

    def _fault(self) -> Fault:
        from netlab import faults

        return faults.find_reported(self.progress.answers(self.lesson.id).get(REPORT, ""))
