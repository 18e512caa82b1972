"""Enter a network namespace and come back: the only place in netlab that calls setns on one."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from netlab.linux import syscalls
from netlab.linux.syscalls import CLONE_NEWNET, NSFS_MAGIC, setns


def inode(path: str) -> int:
    """The number of the namespace at `path`, as `readlink /proc/PID/ns/net` shows it."""
    return os.stat(path).st_ino


def is_one(fd: int) -> bool:
    """Whether that is a descriptor of a network namespace, and not of anything else."""
    ns_get_nstype = 0xB703  # _IO(0xb7, 0x3) of linux/nsfs.h
    try:
        return syscalls.filesystem(fd) == NSFS_MAGIC and fcntl.ioctl(fd, ns_get_nstype) == CLONE_NEWNET
    except OSError:
        return False


def go_to_fresh() -> None:
    """Be in a network namespace in which nothing is, from now on. OSError where none may be made."""
    syscalls.unshare(CLONE_NEWNET)


def make() -> int:
    """A descriptor of a network namespace in which nothing is. OSError where none may be made."""
    with fresh():
        return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


@contextmanager
def fresh() -> Iterator[None]:
    """Run the block in a network namespace in which nothing is. OSError where none may be made."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        syscalls.unshare(CLONE_NEWNET)
        try:
            yield
        finally:
            setns(home, CLONE_NEWNET)
    finally:
        os.close(home)


@contextmanager
def enter(target: int | str) -> Iterator[None]:
    """Run the block in the network namespace `target` (a file descriptor or a path).

    It holds for the calling thread; sockets opened in it go on belonging to that namespace afterwards.
    OSError if the namespace is gone or not ours to enter.
    """
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK  # whatever stands there by now: it does not wait
        fd = os.open(target, flags) if isinstance(target, str) else target
        try:
            is_there = os.fstat(fd).st_ino == os.fstat(home).st_ino and is_one(fd)
            if not is_there:  # who is, needs no right to go there
                setns(fd, CLONE_NEWNET)
        finally:
            if isinstance(target, str):
                os.close(fd)
        try:
            yield
        finally:
            if not is_there:
                setns(home, CLONE_NEWNET)
    finally:
        os.close(home)
