"""What every row has in common: goes that take turns, medians, ratios, goals.

In one run, each contender of a row has its go, then each again: what else the machine does in the
meantime hits all of them. A figure is the median of its goes. A goal that is missed is told as missed.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

OURS = "netlab"
Go = Callable[[], float]  # one go of one contender: what it took, in the row's unit


@dataclass(frozen=True)
class Goal:
    """`wanted` is a bound of our figure, or of its ratio to that of `beside`.

    Ratios are theirs by ours (how many times faster), or with `floor` ours by theirs.
    """

    wanted: float
    beside: str = ""
    floor: bool = False
    at_least: bool = False  # of a figure: more is better (packets per second)

    def found(self, figures: Mapping[str, float]) -> float:
        ours = figures[OURS]
        if not self.beside:
            return ours
        theirs = figures[self.beside]
        if self.at_least:
            return ours / theirs if theirs else math.inf  # a peer that loses packets at every rate
        return ours / theirs if self.floor else theirs / ours

    def is_met(self, figures: Mapping[str, float]) -> bool:
        found = self.found(figures)
        more_is_better = self.at_least or (bool(self.beside) and not self.floor)
        return found >= self.wanted if more_is_better else found <= self.wanted

    def text(self, unit: str) -> str:
        more_is_better = self.at_least or (bool(self.beside) and not self.floor)
        sign = "≥" if more_is_better else "≤"
        return f"{sign} {self.wanted:g} {'×' if self.beside else unit}"


@dataclass
class Row:
    """One line of the table: what was measured, beside what, and what was to be reached."""

    work: str
    unit: str
    goals: list[Goal]
    samples: dict[str, list[float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)  # where the time goes, what a figure holds

    @property
    def figures(self) -> dict[str, float]:
        """The median of each contender, ours first."""
        return {name: statistics.median(values) for name, values in self.samples.items()}

    def measure(self, contenders: Mapping[str, Go], times: int) -> Row:
        """Let all have their goes in turn, the first to begin being another one each time."""
        names = list(contenders)
        for name in names:
            self.samples.setdefault(name, [])
        for number in range(times):
            first = number % len(names)
            for name in names[first:] + names[:first]:
                self.samples[name].append(contenders[name]())
        return self

    def as_json(self) -> dict[str, Any]:
        goals = [
            {
                **asdict(goal),
                "text": goal.text(self.unit),
                "found": found if math.isfinite(found := goal.found(self.figures)) else None,
                "met": goal.is_met(self.figures),
            }
            for goal in self.goals
        ]
        return {**asdict(self), "goals": goals, "medians": self.figures}

    def lines(self) -> list[str]:
        """The row as the table shows it: ours with its own bound, then each peer with its ratio."""
        figures, out = self.figures, []
        for name, value in figures.items():
            beside = "" if name == OURS else name
            told = [g for g in self.goals if g.beside == beside] or [None]
            for goal in told:
                ratio = verdict = ""
                if goal is not None:
                    verdict = f"{goal.text(self.unit):>12}  {'reached' if goal.is_met(figures) else 'MISSED'}"
                if beside:
                    ratio = _ratio(goal, figures, name)
                title = self.work if name == OURS else ""
                out.append(f"{title:<44} {name:<22} {_short(value):>9} {self.unit:<4} {ratio:>8} {verdict}")
        return out + [f"{'':<44} {note}" for note in self.notes]


def _ratio(goal: Goal | None, figures: Mapping[str, float], name: str) -> str:
    found = goal.found(figures) if goal else figures[name] / figures[OURS]
    return f"{_short(found)} ×" if math.isfinite(found) else "∞"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def milliseconds(work: Callable[[], object]) -> float:
    """How long that takes."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000
