"""Capture at many interfaces of many namespaces at once: the client's side.

with lab.capture() as seen:
    …
seen.frames, seen.lost, seen.to_pcapng("seen.pcapng")
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from netlab.errors import CaptureRefused
from netlab.i18n import gettext as _
from netlab.keeper import protocol
from netlab.model import Capture, Frame, Snapshot
from netlab.model.points import choose
from netlab.packets import pcapng
from netlab.packets.batch import one_by_one

LARGE = 1 << 20  # bytes of records; so many are gone through by column


class Recording(Capture):
    """A Capture that fills itself while its `with` block runs, and stays as it is from the end of it on."""

    def __init__(
        self,
        connect: Callable[[], socket.socket],
        look: Callable[[], Snapshot],
        points: Sequence[str] | None,
        noise: bool,
    ) -> None:
        before = look()
        super().__init__(choose(before, points), (), {}, before, before)
        self._set(_connect=connect, _look=look, _noise=noise, _batches=[])

    def _set(self, **values: object) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __enter__(self) -> Recording:
        sock = self._connect()  # type: ignore[attr-defined]
        points = [(p.netns, p.index) for p in self.points]
        try:
            protocol.ask(sock, "capture", points=points)
            answer, _ = protocol.receive(sock)
        except (protocol.Closed, OSError):
            sock.close()
            raise _gone() from None
        if "error" in answer:
            sock.close()
            raise protocol.rebuilt(answer, CaptureRefused)
        reader = threading.Thread(target=self._read, args=(sock,), daemon=True)
        self._set(_socket=sock, _reader=reader, _lost=None)
        reader.start()
        return self

    def _read(self, sock: socket.socket) -> None:
        stream = sock.makefile("rb")
        while size := int.from_bytes(stream.read(4), "little"):
            self._batches.append(stream.read(size))  # type: ignore[attr-defined]
        length = int.from_bytes(stream.read(4), "big")
        with suppress(protocol.Closed):
            lost = protocol.parsed(stream.read(length)).get("ok") if length <= protocol.MAX_REQUEST else None
            if isinstance(lost, list) and len(lost) == len(self.points):
                self._set(_lost=lost)

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        sock: socket.socket = self._socket  # type: ignore[attr-defined]
        sock.shutdown(socket.SHUT_WR)
        self._reader.join(10)  # type: ignore[attr-defined]
        sock.close()
        lost = self._lost  # type: ignore[attr-defined]
        if lost is None:
            raise _gone()
        frames, hidden = self._sort()
        after = self._look()  # type: ignore[attr-defined]
        losses = dict(zip(self.points, lost, strict=True))
        self._set(frames=frames, hidden=hidden, lost=losses, after=after)

    def _sort(self) -> tuple[Sequence[Frame], int]:
        """The frames in the order they travelled, and how many were hidden."""
        batches, noise = self._batches, self._noise  # type: ignore[attr-defined]
        if sum(map(len, batches)) < LARGE:
            return one_by_one(batches, self.points, noise)
        from netlab.packets.columns import in_order  # numpy with it

        return in_order(batches, self.points, noise)

    def to_pcapng(self, path: str | Path) -> Path:
        """Write what was seen to a file that Wireshark opens, with the points as its interfaces."""
        return pcapng.write(self, Path(path))


def _gone() -> CaptureRefused:
    return CaptureRefused(
        _("The capture ended before its end: the lab went away."), _("Look at: ./run status")
    )
