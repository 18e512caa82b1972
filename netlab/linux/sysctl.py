"""Settings of a namespace (sysctl) that are looked at again and again: their files stay open.

Opening one costs more than reading it, and a reset looks at five hundred. An open file goes on belonging to
the namespace in which it was opened.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping
from contextlib import suppress

from netlab.linux.netns import enter

AT_LEAST = 4096  # files that a process should be able to open


class Settings:
    """Those settings, by file below /proc/sys, in a namespace (a descriptor or a path); a setting that comes
    more than once is looked at as often, in this order. One that is not in this kernel is left out."""

    def __init__(self, namespace: int | str, *wanted: Mapping[str, str]) -> None:
        self._open: list[tuple[int, bytes]] = []
        with enter(namespace):
            for name, value in (pair for each in wanted for pair in each.items()):
                with suppress(FileNotFoundError, PermissionError):
                    fd = os.open(f"/proc/sys/{name}", os.O_RDWR | os.O_CLOEXEC)
                    self._open.append((fd, f"{value.rstrip()}\n".encode()))

    def close(self) -> None:
        while self._open:
            os.close(self._open.pop()[0])

    def assure(self) -> None:
        """Write each in which something else stands: writing one may change others."""
        for fd, wanted in self._open:
            try:
                if os.pread(fd, len(wanted) + 1, 0) != wanted:
                    os.pwrite(fd, wanted, 0)
            except OSError:  # it takes no such value any more
                continue


def make_room() -> None:
    """Let this process open as many files as it needs, where it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < AT_LEAST:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(AT_LEAST, hard) if hard >= 0 else AT_LEAST, hard))


def in_folder(folder: str) -> dict[str, str]:
    """Those that may be read and written of a folder below /proc/sys."""
    found = {}
    at = os.open(f"/proc/sys/{folder}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in os.listdir(at):
            with suppress(OSError):  # a folder, read-only, or write-only as route/flush
                fd = os.open(name, os.O_RDWR | os.O_CLOEXEC, dir_fd=at)
                try:
                    found[f"{folder}/{name}"] = os.read(fd, 4096).decode()
                finally:
                    os.close(fd)
    finally:
        os.close(at)
    return found


def write_sysctls(values: Mapping[str, str], namespace: int | None) -> None:
    """Write settings, by file below /proc/sys, in a network namespace (None: our own). OSError."""
    with enter(namespace if namespace is not None else "/proc/thread-self/ns/net"):
        assure(values)


def assure(values: Mapping[str, str]) -> None:
    """Those settings, by file below /proc/sys, in the namespace that we are in."""
    for name, value in values.items():
        with suppress(OSError):  # not in this kernel, or it takes no such value any more
            _assure(f"/proc/sys/{name}", value)


def _assure(file: str, value: str) -> None:
    """Write it only where something else stands: writing a setting may change others."""
    fd = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    try:
        if os.read(fd, 4096).decode().rstrip("\n") != value.rstrip("\n"):
            os.pwrite(fd, value.encode(), 0)
    finally:
        os.close(fd)
