"""The lab's last snapshots by time: the view can go back, and knows how things were wired then. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable

from netlab.model import Capture, InterfaceId, Point, Snapshot
from netlab.model.points import path_order
from netlab.packets.forwarding.next_hop import Wiring

KEPT = 300  # snapshots
LAG = 40_000_000  # ns; a snapshot is read that long after what it shows has happened, at most


class History:
    """The snapshots of one lab, oldest first."""

    def __init__(self) -> None:
        self._snapshots: deque[Snapshot] = deque(maxlen=KEPT)

    def add(self, snapshot: Snapshot) -> None:
        """What the lab is like from its time on."""
        self._snapshots.append(snapshot)

    def __len__(self) -> int:
        return len(self._snapshots)

    @property
    def latest(self) -> Snapshot:
        """The snapshot that was added last."""
        return self._snapshots[-1]

    def at(self, time_ns: int) -> Snapshot:
        """The lab as it was then; the oldest one known if that is too long ago."""
        known = list(self._snapshots)
        return known[max(bisect_right(known, time_ns + LAG, key=lambda s: s.time_ns) - 1, 0)]

    def points(self, since: int, until: int) -> tuple[Point, ...]:
        """Every interface that was there between the two times, in the order of a packet's way out."""
        known = [s for s in self._snapshots if since < s.time_ns < until]
        found: dict[InterfaceId, Point] = {}
        for snapshot in (self.at(until), *reversed(known), self.at(since)):
            for point in path_order(snapshot):
                found.setdefault(InterfaceId(point.netns, point.index), point)
        return tuple(found.values())

    def wirings(self, points: tuple[Point, ...]) -> Callable[[int], Wiring]:
        """How those points were connected, by time."""
        made: dict[int, Wiring] = {}

        def at(time_ns: int) -> Wiring:
            snapshot = self.at(time_ns)
            if id(snapshot) not in made:
                made[id(snapshot)] = Wiring(Capture(points, (), {}, snapshot, snapshot))
            return made[id(snapshot)]

        return at
