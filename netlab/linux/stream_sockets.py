"""Sockets in which one message stands behind the other: what has begun there has to come to its end."""

from __future__ import annotations

import select
import socket
import time
from contextlib import suppress


def finish(sock: socket.socket, rest: bytes, seconds: float) -> None:
    """Send the rest of a message, as whoever reads there makes room, within so many seconds.

    BlockingIOError when they do not: then they would read what comes next as its end. OSError.
    """
    deadline = time.monotonic() + seconds
    room = select.poll()
    room.register(sock, select.POLLOUT)
    while rest:
        left = deadline - time.monotonic()
        if left <= 0 or not room.poll(left * 1000):
            raise BlockingIOError
        with suppress(BlockingIOError):
            rest = rest[sock.send(rest, socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT) :]
