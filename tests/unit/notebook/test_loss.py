"""Loss as a value, in words and as a figure: what may be said after so many probes."""

from __future__ import annotations

import pytest

from netlab.drawing.canvas import DEATH, REQUEST
from netlab.drawing.loss_plot import picture, plot
from netlab.model.loss import Loss, percent, wilson
from netlab.notebook.instruments import measure_loss as measure
from tests.worlds.pictures import check_picture, words

PAIR = (DEATH, REQUEST)
DICE = tuple(number % 5 != 3 for number in range(100))
CASES = {
    "one": (True,),
    "one lost": (False,),
    "ten of ten": (True,) * 10,
    "all lost": (False,) * 20,
    "one in five": DICE,
    "none of 400": (True,) * 400,
    "a thousand": DICE * 10,
}


def loss(outcomes: tuple[bool, ...]) -> Loss:
    return Loss("if-test", "39.106.233.176", outcomes)


@pytest.mark.parametrize(
    ("lost", "sent", "low", "high"),
    [(0, 10, 0.0, 0.278), (1, 10, 0.018, 0.404), (20, 100, 0.133, 0.289), (100, 100, 0.963, 1.0)],
)
def test_the_interval_is_wilsons(lost: int, sent: int, low: float, high: float) -> None:
    """The textbook's values, also where nothing is lost or everything."""
    assert wilson(lost, sent) == pytest.approx((low, high), abs=0.001)


def test_nothing_is_known_before_the_first_probe() -> None:
    """Without a probe every share is possible."""
    assert wilson(0, 0) == (0.0, 1.0)


def test_four_hundred_is_the_lessons_number() -> None:
    """Of the numbers that lesson 09 offers it is the first that leaves less than one in a hundred."""
    assert next(n for n in (20, 100, 400, 5000) if wilson(0, n)[1] < 0.01) == 400


def test_none_lost_is_not_no_loss() -> None:
    """What is said of ten answers out of ten is a bound, not zero."""
    said = str(loss((True,) * 10))
    assert "10 echo requests, 0 lost: 0 %." in said
    assert "below 28 %" in said


def test_a_loss_is_said_with_its_bounds_and_its_longest_run() -> None:
    """The share, between what it lies, and whether the lost ones come in runs."""
    said = str(loss(DICE[:50] + (False,) * 7 + DICE[57:]))
    assert "100 echo requests, 26 lost: 26 %." in said
    assert "between 18 % and 35 %" in said
    assert "Longest run of lost ones: 7." in said


def test_small_shares_are_not_rounded_to_nothing() -> None:
    """One in a thousand is not 0 %, and all but one is not 100 %."""
    assert [percent(share) for share in (0.0, 0.001, 0.123, 0.999, 1.0)] == [
        "0 %",
        "0.1 %",
        "12 %",
        "99.9 %",
        "100 %",
    ]


@pytest.mark.parametrize("name", CASES)
def test_a_figure_can_be_read(name: str) -> None:
    """No text is on top of another or sticks out, for one probe and for a thousand."""
    check_picture(plot(loss(CASES[name])))


def test_each_probe_has_its_stroke() -> None:
    """Lost ones are longer and red: the pattern is seen without the colour as well."""
    figure = plot(loss(DICE))
    drawn = {c.get_label(): c.get_segments() for c in figure.axes[0].collections if c.get_label() in PAIR}
    lost, answered = (drawn[color] for color in PAIR)
    assert (len(lost), len(answered)) == (20, 80)
    order = sorted([(s[0, 0], False) for s in lost] + [(s[0, 0], True) for s in answered])
    assert tuple(came for _, came in order) == DICE
    assert max(abs(s[0, 1] - s[1, 1]) for s in answered) < min(abs(s[0, 1] - s[1, 1]) for s in lost)
    assert "where the true share lies" in words(figure)


def test_the_page_says_in_words_what_the_figure_shows() -> None:
    """Somebody who does not see it is told the numbers."""
    assert "100 echo requests, 20 lost: 20 %." in picture(loss(DICE))._repr_html_()


def test_probes_are_asked_for_as_the_lesson_says() -> None:
    """Echo requests in even steps; TCP connections without, and held open if asked."""

    class Lab:
        outcomes = (True, False)

        def __init__(self) -> None:
            self.asked: list[object] = []

        def probe(
            self, node: str, destination: str, count: int = 2, timeout: float = 1.0, **order: object
        ) -> Lab:
            self.asked.append((node, destination, count, order))
            return self

    lab = Lab()
    assert measure(lab, "host", "172.17.0.7", 200).lost == 1
    held = measure(lab, "if-test", "198.51.100.2", 8, proto="tcp", port=80, hold=True)
    assert lab.asked == [
        ("host", "172.17.0.7", 200, {"interval": 0.005}),
        ("if-test", "198.51.100.2", 8, {"proto": "tcp", "port": 80, "hold": True}),
    ]
    assert "2 TCP connections at once, 1 lost" in str(held)


def test_a_loss_that_comes_late_is_not_cut_off() -> None:
    """The first tenth is whole, as where a link flaps: the curve still ends at the share that was lost."""
    outcomes = (True,) * 60 + (False,) * 60 + (True,) * 80
    figure = plot(loss(outcomes))
    (curve,) = (line for line in figure.axes[0].lines if len(line.get_xdata()) == len(outcomes))
    heights = [float(y) for y in curve.get_ydata()]
    assert heights[119] < heights[-1] < heights[0], "downwards: half is lost, then 30 %, at first none"
    assert len({round(y, 3) for y in heights[60:120]}) == 60, "it rises with each probe"
