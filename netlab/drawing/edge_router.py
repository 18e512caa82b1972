"""Orthogonal ways for cables: from one card to another around every card and text.

The A* algorithm on the few lines where a cable may run: beside obstacles, and level with the middle of
cards. Turning costs, crossing another cable costs, and lying on top of one costs most.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise

from netlab.drawing.canvas import Rect

Spot = tuple[float, float]
Way = list[Spot]
Piece = tuple[float, float, float]
CLEAR = 5.0  # from an obstacle to a cable
NEAR = 3.5  # nearer than that to one no cable runs along
TURN = 18.0
CROSS = 25.0
OVERLAP = 12.0  # per point of length: lying on another cable is the worst, short of crossing a card
ENDS_UP = 14.0  # leaving through the top or bottom rather than a side


class Router:
    """Finds ways around obstacles, and remembers the ways it has found so that the next ones keep clear."""

    def __init__(self, obstacles: Sequence[Rect], bounds: Rect) -> None:
        self.obstacles = list(obstacles)
        self.bounds = bounds
        # The pieces that are taken, level ones and upright ones: (where across, from, to).
        self.taken: tuple[list[Piece], list[Piece]] = ([], [])

    def take(self, way: Way) -> None:
        """Cables found later keep clear of this one."""
        for a, b in pairwise(way):
            axis = 0 if a[1] == b[1] else 1
            start, end = sorted((a[axis], b[axis]))
            self.taken[axis].append((a[1 - axis], start, end))

    def route(self, a: Rect, b: Rect) -> Way | None:
        """A way from the edge of one card to the edge of another; None if there is none."""
        way = self._straight(a, b) or self._search(a, b)
        if way is not None:
            way = _without_stops(way)
            self.take(way)
        return way

    def corner(self, a: Rect, b: Rect) -> Way | None:
        """Level out of one card's side, then upright into the other's top or bottom, if nothing is there."""
        (ax, ay), (bx, by) = a.centre, b.centre
        start = a.x1 if bx > ax else a.x0
        end = b.y1 if ay > by else b.y0
        way = [(start, ay), (bx, ay), (bx, end)]
        outside = not a.x0 - CLEAR < bx < a.x1 + CLEAR and not b.y0 - CLEAR < ay < b.y1 + CLEAR
        if outside and all(self._free(*step) and not self._overlap(*step) for step in pairwise(way)):
            self.take(way)
            return way
        return None

    def _straight(self, a: Rect, b: Rect) -> Way | None:
        if abs(a.centre[1] - b.centre[1]) < 1.5:
            left, right = (a, b) if a.x0 < b.x0 else (b, a)
            y = a.centre[1]
            way = [(left.x1, y), (right.x0, y)]
            if left.x1 < right.x0 and self._free(*way) and not self._overlap(*way):
                return way if left is a else way[::-1]
        x0, x1 = max(a.x0, b.x0), min(a.x1, b.x1)
        if x1 - x0 > 4 * CLEAR and (a.y1 < b.y0 or b.y1 < a.y0):
            x = (x0 + x1) / 2
            way = [(x, a.y1), (x, b.y0)] if a.y1 < b.y0 else [(x, a.y0), (x, b.y1)]
            return way if self._free(*way) and not self._overlap(*way) else None
        return None

    def _search(self, a: Rect, b: Rect) -> Way | None:
        """A*: what is nearer to the end, by level and upright steps, is looked at first."""
        starts, ends = _doors(a), _doors(b)
        xs, ys = self._tracks([spot for spot, _, _ in starts + ends])
        goal = {(xs.index(spot[0]), ys.index(spot[1])): (axis, cost) for spot, axis, cost in ends}

        @cache
        def ahead(i: int, j: int) -> float:
            return min(abs(xs[i] - x) + abs(ys[j] - y) for (x, y), _, _ in ends)

        @cache
        def steps(i: int, j: int) -> list[tuple[int, int, int, float]]:
            """(i, j, axis, cost) of every spot beside that one to which the way is free."""
            beside = ((i + 1, j, 0), (i - 1, j, 0), (i, j + 1, 1), (i, j - 1, 1))
            inside = [(ni, nj, axis) for ni, nj, axis in beside if 0 <= ni < len(xs) and 0 <= nj < len(ys)]
            costs = [self._cost((xs[i], ys[j]), (xs[ni], ys[nj])) for ni, nj, _ in inside]
            return [(*step, cost) for step, cost in zip(inside, costs, strict=True) if cost is not None]

        queue: list[tuple[float, float, int, int, int]] = []
        best: dict[tuple[int, int, int], float] = {}
        came: dict[tuple[int, int, int], tuple[int, int, int]] = {}
        for spot, axis, cost in starts:
            i, j = xs.index(spot[0]), ys.index(spot[1])
            best[i, j, axis] = cost
            heapq.heappush(queue, (cost + ahead(i, j), cost, i, j, axis))
        while queue:
            _, cost, i, j, axis = heapq.heappop(queue)
            if best.get((i, j, axis), cost) < cost:
                continue
            if (i, j) in goal and goal[i, j][0] == axis:
                return _walk_back((i, j, axis), came, xs, ys)
            for ni, nj, turned, step in steps(i, j):
                total = cost + step + (TURN if turned != axis else 0.0)
                if (ni, nj) in goal and goal[ni, nj][0] == turned:
                    total += goal[ni, nj][1]
                if total < best.get((ni, nj, turned), float("inf")):
                    best[ni, nj, turned] = total
                    came[ni, nj, turned] = (i, j, axis)
                    heapq.heappush(queue, (total + ahead(ni, nj), total, ni, nj, turned))
        return None

    def _tracks(self, doors: Iterable[Spot]) -> tuple[list[float], list[float]]:
        xs, ys = {spot[0] for spot in doors}, {spot[1] for spot in doors}
        for rect in self.obstacles:
            xs |= {rect.x0 - 1.6 * CLEAR, rect.x1 + 1.6 * CLEAR}
            ys |= {rect.y0 - 1.1 * CLEAR, rect.y1 + 1.1 * CLEAR}
        level, upright = self.taken
        xs |= {x + side for x, _, _ in upright for side in (-CLEAR, CLEAR)}
        ys |= {y + side for y, _, _ in level for side in (-CLEAR, CLEAR)}
        inside = self.bounds
        return (
            sorted(x for x in xs if inside.x0 <= x <= inside.x1),
            sorted(y for y in ys if inside.y0 <= y <= inside.y1),
        )

    def _cost(self, a: Spot, b: Spot) -> float | None:
        if not self._free(a, b):
            return None
        length = abs(a[0] - b[0]) + abs(a[1] - b[1])
        return length + OVERLAP * self._overlap(a, b) + CROSS * self._crossings(a, b)

    def _free(self, a: Spot, b: Spot) -> bool:
        """Whether the step keeps clear of all obstacles. It may end at one, and not run along its edge."""
        x0, x1 = sorted((a[0], b[0]))
        y0, y1 = sorted((a[1], b[1]))
        level = a[1] == b[1]
        for r in self.obstacles:
            if r.x0 - NEAR < x1 and x0 < r.x1 + NEAR and r.y0 - NEAR < y1 and y0 < r.y1 + NEAR:
                before, behind = (x1 - r.x0, r.x1 - x0) if level else (y1 - r.y0, r.y1 - y0)
                if min(before, behind) > 0.01:
                    return False
        return True

    def _overlap(self, a: Spot, b: Spot) -> float:
        """For how many points of its length the step lies on a cable, or nearly so."""
        axis = 0 if a[1] == b[1] else 1
        low, high = sorted((a[axis], b[axis]))
        beside = [piece for piece in self.taken[axis] if abs(piece[0] - a[1 - axis]) < 3.0]
        return sum(max(min(high, end) - max(low, start), 0.0) for _, start, end in beside)

    def _crossings(self, a: Spot, b: Spot) -> int:
        axis = 0 if a[1] == b[1] else 1
        low, high = sorted((a[axis], b[axis]))
        across = a[1 - axis]
        return sum(low < where <= high and start < across < end for where, start, end in self.taken[1 - axis])


def _doors(rect: Rect) -> list[tuple[Spot, int, float]]:
    """Where a cable may leave a card, along which axis, and what that costs."""
    x, y = rect.centre
    sides = [((rect.x0, y), 0, 0.0), ((rect.x1, y), 0, 0.0)]
    return [*sides, ((x, rect.y0), 1, ENDS_UP), ((x, rect.y1), 1, ENDS_UP)]


def _walk_back(
    state: tuple[int, int, int],
    came: dict[tuple[int, int, int], tuple[int, int, int]],
    xs: Sequence[float],
    ys: Sequence[float],
) -> Way:
    way = [(xs[state[0]], ys[state[1]])]
    while state in came:
        state = came[state]
        way.append((xs[state[0]], ys[state[1]]))
    return way[::-1]


def _without_stops(way: Way) -> Way:
    """The way without the spots where it goes straight on."""
    kept = way[:1]
    for spot, following in pairwise(way[1:]):
        before = kept[-1]
        if not (before[0] == spot[0] == following[0] or before[1] == spot[1] == following[1]):
            kept.append(spot)
    return [*kept, way[-1]]


def middle(way: Sequence[Spot], level_from: float | None = None) -> tuple[Spot, int]:
    """The middle of the longest straight piece, and its axis: 0 for level, 1 for upright.

    A level piece of at least `level_from` points comes before a longer upright one: words fit under it.
    """
    level = [piece for piece in pairwise(way) if level_from and abs(piece[0][0] - piece[1][0]) >= level_from]
    if level:
        way = max(level, key=lambda piece: abs(piece[0][0] - piece[1][0]))
    a, b = max(
        pairwise(way), key=lambda piece: abs(piece[0][0] - piece[1][0]) + abs(piece[0][1] - piece[1][1])
    )
    return ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2), 0 if a[1] == b[1] else 1
