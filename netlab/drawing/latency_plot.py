"""Round trips as a figure: a row for each place, a stroke for each round trip, its median and its p95."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netlab.display import Picture
from netlab.drawing.canvas import (
    DEATH,
    FAINT,
    FRAME,
    INK,
    LINE,
    MARGIN,
    MUTED,
    REQUEST,
    SMALL,
    TITLE,
    Canvas,
    figure_html,
    text_width,
)
from netlab.drawing.fonts import in_drawable_language
from netlab.i18n import gettext as _
from netlab.model.latency import Latency

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW = 46.0
HEIGHT = 20.0  # of a stroke


def picture(destination: str, found: Sequence[Latency]) -> Picture:
    """What a notebook shows of them: the figure, and the same in words."""
    said = "\n".join([title(destination), *(f"  {each}" for each in found)])
    return Picture(lambda: figure_html(plot(destination, found), said), said)


def title(destination: str) -> str:
    """What stands over the plot."""
    return _("Round trips to {destination}").format(destination=destination)


@in_drawable_language()
def plot(destination: str, found: Sequence[Latency], *, width: float = 9.5) -> Figure:
    """The places one below the other, on one axis of milliseconds."""
    left, right = MARGIN, width * 72 - 3 * MARGIN
    top = MARGIN + 26.0
    bottom = top + ROW * len(found)
    canvas = Canvas(width * 72, bottom + 48.0)
    canvas.text(MARGIN, MARGIN + 6.0, title(destination), size=TITLE, bold=True)
    most = _most(found)

    def x(milliseconds: float) -> float:
        return left + (right - left) * min(milliseconds / most, 1.0)

    for number, each in enumerate(found):
        y = top + ROW * number
        canvas.text(left, y + LINE / 2, str(each))
        base = y + LINE + 4.0 + HEIGHT
        canvas.line([(left, base), (right, base)], color=FAINT, line=0.8, order=2.0)
        if each.round_trips_ms:
            inside = [x(t) for t in each.round_trips_ms if t <= most]
            low = base - HEIGHT * 0.6
            canvas.axes.vlines(inside, low, base, colors=REQUEST, alpha=0.25, linewidth=1.0, zorder=3)
            for value, color in ((each.median, INK), (each.p95, DEATH)):
                canvas.line([(x(value), base - HEIGHT), (x(value), base)], color=color, line=2.2, order=4.0)
    _axis(canvas, left, right, bottom + 6.0, most)
    _legend(canvas, bottom + 38.0)
    return canvas.figure


def _most(found: Sequence[Latency]) -> float:
    """What the axis reaches to: beyond every p95, without the few that take much longer."""
    needed = max((1.15 * each.p95 for each in found if each.round_trips_ms), default=1.0)
    size = 10.0**-3
    while True:
        for step in (1, 1.5, 2, 3, 5, 8):
            if step * size >= needed:
                return step * size
        size *= 10


def _axis(canvas: Canvas, left: float, right: float, y: float, most: float) -> None:
    canvas.line([(left, y), (right, y)], color=FRAME, line=0.9)
    for part in range(6):
        at = left + (right - left) * part / 5
        canvas.line([(at, y), (at, y + 3.0)], color=FRAME, line=0.9)
        align = "left" if part == 0 else "center"
        canvas.text(at, y + 11.0, f"{most * part / 5:g} ms", color=MUTED, align=align)


def _legend(canvas: Canvas, y: float) -> None:
    x = MARGIN
    signs = (
        (REQUEST, 0.4, 5.0, _("a round trip")),
        (INK, 1.0, 9.0, _("median: half of them are quicker")),
        (DEATH, 1.0, 9.0, _("p95: five in a hundred are slower")),
    )
    for color, alpha, height, words in signs:
        canvas.axes.vlines([x + 3.0], y + 4.0 - height, y + 4.0, colors=color, alpha=alpha, linewidth=2.0)
        canvas.text(x + 9.0, y, words, color=MUTED)
        x += 9.0 + text_width(words, SMALL) + 14.0
