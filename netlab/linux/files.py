"""Files in folders that somebody else can write to: a name in there is never followed to anywhere else.

What is opened lies beneath the folder, behind no symbolic link; what is read is a regular file of a bounded
size, and opening it does not wait for anybody (a FIFO, a lease). All raise OSError. openat2(2)
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

from netlab.display import one_line
from netlab.linux import syscalls

BENEATH = syscalls.RESOLVE_BENEATH | syscalls.RESOLVE_NO_SYMLINKS | syscalls.RESOLVE_NO_MAGICLINKS
FOLDER = os.O_RDONLY | os.O_DIRECTORY
KERNELS_OWN = (syscalls.PROC_SUPER_MAGIC, syscalls.SYSFS_MAGIC)  # where reading may wait
MOST_NAMES = 1 << 15
AT_ONCE = 1 << 20  # bytes


@contextmanager
def descriptor(folder: int | str, path: str, flags: int = os.O_RDONLY, mode: int = 0o600) -> Iterator[int]:
    """A descriptor of `path` beneath `folder` (a descriptor or a path that one trusts)."""
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
            if error.errno != errno.ENOSYS:  # as in a lab host; see netlab.linux.sandbox.seccomp
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


@contextmanager
def folder(path: Path | str) -> Iterator[int]:
    """A descriptor of that folder; no step of the path is a link."""
    with descriptor("/", os.path.abspath(path), FOLDER) as fd:
        yield fd


@contextmanager
def below(start: int, steps: Sequence[str]) -> Iterator[int]:
    """A descriptor of the folder that these steps lead to from there."""
    with descriptor(start, "/".join(steps), FOLDER) as fd:
        yield fd


def read(folder: int | str, path: str, longest: int, owner: int | None = None) -> bytes:
    """What stands in a regular file there of at most so many bytes.

    With an `owner`, of a file that is that user's and has no other name.
    """
    with descriptor(folder, path) as fd:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or syscalls.filesystem(fd) in KERNELS_OWN:
            raise OSError(errno.EINVAL, "is not a plain file", path)
        if owner is not None and (found.st_uid != owner or found.st_nlink != 1):
            raise OSError(errno.EPERM, "is somebody else's file, too", path)
        content = bytearray()
        while found.st_size <= longest and len(content) <= longest and (part := os.read(fd, AT_ONCE)):
            content += part
    if found.st_size > longest or len(content) > longest:  # it may have grown since
        raise OSError(errno.EFBIG, f"has more than {longest} bytes", path)
    return bytes(content)


def read_in(path: Path, longest: int) -> bytes:
    """The same for a file in a folder that nobody else chose: links on the way there are followed."""
    return read(str(path.parent), path.name, longest)


def read_path(path: Path, longest: int, owner: int | None = None) -> bytes:
    """The same for a path of which no step is a link."""
    return read("/", os.path.abspath(path), longest, owner)


def last_line(folder: int | str, path: str, longest: int) -> str:
    """The last line that says something in a regular file there, with nothing in it that a terminal obeys."""
    with descriptor(folder, path) as fd:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "is not a plain file", path)
        content = os.pread(fd, longest, max(0, found.st_size - longest)).decode(errors="replace")
    return one_line(" ".join(content.strip().splitlines()[-1:]))


def names(folder: int | str, path: str = ".", most: int = MOST_NAMES) -> list[str]:
    """What is in a folder there, so many at most; nothing where there is none."""
    with suppress(OSError), descriptor(folder, path, FOLDER) as fd:
        return entries(fd, most)
    return []


def entries(folder: int, most: int = MOST_NAMES) -> list[str]:
    """The names in a folder, in order; not more than that many are looked at."""
    with os.scandir(folder) as found:
        return sorted(entry.name for entry in islice(found, most))


def replace(
    folder: int | str, name: str, content: bytes, mode: int = 0o600, *, lasting: bool = False
) -> None:
    """Put a file there, whole or not at all, in place of whatever has that name, which stays as it is.

    `lasting`: also when the machine falls in the next moment.
    """
    beside = f".{name[:100]}.{secrets.token_hex(8)}"
    with descriptor(folder, ".", FOLDER) as at:
        fd = open_beneath(at, beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(content)
                if lasting:
                    file.flush()
                    os.fsync(fd)
            os.replace(beside, name, src_dir_fd=at, dst_dir_fd=at)
        except BaseException:
            with suppress(OSError):
                os.unlink(beside, dir_fd=at)
            raise
