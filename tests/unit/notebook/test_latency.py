"""Latency as values, in words and as a figure: median and p95 of many round trips."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from netlab.drawing.latency_plot import picture, plot
from netlab.model.latency import Latency
from netlab.notebook.instruments import measure_latency as measure
from tests.worlds.pictures import check_picture, words

SLOW = Latency("bridged", tuple(sorted(0.02 + (n * 37 % 100) / 4000 for n in range(500))))
QUICK = Latency("web", tuple(time * 0.8 for time in SLOW.round_trips_ms))


def test_median_and_p95_are_what_they_say() -> None:
    """Of the numbers 1 to 100 half do not exceed the median, and ninety-five do not exceed p95."""
    found = Latency("x", tuple(float(n) for n in range(1, 101)))
    assert (found.median, found.p95) == (51.0, 96.0)
    with pytest.raises(ValueError, match="x"):
        _ = Latency("x", ()).median


@dataclass
class Lab:
    """It answers every second probe, and remembers who was asked."""

    asked: list[tuple[str, str, int]] = field(default_factory=list)
    round_trips_ms: tuple[float, ...] = (0.2, 0.1)

    def probe(self, node: str, destination: str, count: int = 2, timeout: float = 1.0) -> Lab:
        self.asked.append((node, destination, count))
        return self


def test_the_places_take_turns() -> None:
    """Whoever is measured first has no advantage: five turns each, in between the other."""
    lab = Lab()
    found = measure(lab, "39.106.233.176", ("a", "b"), 50)
    assert [node for node, _, _ in lab.asked] == ["a", "b"] * 5
    assert {count for _, _, count in lab.asked} == {10}
    assert [one.round_trips_ms for one in found] == [(0.1,) * 5 + (0.2,) * 5] * 2


@pytest.mark.parametrize("found", [(QUICK, SLOW), (QUICK,), (Latency("gone", ()), SLOW)], ids=len)
def test_a_figure_can_be_read(found: tuple[Latency, ...]) -> None:
    """No text is on top of another or sticks out; a place without answers is said."""
    figure = plot("39.106.233.176", found)
    check_picture(figure)
    assert all(str(each) in words(figure) for each in found)


def test_the_quicker_one_stands_further_left() -> None:
    """One axis for all: the marks of median and p95 can be compared by eye."""
    figure = plot("39.106.233.176", (SLOW, QUICK))
    marks = [line.get_xdata()[0] for line in figure.axes[0].lines if line.get_linewidth() == 2.2]
    slow, quick = marks[:2], marks[2:]
    assert quick[0] < slow[0] < slow[1]
    assert quick[1] < slow[1]


def test_the_page_says_in_words_what_the_figure_shows() -> None:
    """Somebody who does not see it is told the numbers."""
    said = picture("39.106.233.176", (QUICK, SLOW))
    assert "web: 500 round trips, median 0.026 ms" in str(said)
    assert "web: 500 round trips" in said._repr_html_()
