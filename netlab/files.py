"""Files in folders that somebody else can write to: a name in there is never followed to anywhere else.

What is opened lies beneath the folder, behind no symbolic link; what is read is a regular file of a bounded
size, and opening it does not wait for anybody (a FIFO, a lease). openat2(2)
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice

from netlab import syscalls
from netlab.display import printable

BENEATH = syscalls.RESOLVE_BENEATH | syscalls.RESOLVE_NO_SYMLINKS | syscalls.RESOLVE_NO_MAGICLINKS
KERNELS_OWN = (syscalls.PROC_SUPER_MAGIC, syscalls.SYSFS_MAGIC)  # where reading may wait
MOST_NAMES = 1 << 15


@contextmanager
def opened(folder: int | str, path: str, flags: int = os.O_RDONLY, mode: int = 0o600) -> Iterator[int]:
    """A descriptor of `path` beneath `folder` (a descriptor or a path that one trusts). OSError."""
    fd = open_beneath(folder, path, flags, mode)
    try:
        yield fd
    finally:
        os.close(fd)


def open_beneath(folder: int | str, path: str, flags: int = os.O_RDONLY, mode: int = 0o600) -> int:
    """The same, to be closed by whoever asked."""
    at = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC) if isinstance(folder, str) else folder
    try:
        quick = 0 if flags & os.O_PATH else os.O_NONBLOCK | os.O_NOCTTY
        made = mode if flags & os.O_CREAT else 0
        try:
            return syscalls.openat2(at, path.lstrip("/") or ".", flags | quick, made, BENEATH)
        except OSError as error:
            if error.errno != errno.ENOSYS:  # as in a lab host; see netlab.seccomp
                raise
            return _open_step_by_step(at, path, flags | quick | os.O_CLOEXEC, made)
    finally:
        if isinstance(folder, str):
            os.close(at)


def _open_step_by_step(at: int, path: str, flags: int, mode: int) -> int:
    """The same without openat2(2): one name after the other, none of them a link."""
    *folders, last = [name for name in path.split("/") if name] or ["."]
    if ".." in (*folders, last):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), path)
    held = os.dup(at)
    try:
        for name in folders:
            inner = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=held)
            os.close(held)
            held = inner
        return os.open(last, flags | os.O_NOFOLLOW, mode, dir_fd=held)
    finally:
        os.close(held)


def read(folder: int | str, path: str, longest: int) -> bytes:
    """What stands in a regular file there. OSError; ValueError for anything else, or more bytes than that."""
    with opened(folder, path) as fd:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or syscalls.filesystem(fd) in KERNELS_OWN:
            raise ValueError(f"{path} is not a regular file")
        if found.st_size > longest:
            raise ValueError(f"{path} has more than {longest} bytes")
        with os.fdopen(os.dup(fd), "rb") as file:
            content = file.read(longest + 1)
    if len(content) > longest:
        raise ValueError(f"{path} has more than {longest} bytes")
    return content


def last_line(folder: int | str, path: str, longest: int) -> str:
    """The last line that says something in a regular file there, with nothing in it that a terminal obeys."""
    with opened(folder, path) as fd:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise ValueError(f"{path} is not a regular file")
        size = os.fstat(fd).st_size
        content = os.pread(fd, longest, max(0, size - longest)).decode(errors="replace")
    return printable(" ".join(content.strip().splitlines()[-1:]))


def names(folder: int | str, path: str = ".") -> list[str]:
    """What is in a folder there, so many at most; nothing where there is none."""
    with (
        suppress(OSError),
        opened(folder, path, os.O_RDONLY | os.O_DIRECTORY) as fd,
        os.scandir(fd) as entries,
    ):
        return [entry.name for entry in islice(entries, MOST_NAMES)]
    return []


def replace(folder: int | str, name: str, content: bytes) -> None:
    """Put a file there, whole or not at all, in place of whatever has that name. OSError."""
    beside = f".{name}.{secrets.token_hex(8)}"
    with opened(folder, ".", os.O_RDONLY | os.O_DIRECTORY) as at:
        fd = open_beneath(at, beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(fd)
            os.replace(beside, name, src_dir_fd=at, dst_dir_fd=at)
        except BaseException:
            with suppress(OSError):
                os.unlink(beside, dir_fd=at)
            raise
