"""What a learner is told when he meets a bound of his: a full disk, memory that ran out.

The kernel says both to whoever asks: the file system how much is free, the control group how many processes
it has ended. The file that says so is opened by root, in the learner's world, before the server is there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from netlab.i18n import gettext as _

VARIABLE, MEMORY = "NETLAB_OOM_FD", "NETLAB_MEMORY"  # the open file's number and the bytes, for the server
MEBIBYTE = 1 << 20
LITTLE, ENOUGH = MEBIBYTE, 4 * MEBIBYTE  # bytes free: too few to save a notebook, and no matter any more
KILLS = re.compile(rb"^oom_kill (\d+)$", re.MULTILINE)


class Complaints:
    """One learner's: on the disk with `folder`, with `memory` bytes, whose group's file is open as `fd`."""

    def __init__(self, folder: Path, memory: int, fd: int = -1) -> None:
        self.folder, self.memory, self.fd = folder, memory, fd
        self.full = False
        self.kills = self._count()

    @staticmethod
    def of_environment(folder: Path) -> Complaints:
        """As the learner's world has set them; without a group only the disk is looked at."""
        return Complaints(folder, int(os.environ.get(MEMORY, 0)), int(os.environ.get(VARIABLE, -1)))

    def new(self) -> Iterator[str]:
        """What has come about since the last call, in words for the learner."""
        disk = os.statvfs(self.folder)
        free = disk.f_bavail * disk.f_frsize
        if free < LITTLE and not self.full:
            yield _(
                "Your disk ({size} MiB) is full: notebooks are not saved now. In a terminal, “du -a . | sort "
                "-n | tail” shows what is large; delete it, then save again."
            ).format(size=disk.f_blocks * disk.f_frsize // MEBIBYTE)
        self.full = free < (ENOUGH if self.full else LITTLE)
        before, self.kills = self.kills, self._count()
        if ended := self.kills - before:
            yield _(
                "Your programs together took more than your {size} MiB of memory, and the kernel has ended "
                "{count} of them. A notebook's kernel starts again by itself: run its first cell once more."
            ).format(count=ended, size=self.memory // MEBIBYTE)

    def _count(self) -> int:
        found = KILLS.search(os.pread(self.fd, 4096, 0)) if self.fd >= 0 else None
        return int(found[1]) if found else 0
