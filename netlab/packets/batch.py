"""How a capture is streamed: in batches of records. A batch is a count, as many heads, and the frames' bytes.

The heads stand together, so that those of very many frames can be taken as columns.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterable, Iterator, Sequence

from netlab.model import Frame, Point
from netlab.packets.noise import is_housekeeping

BATCH = struct.Struct("=I")  # how long the batch behind it is
COUNT = struct.Struct("=I")
HEAD = struct.Struct("=IB3xIIQ")  # point, what it is, captured, length, time
INCOMING, OUTGOING, LOST, REFUSED = range(4)  # what a record is; of LOST the length is how many

Record = tuple[int, int, int, int, bytes]  # point, what it is, length on the wire, time in ns, bytes


def pack(records: Iterable[Record]) -> bytes:
    """A batch of those records; of none, nothing."""
    found = list(records)
    heads = [HEAD.pack(point, kind, len(data), length, at) for point, kind, length, at, data in found]
    return batch(heads, [data for *_, data in found])


def batch(heads: Sequence[bytes], frames: Sequence[bytes]) -> bytes:
    """A batch of those heads, and of the frames of those that have one."""
    return b"".join([COUNT.pack(len(heads)), *heads, *frames]) if heads else b""


def heads(data: bytes) -> Iterator[tuple[int, int, int, int, int, int]]:
    """(point, what it is, captured, length on the wire, time in ns, where its bytes begin) of each record.

    ValueError for what is no whole batch.
    """
    begin = first_frame(data)
    found = list(HEAD.iter_unpack(data[COUNT.size : begin]))
    if begin + sum(captured for _, _, captured, _, _ in found) > len(data):
        raise ValueError("a batch ends before its frames do")
    for point, kind, captured, length, moment in found:
        yield point, kind, captured, length, moment, begin
        begin += captured


def first_frame(data: bytes) -> int:
    """Where the bytes of a batch's first frame begin; a batch of no records is empty. ValueError."""
    if not data:
        return 0
    begin = COUNT.size + int.from_bytes(data[: COUNT.size], sys.byteorder) * HEAD.size
    if len(data) < COUNT.size or begin > len(data):
        raise ValueError("a batch ends before its heads do")
    return begin


def unpack(data: bytes) -> Iterator[Record]:
    """The records of one batch."""
    for point, kind, captured, length, moment, begin in heads(data):
        yield point, kind, length, moment, data[begin : begin + captured]


def one_by_one(
    batches: Sequence[bytes], points: Sequence[Point], noise: bool
) -> tuple[tuple[Frame, ...], int]:
    """The frames of a capture's batches in the order they travelled, and how many were hidden.

    A bridge and its port see a frame with one time stamp: inwards the port is first, outwards the bridge.
    """
    ranked: list[tuple[int, int, int, Frame]] = []
    hidden = 0
    for batch in batches:
        for number, kind, length, moment, data in unpack(batch):
            outgoing = kind == OUTGOING
            if is_housekeeping(data) and not noise:
                hidden += 1
                continue
            frame = Frame(moment, points[number], "out" if outgoing else "in", data, length)
            ranked.append((moment, -number if outgoing else number, len(ranked), frame))
    return tuple(entry[-1] for entry in sorted(ranked)), hidden
