"""Requests of one kind, one after another, by a child of the keeper's that stays: it has loaded, opened and
learned what they take.

A child of its own for each, as other requests have, would begin by copying what it touches of the keeper's
memory, by loading modules, and by opening five hundred files.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from netlab.i18n import speaking
from netlab.keeper import protocol
from netlab.linux.sysctl import make_room

MOST_FDS = 8  # of one request


class Worker:
    """`fork` runs a function in a child of the keeper's; `answer` does a request there."""

    def __init__(
        self,
        fork: Callable[[Callable[[], None]], None],
        answer: Callable[[Mapping[str, Any], socket.socket], None],
    ) -> None:
        self._fork, self._answer = fork, answer
        self._child: socket.socket | None = None

    def pass_on(self, order: Mapping[str, Any], client: socket.socket, fds: Sequence[int] = ()) -> None:
        """At the keeper: have the child do it; it is made when it is needed first, or again. OSError when it
        is stuck."""
        message = json.dumps(order).encode()
        while True:
            if self._child is None:
                self._child = self._make(client, fds)
            with suppress(ConnectionError):  # it has ended
                socket.send_fds(self._child, [message], [client.fileno(), *fds], socket.MSG_DONTWAIT)
                return
            self._child.close()
            self._child = None

    def _make(self, client: socket.socket, fds: Sequence[int]) -> socket.socket:
        ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, protocol.MAX_REQUEST)

        def work() -> None:
            ours.close()
            client.close()  # it comes again, with its order, as they do
            for fd in fds:
                os.close(fd)
            self._serve(theirs)

        with theirs:
            self._fork(work)
        return ours

    def _serve(self, orders: socket.socket) -> None:
        """In the child, until the keeper ends."""
        make_room()
        while True:
            message, fds, _, _ = socket.recv_fds(orders, protocol.MAX_REQUEST, MOST_FDS)
            if not fds:
                return
            client_fd, *others = fds
            request = {**json.loads(message), "fds": others}
            try:
                with (
                    socket.socket(fileno=client_fd) as client,
                    speaking(str(request.get("language", ""))),
                ):
                    self._answer(request, client)
            finally:
                for fd in others:
                    os.close(fd)
