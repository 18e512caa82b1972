"""Many captured frames as columns of numpy: no Python object for a frame before somebody looks at it.

Needs numpy, which takes a tenth of a second to import: imported where there are many frames.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, overload

import numpy as np
import numpy.typing as npt

from netlab.model import Frame, Point
from netlab.packets import batch as records
from netlab.packets.decode import VXLAN_PORT
from netlab.packets.noise import HOUSEKEEPING, ICMPV6, IGMP, UDP, is_housekeeping

Array = npt.NDArray[Any]
T = TypeVar("T")
HEAD = np.dtype(
    [("point", "=u4"), ("kind", "u1"), ("", "V3"), ("captured", "=u4"), ("length", "=u4"), ("time", "=u8")]
)
assert HEAD.itemsize == records.HEAD.size
PAD = bytes(128)  # behind the last frame: what is read at a fixed distance from any frame is there


class Lazy(Sequence[T]):
    """A sequence whose items are made when asked for, each time anew; equal to any with equal ones."""

    @abstractmethod
    def item(self, index: int) -> T:
        """The one with that index, which is in range."""

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        there = range(len(self))[index]
        return self.item(there) if isinstance(there, int) else tuple(map(self.item, there))

    def __iter__(self) -> Iterator[T]:
        return map(self.item, range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(self) != len(other):
            return NotImplemented if not isinstance(other, Sequence) else False
        return all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """One row for each frame; `data` holds their bytes, and some zeros behind them."""

    data: bytes
    points: Sequence[Point]
    point: Array  # its index among the points
    outgoing: Array
    time: Array  # ns
    length: Array  # on the wire
    captured: Array
    at: Array  # where in `data` the frame begins

    def __len__(self) -> int:
        return len(self.at)

    def take(self, rows: Array) -> Columns:
        """Those rows, in that order."""
        columns = (self.point, self.outgoing, self.time, self.length, self.captured, self.at)
        return Columns(self.data, self.points, *(column[rows] for column in columns))

    def bytes_of(self, row: int) -> bytes:
        """The bytes of the frame in that row, as far as they were captured."""
        at = int(self.at[row])
        return self.data[at : at + int(self.captured[row])]

    def frame(self, row: int) -> Frame:
        """The frame in that row, as a value."""
        direction = "out" if self.outgoing[row] else "in"
        point = self.points[int(self.point[row])]
        return Frame(int(self.time[row]), point, direction, self.bytes_of(row), int(self.length[row]))


def gather(data: bytes, at: Array, width: int) -> Array:
    """`width` bytes from each of those places on: shape (places, width), uint8."""
    if not width or not len(at):
        return np.empty((len(at), width), np.uint8)
    everywhere = np.ndarray((len(data) - width + 1,), f"V{width}", data, strides=(1,))
    return everywhere[at].view(np.uint8).reshape(len(at), width)


class Frames(Lazy[Frame]):
    """The frames of a capture, kept in columns."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns)

    def item(self, index: int) -> Frame:
        return self.columns.frame(index)


def columns_of(frames: Sequence[Frame]) -> Columns:
    """The columns of frames, whatever they are kept in."""
    if isinstance(frames, Frames):
        return frames.columns
    numbers: dict[Point, int] = {}
    point = _column((numbers.setdefault(frame.point, len(numbers)) for frame in frames), len(frames))
    captured = _column((len(frame.data) for frame in frames), len(frames))
    return Columns(
        b"".join([*(frame.data for frame in frames), PAD]),
        tuple(numbers),
        point,
        _column((frame.direction == "out" for frame in frames), len(frames)).astype(bool),
        _column((frame.time_ns for frame in frames), len(frames)),
        _column((frame.length for frame in frames), len(frames)),
        captured,
        np.cumsum(captured) - captured,
    )


def _column(values: Iterable[int], count: int) -> Array:
    return np.fromiter(values, np.int64, count)


def in_order(batches: Sequence[bytes], points: Sequence[Point], noise: bool) -> tuple[Frames, int]:
    """The same as netlab.packets.batch.one_by_one."""
    data = b"".join([*batches, PAD])
    head, at = _heads(batches)
    point, outgoing = head["point"].astype(np.int64), head["kind"] == records.OUTGOING
    numbers = (head[name].astype(np.int64) for name in ("time", "length", "captured"))
    time, length, captured = numbers
    found = Columns(data, points, point, outgoing, time, length, captured, at)
    found = found.take(np.lexsort((np.where(outgoing, -point, point), found.time)))
    hidden = [] if noise else [row for row in _suspects(found) if is_housekeeping(found.bytes_of(row))]
    if hidden:
        found = found.take(np.delete(np.arange(len(found)), hidden))
    return Frames(found), len(hidden)


def _suspects(columns: Columns) -> list[int]:
    """The rows that may be housekeeping: IGMP, ICMPv6 of such a type, or within VXLAN."""
    head = gather(columns.data, columns.at, 55)
    v4, v6 = ((head[:, 12:14] == kind).all(axis=1) for kind in ((8, 0), (0x86, 0xDD)))
    behind = gather(columns.data, columns.at + 14 + (head[:, 14] & 15).astype(np.int64) * 4 + 2, 2)
    tunnel = (head[:, 23] == UDP) & (behind[:, 0].astype(np.int64) << 8 | behind[:, 1] == VXLAN_PORT)
    talk = (head[:, 20] == 0) | (head[:, 20] == ICMPV6) & np.isin(head[:, 54], list(HOUSEKEEPING))
    rows: list[int] = np.flatnonzero(v4 & ((head[:, 23] == IGMP) | tunnel) | v6 & talk).tolist()
    return rows


def _heads(batches: Sequence[bytes]) -> tuple[Array, Array]:
    """The heads of all records, and where the bytes of each begin when the batches are joined."""
    heads, begins, start = [np.empty(0, HEAD)], [np.empty(0, np.int64)], 0
    for batch in batches:
        first = records.first_frame(batch)
        heads.append(np.frombuffer(batch[records.COUNT.size : first], HEAD))
        captured = heads[-1]["captured"].astype(np.int64)
        begins.append(start + first + np.cumsum(captured) - captured)
        start += len(batch)
    return np.concatenate(heads), np.concatenate(begins)
