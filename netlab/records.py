"""How a capture is streamed: in batches of records. A batch is a count, as many heads, and the frames' bytes.

The heads stand together, so that those of very many frames can be taken as columns.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

BATCH = struct.Struct("=I")  # how long the batch behind it is
COUNT = struct.Struct("=I")
HEAD = struct.Struct("=IB3xIIQ")  # point, what it is, captured, length, time
INCOMING, OUTGOING, LOST, REFUSED = range(4)  # what a record is; of LOST the length is how many

Record = tuple[int, int, int, int, bytes]  # point, what it is, length on the wire, time in ns, bytes


def pack(records: Iterable[Record]) -> bytes:
    """A batch of those records; of none, nothing."""
    heads, frames = [], []
    for point, kind, length, moment, data in records:
        heads.append(HEAD.pack(point, kind, len(data), length, moment))
        frames.append(data)
    return b"".join([COUNT.pack(len(heads)), *heads, *frames]) if heads else b""


def heads(batch: bytes) -> Iterator[tuple[int, int, int, int, int, int]]:
    """(point, what it is, captured, length on the wire, time in ns, where its bytes begin) of each record."""
    begin = first_frame(batch)
    for point, kind, captured, length, moment in HEAD.iter_unpack(batch[COUNT.size : begin]):
        yield point, kind, captured, length, moment, begin
        begin += captured


def first_frame(batch: bytes) -> int:
    """Where the bytes of a batch's first frame begin."""
    return COUNT.size + int(COUNT.unpack_from(batch)[0]) * HEAD.size


def unpack(batch: bytes) -> Iterator[Record]:
    """The records of one batch."""
    for point, kind, captured, length, moment, begin in heads(batch):
        yield point, kind, length, moment, batch[begin : begin + captured]
