"""Control groups, where this process may make them: what all processes of one learner may take together.

Only below the group that this process is in itself, so whatever bounds us bounds the learners too. Of
version 1 each controller has a tree of its own; version 2 has one, and allows groups below only where no
process is in the group itself, so the workshop first moves into a leaf of its own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
CONTROLLERS = ("pids", "memory", "cpu")
OURS = "netlab-workshop"
PERIOD = 100_000  # microseconds, of the processor's quota


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one learner."""

    processes: int = 300
    memory: int = 640 << 20  # bytes, with the kernel's own for him: links, sockets, files in memory
    cpus: float = 1.0

    def files(self, version: int, controller: str) -> Mapping[str, str]:
        """What to write into which file of the group."""
        quota = str(int(self.cpus * PERIOD))
        if controller == "pids":
            return {"pids.max": str(self.processes)}
        if version == 2:
            if controller == "memory":
                return {"memory.max": str(self.memory), "memory.swap.max": "0", "memory.oom.group": "0"}
            return {"cpu.max": f"{quota} {PERIOD}"}
        if controller == "memory":
            return {"memory.limit_in_bytes": str(self.memory)}
        return {"cpu.cfs_period_us": str(PERIOD), "cpu.cfs_quota_us": quota}


@dataclass(frozen=True)
class Groups:
    """Where each controller's groups can be made: controller to folder."""

    version: int
    places: Mapping[str, Path]

    @staticmethod
    def here() -> Groups:
        """What this process may use; without any controller when it may use none."""
        own = dict(_own())
        if "" in own and (ROOT / "cgroup.controllers").exists():
            place = _outermost(ROOT / own[""].lstrip("/"))
            return Groups(2, {name: place for name in CONTROLLERS if name in _controllers(place)})
        tree = {name: _outermost(ROOT / name / own[name].lstrip("/")) for name in CONTROLLERS if name in own}
        return Groups(1, {name: place for name, place in tree.items() if os.access(place, os.W_OK)})

    def make(self, name: str, bounds: Bounds) -> None:
        """A group for that learner, with its bounds; OSError."""
        for controller, place in self.places.items():
            group = place / OURS / name
            group.mkdir(parents=True, exist_ok=True)
            for file, value in bounds.files(self.version, controller).items():
                with suppress(FileNotFoundError):  # swap is not counted everywhere
                    (group / file).write_text(value)

    def enter(self, name: str) -> None:
        """This process, and all that it starts from now on, belongs to that group."""
        for place in set(self.places.values()):
            (place / OURS / name / "cgroup.procs").write_text(str(os.getpid()))

    def open_kills(self, name: str) -> int:
        """The file of that group that counts whom the kernel has ended for want of memory; -1: none."""
        place = self.places.get("memory")
        if place is None:
            return -1
        file = "memory.events" if self.version == 2 else "memory.oom_control"
        return os.open(place / OURS / name / file, os.O_RDONLY | os.O_CLOEXEC)

    def remove(self, name: str = "") -> None:
        """Take that learner's group away, or what is empty of all; a group with processes in it stays."""
        for place in set(self.places.values()):
            groups = [place / OURS / name] if name else [*(place / OURS).glob("*/"), place / OURS]
            for group in groups:
                with suppress(OSError):
                    group.rmdir()

    def usage(self, name: str, file: str, controller: str) -> int:
        """The number in a file of that learner's group; 0 where there is none."""
        try:
            return int((self.places[controller] / OURS / name / file).read_text())
        except (OSError, KeyError, ValueError):
            return 0


def delegate() -> None:
    """Of version 2: leave our group for a leaf of it, and hand the controllers down, where we may.

    Called once, by the workshop's first process.
    """
    own = dict(_own()).get("")
    if own is None or not (ROOT / "cgroup.controllers").exists():
        return
    place = _outermost(ROOT / own.lstrip("/"))
    with suppress(OSError):
        if own != "/":
            (place / "main").mkdir(exist_ok=True)
            for pid in (place / "cgroup.procs").read_text().split():
                (place / "main/cgroup.procs").write_text(pid)
        wanted = " ".join(f"+{name}" for name in CONTROLLERS)
        (place / OURS).mkdir(exist_ok=True)
        for group in (place, place / OURS):
            (group / "cgroup.subtree_control").write_text(wanted)


def _own() -> list[tuple[str, str]]:
    """(controller, the group that this process is in); version 2 has no controller's name."""
    lines = (line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines())
    return [(name, path) for _, names, path in lines for name in names.split(",")]


def _outermost(place: Path) -> Path:
    """Where the workshop was started, for processes that it has put into groups below."""
    for parent in (place, *place.parents):
        if parent.name == OURS:
            return parent.parent
    return place.parent if place.name == "main" else place


def _controllers(place: Path) -> list[str]:
    try:
        return (place / OURS / "cgroup.subtree_control").read_text().split()
    except OSError:
        return []
