"""What the kernel notifies in any namespace of a lab, as `ip monitor` shows it, at once: the client's side.

with lab.monitor(print):             # [host] 10.9.0.1/32 dev lo
    …

A notice is no snapshot: it tells what one message said. netlab.watch tells what is different, and in words.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress

from netlab import wire
from netlab.errors import LabDied
from netlab.language import gettext as _
from netlab.language import language
from netlab.notice import HEAD, READY, Notice, Reader
from netlab.subscription import Subscription

OnNotice = Callable[[Notice], object]
OnEnd = Callable[[], object]


class Monitor(Subscription):
    """`on_notice` is called in a thread of its own with each Notice, and holds up the next while it runs;
    `on_end` when the lab ends."""

    def __init__(
        self,
        connect: Callable[[], socket.socket],
        on_notice: OnNotice,
        on_end: OnEnd = lambda: None,
    ) -> None:
        super().__init__(connect)
        self._on_notice, self._on_end = on_notice, on_end
        self._reader = Reader()

    def _begin(self) -> None:
        self._stream = self._socket.makefile("rb")
        if not self._is_ready():
            self._stream.close()
            raise LabDied(_("The lab went away before it could be watched."), _("Look at: ./run status"))

    def _is_ready(self) -> bool:
        """Ask, and wait until every namespace is listened to; False if the lab is gone."""
        with suppress(wire.Closed, OSError):
            wire.send(self._socket, {"op": "monitor", "language": language()})
            if "started" not in wire.receive(self._socket, trusted=True)[0]:
                return False
        for netns, what, body in self._records():
            if what == READY:
                return True
            list(self._reader.read(netns, what, body))
        return False

    def _records(self) -> Iterator[tuple[int, int, bytes]]:
        with suppress(OSError):
            while len(head := self._stream.read(HEAD.size)) == HEAD.size:
                netns, what, length = HEAD.unpack(head)
                yield netns, what, self._stream.read(length)

    def _read(self) -> None:
        with self._stream:
            for netns, what, body in self._records():
                for notice in self._reader.read(netns, what, body):
                    self._on_notice(notice)
        self._on_end()
