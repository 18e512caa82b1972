"""How a capture is streamed: in batches of records. A record is a head, and a frame's bytes behind it."""

from __future__ import annotations

import struct
from collections.abc import Iterator

BATCH = struct.Struct("=I")
FRAME = struct.Struct("=IB3xIIQ")  # point, what it is, captured, length, time; then the bytes
CAPTURED = struct.Struct("=8xI")  # that of these, at the beginning of a record
INCOMING, OUTGOING, LOST, REFUSED = range(4)  # what a record is; of LOST the length is how many


def unpack(batch: bytes) -> Iterator[tuple[int, int, int, int, bytes]]:
    """(point, what it is, length on the wire, time in ns, bytes) of each record of one batch."""
    at = 0
    while at < len(batch):
        point, kind, captured, length, moment = FRAME.unpack_from(batch, at)
        at += FRAME.size
        yield point, kind, length, moment, batch[at : at + captured]
        at += captured
