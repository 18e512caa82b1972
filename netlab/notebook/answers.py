"""What a learner says in a lesson: predictions before an experiment, answers after it."""

from __future__ import annotations

from types import EllipsisType
from typing import TYPE_CHECKING

from netlab.display import Card
from netlab.errors import BadInput
from netlab.i18n import gettext as _
from netlab.lessons.content import Lesson, Question
from netlab.lessons.progress import Progress
from netlab.lessons.questions import check_known, the_answer, the_prediction
from netlab.notebook import outbox
from netlab.notebook.bench import Bench
from netlab.notebook.greeting import next_step
from netlab.notebook.question import ask_on_page

if TYPE_CHECKING:
    from netlab.model import Captured
    from netlab.notebook.predictions import Comparison


class Answers:
    """Part of netlab.notebook.lesson_lab.LessonLab."""

    lesson: Lesson
    progress: Progress
    bench: Bench
    _results: set[str]  # steps whose result the learner has seen since the lesson began

    def predict(self, step: str, key: str | EllipsisType = ...) -> Card:
        """Say what will happen before it does. Without a key: the question and its options.

        What is said when the result was there already is late: what was said before it stays.
        """
        question = the_prediction(self.lesson, step)
        if isinstance(key, EllipsisType):
            return ask_on_page("predict", step, _("{step}: not predicted yet").format(step=step), question)
        check_known(question, key)
        late = step in self._results
        before = self._timely(step)
        if late and before not in ("", key):
            return self._too_late(step, question, before)
        self.progress.record_prediction(self.lesson.id, step, key, late=late and not before)
        outbox.put("predicted", self.lesson.id, step, key=key)
        self.say_notes()
        said = _("You say: {meaning}.").format(meaning=question.options[key])
        if late and not before:
            how = _("The result was there already. A guess that comes first teaches more, right or wrong.")
            return Card(_("{step}: noted, late").format(step=step), (said, how))
        return Card(_("{step}: noted").format(step=step), (said, _("Now try it.")))

    def _timely(self, step: str) -> str:
        """What was predicted before the result was there; "" if nothing."""
        is_late = step in self.progress.late(self.lesson.id)
        return "" if is_late else self.progress.predictions(self.lesson.id).get(step, "")

    def _too_late(self, step: str, question: Question, before: str) -> Card:
        """In place of another prediction, when the result is known."""
        said = _("You said: {meaning}. That stays.").format(meaning=question.options.get(before, before))
        return Card(_("{step}: too late").format(step=step), (_("The result was there already."), said))

    def answer(self, step: str, key: str | EllipsisType = ...) -> Card:
        """Say what the experiment showed. Without a key: the question and its options."""
        question = the_answer(self.lesson, step)
        if isinstance(key, EllipsisType):
            return ask_on_page("answer", step, _("{step}: not answered yet").format(step=step), question)
        if question.options:
            check_known(question, key)
        elif not isinstance(key, str):
            raise BadInput(
                _("The answer to {step} is text, not {key!r}.").format(step=step, key=key),
                _('Try: lab.answer("{step}", "…")').format(step=step),
            )
        self._results.add(step)
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
            title = _("{step}: nothing to compare, no prediction yet").format(step=step)
            return ask_on_page("predict", step, title, question)
        found = predictions.compare(question, predicted, seen)
        self._results.add(step)
        return found

    def _note_result(self, seen: Captured | None) -> None:
        """A picture shows that capture: a result, if it decides the prediction of the step that is next."""
        from netlab.notebook import predictions

        step = next_step(self.lesson, self.progress.passed_steps(self.lesson.id))
        question = self.lesson.step(step).prediction
        if seen is None or question is None or not question.observe:
            return
        try:
            known = predictions.outcome(question.observe, seen) in question.options
        except BadInput:  # it holds no ping
            return
        if known:
            self._results.add(step)

    def say_notes(self) -> None:
        """Say what went wrong with the file of the learner's progress, once."""
        for note in self.progress.notes():
            print(note)
