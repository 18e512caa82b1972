"""A mark before each cell of a notebook, so that the lab can go back to how it was before one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from netlab.display import Card
from netlab.errors import BadInput, NetlabError
from netlab.i18n import gettext as _
from netlab.i18n import ngettext
from netlab.model.changes import describe_changes
from netlab.notebook import judged

if TYPE_CHECKING:
    from netlab.diagnosis.reach.report import Report
    from netlab.lab import Lab
    from netlab.lessons.content import Lesson
    from netlab.model import Snapshot
    from netlab.model.pack import Pack

ENGINE = "namespaces"  # whose labs can be put back to any state
SHOWN = 12  # lines


class Steps:
    """Part of netlab.notebook.lesson_lab.LessonLab: what goes back, or tries out first."""

    lab: Lab
    lesson: Lesson
    _previous: Snapshot | None

    def undo(self) -> Card:
        """Back to how the lab was before the last cell that changed something; again, and further back."""
        return self._back("")

    def at(self, cell: int | str) -> Card:
        """Back to how it was before that cell: 7, "cell 7", or a word that was given to `mark`."""
        return self._back(label(cell))

    def _back(self, word: str) -> Card:
        before = self._previous = self.lab.snapshot()
        try:
            undone = self.lab.undo(word)
        except BadInput as error:  # nothing to undo, or an engine that cannot: no reason to stop a notebook
            return Card(_("nothing was undone"), (error.what, error.next_step))
        return card(undone.label, describe_changes(before, self.lab.snapshot()))

    def mark(self, word: str) -> None:
        """Keep how the lab is now under that word, for `at`."""
        self.lab.mark(word)

    def try_(self, command: str, *pings: tuple[str, str], node: str = "host") -> Card:
        """What a command would do: tried in a copy, and this lab stays as it is.

        What it changes, and which of the pings (node, address) get through before and after it. In a
        notebook only commands that change one network can be tried. BadInput, LabError.
        """
        from netlab.twin.experiment import attempt

        trial = attempt(self.lab, command, pings, node=node)
        return Card(_("tried in a copy: {command}").format(command=command), trial.lines)

    def reach(
        self, question: str = "* → *", *, since: int | str | None = None, before: Pack | None = None
    ) -> Report | Card:
        """Who reaches whom: "internet → *", "if-test -> 172.17.0.0/16 tcp 80"; or what is open or closed now
        and was not `before` that cell or mark, or in that network. Asked in a copy; BadInput, UnknownName."""
        if self.lesson.judged:
            return judged.no_instrument()
        from netlab.diagnosis.reach.ask import reach

        there = self.lab.pack_at(label(since)) if since is not None else before
        return reach(self.lab, question, there)


def begin(lab: Lab) -> None:
    """From now on, before each cell. Nothing outside of a notebook, or where a lab cannot go back."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None or lab.status().engine != ENGINE:
        return

    def mark(info: Any) -> None:
        if not getattr(info, "store_history", True):  # it is no cell of the learner's
            return
        number = len(shell.history_manager.input_hist_raw)  # under which this cell will be kept
        with suppress(NetlabError):  # the lab is down, say: the cell itself will say so
            lab.mark(label(number))

    shell.events.register("pre_run_cell", mark)


def label(cell: int | str) -> str:
    """What the mark before a cell is called: by its number, or by the word that was given."""
    return f"cell {cell}" if isinstance(cell, int) else cell


def card(word: str, changes: Sequence[str]) -> Card:
    """Where the lab is now, and what that changed."""
    left = len(changes) - SHOWN
    more = (ngettext("and {count} more", "and {count} more", left).format(count=left),) if left > 0 else ()
    return Card(_("the lab is as before {label}").format(label=word), (*changes[:SHOWN], *more))
