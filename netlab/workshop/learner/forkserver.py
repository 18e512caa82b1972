"""Where learners' worlds come from: a process that has imported what a server needs, and forks.

python -m netlab.workshop.learner.forkserver, kept by the supervisor. What it has imported is in memory once,
however many learners there are, and a server is there in a fraction of the time. It has one thread, so that
it may fork, and holds no secret: whose world it is, and the server's environment with its token, come with
each request, and the child receives that.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from netlab.errors import LabError
from netlab.i18n import gettext as _
from netlab.keeper import protocol
from netlab.linux import polling
from netlab.workshop.learner import world
from netlab.workshop.state import State

DOOR = "forkserver.sock"
SECONDS, PAUSE = 20.0, 0.1


def start(state: State, order: world.Order, environment: Mapping[str, str], log: Path) -> int:
    """Have a world made; its pid. What it says goes to `log`. LabError."""
    request = {"order": order.text(), "environment": dict(environment)}
    try:
        with _knock(state / DOOR) as sock, log.open("wb") as said:
            protocol.send(sock, request, [said.fileno()])
            return int(protocol.receive(sock)[0]["pid"])
    except (OSError, protocol.Closed) as error:
        raise LabError(
            _("The forkserver of the learners' servers does not answer: {error}.").format(error=error),
            _("It restarts by itself; try again."),
        ) from error


def _knock(door: Path) -> socket.socket:
    """A connection, also to one that is just being started anew."""
    for _look in polling.looks(SECONDS, PAUSE):  # a socket that nobody has bound yet cannot be waited for
        with suppress(OSError):
            return _connection(door)
    return _connection(door)


def _connection(door: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(SECONDS)
    try:
        sock.connect(str(door))
    except OSError:
        sock.close()
        raise
    return sock


def main() -> None:
    """Make a world for each request, for good."""
    from netlab.workshop.learner import server

    server.preload()
    gc.collect()
    gc.freeze()
    door = _open(State.of_environment() / DOOR)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    while True:
        client = door.accept()[0]
        with client, suppress(OSError):
            pid = os.fork()
            if pid == 0:
                door.close()
                _live(client)
            try:
                protocol.send(client, {"pid": pid})
            except OSError:  # the Hub has fallen meanwhile: nobody would know of that world
                os.kill(pid, signal.SIGTERM)


def _open(place: Path) -> socket.socket:
    """The folder is root's alone, and so is the door."""
    place.unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(place))
    door.listen(64)
    return door


def _live(client: socket.socket) -> NoReturn:
    """In the child: become the learner's world that is asked for."""
    try:
        client.settimeout(SECONDS)
        request, fds = protocol.receive(client)
        client.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        null = os.open("/dev/null", os.O_RDONLY)
        for number, fd in enumerate((null, fds[0], fds[0])):
            os.dup2(fd, number)
        for fd in (null, *fds):
            os.close(fd)
        os.environ.clear()
        os.environ.update(request["environment"])
        os._exit(world.live(world.Order.parse(request["order"])))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(1)


if __name__ == "__main__":
    main()
