"""Capture at many interfaces of many namespaces at once: the client's side.

with lab.capture() as seen:
    …
seen.frames, seen.lost, seen.to_pcapng("seen.pcapng")
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from netlab.errors import CaptureRefused
from netlab.i18n import gettext as _
from netlab.keeper import protocol
from netlab.model import Capture, Frame, Point, Snapshot
from netlab.model.points import choose
from netlab.packets import pcapng
from netlab.packets.batch import one_by_one

if TYPE_CHECKING:
    from scapy.plist import PacketList

LARGE = 1 << 20  # bytes of records; so many are gone through by column
SECONDS_TO_END = 10.0  # for what is still on its way when the block has ended


class Recording:
    """Records while its `with` block runs; `capture` is what came of it: frozen, and empty until it ends.

    It is read like that capture, so whatever takes one takes a recording, too.
    """

    def __init__(
        self,
        connect: Callable[[], socket.socket],
        look: Callable[[], Snapshot],
        points: Sequence[str] | None,
        noise: bool,
    ) -> None:
        before = look()
        self.capture = Capture(choose(before, points), (), {}, before, before)
        self._connect, self._look, self._noise = connect, look, noise

    @property
    def points(self) -> tuple[Point, ...]:
        """Where it records, in path order."""
        return self.capture.points

    @property
    def frames(self) -> Sequence[Frame]:
        """All that was seen at these points, in the order it travelled."""
        return self.capture.frames

    @property
    def lost(self) -> Mapping[Point, int]:
        """How many frames the kernel could not hand over, by point."""
        return self.capture.lost

    @property
    def before(self) -> Snapshot:
        """The lab when the block began."""
        return self.capture.before

    @property
    def after(self) -> Snapshot:
        """The lab when the block had ended."""
        return self.capture.after

    @property
    def hidden(self) -> int:
        """How many frames were left out as noise."""
        return self.capture.hidden

    def to_pcapng(self, path: str | Path) -> Path:
        """Write what was seen to a file that Wireshark opens, with the points as its interfaces."""
        return pcapng.write(self.capture, Path(path))

    def scapy(self) -> PacketList:
        """What was seen as scapy's packets, in the same order: see netlab.model.scapy_packets."""
        return self.capture.scapy()

    def __repr__(self) -> str:
        return repr(self.capture)

    def __enter__(self) -> Recording:
        sock = self._connect()
        try:
            protocol.ask(sock, "capture", points=[(p.netns, p.index) for p in self.points])
            answer, _ = protocol.receive(sock)
        except (protocol.Closed, OSError):
            sock.close()
            raise _gone() from None
        if "error" in answer:
            sock.close()
            raise protocol.rebuild(answer, CaptureRefused)
        self._reader = _Reader(sock, len(self.points))
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        batches, lost = self._reader.end()
        frames, hidden = self._sort(batches)
        losses = dict(zip(self.points, lost, strict=True))
        self.capture = Capture(self.points, frames, losses, self.before, self._look(), hidden)

    def _sort(self, batches: Sequence[bytes]) -> tuple[Sequence[Frame], int]:
        """The frames in the order they travelled, and how many were hidden."""
        if sum(map(len, batches)) < LARGE:
            return one_by_one(batches, self.points, self._noise)
        from netlab.packets.columns import in_order  # numpy with it

        return in_order(batches, self.points, self._noise)


class _Reader(threading.Thread):
    """Takes what the keeper sends as it comes, so that it never has to wait."""

    def __init__(self, sock: socket.socket, points: int) -> None:
        super().__init__(daemon=True)
        self._socket, self._points = sock, points
        self._batches: list[bytes] = []
        self._lost: list[int] | None = None  # as long as the keeper has not said

    def run(self) -> None:
        stream = self._socket.makefile("rb")
        while size := int.from_bytes(stream.read(4), "little"):
            self._batches.append(stream.read(size))
        length = int.from_bytes(stream.read(4), "big")
        with suppress(protocol.Closed):
            lost = protocol.parse(stream.read(length)).get("ok") if length <= protocol.MAX_REQUEST else None
            if isinstance(lost, list) and len(lost) == self._points:
                self._lost = lost

    def end(self) -> tuple[list[bytes], list[int]]:
        """Have enough: the batches, and how many frames each point lost. CaptureRefused: the lab has gone."""
        self._socket.shutdown(socket.SHUT_WR)
        self.join(SECONDS_TO_END)
        self._socket.close()
        if self._lost is None:
            raise _gone()
        return self._batches, self._lost


def _gone() -> CaptureRefused:
    return CaptureRefused(
        _("The capture ended before its end: the lab went away."), _("Look at: ./run status")
    )
