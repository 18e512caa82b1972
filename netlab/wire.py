"""Messages between the lab's processes: a length-prefixed body each, with file descriptors beside it.

Requests are JSON, so that a process need not trust its clients; what the keeper answers with model values
is pickled, so clients must have made sure whom they talk to (SO_PEERCRED) before they read.
"""

from __future__ import annotations

import array
import json
import pickle
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from netlab.errors import NetlabError

_HEADER = struct.Struct("!IB")
_JSON, _PICKLE = 0, 1
MAX_FDS = 16
MAX_REQUEST = 1 << 20  # bytes; nobody has an honest reason to ask for more
MAX_ANSWER = 1 << 30


class Closed(Exception):
    """The other side hung up, in the middle of a message or before one."""


def send(sock: socket.socket, message: Any, fds: Sequence[int] = (), *, values: bool = False) -> None:
    """Send one message; `values` for model values (pickled), else plain JSON."""
    body = pickle.dumps(message, 5) if values else json.dumps(message).encode()
    data = _HEADER.pack(len(body), _PICKLE if values else _JSON) + body
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    sent = sock.sendmsg([data], ancillary)  # a short message in one go: others may send here, too
    if sent < len(data):
        sock.sendall(data[sent:])


def complain(client: socket.socket, error: NetlabError) -> None:
    """Tell the error to whoever asked, and hang up."""
    with suppress(OSError):
        send(client, {"error": type(error).__name__, "what": error.what, "next": error.next_step})
    client.close()


def receive(sock: socket.socket, *, trusted: bool = False) -> tuple[Any, list[int]]:
    """The next message with its descriptors (close-on-exec); Closed at the end of the stream.

    Pickled bodies are read only when the sender is `trusted`.
    """
    head, fds = _receive_head(sock)
    length, kind = _HEADER.unpack(head)
    if length > (MAX_ANSWER if trusted else MAX_REQUEST):
        raise Closed(f"a message of {length} bytes is too large")
    body = _receive_exactly(sock, length)
    if kind == _PICKLE and not trusted:
        raise Closed("a pickled message from somebody we do not trust")
    return (loads(body) if kind == _PICKLE else json.loads(body)), fds


def loads(body: bytes) -> Any:
    """A pickled body from a sender who is trusted."""
    return pickle.loads(body)


def _receive_head(sock: socket.socket) -> tuple[bytes, list[int]]:
    fds = array.array("i")
    head, ancillary, _, _ = sock.recvmsg(
        _HEADER.size, socket.CMSG_SPACE(MAX_FDS * fds.itemsize), socket.MSG_CMSG_CLOEXEC
    )
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    if not head:
        raise Closed("the other side hung up")
    return head + _receive_exactly(sock, _HEADER.size - len(head)), list(fds)


def _receive_exactly(sock: socket.socket, length: int) -> bytes:
    parts = []
    while length:
        part = sock.recv(min(length, 1 << 20))
        if not part:
            raise Closed("the other side hung up in the middle of a message")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
