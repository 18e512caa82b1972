"""A Verdict: whether a packet arrives, where it was last seen, why it went no further, and how one knows.

Frozen values only; netlab.diagnosis.trace reaches them. Every cause that a verdict can name is in
netlab.diagnosis.causes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from netlab.diagnosis.causes import CAUSES, page
from netlab.diagnosis.walk import Step
from netlab.i18n import N_
from netlab.model import Capture, Journey, Point
from netlab.model.loss import wilson

__all__ = ["CAUSES", "LIKELY", "PROVED", "UNDECIDED", "Cure", "Evidence", "Verdict", "page"]

PROVED, LIKELY, UNDECIDED = N_("proved"), N_("likely"), N_("undecided")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece: a command that anybody can type, what it showed, and what that says."""

    command: str
    node: str
    output: str
    says: str


@dataclass(frozen=True, slots=True)
class Cure:
    """A command, and the node that it is typed on."""

    node: str
    argv: tuple[str, ...]
    within: str = ""  # the node whose network it changes, where that is another one


@dataclass(frozen=True, slots=True)
class Experiment:
    """What came of the same probes in a replica of the network, with a change and nothing else."""

    change: tuple[Cure, ...]  # none: as it is
    sent: int
    answered: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a trace. `cause` is "" when everything arrived; `last_seen` None when nothing was seen."""

    source: str
    destination: str
    sent: int
    received: int
    last_seen: Point | None = None
    expected: Point | None = None
    cause: str = ""
    certainty: str = ""
    candidates: tuple[str, ...] = ()
    explanation: str = ""
    evidence: tuple[Evidence, ...] = ()
    ruled_out: tuple[tuple[str, str], ...] = ()  # (cause, how)
    cure: tuple[Cure, ...] = ()
    next_blocker: str = ""
    experiments: tuple[Experiment, ...] = ()  # what was tried, in that order
    side_effects: tuple[str, ...] = ()  # of the cure, as they were seen in the replica
    walk: tuple[Step, ...] = ()  # of one lost packet in the replica: the rules that it met, in order
    played: tuple[str, ...] = ()  # in a twin: what it has otherwise than the network that it is of
    journeys: tuple[Journey, ...] = ()
    capture: Capture | None = field(default=None, repr=False, compare=False)  # what it was read from

    @property
    def is_whole(self) -> bool:
        """Whether every probe was answered."""
        return self.received == self.sent

    @property
    def reached(self) -> bool:
        """Whether every probe was answered."""
        return self.received > 0

    @property
    def loss(self) -> float:
        """The share of probes that went unanswered, from 0 to 1."""
        return 1 - self.received / self.sent if self.sent else 1.0

    @property
    def loss_interval(self) -> tuple[float, float]:
        """Between what shares the true loss lies with 95 % confidence."""
        return wilson(self.sent - self.received, self.sent)

    @property
    def ends(self) -> tuple[tuple[Point, int], ...]:
        """(where, how many) of the captured probes and answers that got no further, most first."""
        counts = Counter(j.last_seen.frame.point for j in self.journeys if not j.reached)
        return tuple(counts.most_common())
