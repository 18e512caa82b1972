"""How a lab was before each step: packs, each kept as what it has beyond the first, with a word for it.

The keeper's memory, written and read by its children one at a time. What is older than there is room for is
forgotten.
"""

from __future__ import annotations

import fcntl
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from netlab.model import codec
from netlab.model.pack import Pack

LARGEST = 1 << 24  # bytes of all
MOST = 500  # marks
WINDOW = 1 << 15  # of what was before, a compressor knows so much
_HEAD = struct.Struct("=I")


@dataclass(frozen=True, slots=True)
class Mark:
    """A state, and what it is called: "cell 7"."""

    label: str
    pack: Pack


class History:
    """The marks of one lab, the oldest first."""

    def __init__(self) -> None:
        self._file = os.memfd_create("netlab-history")

    @contextmanager
    def hold(self) -> Iterator[None]:
        """For whoever reads and then writes: nobody else does meanwhile."""
        # A descriptor of its own: a lock belongs to the open file, which children share.
        own = os.open(f"/proc/self/fd/{self._file}", os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(own, fcntl.LOCK_EX)
            yield
        finally:
            os.close(own)

    def latest(self) -> Iterator[tuple[int, Mark]]:
        """The newest first, with the number that it has from the oldest on; each is unpacked when its turn
        comes. OSError."""
        before, found = self._read()
        for number in reversed(range(len(found))):
            yield number, _mark(found[number], before)

    def last(self) -> Mark | None:
        """The newest alone, whatever there is before it. OSError."""
        return next((mark for _, mark in self.latest()), None)

    def add(self, mark: Mark) -> None:
        """One more; those that there is no room for any more are forgotten. OSError."""
        before, found = self._read()
        plain = codec.write(mark)
        before = before or plain[-WINDOW:]
        self._write(before, [*found, _compress(plain, before)])

    def keep(self, number: int) -> None:
        """Forget all but so many of the oldest. OSError."""
        before, found = self._read()
        self._write(before, found[:number])

    def _read(self) -> tuple[bytes, list[bytes]]:
        """What each is kept as what it has beyond that, and these: to unpack all takes ever longer."""
        content, at, found = os.pread(self._file, os.fstat(self._file).st_size, 0), 0, list[bytes]()
        while at < len(content):
            (length,) = _HEAD.unpack_from(content, at)
            found.append(content[at + _HEAD.size : at + _HEAD.size + length])
            at += _HEAD.size + length
        return (zlib.decompress(found[0]), found[1:]) if found else (b"", [])

    def _write(self, before: bytes, marks: Sequence[bytes]) -> None:
        kept = list(marks[-MOST:])
        while sum(map(len, kept)) > LARGEST:
            kept = kept[len(kept) // 2 + 1 :]
        content = b"".join(_HEAD.pack(len(part)) + part for part in (zlib.compress(before), *kept))
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, content, 0)


def _mark(pressed: bytes, before: bytes) -> Mark:
    return codec.read(Mark, zlib.decompressobj(zdict=before).decompress(pressed))


def _compress(plain: bytes, before: bytes) -> bytes:
    press = zlib.compressobj(6, zdict=before)
    return press.compress(plain) + press.flush()
