"""Settings of a namespace (sysctl) that are looked at again and again: their files stay open.

Opening one costs more than reading it, and a reset looks at five hundred. An open file goes on belonging to
the namespace in which it was opened.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping
from contextlib import suppress

from netlab.netns import entered

AT_LEAST = 4096  # files that a process should be able to open


class Settings:
    """Those settings, by file below /proc/sys, in a namespace (a descriptor or a path); a setting that comes
    more than once is looked at as often, in this order. One that is not in this kernel is left out."""

    def __init__(self, namespace: int | str, *wanted: Mapping[str, str]) -> None:
        self._open: list[tuple[int, bytes]] = []
        with entered(namespace):
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
