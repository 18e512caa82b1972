"""How a capture is streamed: in batches of records. A batch is a count, as many heads, and the frames' bytes.

The heads stand together, so that those of very many frames can be taken as columns.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence

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
    """(point, what it is, captured, length on the wire, time in ns, where its bytes begin) of each record."""
    begin = first_frame(data)
    for point, kind, captured, length, moment in HEAD.iter_unpack(data[COUNT.size : begin]):
        yield point, kind, captured, length, moment, begin
        begin += captured


def first_frame(data: bytes) -> int:
    """Where the bytes of a batch's first frame begin; a batch of no records is empty."""
    return COUNT.size + int(COUNT.unpack_from(data)[0]) * HEAD.size if data else 0


def unpack(data: bytes) -> Iterator[Record]:
    """The records of one batch."""
    for point, kind, captured, length, moment, begin in heads(data):
        yield point, kind, length, moment, data[begin : begin + captured]
