"""The keeper's side of a capture: packet sockets at many points, their frames streamed to one client.

Sent are batches of records (see FRAME) as they come; when the client hangs up its sending side, what is
still in the rings follows, and then, as the answer, how many frames each point lost.
"""

from __future__ import annotations

import errno
import select
import socket
import struct
from collections.abc import Iterator, Sequence

from netlab import wire
from netlab.netns import entered
from netlab.ring import RETIRE_AFTER_MS, Ring

FRAME = struct.Struct("=HBxIIQ")  # point, outgoing, captured, length, time; then the bytes
START, BATCH = {"started": True}, struct.Struct("=I")


def serve(client: socket.socket, points: Sequence[tuple[str, int]]) -> list[int]:
    """Capture at `points` (path of the namespace, index of the interface) until the client has enough.

    Returns, per point, the number of frames that the kernel lost. OSError if a point cannot be opened.
    """
    rings = []
    for path, index in points:
        with entered(path):
            rings.append(Ring(index))
    wire.send(client, START)
    poll = select.poll()
    by_fd = {ring.socket.fileno(): number for number, ring in enumerate(rings)}
    for fd in by_fd:
        poll.register(fd, select.POLLIN)
    poll.register(client.fileno(), select.POLLIN)
    while True:
        ready = [fd for fd, _ in poll.poll()]
        _flush(client, [(by_fd[fd], rings[by_fd[fd]]) for fd in ready if fd in by_fd])
        if client.fileno() in ready:
            break
    # A block that is not full is handed over a moment later: wait for the last ones.
    select.select([], [], [], 3 * RETIRE_AFTER_MS / 1000)
    _flush(client, list(enumerate(rings)))
    client.sendall(BATCH.pack(0))
    return [ring.lost() for ring in rings]


def _flush(client: socket.socket, rings: Sequence[tuple[int, Ring]]) -> None:
    parts = []
    for number, ring in rings:
        ring.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # ENETDOWN when a link went: read on
        for raw in ring.read():
            parts.append(FRAME.pack(number, raw.outgoing, len(raw.data), raw.length, raw.time_ns))
            parts.append(raw.data)
    if parts:
        batch = b"".join(parts)
        try:
            client.sendall(BATCH.pack(len(batch)) + batch)
        except OSError as error:
            if error.errno != errno.EPIPE:
                raise


def unpack(batch: bytes) -> Iterator[tuple[int, bool, int, int, bytes]]:
    """(point, outgoing, length on the wire, time in ns, bytes) of each frame of one batch."""
    at = 0
    while at < len(batch):
        point, outgoing, captured, length, moment = FRAME.unpack_from(batch, at)
        at += FRAME.size
        yield point, bool(outgoing), length, moment, batch[at : at + captured]
        at += captured
