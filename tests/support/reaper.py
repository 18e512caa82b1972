"""A process above pytest that collects the orphans of the tests, as process 1 does for everybody.

So every process that the tests started, however it was detached, is a descendant of that one, and the leak
check needs to know nothing about who else is at work on the machine.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Iterator
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
    """The processor time of all below it, and of what any of them has waited for: the orphans, too, and a lab
    that has just been ended, and takes a while to go. (What is killed within a lab takes its own along.)"""
    stats = {pid: fields for pid, _, fields in _stats()}
    spent, level = 0, {reaper}
    while level:
        spent += sum(int(ticks) for pid in level for ticks in stats[pid][11:15])
        level = {pid for pid, fields in stats.items() if int(fields[1]) in level}
    return spent / os.sysconf("SC_CLK_TCK")


def descendants(top: int) -> dict[int, str]:
    """Every living process below that one: pid and name."""
    parents, names = {}, {}
    for pid, name, (state, parent, *_) in _stats():
        if state not in "ZX":
            parents[pid], names[pid] = int(parent), name
    found: dict[int, str] = {}
    level = {top}
    while level:
        level = {pid for pid, parent in parents.items() if parent in level}
        found |= {pid: names[pid] for pid in level}
    return found


def _stats() -> Iterator[tuple[int, str, list[str]]]:
    """What proc(5) says of each process in its file stat: the pid, the name, and the fields after it."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                before, _, after = Path("/proc", entry, "stat").read_text().rpartition(")")
            except OSError:  # it has just ended
                continue
            yield int(entry), before.partition("(")[2], after.split()
