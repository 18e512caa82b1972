"""Enter a network namespace and come back: the only place in netlab that calls setns on one."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from netlab.linux import syscalls
from netlab.linux.syscalls import CLONE_NEWNET, CLONE_NEWUSER, NSFS_MAGIC, setns


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


def do_as_owner(namespace: int, work: Callable[[], None]) -> None:
    """Run `work` in that network namespace, in a process of the user namespace that owns it: what the kernel
    lets nobody else do, whatever rights they have. OSError with what it was refused."""
    ns_get_userns = 0xB701  # _IO(0xb7, 0x1) of linux/nsfs.h
    owner = fcntl.ioctl(namespace, ns_get_userns)
    try:
        if not (pid := os.fork()):
            code = errno.EIO
            try:
                with suppress(OSError):  # we are in it
                    setns(owner, CLONE_NEWUSER)
                setns(namespace, CLONE_NEWNET)
                work()
                code = 0
            except OSError as error:
                code = error.errno or errno.EIO
            finally:
                os._exit(code)
    finally:
        os.close(owner)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code:
        raise OSError(code, os.strerror(code) if code > 0 else os.strerror(errno.EINTR))
