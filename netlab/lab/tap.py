"""A capture whose points may come and go while it runs: the client's side.

with lab.tap(on_batch) as tap:
    tap.follow(points)      # all that are wanted from now on, as often as that changes

Each point gets a number when it is first named; the records of a batch (netlab.packets.batch) name it by
that.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from contextlib import suppress

from netlab.errors import CaptureRefused
from netlab.i18n import gettext as _
from netlab.keeper import protocol
from netlab.lab.subscription import Subscription
from netlab.model import InterfaceId, Point


class Tap(Subscription):
    """`on_batch` is called in a thread of its own, with each batch as it came, and with b"" at the end."""

    def __init__(self, connect: Callable[[], socket.socket], on_batch: Callable[[bytes], object]) -> None:
        super().__init__(connect)
        self.points: dict[int, Point] = {}  # all that were ever named, by number
        self._numbers: dict[InterfaceId, int] = {}
        self._wanted: set[int] = set()
        self._on_batch = on_batch

    def _begin(self) -> None:
        try:
            protocol.ask(self._socket, "tap")
            answer, __ = protocol.receive(self._socket)
        except (protocol.Closed, OSError) as error:
            raise CaptureRefused(_("The lab went away."), _("Look at: ./run status")) from error
        if "error" in answer:
            raise protocol.rebuild(answer, CaptureRefused)

    def follow(self, points: Iterable[Point]) -> None:
        """Capture at these from now on, and no longer at any other."""
        wanted = set()
        for point in points:
            number = self._numbers.setdefault(InterfaceId(point.netns, point.index), len(self._numbers))
            self.points[number] = point
            wanted.add(number)
        if wanted == self._wanted:
            return
        self._wanted = wanted
        order = [(n, self.points[n].netns, self.points[n].index) for n in sorted(wanted)]
        with suppress(OSError):  # that the lab is gone is told by the batches' end
            protocol.send(self._socket, {"points": order})

    def _read(self) -> None:
        with suppress(OSError), self._socket.makefile("rb") as stream:
            while size := int.from_bytes(stream.read(4), "little"):
                batch = stream.read(size)
                if len(batch) == size:
                    self._on_batch(batch)
        self._on_batch(b"")
