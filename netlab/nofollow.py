"""Files where somebody else can write: opened without following a link, plain files alone, bounded in size.

Each step of a path is opened relative to the folder before, which is held open: what is renamed or replaced
meanwhile leads nowhere else. All raise OSError.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK a FIFO, or a lease on the file, would have us wait for its owner.
PLAIN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
AT_ONCE = 1 << 20  # bytes


@contextmanager
def folder(path: Path | str) -> Iterator[int]:
    """A descriptor of that folder; no step of the path is a link."""
    where = Path(path)
    steps = where.parts[1:] if where.anchor else where.parts
    with _opened(os.open(where.anchor or ".", FOLDER)) as start, below(start, steps) as fd:
        yield fd


@contextmanager
def below(start: int, parts: Sequence[str]) -> Iterator[int]:
    """A descriptor of the folder that these steps lead to from there."""
    fd = os.dup(start)
    try:
        for part in parts:
            fd, above = os.open(part, FOLDER, dir_fd=fd), fd
            os.close(above)
        yield fd
    finally:
        os.close(fd)


def read(start: int, name: str, largest: int, owner: int | None = None) -> bytes:
    """What the plain file of that name holds, where it is that user's and nobody reaches it elsewhere."""
    with _opened(os.open(name, PLAIN, dir_fd=start)) as fd:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "is not a plain file")
        if owner is not None and (found.st_uid != owner or found.st_nlink != 1):
            raise OSError(errno.EPERM, "is somebody else's file, too")
        if found.st_size > largest:
            raise OSError(errno.EFBIG, f"has more than {largest} bytes")
        content = bytearray()
        while len(content) <= largest and (part := os.read(fd, AT_ONCE)):
            content += part
        if len(content) > largest:  # it has grown since
            raise OSError(errno.EFBIG, f"has more than {largest} bytes")
        return bytes(content)


def read_in(path: Path, largest: int) -> bytes:
    """The same for a file in a folder that nobody else chose: links on the way there are followed."""
    with _opened(os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)) as fd:
        return read(fd, path.name, largest)


def read_path(path: Path, largest: int, owner: int | None = None) -> bytes:
    """The same for a path of which no step is a link."""
    with folder(path.parent) as fd:
        return read(fd, path.name, largest, owner)


def write(start: int, name: str, content: bytes, mode: int = 0o600, *, lasting: bool = False) -> None:
    """A new file of that name, in the place of the one that is there: whatever that is, it stays as it is."""
    beside = f".{name}.{os.getpid()}.new"
    with suppress(FileNotFoundError):
        os.unlink(beside, dir_fd=start)
    with _opened(os.open(beside, NEW, mode, dir_fd=start)) as fd:
        view = memoryview(content)
        while view:
            view = view[os.write(fd, view) :]
        if lasting:  # also when the machine falls in the next moment
            os.fsync(fd)
    os.rename(beside, name, src_dir_fd=start, dst_dir_fd=start)


def entries(start: int, most: int) -> list[str]:
    """The names in a folder, in order; not more than that many are looked at."""
    names: list[str] = []
    with os.scandir(start) as found:
        for entry in found:
            if len(names) >= most:
                break
            names.append(entry.name)
    return sorted(names)


@contextmanager
def _opened(fd: int) -> Iterator[int]:
    try:
        yield fd
    finally:
        os.close(fd)
