"""A look at a lesson's steps that nobody notices: no credit, and not a packet in the learner's lab.

What a check wants to try out is tried in a replica of the lab. What cannot be tried there (what a program
prints, a hundred probes in a row) stays open, and `lab.check` decides it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from subprocess import CompletedProcess
from typing import TYPE_CHECKING, Any

from netlab.errors import NetlabError
from netlab.i18n import gettext as _
from netlab.linux import polling

if TYPE_CHECKING:
    from netlab.lab.replica import Replica
    from netlab.lessons.content import Lesson
    from netlab.lessons.progress import Progress
    from netlab.lessons.variant import Variant
    from netlab.model import Snapshot
    from netlab.packets.dns import Told
    from netlab.packets.probe import Probe

FEW = 5  # probes: more of them are for lab.check
# A kernel tells its routes up to a second late that a new link has no carrier (linkwatch), and nobody else.
LINKS_SETTLE, PAUSE = 1.1, 0.3
HOLDS, MISSING, OPEN = "holds", "missing", "open"


class Undecided(Exception):
    """It cannot be found out without touching the lab. No NetlabError: no expectation takes it for a loss."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What a look at one step found."""

    step: str
    state: str  # HOLDS, MISSING or OPEN
    line: str = ""  # what is missing


class QuietLab:
    """A lab as checks see it (netlab.lab.observable.Witnessed): read where it is, tried out in a replica."""

    def __init__(self, lab: Any) -> None:
        self._lab, self._stack = lab, ExitStack()
        self._replica: Replica | None = None
        self._snapshot: Snapshot | None = None
        self._is_tried = False  # in this check: what was tried in the replica has left no trace in the lab

    def __enter__(self) -> QuietLab:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def begin(self) -> None:
        """With the next check."""
        self._is_tried = False

    def snapshot(self) -> Snapshot:
        """The lab as it was when this look began. Undecided after a probe: its traces are in the replica."""
        if self._is_tried:
            raise Undecided
        if self._snapshot is None:
            self._snapshot = self._lab.snapshot()
        return self._snapshot

    def probe(self, node: str, destination: str, count: int = 2, timeout: float = 1.0, **order: Any) -> Probe:
        """As in a lab where nothing is known by heart, for few probes. Undecided."""
        if count > FEW:
            raise Undecided
        try:
            for _look in polling.looks(LINKS_SETTLE, PAUSE):
                probe = self._copy().probe_anew(node, destination, count, timeout, **order)
                if probe.received:
                    break
            return probe
        except (NetlabError, OSError) as error:
            raise Undecided from error

    def is_witnessed(
        self, node: str, destination: str, witness: str, timeout: float = 1.0, **order: Any
    ) -> bool:
        """As in a lab. Undecided."""
        try:
            return self._copy().is_witnessed(node, destination, witness, timeout, **order)
        except (NetlabError, OSError) as error:
            raise Undecided from error

    def run(
        self, argv: Sequence[str], node: str = "host", input: str = "", timeout: float = 30
    ) -> CompletedProcess[str]:
        """Nobody lives in a replica, so no program is run. Undecided."""
        raise Undecided

    def etc(self, node: str, file: str) -> str:
        """As it lies there."""
        return str(self._lab.etc(node, file))

    def ask(self, node: str, server: str, name: str, witness: str = "", timeout: float = 1.0) -> Told:
        """A name server is a program, and none lives in a replica. Undecided."""
        raise Undecided

    def _copy(self) -> Replica:
        self._is_tried = True
        if self._replica is None:
            self._replica = self._stack.enter_context(self._lab.replica())
        return self._replica


def look(lab: Any, lesson: Lesson, progress: Progress, variant: Variant) -> tuple[Glance, ...]:
    """The steps of a lesson that are not passed, in order, up to the first that does not hold yet.

    Nothing for the gym, where looking is the exercise. LabDied, LabError.
    """
    if lesson.gym or lesson.judged:
        return ()
    done, found = progress.passed_steps(lesson.id), list[Glance]()
    said = progress.predictions(lesson.id), progress.answers(lesson.id)
    with QuietLab(lab) as quiet:
        for step in (step.id for step in lesson.steps if step.id not in done):
            found.append(_glance(quiet, step, said, variant))
            if found[-1].state != HOLDS:
                break
    return tuple(found)


def _glance(
    lab: QuietLab, step: str, said: tuple[Mapping[str, str], Mapping[str, str]], variant: Variant
) -> Glance:
    from netlab import checks

    lab.begin()
    try:
        result = checks.check(lab, step, *said, seconds=0, variant=variant)
    except Undecided:
        return Glance(step, OPEN, _('lab.check("{step}") tries it out.').format(step=step))
    return Glance(step, HOLDS) if result.passed else Glance(step, MISSING, result.found)
