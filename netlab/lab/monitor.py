"""What the kernel notifies in any namespace of a lab, as `ip monitor` shows it, at once: the client's side.

with lab.monitor(print):             # [host] 10.9.0.1/32 dev lo
    …

A notice is no snapshot: it tells what one message said. netlab.lab.watch tells what is different, and in
words.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from netlab.display import one_line
from netlab.errors import LabDied
from netlab.i18n import gettext as _
from netlab.keeper import protocol
from netlab.lab.subscription import Subscription
from netlab.linux.netlink.notifications import Notice, Reader

OnNotice = Callable[[Notice], object]
OnEnd = Callable[[], object]
MOST = 1 << 16  # bytes of one recv


class Monitor(Subscription):
    """`on_notice` is called in a thread of its own with each Notice; while it runs, the next waits, and a
    namespace that has ended is still held. `on_end` is called when the lab ends."""

    def __init__(
        self,
        connect: Callable[[], socket.socket],
        on_notice: OnNotice,
        on_end: OnEnd = lambda: None,
    ) -> None:
        super().__init__(connect)
        self._on_notice, self._on_end = on_notice, on_end
        self._open: dict[int, tuple[Reader, list[socket.socket]]] = {}
        self._heard: dict[int, tuple[socket.socket, Callable[[bytes], Iterator[Notice]], Reader]] = {}
        self._poll = select.poll()

    def _begin(self) -> None:
        """Ask, and wait until every namespace is listened to."""
        self._poll.register(self._socket, select.POLLIN)
        try:
            protocol.ask(self._socket, "monitor")
            while not (told := self._next_message()).get("ready"):
                list(self._follow(told))
        except (protocol.Closed, OSError):
            self._close(list(self._open))
            raise LabDied(
                _("The lab went away before it could be watched."), _("Look at: ./run status")
            ) from None

    def _next_message(self) -> dict[str, Any]:
        """The keeper's next message; where sockets came with it, they are among what is open."""
        told, fds = protocol.receive(self._socket, seconds=None)
        if "opened" in told:
            names = {int(index): one_line(name) for index, name in told["names"].items()}
            reader = Reader(one_line(told["name"]), told["opened"], names)
            sockets = [socket.socket(fileno=fd) for fd in fds]
            self._open[told["opened"]] = reader, sockets
            for sock, read in zip(sockets, (reader.route, reader.rules), strict=True):
                self._heard[sock.fileno()] = sock, read, reader
                self._poll.register(sock, select.POLLIN)
        elif not told.keys() & {"closed", "ready"}:  # it says why not
            raise protocol.Closed
        return dict(told)

    def _follow(self, told: dict[str, Any]) -> Iterator[Notice]:
        """A namespace has come, or has gone."""
        if "opened" in told:
            yield self._open[told["opened"]][0].about("namespace")
        else:
            reader, _sockets = self._open[told["closed"]]
            self._close([told["closed"]])
            yield reader.about("namespace", deleted=True)

    def _close(self, namespaces: list[int]) -> None:
        for netns in namespaces:
            for sock in self._open.pop(netns)[1]:
                self._poll.unregister(sock)
                del self._heard[sock.fileno()]
                sock.close()

    def _read(self) -> None:
        try:
            with suppress(protocol.Closed, OSError):
                while True:
                    for notice in self._next():
                        self._on_notice(notice)
        finally:
            self._close(list(self._open))
        self._on_end()

    def _next(self) -> Iterator[Notice]:
        """Wait, and tell what there is. protocol.Closed when the keeper has hung up."""
        for fd, _events in self._poll.poll():
            if fd == self._socket.fileno():
                yield from self._follow(self._next_message())
            elif fd in self._heard:  # not closed by what the keeper has just told
                sock, read, reader = self._heard[fd]
                try:
                    yield from read(sock.recv(MOST))
                except BlockingIOError:
                    continue
                except OSError:  # ENOBUFS: more was notified than the kernel had room for
                    yield reader.about("missed")
