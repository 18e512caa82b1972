"""What lies over the boxes: the way that packets took, and the place where one died."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from netlab.drawing.canvas import DEATH, INK, LINE, REPLY, REQUEST, Canvas
from netlab.drawing.edge_router import Spot, Way, middle
from netlab.drawing.edges import Cables, Line, Trails, place_note
from netlab.i18n import N_
from netlab.i18n import gettext as _
from netlab.model import InterfaceId, Journey, Point

NOTE_WIDTHS = (190.0, 140.0, 110.0)  # how wide a reason may be, tried in this order
LANE = 3.0  # request and answer run this far from the middle of the cable
WAYS: tuple[tuple[str, tuple[float, ...] | None, str], ...] = (
    (REQUEST, None, N_("the packet's way")),
    (REPLY, (3.0, 1.0), N_("the answer's way")),
)
Ends = tuple[InterfaceId, InterfaceId]


class Overlay:
    """The coloured ways of packets and the circled cross, laid out before anything is painted."""

    def __init__(
        self,
        cables: Cables,
        trips: Sequence[Journey],
        died: tuple[Point, Point | None] | None,
        note: str,
        trails: Trails | None = None,
    ) -> None:
        self.cables, self.trails = cables, trails or Trails(cables)
        self.trips = trips
        self.pieces: list[tuple[Way, int]] = []
        self.cross: Spot | None = None
        self.end: Way = []
        self.note: list[Line] = []
        self.words = ""
        for trip in trips:
            self._follow(trip)
        if died is not None:
            self._die(*died)
            self._place_note([line for line in note.splitlines() if line.strip()])

    @property
    def bottom(self) -> float:
        """The lowest y that it takes; 0 where there is nothing to paint."""
        spots = (
            [spot for way, _ in self.pieces for spot in way] + [spot for spot, _, _ in self.note] + self.end
        )
        return max((y for _, y in spots), default=0.0) + (LINE if spots else 0.0)

    def _follow(self, trip: Journey) -> None:
        kind = 1 if trip.answers is not None else 0
        for leg in self.trails.legs(trip):
            for piece in leg:
                if (piece, kind) not in self.pieces:
                    self.pieces.append((piece, kind))

    def _die(self, last: Point, expected: Point | None) -> None:
        a = self.trails.card(last)
        b = self.trails.card(expected) if expected is not None else None
        if a is None:
            return
        ways = self.trails.between(a, b) if b is not None else []
        if ways:
            self.end = ways[0]
        else:
            # Nowhere to go: a short stub out of the card.
            rect = self.cables.rects[a]
            self.end = [(rect.x1, rect.centre[1]), (rect.x1 + 18.0, rect.centre[1])]
        self.cross = middle(self.end, level_from=40.0)[0] if ways else self.end[-1]

    def _place_note(self, lines: list[str]) -> None:
        """The note beside the cross where nothing else is; under the picture if there is no such place."""
        if lines and self.cross is not None:
            self.note = place_note(
                self.cables, self.cross, lines, [*(way for way, _ in self.pieces), self.end]
            )
        if lines and not self.note:
            self.words = f"⊗ {' — '.join(lines)}"

    def legend(self) -> list[tuple[str, tuple[float, ...] | None, str]]:
        """Colour, dashes and meaning of each kind of way in the picture."""
        kinds = sorted({kind for __, kind in self.pieces})
        return [(color, dashes, _(words)) for color, dashes, words in (WAYS[kind] for kind in kinds)]

    def paint(self, canvas: Canvas) -> None:
        """Paint the ways, the cross and the note."""
        both = len({kind for _, kind in self.pieces}) > 1
        for way, kind in self.pieces:
            color, dashes, __ = WAYS[kind]
            beside = shift(way, (LANE if kind else -LANE) if both else 0.0)
            canvas.line(beside, color=color, line=2.6, dashes=dashes, order=3.5)
            _arrow(canvas, beside, color, 0.62 if both else 0.5)
        if self.cross is not None:
            canvas.line(self.end, color=DEATH, line=1.6, dashes=(2.5, 2), order=3.6)
            canvas.circled_cross(*self.cross)
        for (x, y), line, bold in self.note:
            canvas.text(x, y, line, bold=bold, color=DEATH if bold else INK)


def shift(way: Sequence[Spot], by: float) -> Way:
    """The way beside itself: level pieces move down, upright ones right; the ends stay on the cards."""
    moved = []
    for number, (x, y) in enumerate(way):
        pieces = list(pairwise(way[max(number - 1, 0) : number + 2]))
        upright = any(a[0] == b[0] for a, b in pieces)
        level = any(a[1] == b[1] for a, b in pieces)
        moved.append((x + by if upright else x, y + by if level else y))
    return moved


def _arrow(canvas: Canvas, way: Sequence[Spot], color: str, where: float) -> None:
    """Which way the packet went, on the way's longest piece."""
    a, b = max(pairwise(way), key=lambda p: abs(p[0][0] - p[1][0]) + abs(p[0][1] - p[1][1]))
    if abs(a[0] - b[0]) + abs(a[1] - b[1]) < 12.0:
        return
    level, upright = "><"[a[0] > b[0]], "v^"[a[1] > b[1]]
    marker = level if a[1] == b[1] else upright
    x, y = a[0] + (b[0] - a[0]) * where, a[1] + (b[1] - a[1]) * where
    canvas.mark(x, y, marker, size=6.0, color=color, line=0.8, order=3.8)
