"""What a suspect answers: it was me, and this shows it; or it was not me, and this shows that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from netlab.diagnosis.focus import Focus
from netlab.diagnosis.observation import Observation
from netlab.diagnosis.verdict import LIKELY, PROVED, Cure, Evidence


@dataclass(frozen=True)
class Finding:
    """One cause that explains the end of the journey."""

    cause: str
    certainty: str
    explanation: str
    evidence: tuple[Evidence, ...]
    cure: tuple[Cure, ...] = ()


@dataclass(frozen=True)
class Cleared:
    """One cause that it was not, and how one knows."""

    cause: str
    how: str


Suspect = Callable[[Observation, Focus], Finding | Cleared | None]


def sure(proof: bool) -> str:
    """How certain a finding is, with a proof or without one."""
    return PROVED if proof else LIKELY
