"""Which network namespaces a lab has, by what names, and where each is entered.

Runs on the keeper's level, from which every process of the lab, and so every namespace, can be seen:
containers, namespaces that `ip netns add` made, and unnamed ones that some process lives in.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from netlab.display import one_line
from netlab.engines.protocol import Engine
from netlab.linux import files
from netlab.linux.netns import inode, is_one

NAMED = "/run/netns"  # where ip-netns(8) keeps names of namespaces
_LINK = re.compile(r"/proc/(\d{1,10})(?:/task/\d{1,10})?/ns/net")
ROLES = ("host", "internet")  # whoever has one of these names has it from the keeper
KINDS = ("container", "host", "netns", "process", "internet")  # in the order of a packet's way out


@dataclass(frozen=True)
class Place:
    """A namespace that was found: where to enter it, and its name.

    Whoever is root in the lab may put something else where the path leads: `held` makes sure.
    """

    path: str
    netns: int
    name: str
    kind: str
    pid: int = 0  # of a process in it, as the lab host numbers it
    aliases: tuple[str, ...] = ()
    file: str = ""  # in /run/netns, if that is where it was found

    @contextmanager
    def hold(self) -> Iterator[int]:
        """A descriptor of it. OSError if it has ended, or the path leads elsewhere now."""
        fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            if os.fstat(fd).st_ino != self.netns or not is_one(fd):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self.name)
            yield fd
        finally:
            os.close(fd)


def places(init: int, engine: Engine) -> list[Place]:
    """Every network namespace of the lab, each once, containers first and internet last."""
    root = f"/proc/{init}/root"
    home, host = os.stat("/proc/self/ns/net").st_ino, os.stat(f"/proc/{init}/ns/net").st_ino
    processes = _processes()
    named = _named_namespaces(root, processes)
    found = {
        host: Place(f"/proc/{init}/ns/net", host, "host", "host", 1),
        home: Place("/proc/self/ns/net", home, "internet", "internet"),
    }
    for container in engine.containers(root):
        netns = next((n for n, pids in processes.items() if container.pid in pids), 0)
        if netns:
            path = f"/proc/{processes[netns][container.pid]}/ns/net"
            name = beside_roles(one_line(container.name), "container")
            found.setdefault(netns, Place(path, netns, name, "container", container.pid))
    for netns, (name, path) in named.items():
        pid = min(processes.get(netns, {0: 0}))
        shown = beside_roles(one_line(name), "netns")
        found.setdefault(netns, Place(path, netns, shown, "netns", pid, file=name))
    for netns, pids in processes.items():
        pid = min(pids)
        found.setdefault(netns, Place(f"/proc/{pids[pid]}/ns/net", netns, f"pid {pid}", "process", pid))
    names = {netns: beside_roles(one_line(name), "netns") for netns, (name, __) in named.items()}
    listed = [
        replace(place, aliases=(names[place.netns],))
        if names.get(place.netns, place.name) != place.name
        else place
        for place in found.values()
    ]
    return sorted(listed, key=_order)


def _order(place: Place) -> tuple[int, int, str]:
    """Containers stay as the engine has them, the oldest first."""
    own = (0, "") if place.kind == "container" else (place.pid, place.name)
    return KINDS.index(place.kind), *own


def beside_roles(name: str, kind: str) -> str:
    """The name of a namespace that a learner has named: none is taken for the host or the internet."""
    return f"{kind} {name}" if name in ROLES else name


def _processes() -> dict[int, dict[int, int]]:
    """{namespace: {pid in the lab host: pid here}} of the lab host's processes."""
    found: dict[int, dict[int, int]] = {}
    for folder in os.scandir("/proc"):
        if not folder.name.isdigit():
            continue
        with suppress(OSError):  # it ended in the meantime
            status = Path(folder.path, "status").read_text()
            line = next(line for line in status.splitlines() if line.startswith("NSpid:"))
            numbers = [int(word) for word in line.split()[1:]]
            if len(numbers) >= 2:  # on the learner's level or below
                found.setdefault(os.stat(f"{folder.path}/ns/net").st_ino, {})[numbers[1]] = int(folder.name)
    return found


def _named_namespaces(root: str, processes: Mapping[int, Mapping[int, int]]) -> dict[int, tuple[str, str]]:
    """{namespace: (name, path)} of what is in the lab host's /run/netns.

    A symbolic link there counts where it says /proc/PID/ns/net of a process of the lab. It is not followed.
    """
    found: dict[int, tuple[str, str]] = {}
    here = {pid: number for pids in processes.values() for pid, number in pids.items()}
    for name in files.names(root, NAMED):
        with suppress(OSError), files.descriptor(root, NAMED, os.O_PATH | os.O_DIRECTORY) as folder:
            link = _LINK.fullmatch(_link(folder, name))
            path = f"/proc/{here.get(int(link[1]), 0)}/ns/net" if link else f"{root}{NAMED}/{name}"
            if netns := inode(path) if link else _bound(folder, name):
                found[netns] = name, path
    return found


def _link(folder: int, name: str) -> str:
    """What a symbolic link says; "" where there is none."""
    with suppress(OSError):
        return os.readlink(name, dir_fd=folder)
    return ""


def _bound(folder: int, name: str) -> int:
    """The network namespace that is mounted on that file; 0 for any other file. OSError."""
    with files.descriptor(folder, name) as fd:
        return os.fstat(fd).st_ino if is_one(fd) else 0
