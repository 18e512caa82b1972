"""How the pictures look: colours, letters, and what leaves the house as PNG, SVG or HTML.

Colours are from Okabe and Ito's palette, which colour-blind people tell apart and which prints; none
is ever the only sign of anything. All lengths are points (1/72 inch), y downwards.
matplotlib is imported where it is used, and never pyplot, which keeps figures alive and is not thread-safe.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from netlab.drawing.fonts import (
    SMALL,
    can_be_set,
    families,
    in_drawable_language,
    shorten,
    text_width,
    weight,
    wrap,
)
from netlab.errors import BadInput, NetlabError
from netlab.i18n import gettext as _

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "SMALL",
    "Canvas",
    "Rect",
    "figure_html",
    "in_drawable_language",
    "save",
    "shorten",
    "svg",
    "text_width",
    "wrap",
]

INK, MUTED, FAINT = "#1b2733", "#52606d", "#c3ccd5"
PAPER, FRAME = "#ffffff", "#74808c"
UP_FILL, UP_EDGE = "#e3f3ec", "#007a58"
WAIT_FILL, WAIT_EDGE = "#fdf3dc", "#a66a00"
DOWN_FILL, DOWN_EDGE = "#f1f1f1", "#6b7280"
REQUEST, REPLY, DEATH, MARK = "#0067b1", "#b8560b", "#c02f1d", "#7b2d8e"
PATHS = (REQUEST, REPLY, "#007a58", "#7b2d8e")

TITLE, NAME = 11.0, 9.0
LINE = 11.0  # from one line of small letters to the next
MARGIN = 10.0


class Rect(NamedTuple):
    """A rectangle: its left, top, right and bottom edge."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        """From left to right, in points."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """From top to bottom, in points."""
        return self.y1 - self.y0

    @property
    def centre(self) -> tuple[float, float]:
        """The point in its middle, as (x, y)."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    def grow(self, by: float) -> Rect:
        """One that is so many points larger on each side."""
        return Rect(self.x0 - by, self.y0 - by, self.x1 + by, self.y1 + by)

    def shift(self, dx: float, dy: float) -> Rect:
        """One of the same size, so many points to the right and down."""
        return Rect(self.x0 + dx, self.y0 + dy, self.x1 + dx, self.y1 + dy)

    def touches(self, other: Rect) -> bool:
        """Whether they share more than an edge."""
        return self.x0 < other.x1 and other.x0 < self.x1 and self.y0 < other.y1 and other.y0 < self.y1


