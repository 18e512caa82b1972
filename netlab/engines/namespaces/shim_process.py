"""The process that a shim is: it has nothing of whoever asked for it, and replies once its containers run."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from netlab.errors import EngineError
from netlab.i18n import gettext as _
from netlab.linux.title import set_title

LARGEST_REPLY = 1 << 13
FAILED, FINE = b"!", b"+"


def start(identity: str, run: Callable[[socket.socket], None], client: socket.socket | None = None) -> None:
    """Have `run` look after containers in a process of its own, until it has replied. EngineError."""
    ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        ours.close()
        _main(identity, run, theirs, client)
    theirs.close()
    with ours:
        reply = ours.recv(LARGEST_REPLY)
    if not reply.startswith(FINE):
        said = reply[1:].decode(errors="replace")
        raise EngineError(said or _("the container could not be started"))


def _main(
    identity: str, run: Callable[[socket.socket], None], reply: socket.socket, client: socket.socket | None
) -> NoReturn:
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGQUIT):
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _keep_only(reply, *([client] if client else []))
        set_title(f"/usr/bin/containerd-shim-runc-v2 -namespace moby -id {identity}", "netlab-shim")
        run(reply)
    except BaseException as error:
        with suppress(OSError):
            reply.send(FAILED + str(error).encode(errors="replace"))
    finally:
        os._exit(0)


def _keep_only(*kept: socket.socket) -> None:
    """Nothing of who asked stays open here: no terminal, no pipe, no socket of process 1's."""
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    first = 3
    for fd in sorted(each.fileno() for each in kept):
        os.closerange(first, fd)
        first = fd + 1
    os.closerange(first, 1 << 16)
