"""What a test could leave behind: processes, namespaces, mounts, links of the machine, descriptors."""

from __future__ import annotations

import gc
import itertools
import os
import threading
import time
from dataclasses import dataclass, fields
from pathlib import Path

from tests.support.reaper import descendants

RENEWED = ("dockerd", "containerd")
SECONDS_TO_SETTLE = 30  # the kernel takes namespaces apart in the background


@dataclass(frozen=True)
class Belongings:
    """All there is at one moment, each thing with a name that a reader recognizes."""

    processes: frozenset[str]
    namespaces: frozenset[str]
    mounts: frozenset[str]
    links: frozenset[str]
    descriptors: frozenset[str]

    @staticmethod
    def now(reaper: int) -> Belongings:
        """What the processes below the reaper have, and what the machine's namespace holds."""
        running = {pid: name for pid, name in descendants(reaper).items() if pid != os.getpid()}
        return Belongings(
            processes=frozenset(_labels(running)),
            namespaces=frozenset(ns for pid in [*running, os.getpid()] for ns in _namespaces(pid)),
            mounts=frozenset(Path("/proc/self/mountinfo").read_text().splitlines()),
            links=frozenset(os.listdir("/sys/class/net")),
            descriptors=frozenset(_descriptors()),
        )

    def since(self, before: Belongings) -> dict[str, list[str]]:
        """What has come since then, by kind; empty if nothing has."""
        new = {f.name: sorted(getattr(self, f.name) - getattr(before, f.name)) for f in fields(self)}
        return {kind: things for kind, things in new.items() if things}


def _labels(running: dict[int, str]) -> list[str]:
    """A name for each process: its pid, or for daemons that a lab's reset starts anew, which one it is."""
    numbers = {name: itertools.count(1) for name in RENEWED}
    return [
        f"{name} (the {next(numbers[name])}.)" if name in RENEWED else f"{name} (pid {pid})"
        for pid, name in running.items()
    ]


def _namespaces(pid: int) -> list[str]:
    folder = Path(f"/proc/{pid}/ns")
    try:
        return [os.readlink(entry) for entry in folder.iterdir()]
    except OSError:  # it has just ended
        return []


def _descriptors() -> list[str]:
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found.append(f"{entry.name} → {os.readlink(entry)}")
        except OSError:  # the one this listing is made with
            continue
    # matplotlib keeps the files of its letters open, a few for each thread that has measured a text.
    return [name for name in found if not name.endswith(".ttf")]


def left_behind(before: Belongings, reaper: int) -> dict[str, list[str]]:
    """What has come since `before` and does not go away in time."""
    deadline = time.monotonic() + SECONDS_TO_SETTLE
    pause = threading.Event()
    while new := Belongings.now(reaper).since(before):
        if time.monotonic() > deadline:
            return new
        gc.collect()
        pause.wait(0.02)
    return {}
