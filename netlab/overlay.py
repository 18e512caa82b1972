"""What lies over the boxes: cables, the way that packets took, and the place where one died."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from netlab import style
from netlab.layout import Layout, obstacles
from netlab.model import InterfaceId, Journey, Point
from netlab.scene import Scene
from netlab.style import LINE, SMALL, Canvas, Rect, text_width, wrapped
from netlab.wires import Router, Spot, Way, middle

NOTE_WIDTHS = (190.0, 140.0, 110.0)  # how wide a reason may be, tried in this order
LANE = 3.0  # request and answer run this far from the middle of the cable
WAYS: tuple[tuple[str, tuple[float, ...] | None, str], ...] = (
    (style.REQUEST, None, "the packet's way"),
    (style.REPLY, (3.0, 1.0), "the answer's way"),
)
Ends = tuple[InterfaceId, InterfaceId]


class Cables:
    """Every cable's way: veth pairs, ports to their bridges, macvlans to their lower devices."""

    def __init__(self, scene: Scene, layout: Layout) -> None:
        self.scene, self.layout = scene, layout
        self.rects = layout.cards()
        self.blocked = obstacles(layout.boxes)
        bounds = Rect(
            3.0,
            min((b.rect.y0 for b in layout.boxes), default=0.0) - 8.0,
            layout.width - 3.0,
            layout.bottom + 14.0,
        )
        self.router = Router(self.blocked, bounds)
        for box in layout.boxes:
            for rect in (box.rect, *(group.rect for group in box.groups)):
                self.router.taken += _outline(rect)
        self.ways: dict[Ends, Way] = {}
        self.styles: dict[Ends, tuple[str, bool]] = {}
        self._ports()
        # Cables that can run straight go first, so that the others go round them.
        for wire in sorted(scene.wires, key=lambda w: self._slope(w.a, w.b)):
            way = self._route(wire.a, wire.b)
            if way is not None:
                self.ways[wire.a, wire.b] = way
                self.styles[wire.a, wire.b] = (wire.label, wire.dashed)

    @property
    def bottom(self) -> float:
        return max((y for way in self.ways.values() for _, y in way), default=0.0)

    def _slope(self, a: InterfaceId, b: InterfaceId) -> float:
        return abs(self.rects[a].centre[1] - self.rects[b].centre[1])

    def _route(self, a: InterfaceId, b: InterfaceId) -> Way | None:
        """Around other namespaces' boxes as well, if that can be."""
        homes = (self.layout.box_of(a), self.layout.box_of(b))
        others = [box.rect.grown(2.0) for box in self.layout.boxes if box not in homes]
        self.router.obstacles = self.blocked + others
        way = self.router.route(self.rects[a], self.rects[b])
        self.router.obstacles = self.blocked
        return way or self.router.route(self.rects[a], self.rects[b])

    def _ports(self) -> None:
        for box in self.layout.boxes:
            for group in box.groups:
                bridge = self.rects[group.bridge]
                for port in group.ports:
                    rect = self.rects[port]
                    if len(group.ports) == 1:
                        x = rect.centre[0]
                        way = [(x, rect.y1), (x, bridge.y0)]
                    else:
                        x, y = bridge.x1 - 6.0, rect.centre[1]
                        way = [(rect.x1, y), (x, y), (x, bridge.y0)]
                    self.ways[port, group.bridge] = way
                    self.router.take(way)

    def between(self, a: InterfaceId, b: InterfaceId) -> Way | None:
        """The way of the cable from one card to the other, in that direction."""
        if (a, b) in self.ways:
            return self.ways[a, b]
        return self.ways[b, a][::-1] if (b, a) in self.ways else None

    def bridge_of(self, port: InterfaceId) -> InterfaceId | None:
        """The bridge that the card is a port of."""
        cards = self.layout.box_of(port).cards
        return next((placed.card.master for placed in cards if placed.card.key == port), None)

    def inside(self, a: InterfaceId, b: InterfaceId) -> Way | None:
        """A way through a namespace from one of its interfaces to another: no cable, the kernel forwards."""
        way = self.router.corner(self.rects[a], self.rects[b])
        return way or self._route(a, b)

    def paint(self, canvas: Canvas) -> None:
        for ends, way in self.ways.items():
            label, dashed = self.styles.get(ends, ("", False))
            canvas.line(way, color=style.MUTED, line=1.3, dashes=(4, 2) if dashed else None)
            if label:
                (x, y), _ = middle(way)
                canvas.text(x, y - 7.0, label, align="center", color=style.MUTED, halo=True)


