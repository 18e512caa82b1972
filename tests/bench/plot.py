"""The pictures of a run: how many times faster than each peer, and how cost grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from tests.bench.growth import Growth
from tests.bench.harness import OURS, Row

GOOD, BAD, PLAIN = "#2b8a3e", "#c92a2a", "#868e96"


def ratios(rows: Mapping[str, Row], where: Path) -> Path:
    """A bar for each peer of each row, on a logarithmic axis; a tick where the goal was."""
    bars = [
        (row, name, value / row.figures[OURS] if row.unit != "pps" else row.figures[OURS] / max(value, 1))
        for row in rows.values()
        for name, value in row.figures.items()
        if name != OURS
    ]
    figure = Figure(figsize=(9, 0.34 * len(bars) + 1.4), layout="constrained")
    axes = figure.add_subplot()
    for number, (row, name, ratio) in enumerate(bars):
        goal = next((g for g in row.goals if g.beside == name), None)
        colour = PLAIN if goal is None else GOOD if goal.is_met(row.figures) else BAD
        axes.barh(number, ratio, color=colour, height=0.7)
        axes.annotate(f" {ratio:.3g} ×", (ratio, number), va="center", fontsize=8)
        if goal is not None:
            mark = 1 / goal.wanted if goal.floor else goal.wanted
            axes.plot([mark, mark], [number - 0.42, number + 0.42], color="black", linewidth=1.5)
    axes.set_yticks(range(len(bars)), [f"{row.work} / {name}" for row, name, _ in bars], fontsize=8)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.margins(x=0.12)
    axes.set_xlabel("times what netlab takes (packets: times fewer); black: the goal; grey: no goal")
    figure.savefig(where, dpi=120)
    return where


def growth(found: Sequence[Growth], where: Path) -> Path:
    """One panel each, both axes logarithmic, with the line of what would be exactly in proportion."""
    figure = Figure(figsize=(9, 6.5), layout="constrained")
    for number, each in enumerate(found, 1):
        axes = figure.add_subplot(2, 2, number)
        axes.loglog(each.sizes, each.taken, "o-", color=GOOD, label=f"measured, exponent {each.exponent:.2f}")
        line = [each.taken[-1] * size / each.sizes[-1] for size in each.sizes]
        axes.loglog(each.sizes, line, "--", color=PLAIN, label="in proportion to the largest")
        axes.set_xlabel(each.what)
        axes.set_ylabel("ms")
        axes.legend(fontsize=8)
    figure.savefig(where, dpi=120)
    return where
