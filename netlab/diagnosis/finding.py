"""What a suspect answers: it was me, and this shows it; or it was not me, and this shows that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from netlab.diagnosis.focus import Focus
from netlab.diagnosis.observation import Observation
from netlab.diagnosis.verdict import Cure, Evidence
from netlab.diagnosis.walk import Spot

STRONG, WEAK = "strong", "weak"  # evidence: what can hardly be otherwise, and what may


@dataclass(frozen=True, slots=True)
class Program:
    """One that listens, on a node, at all its addresses."""

    node: str
    protocol: str
    port: int


@dataclass(frozen=True)
class Finding:
    """One cause that explains the end of the journey."""

    cause: str
    strength: str
    explanation: str
    evidence: tuple[Evidence, ...]
    cure: tuple[Cure, ...] = ()
    others: tuple[tuple[Cure, ...], ...] = ()  # cures to be tried when that one does not heal, in this order
    program: Program | None = None  # that would have to run
    spot: Spot | None = None  # the rule that drops it, where the packet itself can bear that out

    @property
    def cures(self) -> tuple[tuple[Cure, ...], ...]:
        """All of them, in the order in which they are tried."""
        return (self.cure, *self.others)

    @property
    def is_strong(self) -> bool:
        """Whether what was read can hardly have another reason."""
        return self.strength == STRONG


@dataclass(frozen=True)
class Cleared:
    """One cause that it was not, and how one knows."""

    cause: str
    how: str


Suspect = Callable[[Observation, Focus], Finding | Cleared | None]


def sure(is_shown: bool) -> str:
    """How strong the evidence is: what was expected is shown, or not."""
    return STRONG if is_shown else WEAK
