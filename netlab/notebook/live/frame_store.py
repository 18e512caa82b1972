"""What a tap delivers, kept in memory up to a limit, and the packets of any stretch of time out of it.

Where more passed than can be shown, packets are chosen by what they are, not by when they came: a packet is
in or out at every point alike, and an echo request together with its reply. Pure.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from zlib import crc32

from netlab.model import Frame, Point
from netlab.packets.batch import INCOMING, LOST, OUTGOING, REFUSED, heads, unpack
from netlab.packets.noise import is_housekeeping

LIMIT = 64 << 20  # bytes of batches that are kept
MOST = 240  # frames that are shown at once
LOOKED_THROUGH = 20_000  # frames of which these are chosen
SHORTEST, LONGEST = 3.0, 90.0  # seconds that a stretch covers, if there is so much
MARGIN = 0.1  # of the stretch, looked at before it: a packet that is under way at its beginning


ICMP_ECHO = frozenset((0, 8))


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames as the tap delivered them; times in ns."""

    first: int
    last: int
    frames: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Stretch:
    """The frames between two times (ns), in the order they travelled; of the packets every `every`th."""

    since: int
    until: int
    frames: tuple[Frame, ...] = ()
    every: int = 1
    hidden: int = 0  # frames left out as noise, of those that were looked at


class FrameStore:
    """Batches of records; one thread may add while others look."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.frames = 0  # recorded since the beginning
        self.forgotten = 0  # of these, no longer kept
        self.lost: Counter[int] = Counter()  # by point: what the kernel could not hand over
        self.refused: set[int] = set()  # points that could not be captured at
        self._limit, self._size = limit, 0
        self._batches: deque[Batch] = deque()
        self._lock = threading.Lock()

    def add(self, data: bytes) -> bool:
        """Keep a batch; the oldest ones go when there is no more room. Whether it holds more than noise."""
        first, last, frames = 0, 0, 0
        noise = True
        for point, kind, captured, length, moment, begin in heads(data):
            if kind == LOST:
                self.lost[point] += length
            elif kind == REFUSED:
                self.refused.add(point)
            else:
                frames += 1
                noise = noise and is_housekeeping(data[begin : begin + captured])
                first, last = min(first or moment, moment), max(last, moment)
        if not frames:
            return True  # a loss or a refusal is to be told as well
        with self._lock:
            self.frames += frames
            self._size += len(data)
            self._batches.append(Batch(first, last, frames, data))
            while self._size > self._limit and len(self._batches) > 1:
                gone = self._batches.popleft()
                self._size -= len(gone.data)
                self.forgotten += gone.frames
        return not noise

    @property
    def span(self) -> tuple[int, int]:
        """The times of the first and the last frame that are kept; (0, 0) without any."""
        with self._lock:
            if not self._batches:
                return 0, 0
            return self._batches[0].first, max(batch.last for batch in list(self._batches)[-64:])

    def batches(self) -> tuple[Batch, ...]:
        """All that are kept."""
        with self._lock:
            return tuple(self._batches)

    def stretch(self, until: int, point_of: Callable[[int], Point], *, whole: bool = False) -> Stretch:
        """What passed up to a time (ns): as long a while as there is room for.

        If too much passed for even a short while, a sample of it; `whole`: all of an even shorter while.
        """
        chosen, frames = [], 0
        past = [batch for batch in self.batches() if batch.first <= until]
        for batch in reversed(past):
            age = (until - batch.last) / 1e9
            enough = frames >= MOST and (whole or age > SHORTEST)
            if enough or age > LONGEST or frames > LOOKED_THROUGH:
                break
            chosen.append(batch)
            frames += batch.frames
        every = 1
        while not whole and frames / every > MOST:
            every *= 2
        early = min((batch.first for batch in chosen), default=until)
        found, hidden = _choose(chosen, until, every, point_of)
        if whole and len(found) > MOST:
            found = found[-MOST:]
            early = found[0].time_ns
        is_all = len(chosen) == len(past) and not self.forgotten and len(found) <= MOST
        since = early if is_all else early + int((until - early) * MARGIN)
        return Stretch(since, until, found, every, hidden)


def _choose(
    batches: list[Batch], until: int, every: int, point_of: Callable[[int], Point]
) -> tuple[tuple[Frame, ...], int]:
    ranked: list[tuple[int, int, int, Frame]] = []
    hidden = 0
    for number, kind, length, moment, data in _records(batches):
        if moment > until or (every > 1 and crc32(_mark(data)) % every):
            continue
        if is_housekeeping(data):
            hidden += 1
            continue
        outgoing = kind == OUTGOING
        frame = Frame(moment, point_of(number), "out" if outgoing else "in", data, length)
        ranked.append((moment, -number if outgoing else number, len(ranked), frame))
    return tuple(entry[-1] for entry in sorted(ranked)), hidden


def _records(batches: list[Batch]) -> Iterator[tuple[int, int, int, int, bytes]]:
    for batch in batches:
        for entry in unpack(batch.data):
            if entry[1] in (INCOMING, OUTGOING):
                yield entry


def _mark(data: bytes) -> bytes:
    """A few bytes that are the same at every point that sees the packet, and for an echo in its reply."""
    if data[12:14] != b"\x08\x00":
        return data[-16:]
    start = 14 + (data[14] & 15) * 4
    if data[23] == 1 and data[start] in ICMP_ECHO:
        return data[start + 6 : start + 8]  # the sequence number
    return data[18:20] + data[start + 4 : start + 8]  # IP id; of TCP the sequence number


def total(losses: Counter[int]) -> int:
    """All losses together."""
    return sum(losses.values())
