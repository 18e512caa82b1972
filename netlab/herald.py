"""The keeper's side of a monitor: what the kernel notifies in any namespace, passed on at once as it came.

Nothing is read or compared first, so that it is there in a tenth of a millisecond; netlab.notice takes it
apart. The sockets stay here: one that a client held would keep its namespace from ending with the lab.
"""

from __future__ import annotations

import json
import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress

from netlab import wire
from netlab.events import LOOK, listen
from netlab.kernel import Kernel
from netlab.notice import CLOSED, HEAD, MISSED, OPENED, READY, ROUTE, RULES
from netlab.observe import Place

START = {"started": True}


def serve(client: socket.socket, look: Callable[[], list[Place]]) -> bool:
    """Pass on what is notified until the client hangs up."""
    wire.send(client, START)
    relay = _Relay(client)
    try:
        relay.follow(look())
        relay.send(0, READY)
        looked = time.monotonic()
        while relay.wait(max(looked + LOOK - time.monotonic(), 0)):
            if time.monotonic() - looked >= LOOK:
                relay.follow(look())
                looked = time.monotonic()
    except (BrokenPipeError, ConnectionResetError):
        pass
    finally:
        relay.follow([])
    return True


class _Relay:
    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self._sockets: dict[int, list[socket.socket]] = {}
        self._by_fd: dict[int, tuple[socket.socket, int, int]] = {}
        self._poll = select.poll()
        self._poll.register(client, select.POLLIN)

    def send(self, netns: int, what: int, body: bytes = b"") -> None:
        self._client.sendall(HEAD.pack(netns, what, len(body)) + body)

    def follow(self, found: list[Place]) -> None:
        """Listen in each of these namespaces, and no longer in any other."""
        there = {place.netns: place for place in found}
        for netns in set(self._sockets) - set(there):
            for sock in self._sockets.pop(netns):
                self._poll.unregister(sock)
                del self._by_fd[sock.fileno()]
                sock.close()
            with suppress(OSError):
                self.send(netns, CLOSED)
        for netns in set(there) - set(self._sockets):
            with suppress(FileNotFoundError, ProcessLookupError):  # it ended in the meantime
                self._open(there[netns])

    def _open(self, place: Place) -> None:
        opened = listen(place.path)
        with Kernel(place.path) as kernel:  # after the sockets: of what comes later they tell
            names = {interface.index: interface.name for interface in kernel.interfaces()}
        self._sockets[place.netns] = opened
        for sock, what in zip(opened, (ROUTE, RULES), strict=True):
            self._poll.register(sock, select.POLLIN)
            self._by_fd[sock.fileno()] = (sock, place.netns, what)
        self.send(place.netns, OPENED, json.dumps({"name": place.name, "names": names}).encode())

    def wait(self, longest: float) -> bool:
        """Pass on what comes in so many seconds; False when the client has hung up."""
        for fd, _ in self._poll.poll(longest * 1000):
            if fd == self._client.fileno():
                return False
            sock, netns, what = self._by_fd[fd]
            try:
                self.send(netns, what, sock.recv(1 << 16))
            except BlockingIOError:
                continue
            except BrokenPipeError:
                raise
            except OSError:  # ENOBUFS: more was notified than the kernel had room for
                self.send(netns, MISSED)
        return True
