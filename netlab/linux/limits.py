"""What a lab may use of the machine, where somebody runs in it whom one does not trust."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from netlab.i18n import gettext as _
from netlab.linux import polling

MEBIBYTE = 1 << 20
PERIOD = 0.25  # seconds between two looks at the memory
FIRST_TO_GO = "500"  # of 1000: where memory ends, the kernel ends what is in the lab, not what keeps the lab
VARIABLE = "NETLAB_LIMITS"  # for every lab that is made with it; a workshop sets it


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds of one lab. The kernel holds all but the memory, for which `wait_until_exceeded` looks."""

    processes: int = 384  # in the whole lab host, containers included
    memory: int = 1024 * MEBIBYTE  # resident memory of all processes together, bytes; 0: somebody else looks
    address_space: int = 3072 * MEBIBYTE  # of each process, bytes
    file: int = 64 * MEBIBYTE  # of one file, bytes
    disk: int = 256 * MEBIBYTE  # of all files that it makes, bytes: they are in memory
    namespaces: int = 1024  # of each kind

    @staticmethod
    def of_environment() -> Limits | None:
        """Those that the environment asks for."""
        words = os.environ.get(VARIABLE)
        return Limits(**json.loads(words)) if words else None


@contextmanager
def for_children(limits: Limits | None) -> Iterator[None]:
    """Processes that are started meanwhile, with all that descends from them, are held to the limits.

    A user namespace made by such a process keeps the number of processes as the bound for everything below it
    (Linux 5.14), so no change of user in there gets around it. A hard limit is set by `harden`, in the child:
    once lowered here it could not be raised again.
    """
    if limits is None:
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_NPROC)
    resource.setrlimit(resource.RLIMIT_NPROC, (_at_most(limits.processes, before[1]), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NPROC, before)


def harden(limits: Limits | None) -> None:
    """Hold this process and all that it starts to the limits, for good."""
    if limits is None:
        return
    for kind, value in (
        (resource.RLIMIT_NPROC, limits.processes),
        (resource.RLIMIT_AS, limits.address_space),
        (resource.RLIMIT_FSIZE, limits.file),
        (resource.RLIMIT_CORE, 0),
    ):
        bound = _at_most(value, resource.getrlimit(kind)[1])
        resource.setrlimit(kind, (bound, bound))
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write(FIRST_TO_GO)


def wait_until_exceeded(limits: Limits) -> str:
    """Wait until the processes of this pid namespace take too much memory together, then say so.

    Without a cgroup, which an ordinary user does not have, nobody else adds them up, or tells.
    """
    for _look in polling.looks(polling.FOREVER, PERIOD):
        if resident() > limits.memory:
            break
    return _("its processes took more than {memory} MiB of memory").format(memory=limits.memory // MEBIBYTE)


def resident() -> int:
    """Bytes of memory that the processes of this pid namespace have, each for itself."""
    total = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/statm") as file:
                pages = file.read().split()  # it may have ended in the meantime
                total += int(pages[1]) - int(pages[2])
    return total * resource.getpagesize()


def _at_most(value: int, hard: int) -> int:
    return value if hard == resource.RLIM_INFINITY else min(value, hard)
