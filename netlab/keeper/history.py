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

    def marks(self) -> list[Mark]:
        """All of them. OSError."""
        content, at, found, before = os.pread(self._file, os.fstat(self._file).st_size, 0), 0, [], b""
        while at < len(content):
            (length,) = _HEAD.unpack_from(content, at)
            at += _HEAD.size
            plain = _decompress(content[at : at + length], before)
            before = before or plain[-WINDOW:]
            found.append(codec.read(Mark, plain))
            at += length
        return found

    def write(self, marks: Sequence[Mark]) -> None:
        """Those are all; of more than there is room for, the newest."""
        kept = list(marks[-MOST:])
        while len(content := _content(kept)) > LARGEST:
            kept = kept[len(kept) // 2 + 1 :]
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, content, 0)


def _content(marks: Sequence[Mark]) -> bytes:
    parts, before = [], b""
    for mark in marks:
        plain = codec.write(mark)
        pressed = _compress(plain, before)
        before = before or plain[-WINDOW:]
        parts.append(_HEAD.pack(len(pressed)) + pressed)
    return b"".join(parts)


def _compress(plain: bytes, before: bytes) -> bytes:
    press = zlib.compressobj(6, zdict=before) if before else zlib.compressobj(6)
    return press.compress(plain) + press.flush()


def _decompress(pressed: bytes, before: bytes) -> bytes:
    press = zlib.decompressobj(zdict=before) if before else zlib.decompressobj()
    return press.decompress(pressed)
