"""How cost grows: with labs, interfaces, rules and packets, over two orders of magnitude."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from netlab.packets.journeys.assemble import journeys
from tests.bench.peer import Peer
from tests.bench.rows_crowd import crowd
from tests.worlds import builders as b

SIZES = (10, 30, 100, 300, 1000)
LINEAR = 1.15  # an exponent up to this is called in proportion: the noise of one machine is in it


@dataclass(frozen=True)
class Growth:
    """Milliseconds by size; of labs those until so many are there."""

    what: str
    sizes: tuple[int, ...]
    taken: tuple[float, ...]

    @property
    def exponent(self) -> float:
        """Of the power of the size that the time goes with, by least squares in the upper half: 1 is linear.

        The lower half is left out, since what every go costs, however small, is most of it there.
        """
        half = len(self.sizes) // 2
        points = [(math.log(n), math.log(t)) for n, t in zip(self.sizes, self.taken, strict=True)][half:]
        x, y = (sum(values) / len(points) for values in zip(*points, strict=True))
        above = sum((px - x) * (py - y) for px, py in points)
        return above / sum((px - x) ** 2 for px, _ in points)

    def as_json(self) -> dict[str, Any]:
        return {"what": self.what, "sizes": self.sizes, "taken": self.taken, "exponent": self.exponent}

    def line(self) -> str:
        verdict = "in proportion" if self.exponent <= LINEAR else "MORE THAN IN PROPORTION"
        first, last = self.taken[0], self.taken[-1]
        return (
            f"{self.what:<14} {self.sizes[0]:>6} … {self.sizes[-1]:>6}: {first:>8.2f} … {last:>9.1f} ms,"
            f" exponent {self.exponent:.2f}: {verdict}"
        )


def measured(small: bool) -> list[Growth]:
    """All four."""
    sizes, read = SIZES[:3] if small else SIZES, []
    with Peer("peer_grow") as peer:
        for what in ("interfaces", "rules"):
            taken = tuple(float(peer.ask(what, size)) for size in sizes)
            read.append(Growth(what, sizes, taken))
    return [labs(small), *read, packets(small)]


def labs(small: bool) -> Growth:
    with crowd(4 if small else 400) as (_, taken):
        total = list(accumulate(taken))
    sizes = [n for n in (1, 2, 4, 12, 40, 120, 400) if n <= len(total)]
    return Growth("labs", tuple(sizes), tuple(total[n - 1] for n in sizes))


def packets(small: bool) -> Growth:
    """Frames of pings through five points and back, joined."""
    sizes, taken = [], []
    for pings in (10, 30, 100) if small else (100, 300, 1000, 3000, 10_000):
        capture = b.ping(pings)
        began = time.perf_counter()
        assert len(journeys(capture)) == 2 * pings
        taken.append((time.perf_counter() - began) * 1000)
        sizes.append(len(capture.frames))
    return Growth("packets", tuple(sizes), tuple(taken))
