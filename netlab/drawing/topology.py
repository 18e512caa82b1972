"""A Snapshot as a picture: namespaces as boxes, interfaces in them, cables, bridges, and a packet's path.

    figure = draw(snapshot, previous=before, path=journey, died=(last_seen, next_expected), note="why")
    save(figure, "lab.svg", alt_text(snapshot))

The picture is drawn from the model alone. All that is said by colour is said by shape or word as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netlab.drawing.boxes import STATES
from netlab.drawing.canvas import (
    DEATH,
    DOWN_EDGE,
    DOWN_FILL,
    FRAME,
    INK,
    LINE,
    MARGIN,
    MARK,
    MUTED,
    NAME,
    PAPER,
    SMALL,
    TITLE,
    UP_EDGE,
    UP_FILL,
    WAIT_EDGE,
    WAIT_FILL,
    Canvas,
    figure_html,
    in_drawable_language,
    save,
    svg,
    text_width,
    wrap,
)
from netlab.drawing.edges import Cables
from netlab.drawing.layout import group_label, lay_out
from netlab.drawing.path_overlay import Overlay
from netlab.drawing.scene import Scene, build_scene
from netlab.drawing.sizes import PlacedBox, PlacedCard
from netlab.drawing.text import alt_text, as_text
from netlab.i18n import gettext as _
from netlab.model import Journey, Point, Snapshot
from netlab.model.changes import describe_changes, marks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["alt_text", "as_text", "describe", "describe_changes", "draw", "figure_html", "save", "svg"]

FILLS = {
    "up": (UP_FILL, UP_EDGE),
    "no carrier": (WAIT_FILL, WAIT_EDGE),
    "down": (DOWN_FILL, DOWN_EDGE),
}
MOST_CHANGES = 8  # sentences under a picture; the rest is counted


@in_drawable_language()
def draw(
    snapshot: Snapshot,
    *,
    previous: Snapshot | None = None,
    path: Journey | Sequence[Journey] | None = None,
    died: tuple[Point, Point | None] | None = None,
    note: str = "",
    title: str = "",
    width: float = 9.5,
) -> Figure:
    """The snapshot as a figure of that width in inches.

    `previous` marks what is different from then; `path` colours the way that packets took; `died` puts a
    circled cross between the last point that saw the packet and the first that should have, and `note`
    says why, one line or two. Draws what does not fit at letters of 8 points wider rather than smaller.
    """
    marked = marks(previous, snapshot) if previous is not None else {}
    trips = [path] if isinstance(path, Journey) else list(path or [])
    ends = [p for p in died or () if p is not None]
    keep = {hop.frame.point.netns for trip in trips for hop in trip.hops} | {p.netns for p in ends}
    scene = build_scene(snapshot, marked, keep)
    inside = ends[0].netns if len(ends) == 2 and ends[0].netns == ends[1].netns else None
    top = MARGIN + (22.0 if title else 0.0)
    layout = lay_out(scene, width * 72, top, inside)
    cables = Cables(scene, layout)
    overlay = Overlay(cables, trips, died, note)
    caption = _caption(snapshot, previous, scene, overlay, layout.width - 3 * MARGIN)
    bottom = max(layout.bottom, overlay.bottom, cables.bottom) + 8.0
    canvas = Canvas(layout.width, bottom + LINE * len(caption) + 24.0)
    if title:
        canvas.text(MARGIN, MARGIN + 7.0, title, size=TITLE, bold=True)
    for box in layout.boxes:
        _paint_box(canvas, box)
    cables.paint(canvas)
    overlay.paint(canvas)
    for line, color in caption:
        bottom += LINE
        canvas.text(MARGIN, bottom, line, color=color)
    _legend(canvas, scene, overlay, bottom + 16.0)
    return canvas.figure


def describe(
    snapshot: Snapshot, previous: Snapshot | None = None, died: tuple[Point, Point | None] | None = None
) -> str:
    """The picture in sentences, with what is different from `previous`, and where a packet ended."""
    said = [alt_text(snapshot)]
    if previous is not None:
        changes = describe_changes(previous, snapshot)
        said += [_("Changed since the last picture: {line}.").format(line=line) for line in changes]
    if died:
        words = _("The request was last seen at {seen}; next should have been {expected}.")
        said.append(words.format(seen=died[0], expected=died[1] or _("nobody")))
    return " ".join(said)


def _paint_box(canvas: Canvas, box: PlacedBox) -> None:
    name = f"node {box.box.node.netns} {box.box.title}"
    canvas.box(box.rect, name=name, order=1.0, radius=7.0, line=1.1)
    for group in box.groups:
        canvas.box(group.rect, dashed=True, fill="none", edge=FRAME, line=0.9, order=1.5)
        label = group_label(group)
        canvas.text(label.x0, label.centre[1], group.label, color=MUTED, inside=name)
    for text in box.texts:
        color = MUTED if text.muted else INK
        canvas.text(
            text.x,
            text.y,
            text.text,
            size=text.size,
            bold=text.bold,
            mono=text.mono,
            color=color,
            inside=name,
        )
    for card in box.cards:
        _paint_card(canvas, card)


def _paint_card(canvas: Canvas, placed: PlacedCard) -> None:
    card, rect = placed.card, placed.rect
    fill, edge = FILLS[card.state]
    name = f"card {card.key.netns} {card.key.index}"
    canvas.box(
        rect,
        fill=fill,
        edge=MARK if card.mark else edge,
        line=1.8 if card.mark else 1.0,
        name=name,
        order=4.0,
        radius=3.5,
    )
    left, y = rect.x0 + 6.0, rect.y0 + (rect.height / 2 if card.compact else 10.5)
    _state_sign(canvas, left + 3.5, y, card.state)
    canvas.text(left + 13.0, y, card.name, size=NAME, inside=name)
    if card.mark and not any(kind == "mark" for _, kind in placed.lines):
        canvas.text(rect.x1 - 6.0, y, card.mark, bold=True, color=MARK, align="right", inside=name)
    if card.compact:
        canvas.text(rect.x1 - 6.0, y, card.addresses[0], mono=True, align="right", inside=name)
    colors = {"mono": INK, "words": MUTED, "mark": MARK}
    for number, (text, kind) in enumerate(placed.lines):
        mono, bold = kind == "mono", kind == "mark"
        canvas.text(
            left, y + 12.0 + LINE * number, text, mono=mono, bold=bold, color=colors[kind], inside=name
        )


def _state_sign(canvas: Canvas, x: float, y: float, state: str) -> None:
    """A full disc for up, a hollow one for no carrier, a cross for down."""
    edge = FILLS[state][1]
    if state == "down":
        canvas.mark(x, y, "x", size=5.5, color=edge, line=1.6)
    else:
        canvas.mark(x, y, "o", size=6.0, color=edge, fill=edge if state == "up" else PAPER, line=1.4)


def _caption(
    snapshot: Snapshot, previous: Snapshot | None, scene: Scene, overlay: Overlay, width: float
) -> list[tuple[str, str]]:
    """What stands under the picture, in lines with their colours."""
    said: list[tuple[str, str]] = []
    if overlay.words:
        said.append((overlay.words, DEATH))
    if previous is not None:
        changes = describe_changes(previous, snapshot)
        more = len(changes) - MOST_CHANGES
        text = _("; ").join(changes[:MOST_CHANGES]) + (
            _("; and {more} more").format(more=more) if more > 0 else ""
        )
        said.append((_("Since the picture before: {text}.").format(text=text or _("nothing changed")), INK))
    said += [(remark, MUTED) for remark in scene.remarks]
    return [(line, color) for text, color in said for line in wrap(text, width)]


def _legend(canvas: Canvas, scene: Scene, overlay: Overlay, y: float) -> None:
    """What the signs mean, of those that are in the picture."""
    x = MARGIN
    states = {card.state for box in scene.boxes for card in box.cards}
    for state, word in STATES.items():
        if state in states:
            _state_sign(canvas, x + 3.5, y, state)
            canvas.text(x + 11.0, y, _(word), color=MUTED)
            x += 11.0 + text_width(_(word), SMALL) + 16.0
    if any(group for group in scene.boxes if any(card.bridge for card in group.cards)):
        canvas.line([(x, y), (x + 14.0, y)], color=FRAME, line=0.9, dashes=(3, 2))
        canvas.text(x + 19.0, y, _("a bridge with its ports"), color=MUTED)
        x += 19.0 + text_width(_("a bridge with its ports"), SMALL) + 16.0
    if any(edge.dashed for edge in scene.edges):
        canvas.line([(x, y), (x + 18.0, y)], line=1.2, dashes=(5, 2.5))
        words = _("on its parent")
        canvas.text(x + 23.0, y, words, color=MUTED)
        x += 23.0 + text_width(words, SMALL) + 16.0
    for color, dashes, words in overlay.legend():
        canvas.line([(x, y), (x + 18.0, y)], color=color, line=2.6, dashes=dashes)
        canvas.text(x + 23.0, y, words, color=MUTED)
        x += 23.0 + text_width(words, SMALL) + 16.0
    if overlay.cross is not None:
        canvas.circled_cross(x + 5.0, y, 9.0)
        canvas.text(x + 14.0, y, _("ends here"), color=MUTED)
