"""A learner at a lesson: the lab, with the lesson's checks, predictions, hints and pictures."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from types import EllipsisType
from typing import TYPE_CHECKING, Any, SupportsBytes

from netlab.display import Card, Picture
from netlab.errors import BadInput
from netlab.i18n import gettext as _
from netlab.lessons.content import Lesson
from netlab.lessons.progress import Progress
from netlab.lessons.questions import ask, check_known, the_answer, the_prediction
from netlab.lessons.start import goto
from netlab.lessons.variant import PLAIN, Variant
from netlab.notebook import instruments, judged, outbox, recall, typed
from netlab.notebook.bench import Bench
from netlab.notebook.exercises import Exercises
from netlab.notebook.greeting import next_step
from netlab.notebook.live import Live
from netlab.notebook.marks import Steps
from netlab.notebook.veil import Veil

if TYPE_CHECKING:
    from networkx import MultiGraph

    from netlab.checks.runner import CheckResult
    from netlab.diagnosis.report import Report
    from netlab.lab import Lab
    from netlab.lab.capture import Recording
    from netlab.lab.iproute import NodeIPRoute
    from netlab.model import Captured, Snapshot
    from netlab.notebook.predictions import Comparison
    from netlab.packets.probe import Probe


class LessonLab(Steps, Exercises):
    """A lab during a lesson. Everything that a lab can do, it can do too."""

    def __init__(self, lab: Lab, lesson: Lesson, progress: Progress, variant: Variant = PLAIN) -> None:
        self.lab = lab
        self.lesson = lesson
        self.progress = progress
        self.variant = variant
        self._veil = Veil(lesson, progress)
        self.bench = Bench(lab, lesson, progress, variant)
        self._previous: Snapshot | None = None
        self._hints: dict[str, int] = {}

    # -- the lesson ---------------------------------------------------------------------------------

    def check(self, step: str) -> CheckResult | Card:
        """Whether the lab is as that step wants it. Where it is judged outside: that this is noted."""
        self.lesson.step(step)
        if self.lesson.judged:
            return judged.note(step)
        from netlab import checks

        said = self.progress.predictions(self.lesson.id), self.progress.answers(self.lesson.id)
        result = checks.check(self.lab, step, *said, variant=self.variant, practice=self.bench.practice())
        if result.passed:
            self.progress.record_passed(self.lesson.id, step)
            if self.lesson.gym:
                self.bench.finish(step)
        else:
            result = typed.comment(result, self.lesson.step(step), typed.read_cells())
        outbox.put("checked", self.lesson.id, step, passed=result.passed, hint=result.hint_id)
        self.say_notes()
        return result

    def recall(self, *keys: str | EllipsisType) -> Card:
        """The three questions about earlier lessons; with a key for each, whether that is right."""
        return recall.ask(self.lesson, self.progress, keys)

    def predict(self, step: str, key: str | EllipsisType = ...) -> Card:
        """Say what will happen before it does. Without a key: the question and its options."""
        question = the_prediction(self.lesson, step)
        if isinstance(key, EllipsisType):
            title = _("{step}: not predicted yet").format(step=step)
            return ask(title, question, f'lab.predict("{step}", …)')
        check_known(question, key)
        self.progress.record_prediction(self.lesson.id, step, key)
        outbox.put("predicted", self.lesson.id, step, key=key)
        self.say_notes()
        said = _("You say: {meaning}.").format(meaning=question.options[key])
        return Card(_("{step}: noted").format(step=step), (said, _("Now try it.")))

    def answer(self, step: str, key: str | EllipsisType = ...) -> Card:
        """Say what the experiment showed. Without a key: the question and its options."""
        question = the_answer(self.lesson, step)
        if isinstance(key, EllipsisType):
            return ask(_("{step}: not answered yet").format(step=step), question, f'lab.answer("{step}", …)')
        if question.options:
            check_known(question, key)
        elif not isinstance(key, str):
            raise BadInput(
                _("The answer to {step} is text, not {key!r}.").format(step=step, key=key),
                _('Try: lab.answer("{step}", "…")').format(step=step),
            )
        self.progress.record_answer(self.lesson.id, step, key.strip())
        outbox.put("answered", self.lesson.id, step, key=key.strip())
        self.say_notes()
        said = _("Your answer: {meaning}.").format(meaning=question.options.get(key, key))
        how = _('lab.check("{step}") says if it holds.').format(step=step)
        printed = self.bench.run_proof(key) if question.proof and not self.lesson.judged else ""
        return Card(_("{step}: noted").format(step=step), (said, how), printed)

    def compare(self, step: str, seen: Captured) -> Comparison | Card:
        """The prediction beside what a capture shows."""
        from netlab.notebook import predictions

        question = the_prediction(self.lesson, step)
        predicted = self.progress.predictions(self.lesson.id).get(step)
        if not question.observe:
            raise BadInput(
                _("No capture decides the prediction of {step}.").format(step=step),
                _('Use lab.answer("{step}", …).').format(step=step),
            )
        if predicted is None:
            return ask(
                _("{step}: nothing to compare, no prediction yet").format(step=step),
                question,
                f'lab.predict("{step}", …)',
            )
        return predictions.compare(question, predicted, seen)

    def hint(self, step: str) -> Card:
        """The next hint for that step; each says more than the one before."""
        if not (hints := self.lesson.step(step).hints):
            return judged.no_hints(step)
        self.bench.training.note_help()
        number = self._hints.get(step, 0)
        self._hints[step] = min(number + 1, len(hints) - 1)
        outbox.put("hint", self.lesson.id, step, number=number + 1)
        more = (
            _('lab.hint("{step}") again says more').format(step=step)
            if number + 1 < len(hints)
            else _("That was the last hint")
        )
        return Card(
            _("{step}: hint {number} of {hints}").format(step=step, number=number + 1, hints=len(hints)),
            (hints[number], more),
        )

    def solution(self, step: str) -> Card:
        """What the lecture types, for when the hints were not enough."""
        found = self.lesson.step(step)
        outbox.put("solution", self.lesson.id, step)
        self.bench.training.note_help()
        if self.lesson.gym and not self.lesson.judged:
            return Card(_("{step}: the solution").format(step=step), *self.bench.solution(step))
        lines = []
        for question, name in ((found.prediction, "predict"), (found.answer, "answer")):
            if question and question.right:
                lines.append(f'lab.{name}("{step}", "{question.right}")')
        if found.answer and found.answer.command:
            lines.append(_("The answer is what this prints: {command}").format(command=found.answer.command))
        return Card(_("{step}: the solution").format(step=step), tuple(lines), found.python or found.solution)

    def resume(self) -> Card:
        """Type the commands of the steps done in earlier sittings, up to the first that is not done."""
        upto = next_step(self.lesson, self.progress.passed_steps(self.lesson.id))
        done = [step.solution for step in self.lesson.steps if step.id < upto and step.solution]
        for solution in done:
            self.lab.script(solution)
        return Card(_("You are at {upto}").format(upto=upto), code="\n".join(done))

    # -- pictures -----------------------------------------------------------------------------------

    def draw(self, seen: Captured | None = None, title: str = "") -> Picture:
        """The lab as it is now, with what changed since the last picture.

        With a capture, also the way that its first request took, and where it ended if it was lost.
        """
        from netlab.drawing.topology import describe, draw, figure_html
        from netlab.packets.journeys.assemble import first_request

        snapshot, previous = self._veil.over(self.lab.snapshot()), self._previous
        self._previous = snapshot
        request = first_request(seen) if seen is not None else None
        lost = request is not None and not request.reached
        died = (request.last_seen.frame.point, request.next_expected) if request and lost else None
        alt = describe(snapshot, previous, died)

        def html() -> str:
            return figure_html(draw(snapshot, previous=previous, path=request, died=died, title=title), alt)

        return Picture(html, alt)

    def live(self, packets: bool = False) -> Live:
        """The lab on the page, moving while somebody types, here or in a terminal.

        With `packets` (or the button in the view) everything that passes is recorded and shown as well.
        """
        return Live(self.lab, packets, self._veil)

    def timeline(self, seen: Captured) -> Picture:
        """One lane for each interface, one mark for each time a packet was seen there."""
        from netlab.drawing.timeline import alt_text, timeline
        from netlab.drawing.topology import figure_html

        alt = alt_text(seen)
        return Picture(lambda: figure_html(timeline(seen), alt), alt)

    # -- the lab ------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Every namespace of the lab, now."""
        return self.lab.snapshot()

    def graph(self) -> MultiGraph:
        """The topology, now, as a networkx graph: see netlab.model.graph."""
        return self.lab.graph()

    def capture(self, points: Sequence[str] | None = None) -> Recording:
        """A `with` block that records at every interface, or at those named."""
        return self.lab.capture(points)

    def probe(self, node: str, destination: str, count: int = 2, timeout: float = 1.0) -> Probe:
        """Echo requests from a node, sent by the lab's keeper."""
        return self.lab.probe(node, destination, count, timeout)

    def connect(self, node: str, address: str, port: int) -> Card:
        """Somebody on that node opens a TCP connection; what he sees. The lab's keeper does it."""
        probe = self.lab.probe(node, address, count=1, timeout=1.0, proto="tcp", port=port)
        said = _("no answer within a second")
        if probe.reached:
            said = _("connected: a program there has taken the call")
        elif probe.errors:
            said = probe.errors[0].lower()
        return Card(
            _("{node} → {address}, port {port}").format(node=node, address=address, port=port), (said,)
        )

    def loss(self, node: str, destination: str, count: int = 100, **order: Any) -> Picture:
        """So many probes from a node: which were lost, what share, and how sure that is."""
        return instruments.loss(self.lab, node, destination, count, **order)

    def latency(self, destination: str, *sources: str, count: int = 200) -> Picture:
        """So many round trips from each of those places: median and p95, and each of them in a row."""
        return instruments.latency(self.lab, destination, sources, count)

    def route(self, node: str, destination: str) -> Card:
        """What `ip route get` says on a node: which way a packet to that address would take from there."""
        command, said = self.lab.route(node, destination)
        return Card(f"{node}: {command}", (said,))

    def trace(self, source: str, destination: str, **order: Any) -> Report | Card:
        """Where probes from a node to an address, or a name that it knows, end, and why: as a page."""
        if self.lesson.judged:
            return judged.no_instrument()
        if not_yet := self.bench.instrument():
            return not_yet
        from netlab.diagnosis import trace as diagnose
        from netlab.diagnosis.names import find_address
        from netlab.diagnosis.report import Report

        address = find_address(self.lab, source, destination)
        return Report.of(diagnose.trace(self.lab, source, address, **order))

    def ip(self, node: str = "host") -> NodeIPRoute:
        """pyroute2's IPRoute that speaks to the kernel of that node: see netlab.lab.iproute."""
        return self.lab.ip(node)

    def send(self, packet: SupportsBytes, node: str = "host") -> Card:
        """Send one IPv4 packet, made by hand or with scapy, from a node; whether that node let it go."""
        return instruments.send(self.lab, packet, node)

    def run(
        self, argv: Sequence[str], node: str = "host", input: str = "", timeout: float = 30
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on a node and wait for it."""
        return self.lab.run(argv, node, input, timeout)

    def script(self, text: str, node: str = "host", timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run lines of bash on a node; they stop at the first that fails."""
        return self.lab.script(text, node, timeout)

    def reset(self) -> None:
        """Put the base lab back."""
        self._previous = None
        self.lab.reset()

    def goto(self, lesson: str) -> None:
        """Bring the lab to where that lesson begins."""
        self._previous = None
        goto(self.lab, lesson)

    def down(self) -> None:
        """End the lab."""
        self.lab.down()

    def say_notes(self) -> None:
        """Say what went wrong with the file of the learner's progress, once."""
        for note in self.progress.notes():
            print(note)
