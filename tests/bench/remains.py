"""What there still is of labs that have been ended, looked at from the machine."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType

from netlab.lab import Lab
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.syscalls import CLONE_NEWNET, unshare

SECONDS = 60.0


class Remains:
    """A `with` block that begins while the labs are up; after their end, `seconds` says how long it takes.

    A process is gone when it has ended; a network namespace (which only root can see from here) when a cable
    out of the lab host is, for the kernel takes that along.
    """

    def __init__(self, labs: Sequence[Lab]) -> None:
        self._labs = labs
        self._stack = ExitStack()

    def __enter__(self) -> Remains:
        with self._stack:
            self._folders = [lab.exchange for lab in self._labs]
            snapshots = [lab.snapshot() for lab in self._labs]
            hosts = {snapshot.node("host").netns for snapshot in snapshots}
            owned = {node.netns for snapshot in snapshots for node in snapshot.nodes}
            processes = {pid: netns for pid, netns in _processes() if netns in owned}
            own = set(_groups(os.getpid()))
            self._ends: list[int] = []
            self._groups: list[str] = []
            for pid in processes:
                with suppress(OSError):  # one that had served the snapshot, and ended
                    self._ends.append(os.pidfd_open(pid))
                    self._stack.callback(os.close, self._ends[-1])
                    self._groups += [path for path in _groups(pid) if path not in own]
            self._cables: list[str] = []
            if os.geteuid() == 0:
                self._tie({netns: pid for pid, netns in processes.items() if netns in hosts})
            self._stack = self._stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self._stack.close()

    def _tie(self, hosts: dict[int, int]) -> None:
        """A cable from each of those network namespaces, by one of its processes, to one of our own."""
        here = _namespace()
        self._stack.callback(os.close, here)
        self._kernel = self._stack.enter_context(RouteSocket(here))
        for pid in hosts.values():
            there = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
            self._kernel.add_veth(f"to-{pid}", "remains", there)
            os.close(there)
            self._cables.append(f"to-{pid}")

    def left(self) -> dict[str, list[str]]:
        """What is still there now, by kind."""
        ended = set(select.select(self._ends, [], [], 0)[0])
        return {
            "processes": [f"number {number}" for number, end in enumerate(self._ends) if end not in ended],
            "control groups": [path for path in self._groups if _folder(path).exists()],
            "files": [str(file) for folder in self._folders for file in _files(folder)],
            "network namespaces": [f"at the end of {cable}" for cable in self._cables if self._has(cable)],
        }

    def _has(self, cable: str) -> bool:
        with suppress(OSError):
            return self._kernel.index(cable) > 0
        return False

    def seconds(self) -> dict[str, float]:
        """Wait until nothing is left: how long that took, for each kind. AssertionError with what stays."""
        began, taken = time.perf_counter(), dict.fromkeys(self.left(), 0.0)
        pause = threading.Event()
        while any((left := self.left()).values()):
            now = time.perf_counter() - began
            taken |= {kind: now for kind, things in left.items() if things}
            assert now < SECONDS, f"this is left: {left}"
            pause.wait(0.001)
        return taken


def _files(folder: Path) -> Iterator[Path]:
    """A lab's folder, under its own name and under that of one that is ending."""
    for file in (folder, *folder.parent.glob(f".*-{folder.name}-*")):
        if file.exists():
            yield file


def _processes() -> Iterator[tuple[int, int]]:
    """Every process that we may look at, and its network namespace."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError):  # somebody else's, or it has ended
                yield int(name), os.stat(f"/proc/{name}/ns/net").st_ino


def _groups(pid: int) -> list[str]:
    """The control groups that a process is in, but for the root ones, where it is also when it ends."""
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    return [line for line in lines if not line.endswith(":/")]


def _folder(line: str) -> Path:
    """The folder of a control group, by a line of /proc/PID/cgroup."""
    _, controllers, path = line.split(":", 2)
    return Path("/sys/fs/cgroup", controllers.removeprefix("name="), path.lstrip("/"))


def _namespace() -> int:
    """A descriptor of a new network namespace, which lasts as long as it is open."""
    found: list[int] = []

    def make() -> None:
        unshare(CLONE_NEWNET)
        found.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    return found[0]
