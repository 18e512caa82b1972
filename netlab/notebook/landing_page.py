"""How far a learner is: the table of the landing page. It needs no lab.

It is read from the learner's record, and follows that while the kernel lives, whatever notebook writes it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

from netlab.display import Printer
from netlab.i18n import gettext as _
from netlab.lessons.content import LANDING, Lesson, Step, lessons
from netlab.lessons.progress import Progress
from netlab.linux import polling

PAUSE = 1.0  # seconds between two looks at the record
DONE, OPEN = "✔", "○"


def current_lesson(taught: Sequence[Lesson], progress: Progress) -> Lesson:
    """The lesson last begun, or the one after it when its steps are passed; at first the landing page."""
    begun = [lesson for lesson in taught if progress.last_visit(lesson.id)]
    if not begun:
        return LANDING
    last = max(begun, key=lambda lesson: progress.last_visit(lesson.id))
    done = {step.id for step in last.steps} <= set(progress.passed_steps(last.id))
    following = taught[taught.index(last) + 1 :]
    return following[0] if done and following else last


@dataclass(frozen=True, slots=True)
class Row:
    """One lesson, and which of its steps are passed."""

    lesson: Lesson
    passed: frozenset[str]

    @property
    def points(self) -> int:
        return sum(step.points for step in self.lesson.steps if step.id in self.passed)

    @property
    def worth(self) -> int:
        """How many points the lesson has."""
        return sum(step.points for step in self.lesson.steps)

    @property
    def next(self) -> Step | None:
        """The first step that is not passed."""
        return next((step for step in self.lesson.steps if step.id not in self.passed), None)


@dataclass(frozen=True, slots=True)
class Overview:
    """All lessons with what is done of them, as text and as a page."""

    rows: tuple[Row, ...]
    current: str  # the id of the lesson to go on with; "" if none is left

    @staticmethod
    def of(progress: Progress) -> Overview:
        """The table for that record."""
        taught = lessons()
        rows = tuple(_row(lesson, progress) for lesson in taught)
        current = current_lesson(taught, progress)
        order = [row for row in rows if row.lesson.id >= current.id] + list(rows)
        return Overview(rows, next((row.lesson.id for row in order if row.next), ""))

    @property
    def summary(self) -> str:
        """How many steps are done and how many points earned, in one line."""
        points, worth = sum(row.points for row in self.rows), sum(row.worth for row in self.rows)
        return _("{points} of {worth} points.").format(points=points, worth=worth)

    def _next(self) -> tuple[Lesson, Step] | None:
        for row in self.rows:
            if row.lesson.id == self.current and row.next:
                return row.lesson, row.next
        return None

    def __str__(self) -> str:
        lines = [self.summary]
        if following := self._next():
            lesson, step = following
            lines.append(_("Next: {step}").format(step=f"{step.id} {step.title} ({lesson.stem}.ipynb)"))
        else:
            lines.append(_("All steps are done. The gym always has another fault."))
        for row in self.rows:
            steps = " ".join(f"{_sign(row, step)} {step.id}" for step in row.lesson.steps)
            lines.append(f"{_title(row.lesson)}: {steps}; {_points(row)}; {_time(row.lesson)}")
        return "\n".join(lines)

    def _repr_pretty_(self, printer: Printer, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        heads = (_("Lesson"), _("Steps"), _("Points"), _("Time"))
        head = "".join(f'<th style="text-align:left">{escape(name)}</th>' for name in heads)
        return f"<div>{self._begin()}<table><tr>{head}</tr>{''.join(self._lines())}</table></div>"

    def _begin(self) -> str:
        if following := self._next():
            lesson, step = following
            link = _link(lesson, f"{step.id} {step.title}", step)
            said = _("Next: {step}").format(step=link)
        else:
            said = escape(_("All steps are done. The gym always has another fault."))
        return f"<p>{escape(self.summary)} <strong>{said}</strong></p>"

    def _lines(self) -> Iterator[str]:
        for row in self.rows:
            here = row.lesson.id == self.current
            title = f"{'→ ' if here else ''}{_link(row.lesson, _title(row.lesson))}"
            steps = " &nbsp;".join(
                _link(row.lesson, f"{_sign(row, step)} {step.id}", step) for step in row.lesson.steps
            )
            cells = (title, steps, escape(_points(row)), escape(_time(row.lesson)))
            yield "<tr>" + "".join(f'<td style="text-align:left">{cell}</td>' for cell in cells) + "</tr>"


def show(record: Path) -> None:
    """Put the table under the cell that runs, and renew it when the record changes, until the kernel ends."""
    from IPython.display import display

    progress = Progress(record)
    changed = _stamp(record)
    handle = display(Overview.of(progress), display_id=True)  # type: ignore[no-untyped-call]

    def follow(seen: tuple[int, int]) -> None:
        for _look in polling.looks(polling.FOREVER, PAUSE):  # inotify(7) has a bound that all of a user share
            if (now := _stamp(record)) != seen:
                seen = now
                handle.update(Overview.of(progress))

    if handle:  # there is none outside of a notebook
        threading.Thread(target=follow, args=[changed], daemon=True).start()


def _stamp(record: Path) -> tuple[int, int]:
    """Another one after each change: the file is replaced, never written to."""
    try:
        found = record.stat()
    except OSError:
        return 0, 0
    return found.st_ino, found.st_mtime_ns


def _row(lesson: Lesson, progress: Progress) -> Row:
    """The record may know steps that this edition of the lesson has no more."""
    passed = progress.passed_steps(lesson.id)
    return Row(lesson, frozenset(step.id for step in lesson.steps if step.id in passed))


def _sign(row: Row, step: Step) -> str:
    return DONE if step.id in row.passed else OPEN


def _title(lesson: Lesson) -> str:
    return f"{lesson.id} · {lesson.title}"


def _points(row: Row) -> str:
    return _("{points} of {worth}").format(points=row.points, worth=row.worth)


def _time(lesson: Lesson) -> str:
    return _("about {minutes} minutes").format(minutes=lesson.minutes)


def _link(lesson: Lesson, text: str, step: Step | None = None) -> str:
    """A link beside the notebook that shows it: to a lesson, or to the heading of one of its steps."""
    place = f"#{quote(f'{step.id} {step.title}'.replace(' ', '-'))}" if step else ""
    hint = f' title="{escape(f"{step.id} {step.title}")}"' if step else ""
    return f'<a href="{lesson.stem}.ipynb{place}"{hint}>{escape(text)}</a>'
