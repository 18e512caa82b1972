"""A series of probes as a figure: which of them were lost, and how the estimate narrows with their number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netlab.display import Picture
from netlab.drawing.canvas import (
    DEATH,
    FAINT,
    FRAME,
    LINE,
    MARGIN,
    MUTED,
    PATHS,
    REQUEST,
    SMALL,
    TITLE,
    Canvas,
    Rect,
    figure_html,
    text_width,
)
from netlab.drawing.fonts import in_drawable_language
from netlab.i18n import gettext as _
from netlab.model.loss import Loss, so_far

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEFT = 52.0  # where the axis stands
STRIP, HEIGHT = 26.0, 150.0  # of the row of probes, of the curve
STEPS = (1, 2, 5)  # between two marks of an axis, times a power of ten


def picture(loss: Loss) -> Picture:
    """What a notebook shows of it: the figure, and the same in words."""
    return Picture(lambda: figure_html(plot(loss), str(loss)), str(loss))


@in_drawable_language()
def plot(loss: Loss, *, width: float = 9.5) -> Figure:
    """The probes in a row, the lost ones as long red strokes; below, loss and its 95 % interval so far."""
    lines = loss.lines()
    top = MARGIN + 22.0 + LINE * len(lines)
    right = width * 72 - 2 * MARGIN
    strip = Rect(LEFT, top + 6.0, right, top + 6.0 + STRIP)
    area = Rect(LEFT, strip.y1 + 24.0, right, strip.y1 + 24.0 + HEIGHT)
    canvas = Canvas(width * 72, area.y1 + 46.0)
    canvas.text(MARGIN, MARGIN + 6.0, loss.title, size=TITLE, bold=True)
    for number, line in enumerate(lines):
        canvas.text(MARGIN, MARGIN + 24.0 + LINE * number, line)
    _paint_strip(canvas, loss, strip)
    _paint_curve(canvas, loss, area)
    _legend(canvas, area.y1 + 36.0)
    return canvas.figure


def _paint_strip(canvas: Canvas, loss: Loss, strip: Rect) -> None:
    step = strip.width / max(loss.sent, 1)
    base = strip.y1
    canvas.line([(strip.x0, base), (strip.x1, base)], color=FAINT, line=0.8, order=2.0)
    for kind, color, height in ((True, REQUEST, 6.0), (False, DEATH, STRIP)):
        across = [strip.x0 + (n + 0.5) * step for n, came in enumerate(loss.outcomes) if came == kind]
        wide = min(max(step * 0.6, 0.5), 3.0)
        canvas.axes.vlines(across, base - height, base, colors=color, linewidth=wide, zorder=3, label=color)


def _paint_curve(canvas: Canvas, loss: Loss, area: Rect) -> None:
    """The share lost of the first n, over n, within its interval."""
    course = so_far(loss.outcomes)
    most = _most(loss)
    step = area.width / max(loss.sent, 1)

    def y(share: float) -> float:
        return area.y1 - area.height * min(share / most, 1.0)

    _axes(canvas, loss.sent, area, most)
    across = [area.x0 + (number + 1) * step for number in range(len(course))]
    low, high = ([y(one[side]) for one in course] for side in (1, 2))
    canvas.axes.fill_between(across, low, high, color=PATHS[0], alpha=0.18, linewidth=0, zorder=2)
    if len(course) > 1:
        points = [(x, y(one[0])) for x, one in zip(across, course, strict=True)]
        canvas.line(points, color=REQUEST, line=1.6)


def _most(loss: Loss) -> float:
    """What the axis reaches to: all that is drawn after the first tenth fits on it."""
    high = max((one[2] for one in so_far(loss.outcomes)[max(loss.sent // 10, 1) - 1 :]), default=1.0)
    return next((m for m in (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0) if m >= min(high, 1.0)), 1.0)


def _axes(canvas: Canvas, sent: int, area: Rect, most: float) -> None:
    canvas.line([(area.x0, area.y0), (area.x0, area.y1), (area.x1, area.y1)], color=FRAME, line=0.9)
    for share in [most * part / 5 for part in range(6)]:
        y = area.y1 - area.height * share / most
        canvas.line([(area.x0, y), (area.x1, y)], color=FAINT, line=0.5, order=1.5)
        canvas.text(area.x0 - 5.0, y, f"{100 * share:g} %", color=MUTED, align="right")
    step = _step(sent)
    for number in range(0, sent + 1, step):
        x = area.x0 + area.width * number / max(sent, 1)
        canvas.line([(x, area.y1), (x, area.y1 + 3.0)], color=FRAME, line=0.9)
        canvas.text(x, area.y1 + 10.0, str(number), color=MUTED, align="center")


def _step(sent: int) -> int:
    """Between two marks, so that there are at most ten."""
    size = 1
    while True:
        for step in STEPS:
            if sent <= 10 * step * size:
                return step * size
        size *= 10


def _legend(canvas: Canvas, y: float) -> None:
    x = MARGIN
    for color, height, words in ((REQUEST, 3.0, _("answered")), (DEATH, 9.0, _("lost"))):
        canvas.line([(x + 3.0, y + 4.0), (x + 3.0, y + 4.0 - height)], color=color, line=2.0)
        canvas.text(x + 9.0, y, words, color=MUTED)
        x += 9.0 + text_width(words, SMALL) + 14.0
    canvas.line([(x, y), (x + 16.0, y)], color=REQUEST, line=1.6)
    words = _("share lost of the first n probes")
    canvas.text(x + 21.0, y, words, color=MUTED)
    x += 21.0 + text_width(words, SMALL) + 14.0
    canvas.box(Rect(x, y - 4.0, x + 16.0, y + 4.0), fill="#d1e3f0", edge="#d1e3f0", line=0.0, radius=0.0)
    canvas.text(x + 21.0, y, _("where the true share lies, 95 % sure"), color=MUTED)
