"""The keeper's two doors: who may knock at which, and how long somebody may take to say what they want.

At the machine's door the lab's owner asks for anything, at the one in the lab host a learner for what is
theirs. Who comes is told by the kernel (SO_PEERCRED), never by what they say. Nobody holds up the others: a
request is read as it comes, and whoever has not said it in time, or is one too many, is let go.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netlab.keeper import protocol
from netlab.keeper.address import peer
from netlab.keeper.execute import Loop

SECONDS_TO_ASK = 5.0
MOST_WAITING = 32  # of each door; a learner may open a thousand connections and say nothing
OVERFLOW = "/proc/sys/kernel/overflowuid"  # as whom those are shown who have no number here

Handle = Callable[[dict[str, Any], list[int], socket.socket], None]


@dataclass
class Visitor:
    """Somebody at a door whose request has not come to its end."""

    sock: socket.socket
    inbox: protocol.Inbox
    deadline: float


class Door:
    """One of the two; `is_welcome` is asked with (process, user) of whoever has connected."""

    def __init__(
        self, sock: socket.socket, loop: Loop, is_welcome: Callable[[int, int], bool], handle: Handle
    ) -> None:
        self.sock, self._loop, self._is_welcome, self._handle = sock, loop, is_welcome, handle
        self._visitors: list[Visitor] = []
        sock.setblocking(False)
        loop.watch(sock, self._accept)

    def close(self) -> None:
        """In the keeper and its children alike: the name is free when nobody has the door open."""
        for visitor in self._visitors:
            visitor.inbox.forget()
            visitor.sock.close()
        self.sock.close()

    def _accept(self) -> None:
        with suppress(OSError):  # they have gone again
            client = self.sock.accept()[0]
            if not self._is_welcome(*peer(client)):
                client.close()
                return
            if len(self._visitors) == MOST_WAITING:
                self._let_go(self._visitors[0])
            visitor = Visitor(
                client, protocol.Inbox(client, protocol.MAX_REQUEST), time.monotonic() + SECONDS_TO_ASK
            )
            self._visitors.append(visitor)
            self._loop.watch(client, lambda: self._listen(visitor))
            self._listen(visitor)  # most have said it already

    def _listen(self, visitor: Visitor) -> None:
        try:
            while (request := visitor.inbox.read(0.0)) is None:
                if not visitor.inbox.has_more:
                    return
        except protocol.Closed:
            self._let_go(visitor)
            return
        self._visitors.remove(visitor)
        self._loop.forget(visitor.sock)
        visitor.sock.setblocking(True)
        self._handle(request, visitor.inbox.fds, visitor.sock)

    def _let_go(self, visitor: Visitor) -> None:
        self._visitors.remove(visitor)
        self._loop.forget(visitor.sock)
        visitor.inbox.forget()
        visitor.sock.close()

    def let_go_of_the_late(self) -> float | None:
        """End what has taken too long; in how many seconds the next will have, if there is one."""
        now = time.monotonic()
        for visitor in [visitor for visitor in self._visitors if visitor.deadline <= now]:
            self._let_go(visitor)
        return min((visitor.deadline - now for visitor in self._visitors), default=None)


def is_owner(owner: int) -> Callable[[int, int], bool]:
    """For the machine's door: the lab's owner (their number on the level above), and not from inside."""
    here = _number_here(owner)
    return lambda pid, uid: pid == 0 and uid == here


def is_from_the_lab(pid: int, uid: int) -> bool:
    """For the lab host's door: it is a process of this lab, which the keeper can see."""
    return pid > 0


def _number_here(owner: int) -> int:
    """That user of the level above, as this user namespace numbers them."""
    for line in Path("/proc/self/uid_map").read_text().splitlines():
        inside, outside, count = map(int, line.split())
        if outside <= owner < outside + count:
            return inside + owner - outside
    return int(Path(OVERFLOW).read_text())
