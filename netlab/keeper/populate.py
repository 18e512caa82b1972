"""The namespaces of a pack, without anything in them: made, and ended, in the lab host by its process 1.

The keeper says which; what it has been told by others is a name that leads nowhere else, or is not used.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from netlab.engines.protocol import Daemonless
from netlab.errors import LabError, NetlabError
from netlab.i18n import gettext as _
from netlab.keeper import protocol
from netlab.linux import syscalls
from netlab.linux.netns import fresh, inode
from netlab.model import codec, pack

NAMED = "/run/netns"
SECONDS_TO_MAKE = 60.0


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be there, and what no longer."""

    containers: tuple[tuple[str, pack.Container], ...] = ()
    namespaces: tuple[str, ...] = ()  # as `ip netns add` makes them
    aliases: tuple[tuple[str, str], ...] = ()  # (name in /run/netns, container)
    ended: tuple[tuple[str, str], ...] = ()  # (kind, name)

    def is_empty(self) -> bool:
        """Whether nothing is to be done."""
        return self == Order()


def ask(to_init: socket.socket, order: Order) -> None:
    """At the keeper: have it done, and wait. LabError."""
    message = {"op": "populate", "order": codec.to_plain(order)}
    if why := protocol.order(to_init, message, SECONDS_TO_MAKE):
        raise LabError(
            _("The twin's containers could not be made: {error}.").format(error=why),
            _("Look at: ./run doctor"),
        )


def serve(request: Mapping[str, object], engine: Daemonless, client: socket.socket) -> None:
    """In a child of the lab host's process 1."""
    error = errno.EIO
    try:
        _do(codec.from_plain(Order, request["order"]), engine)
        error = 0
    except OSError as refused:
        traceback.print_exc()
        error = refused.errno or errno.EIO
    except (NetlabError, codec.Malformed):
        traceback.print_exc()
    finally:
        with suppress(OSError):
            protocol.claim(client, "done", error)


def _do(order: Order, engine: Daemonless) -> None:
    for kind, name in order.ended:
        _end(kind, name, engine)
    engine.make(order.containers)
    for name in order.namespaces:
        path = _free(name)
        os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL, 0o444))
        with fresh():
            syscalls.mount("/proc/thread-self/ns/net", path, flags=syscalls.MS_BIND)
    pids = {each.name: each.pid for each in engine.containers("")} if order.aliases else {}
    for alias, container_name in order.aliases:
        if pid := pids.get(container_name):
            os.symlink(f"/proc/{pid}/ns/net", _free(alias))


def _path(name: str) -> str:
    """OSError for a name that is none of a file in that folder."""
    if not name or "/" in name or "\0" in name or name in (".", "..") or len(name.encode()) > 255:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), name)
    return f"{NAMED}/{name}"


def _free(name: str) -> str:
    """The path, where nothing is left of somebody who had the name before. OSError."""
    with suppress(FileNotFoundError):
        os.unlink(_path(name))
    return _path(name)


def _end(kind: str, name: str, engine: Daemonless) -> None:
    if kind == "container":
        engine.end(name)
    elif kind == "netns":
        with suppress(OSError):
            syscalls.unmount(_path(name))
        with suppress(OSError):
            os.unlink(_path(name))
    elif kind == "process" and name.startswith("pid "):
        _end_processes(int(name.removeprefix("pid ")))


def _end_processes(pid: int) -> None:
    """All in the network namespace of that one, which is not ours."""
    with suppress(OSError):
        theirs, ours = inode(f"/proc/{pid}/ns/net"), inode("/proc/self/ns/net")
        for each in map(int, filter(str.isdigit, os.listdir("/proc"))):
            with suppress(OSError):
                if theirs != ours and inode(f"/proc/{each}/ns/net") == theirs:
                    os.kill(each, signal.SIGKILL)
