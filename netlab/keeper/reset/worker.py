"""Resets, one after another, by a child of the keeper's that stays: it has open, and knows, what they take.

A child of its own for each, as other requests have, would begin by copying what it touches of the keeper's
memory and by opening five hundred files.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from netlab.i18n import speaking
from netlab.keeper import init, protocol
from netlab.keeper.reset.restore import Restorer, Timings
from netlab.linux.sysctl import make_room


class ResetWorker:
    """`fork` runs a function in a child of the keeper's; `answer` does a request there and tells its client;
    `restorer` opens what it takes."""

    def __init__(
        self,
        fork: Callable[[Callable[[], None]], None],
        answer: Callable[[Mapping[str, Any], socket.socket], None],
        restorer: Callable[[], Restorer],
        to_init: socket.socket,
    ) -> None:
        self._fork, self._answer, self._restorer, self._to_init = fork, answer, restorer, to_init
        self._child: socket.socket | None = None
        self._open: Restorer | None = None

    # -- at the keeper

    def pass_on(self, request: Mapping[str, Any], client: socket.socket) -> None:
        """Have the child do it; it is made when it is needed first, or again. OSError when it is stuck."""
        order = {"way": str(request.get("way", "kept")), "language": str(request.get("language", ""))}
        message = json.dumps(order).encode()
        while True:
            if self._child is None:
                self._child = self._make(client)
            with suppress(ConnectionError):  # it has ended
                socket.send_fds(self._child, [message], [client.fileno()], socket.MSG_DONTWAIT)
                return
            self._child.close()
            self._child = None

    def _make(self, client: socket.socket) -> socket.socket:
        ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)

        def work() -> None:
            ours.close()
            client.close()  # it comes again, with its order
            self._serve(theirs)

        with theirs:
            self._fork(work)
        return ours

    # -- in the child

    def _serve(self, orders: socket.socket) -> None:
        """Until the keeper ends."""
        make_room()
        while True:
            message, fds, _, _ = socket.recv_fds(orders, protocol.MAX_REQUEST, 1)
            if not fds:
                return
            request = json.loads(message)
            with socket.socket(fileno=fds[0]) as client, speaking(request["language"]):
                self._answer(request, client)

    def put_back(self, way: str) -> dict[str, Any]:
        """Which way it went, and what took how long (ms). What is open serves while the links are kept."""
        laps, went = Timings(), "anew"
        if self._open:
            self._open.begin()
        init.ask_to_tidy(self._to_init)
        laps.end("processes")
        self._open = self._open or self._restorer()
        laps.end("opening")
        try:
            went = self._open.put_back(way, laps)
        finally:
            if went == "anew":
                self._open.close()
                self._open = None
        return {"way": went, "laps": laps.taken}
