"""The base lab, put back: what is as it was stays, for a link takes the kernel long to delete.

Three ways, and each is looked at before it is believed: the links of the base lab are there, and everything
about them is as it was when the lab was laid out (`kept`); it is so after they have been taken down, emptied
and set up as at first (`mended`); or all is made anew. What cannot be seen from here (the firewall's state,
the connection table) is emptied every time.
"""

from __future__ import annotations

import os
import pickle
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from netlab import base
from netlab.engines.protocol import Engine, LabHost
from netlab.facts import Fact, facts
from netlab.kernel import Kernel
from netlab.netns import entered

OWN = "/proc/thread-self/ns/net"
Facts = tuple[Counter[Fact], ...]  # of the lab host, and of `internet`
LARGEST = 1 << 24  # bytes
PASSING = (
    "missing",
    "neighbour",
)  # what the lab that has just been laid out may have, and the base lab has not


class Remembered:
    """What the base lab was like when it was laid out: kept by the keeper, written by its children, too."""

    def __init__(self) -> None:
        self._file = os.memfd_create("netlab-base")

    def write(self, found: Facts) -> None:
        lasting = [Counter({f: n for f, n in each.items() if f[0] not in PASSING}) for each in found]
        content = pickle.dumps(tuple(lasting), 5)
        os.ftruncate(self._file, os.pwrite(self._file, content, 0))

    def read(self) -> Facts:
        found: Facts = pickle.loads(os.pread(self._file, LARGEST, 0))
        return found


def look(host: int) -> Facts:
    """All facts of both namespaces. OSError."""
    return facts(host), facts(OWN)


def put_back(
    engine: Engine,
    host: LabHost,
    files: Sequence[int],
    baseline: dict[str, str],
    remembered: Remembered,
    way: str,
) -> str:
    """Make both namespaces the base lab again, its processes having ended: which way it went.

    `way` is the first one to be tried. OSError, CommandFailed.
    """
    if way != "anew" and engine.lasting:
        with suppress(OSError):  # something was taken from under our hands: then all is made anew
            wanted = remembered.read()
            _empty(host.netns, baseline)
            engine.lay_rules(host, files)
            if way == "kept" and look(host.netns) == wanted:
                return "kept"
            _mend(host.netns, engine)
            if look(host.netns) == wanted:
                return "mended"
    base.clear(host.netns, baseline)
    base.build(host.netns)
    engine.lay_out(host, files, lambda _: None)
    remembered.write(look(host.netns))
    return "anew"


def _empty(host: int, baseline: dict[str, str]) -> None:
    """Take out what is not the base lab's or may be made again at once; the settings are the base lab's."""
    for namespace in (host, None):
        with Kernel(namespace) as kernel:
            kernel.delete_links(keep=base.LINKS)
            kernel.forget_neighbours()
        base.clear_firewall(namespace)
    base.write_sysctls(baseline, host)
    for namespace in (host, None):
        base.write_sysctls(base.SYSCTLS, namespace)


def _mend(host: int, engine: Engine) -> None:
    """Take the links down, and set them up as if they had just been made."""
    for namespace in (host, None):
        with Kernel(namespace) as kernel:
            kernel.clear(keep=base.LINKS)
        _settings_as_by_default(namespace)
    base.build(host, links=False)
    with Kernel(host) as kernel, kernel.together():
        engine.set_up(kernel)


def _settings_as_by_default(namespace: int | None) -> None:
    """Give each link the settings that a new one takes over. Those of neighbours are not shown in a lab."""
    with entered(OWN if namespace is None else namespace):
        for family in ("ipv4", "ipv6"):
            wanted = {}
            for entry in os.scandir(f"/proc/sys/net/{family}/conf/default"):
                with suppress(OSError), open(entry.path) as file:
                    wanted[entry.name] = file.read()
            wanted.pop("mtu", None)  # each has its own
            for link in os.listdir(f"/proc/sys/net/{family}/conf"):
                if link not in ("all", "default", "lo"):
                    base.assure({f"net/{family}/conf/{link}/{name}": v for name, v in wanted.items()})
