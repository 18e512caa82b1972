"""A process above pytest that collects the orphans of the tests, as process 1 does for everybody.

So every process that the tests started, however it was detached, is a descendant of that one, and the leak
check needs to know nothing about who else is at work on the machine.
"""

from __future__ import annotations

import ctypes
import os
import signal
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


def stand_above() -> int:
    """Go on in a child; this process stays above it as the reaper. The reaper's pid."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")
    child = os.fork()
    if child == 0:
        return os.getppid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches pytest as well; let it tell its story
    signal.signal(signal.SIGTERM, lambda number, _: os.kill(child, number))
    while True:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(128 - code if code < 0 else code)


def seconds(reaper: int) -> float:
    """The processor time of the orphans that it has collected."""
    numbers = Path(f"/proc/{reaper}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, numbers[13:15])) / os.sysconf("SC_CLK_TCK")


def descendants(top: int) -> dict[int, str]:
    """Every living process below that one: pid and name."""
    parents, names = {}, {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            before, _, after = (folder / "stat").read_text().rpartition(")")
        except OSError:  # it has just ended
            continue
        state, parent = after.split()[:2]
        if state not in "ZX":
            parents[int(folder.name)] = int(parent)
            names[int(folder.name)] = before.partition("(")[2]
    found: dict[int, str] = {}
    level = {top}
    while level:
        level = {pid for pid, parent in parents.items() if parent in level}
        found |= {pid: names[pid] for pid in level}
    return found
