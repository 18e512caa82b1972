"""Which fault comes next: one that the learner can nearly do, and now and then what they have missed.

    attempts = [Attempt("ip-forward-off", right=True, minutes=4.5), …]     in the order they were made
    level(attempts)        3: what they train at
    rate(attempts)         how strong they are, and how hard each cause is for them (Elo, as in chess)
    choose(attempts, …)    the fault to give them next

A level is left when three of it in a row were diagnosed at the first answer and without help. A cause that
was missed comes back after 2 other exercises, then after 4, after 8, each time that it is known; when it is
missed again, it begins again. Pure.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from netlab.faults import levels
from netlab.faults.fault import Fault
from netlab.model.codec import Range

IN_A_ROW = 3
FIRST_PAUSE = 2  # exercises
# A newcomer knows a fault of level 1 as often as not.
NEWCOMER, BASE, PER_LEVEL = 1000.0, 800.0, 200.0
STEP, SCALE = 48.0, 400.0  # how far one result moves a rating; what ten to one is worth
EVEN = 0.5


@dataclass(frozen=True, slots=True)
class Attempt:
    """One fault, from its report to its fix."""

    fault: str
    cause: str
    level: Annotated[int, Range(1, levels.LAST)]
    right: bool  # the first answer named the cause, and neither a hint nor a solution was asked for
    minutes: float = 0.0
    answered: str = ""  # the first answer


def level(attempts: Iterable[Attempt]) -> int:
    """What a learner trains at: 1, and one more each time that IN_A_ROW of that level in a row were right."""
    return _climb(attempts)[0]


def row(attempts: Iterable[Attempt]) -> int:
    """How many of the present level were right since the last that was not."""
    return _climb(attempts)[1]


def _climb(attempts: Iterable[Attempt]) -> tuple[int, int]:
    at, row = 1, 0
    for attempt in attempts:
        if attempt.level < at:
            continue  # a repetition from before says nothing of this level
        row = row + 1 if attempt.right else 0
        if row == IN_A_ROW and at < levels.LAST:
            at, row = at + 1, 0
    return at, row


@dataclass(frozen=True, slots=True)
class Ratings:
    """Points as in chess: ten to one are SCALE of them."""

    learner: float
    causes: Mapping[str, float]  # of those that were met

    def expect(self, fault: Fault) -> float:
        """How often, from 0 to 1, this learner is likely to know such a fault."""
        theirs = self.causes.get(fault.cause, strength(levels.of(fault)))
        return _expect(self.learner, theirs)


def rate(attempts: Iterable[Attempt]) -> Ratings:
    """How strong a learner is, and how hard each cause is for them (Elo): after each fault both move by what
    its result was other than expected."""
    learner, causes = NEWCOMER, dict[str, float]()
    for attempt in attempts:
        cause = causes.setdefault(attempt.cause, strength(attempt.level))
        surprise = STEP * (attempt.right - _expect(learner, cause))
        learner += surprise
        causes[attempt.cause] = cause - surprise
    return Ratings(learner, causes)


def strength(level: int) -> float:
    """What a cause of that level begins with."""
    return BASE + PER_LEVEL * level


def _expect(learner: float, cause: float) -> float:
    return 1 / (1 + 10 ** ((cause - learner) / SCALE))


def is_due(attempts: Sequence[Attempt], cause: str) -> bool:
    """Whether a cause that was missed is to come back now."""
    pause, missed, since = FIRST_PAUSE, False, 0
    for attempt in attempts:
        since += 1
        if attempt.cause != cause:
            continue
        pause = FIRST_PAUSE if not attempt.right else pause * 2
        missed, since = missed or not attempt.right, 0
    return missed and since >= pause


def choose(attempts: Sequence[Attempt], faults: Sequence[Fault], dice: random.Random) -> Fault:
    """The next fault, never the last one again.

    It is of a cause that is due, if the last one was not a repetition, too; else one of the level (of all, at
    the last level) that has not been met, or was met longest ago: of the cause that was met least often, and
    one that could go either way.
    """
    last = attempts[-1].fault if attempts else ""
    others = [fault for fault in faults if fault.name != last]
    at = level(attempts)
    again = last in {attempt.fault for attempt in attempts[:-1]}
    due = [f for f in others if levels.of(f) <= at and not again and is_due(attempts, f.cause)]
    fitting = due or [f for f in others if levels.of(f) == at or at == levels.LAST]
    met = {attempt.fault: number for number, attempt in enumerate(attempts)}
    oldest = min(met.get(fault.name, -1) for fault in fitting)
    fitting = [fault for fault in fitting if met.get(fault.name, -1) == oldest]
    ratings, causes = rate(attempts), Counter(attempt.cause for attempt in attempts)
    return min(fitting, key=lambda f: (causes[f.cause], abs(ratings.expect(f) - EVEN), dice.random()))
