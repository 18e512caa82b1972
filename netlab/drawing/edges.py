"""The cables between the cards, and the ways that packets take over them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from netlab.drawing.canvas import LINE, MUTED, SMALL, Canvas, Rect, text_width, wrap
from netlab.drawing.edge_router import Router, Spot, Way, middle
from netlab.drawing.layout import Layout, obstacles
from netlab.drawing.scene import Scene
from netlab.model import InterfaceId, Journey, Point

NOTE_WIDTHS = (190.0, 140.0, 110.0)  # how wide a note may be, tried in this order
Ends = tuple[InterfaceId, InterfaceId]
Line = tuple[Spot, str, bool]  # of a note: where, what, and whether it is the headline


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
                self.router.take(outline(rect))
        self.ways: dict[Ends, Way] = {}
        self.styles: dict[Ends, tuple[str, bool]] = {}
        self._ports()
        # Cables that can run straight go first, so that the others go round them.
        for edge in sorted(scene.edges, key=lambda edge: self._slope(edge.a, edge.b)):
            way = self._route(edge.a, edge.b)
            if way is not None:
                self.ways[edge.a, edge.b] = way
                self.styles[edge.a, edge.b] = (edge.label, edge.dashed)

    @property
    def bottom(self) -> float:
        """The lowest y that a cable takes; 0 without cables."""
        return max((y for way in self.ways.values() for _, y in way), default=0.0)

    def _slope(self, a: InterfaceId, b: InterfaceId) -> float:
        return abs(self.rects[a].centre[1] - self.rects[b].centre[1])

    def _route(self, a: InterfaceId, b: InterfaceId) -> Way | None:
        """Around other namespaces' boxes as well, if that can be."""
        homes = (self.layout.box_of(a), self.layout.box_of(b))
        others = [box.rect for box in self.layout.boxes if box not in homes]
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
        """Paint every cable, with its label."""
        for ends, way in self.ways.items():
            label, dashed = self.styles.get(ends, ("", False))
            canvas.line(way, color=MUTED, line=1.3, dashes=(4, 2) if dashed else None)
            if label:
                (x, y), _ = middle(way)
                canvas.text(x, y - 7.0, label, align="center", color=MUTED, halo=True)


class Trails:
    """The ways of packets over the cables and through namespaces, the same for all that pass there."""

    def __init__(self, cables: Cables) -> None:
        self.cables = cables
        self._inside: dict[Ends, Way | None] = {}

    def card(self, point: Point) -> InterfaceId | None:
        """The card that the point is drawn as."""
        return self.cables.scene.shown_as.get(InterfaceId(point.netns, point.index))

    def legs(self, trip: Journey) -> list[list[Way]]:
        """For each hop but the first the ways from the hop before to it; none where they are one card."""
        cards = [self.card(hop.frame.point) for hop in trip.hops]
        return [self.between(a, b) if a is not None and b is not None else [] for a, b in pairwise(cards)]

    def between(self, a: InterfaceId, b: InterfaceId) -> list[Way]:
        """The ways from one card to the other: a cable, the inside of a namespace, or several of them."""
        if a == b:
            return []
        stops = [a, b]
        if self.cables.between(a, b) is None:
            bridge = self.cables.bridge_of(a)
            if a.netns != b.netns:
                stops = self._stops(a, b)
            elif bridge is not None and bridge == self.cables.bridge_of(b):
                stops = [a, bridge, b]
        ways = (self.cables.between(*ends) or self._through(*ends) for ends in pairwise(stops))
        return [way for way in ways if way is not None]

    def _through(self, a: InterfaceId, b: InterfaceId) -> Way | None:
        """The way from one card to the other that no cable leads; request and reply share it."""
        if (b, a) in self._inside:
            way = self._inside[b, a]
            return way[::-1] if way else None
        if (a, b) not in self._inside:
            self._inside[a, b] = self.cables.inside(a, b)
        return self._inside[a, b]

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


def place_note(cables: Cables, spot: Spot, lines: Sequence[str], ways: Sequence[Way] = ()) -> list[Line]:
    """Lines of a note beside that spot, where nothing else is; none if there is no such place.

    `ways` are those of packets, which the note keeps clear of as well.
    """
    taken = _obstacles(cables, ways)
    for limit in NOTE_WIDTHS:
        said = [
            (line, number == 0) for number, text in enumerate(lines) for line in wrap(text, limit, bold=True)
        ]
        width = max(text_width(line, SMALL, bold=bold) for line, bold in said) + 4.0
        for rect in _places(spot, width, LINE * len(said)):
            if _is_inside(rect, cables.router.bounds) and not any(map(rect.touches, taken)):
                return [
                    ((rect.x0 + 2.0, rect.y0 + LINE * (number + 0.5)), line, bold)
                    for number, (line, bold) in enumerate(said)
                ]
    return []


def _places(spot: Spot, width: float, height: float) -> Iterable[Rect]:
    x, y = spot
    for away in (11.0, 16.0, 24.0):
        for shift in (0.5, 0.3, 0.7, 0.1, 0.9, 0.0, 1.0):
            yield Rect(x - width * shift, y + away, x + width * (1 - shift), y + away + height)
            yield Rect(x - width * shift, y - away - height, x + width * (1 - shift), y - away)
        yield Rect(x + away, y - height / 2, x + away + width, y + height / 2)
        yield Rect(x - away - width, y - height / 2, x - away, y + height / 2)
    for away in (6.0, 11.0):  # beside an upright way
        for top in (y + away, y - away - height):
            yield Rect(x + 5.0, top, x + 5.0 + width, top + height)
            yield Rect(x - 5.0 - width, top, x - 5.0, top + height)


def _is_inside(rect: Rect, bounds: Rect) -> bool:
    return not (rect.x0 < bounds.x0 + 4 or rect.x1 > bounds.x1 - 4 or rect.y0 < bounds.y0)


def _obstacles(cables: Cables, ways: Sequence[Way]) -> list[Rect]:
    edges = [line for box in cables.layout.boxes for line in pairwise(outline(box.rect))]
    edges += [line for box in cables.layout.boxes for g in box.groups for line in pairwise(outline(g.rect))]
    edges += [piece for way in [*cables.ways.values(), *ways] for piece in pairwise(way)]
    return [*cables.blocked, *(Rect(*_span(a, b)).grow(1.5) for a, b in edges)]


def _span(a: Spot, b: Spot) -> tuple[float, float, float, float]:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1])


def outline(rect: Rect) -> Way:
    """Once around."""
    corners = [(rect.x0, rect.y0), (rect.x1, rect.y0), (rect.x1, rect.y1), (rect.x0, rect.y1)]
    return [*corners, corners[0]]