class Overlay:
    """The coloured ways of packets and the circled cross, laid out before anything is painted."""

    def __init__(
        self,
        cables: Cables,
        trips: Sequence[Journey],
        died: tuple[Point, Point | None] | None,
        note: str,
    ) -> None:
        self.cables = cables
        self.trips = trips
        self.pieces: list[tuple[Way, int]] = []
        self.cross: Spot | None = None
        self.end: Way = []
        self.note: list[tuple[Spot, str, bool]] = []  # where, what, and whether it is the headline
        self.words = ""
        for trip in trips:
            self._follow(trip)
        if died is not None:
            self._die(*died)
            self._place_note([line for line in note.splitlines() if line.strip()])

    @property
    def bottom(self) -> float:
        spots = (
            [spot for way, _ in self.pieces for spot in way] + [spot for spot, _, _ in self.note] + self.end
        )
        return max((y for _, y in spots), default=0.0) + (LINE if spots else 0.0)

    def _card(self, point: Point) -> InterfaceId | None:
        return self.cables.scene.shown_as.get(InterfaceId(point.netns, point.index))

    def _follow(self, trip: Journey) -> None:
        kind = 1 if trip.answers is not None else 0
        cards = [card for hop in trip.hops if (card := self._card(hop.frame.point)) is not None]
        for a, b in pairwise(cards):
            for piece in self._pieces(a, b):
                if (piece, kind) not in self.pieces:
                    self.pieces.append((piece, kind))

    def _pieces(self, a: InterfaceId, b: InterfaceId) -> Iterable[Way]:
        """The ways from one card to the other: a cable, the inside of a namespace, or several of them."""
        if a == b:
            return
        stops = [a, b]
        if self.cables.between(a, b) is None:
            bridge = self.cables.bridge_of(a)
            if a.netns != b.netns:
                stops = self._stops(a, b)
            elif bridge is not None and bridge == self.cables.bridge_of(b):
                stops = [a, bridge, b]
        for here, there in pairwise(stops):
            way = self.cables.between(here, there)
            if way is None:
                way = self._known_inside(here, there) or self.cables.inside(here, there)
            if way is not None:
                yield way

    def _known_inside(self, a: InterfaceId, b: InterfaceId) -> Way | None:
        """The way that another packet took between the two, so that request and reply share it."""
        ends = (self.cables.rects[a], self.cables.rects[b])
        for way, _ in self.pieces:
            for turned in (way, way[::-1]):
                if _on(turned[0], ends[0]) and _on(turned[-1], ends[1]):
                    return turned
        return None

    def _stops(self, a: InterfaceId, b: InterfaceId) -> list[InterfaceId]:
        """Where a packet must have passed between two cards of different namespaces, by the cables."""
        import networkx

        graph = networkx.Graph(list(self.cables.ways))
        for box in self.cables.layout.boxes:
            routed = [c.card.key for c in box.cards if c.card.master is None]
            graph.add_edges_from((one, other) for one in routed for other in routed if one != other)
        if a not in graph or b not in graph or not networkx.has_path(graph, a, b):
            return []
        return list(networkx.shortest_path(graph, a, b))

    def _die(self, last: Point, expected: Point | None) -> None:
        a = self._card(last)
        b = self._card(expected) if expected is not None else None
        if a is None:
            return
        ways = list(self._pieces(a, b)) if b is not None else []
        if ways:
            self.end = ways[0]
        else:
            # Nowhere to go: a short stub out of the card.
            rect = self.cables.rects[a]
            self.end = [(rect.x1, rect.centre[1]), (rect.x1 + 18.0, rect.centre[1])]
        self.cross = middle(self.end, level_from=40.0)[0] if ways else self.end[-1]

    def _place_note(self, lines: list[str]) -> None:
        """The note beside the cross where nothing else is; under the picture if there is no such place."""
        if not lines:
            return
        self.words = f"⊗ {' — '.join(lines)}"
        if self.cross is None:
            return
        for limit in NOTE_WIDTHS:
            said = [
                (line, number == 0)
                for number, text in enumerate(lines)
                for line in wrapped(text, limit, bold=True)
            ]
            width = max(text_width(line, SMALL, bold=bold) for line, bold in said) + 4.0
            free = filter(self._is_free, self._places(width, LINE * len(said)))
            if (rect := next(free, None)) is not None:
                for number, (line, bold) in enumerate(said):
                    self.note.append(((rect.x0 + 2.0, rect.y0 + LINE * (number + 0.5)), line, bold))
                self.words = ""
                return

    def _places(self, width: float, height: float) -> Iterable[Rect]:
        assert self.cross is not None
        x, y = self.cross
        for away in (11.0, 16.0, 24.0):
            for shift in (0.5, 0.3, 0.7, 0.1, 0.9, 0.0, 1.0):
                yield Rect(x - width * shift, y + away, x + width * (1 - shift), y + away + height)
                yield Rect(x - width * shift, y - away - height, x + width * (1 - shift), y - away)
            yield Rect(x + away, y - height / 2, x + away + width, y + height / 2)
            yield Rect(x - away - width, y - height / 2, x - away, y + height / 2)

    def _is_free(self, rect: Rect) -> bool:
        bounds = self.cables.router.bounds
        if rect.x0 < bounds.x0 + 4 or rect.x1 > bounds.x1 - 4 or rect.y0 < bounds.y0:
            return False
        edges = [line for box in self.cables.layout.boxes for line in _outline(box.rect)]
        edges += [line for box in self.cables.layout.boxes for g in box.groups for line in _outline(g.rect)]
        ways = [*self.cables.ways.values(), *(way for way, _ in self.pieces), self.end]
        edges += [piece for way in ways for piece in pairwise(way)]
        rects = [Rect(*_span(a, b)).grown(1.5) for a, b in edges]
        return not any(rect.touches(other) for other in [*self.cables.blocked, *rects])

    def legend(self) -> list[tuple[str, tuple[float, ...] | None, str]]:
        """Colour, dashes and meaning of each kind of way in the picture."""
        kinds = sorted({kind for _, kind in self.pieces})
        return [WAYS[kind] for kind in kinds]

    def paint(self, canvas: Canvas) -> None:
        both = len({kind for _, kind in self.pieces}) > 1
        for way, kind in self.pieces:
            color, dashes, _ = WAYS[kind]
            shifted = _shifted(way, (LANE if kind else -LANE) if both else 0.0)
            canvas.line(shifted, color=color, line=2.6, dashes=dashes, order=3.5)
            _arrow(canvas, shifted, color, 0.62 if both else 0.5)
        if self.cross is not None:
            canvas.line(self.end, color=style.DEATH, line=1.6, dashes=(2.5, 2), order=3.6)
            canvas.circled_cross(*self.cross)
        for (x, y), line, bold in self.note:
            canvas.text(x, y, line, bold=bold, color=style.DEATH if bold else style.INK)


def _shifted(way: Sequence[Spot], by: float) -> Way:
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


def _span(a: Spot, b: Spot) -> tuple[float, float, float, float]:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1])


def _outline(rect: Rect) -> list[tuple[Spot, Spot]]:
    corners = [(rect.x0, rect.y0), (rect.x1, rect.y0), (rect.x1, rect.y1), (rect.x0, rect.y1)]
    return list(pairwise([*corners, corners[0]]))


def _on(spot: Spot, rect: Rect) -> bool:
    return rect.x0 - 0.1 <= spot[0] <= rect.x1 + 0.1 and rect.y0 - 0.1 <= spot[1] <= rect.y1 + 0.1
