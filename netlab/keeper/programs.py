"""Which program waits at which socket, as far as one may look; of a process but its program's name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress

from netlab.display import one_line
from netlab.linux.netlink import sock_diag
from netlab.model import pack

_SOCKET = re.compile(r"socket:\[(\d+)\]")


class Programs:
    """Which program has which socket, as far as one may look."""

    def __init__(self) -> None:
        self._names: dict[int, str] | None = None

    def listeners(self) -> Iterator[pack.Listener]:
        """Of the namespace that we are in."""
        for listener, kept in sock_diag.find_listeners().items():
            if not kept.inode:  # the kernel's own: of a tunnel
                continue
            where = listener.protocol, listener.address, listener.port
            yield pack.Listener(*where, self._name(kept.inode), kept.full)

    def _name(self, inode: int) -> str:
        if self._names is None:
            self._names = dict(_sockets())
        return self._names.get(inode, "")


def _sockets() -> Iterator[tuple[int, str]]:
    """(number of the socket, name of the program) of all processes that we may look at."""
    for process in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):  # it ended, or is somebody else's
            found = [os.readlink(f"/proc/{process}/fd/{fd}") for fd in os.listdir(f"/proc/{process}/fd")]
            sockets = [match[1] for link in found if (match := _SOCKET.fullmatch(link))]
            if sockets:
                name = program(int(process))
                yield from ((int(socket), name) for socket in sockets)


def program(pid: int) -> str:
    """The name of the program of a process, without a word of what it was told; "" if it has ended."""
    with suppress(OSError), open(f"/proc/{pid}/comm", errors="replace") as file:
        return one_line(file.read().strip())
    return ""