class Canvas:
    """A figure to draw on in points, from the top left corner."""

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.width, self.height = width, height
        # Fine enough that hinting does not widen the letters, and for screens with small pixels.
        self.figure = Figure(figsize=(width / 72, height / 72), dpi=192, facecolor=PAPER)
        FigureCanvasAgg(self.figure)
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_xlim(0, width)
        self.axes.set_ylim(height, 0)
        self.axes.set_axis_off()

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = SMALL,
        bold: bool = False,
        mono: bool = False,
        color: str = INK,
        align: str = "left",
        inside: str = "",
        halo: bool = False,
    ) -> None:
        """Text whose first line's middle is at y. `inside` names the box that must hold it."""
        from matplotlib.patheffects import withStroke

        if not can_be_set(text):
            return
        self.axes.text(
            x,
            y,
            text,
            fontsize=size,
            family=families(text, mono),
            weight=weight(text, bold),
            color=color,
            ha=align,
            va="center_baseline",
            zorder=6,
            parse_math=False,
            gid=f"in {inside}" if inside else None,
            path_effects=[withStroke(linewidth=2.5, foreground=PAPER)] if halo else None,
        )

    def box(
        self,
        rect: Rect,
        *,
        fill: str = PAPER,
        edge: str = FRAME,
        line: float = 1.0,
        dashed: bool = False,
        radius: float = 5.0,
        name: str = "",
        order: float = 1.0,
    ) -> None:
        """Paint a rectangle with an edge; `line` is how thick that is, in points."""
        from matplotlib.patches import FancyBboxPatch

        self.axes.add_patch(
            FancyBboxPatch(
                (rect.x0, rect.y0),
                rect.width,
                rect.height,
                boxstyle=f"round,pad=0,rounding_size={radius}",
                facecolor=fill,
                edgecolor=edge,
                linewidth=line,
                linestyle=(0, (3, 2)) if dashed else "solid",
                zorder=order,
                gid=name or None,
            )
        )

    def line(
        self,
        points: Sequence[tuple[float, float]],
        *,
        color: str = MUTED,
        line: float = 1.2,
        dashes: tuple[float, ...] | None = None,
        order: float = 3.0,
    ) -> None:
        """Paint a line from point to point; `line` is how thick it is."""
        from matplotlib.lines import Line2D

        x, y = zip(*points, strict=True)
        drawn = Line2D(x, y, color=color, linewidth=line, zorder=order, solid_joinstyle="round")
        drawn.set_solid_capstyle("butt")
        if dashes:
            drawn.set_linestyle((0, dashes))
        self.axes.add_line(drawn)

    def mark(
        self,
        x: float,
        y: float,
        marker: str,
        *,
        size: float = 6.0,
        color: str = INK,
        fill: str | None = None,
        line: float = 1.2,
        dotted: bool = False,
        order: float = 5.0,
    ) -> None:
        """One of matplotlib's markers; hollow if the fill is the paper."""
        if dotted:
            from matplotlib.patches import Circle

            ring = Circle((x, y), size / 2, facecolor=PAPER, edgecolor=color, linewidth=line, zorder=order)
            ring.set_linestyle((0, (1, 1.2)))
            self.axes.add_patch(ring)
            return
        self.axes.plot(
            [x],
            [y],
            marker=marker,
            markersize=size,
            markeredgecolor=color,
            markerfacecolor=fill or color,
            markeredgewidth=line,
            linestyle="none",
            zorder=order,
        )

    def circled_cross(self, x: float, y: float, size: float = 15.0) -> None:
        """Where a packet died."""
        self.mark(x, y, "o", size=size, color=DEATH, fill=PAPER, line=1.6, order=7)
        self.mark(x, y, "x", size=size * 0.5, color=DEATH, line=2.0, order=8)


def save(figure: Figure, path: Path | str, alt: str) -> None:
    """Write the figure as PNG or SVG, by the file's ending, with the alternative text in it.

    PNG: in the Description field. SVG: as <title> (its first sentence) and <desc>. NetlabError if the file
    cannot be written.
    """
    path = Path(path)
    if path.suffix not in (".png", ".svg"):
        raise BadInput(
            _("A picture cannot be written as {name!r}.").format(name=path.name), _("Name it *.png or *.svg.")
        )
    try:
        if path.suffix == ".png":
            figure.savefig(path, format="png", dpi=192, metadata={"Description": alt, "Software": None})
        else:
            path.write_text(svg(figure, alt), encoding="utf-8")
    except OSError as error:
        raise NetlabError(
            _("The picture cannot be written to {path}: {strerror}.").format(
                path=path, strerror=error.strerror
            ),
            _("Choose another file."),
        ) from error


def svg(figure: Figure, alt: str) -> str:
    """The figure as one SVG document with letters drawn as shapes, so that it looks the same everywhere."""
    from matplotlib import rc_context

    buffer = io.StringIO()
    # A fixed salt makes equal figures equal files.
    with rc_context({"svg.hashsalt": "netlab", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    end = text.index(">", text.index("<svg")) + 1
    head = text[:end].replace("<svg", '<svg role="img" aria-labelledby="title desc"', 1)
    title = escape(re.split(r"\. |。", alt)[0].rstrip("."), quote=False)
    described = f'<title id="title">{title}</title><desc id="desc">{escape(alt, quote=False)}</desc>'
    return head + "\n" + described + text[end:]


def figure_html(figure: Figure, alt: str) -> str:
    """An <img> that holds the figure: it survives a notebook that is reopened without trust."""
    data = base64.b64encode(svg(figure, alt).encode()).decode()
    width = "max-width:100%;height:auto"
    return f'<img alt="{escape(alt)}" style="{width}" src="data:image/svg+xml;base64,{data}">'
