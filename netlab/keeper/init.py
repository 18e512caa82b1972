"""Process 1 of the lab host: starts what the learner runs, reaps what is left over, and nothing else.

It lives on the learner's level, so nothing that it says is evidence. When it dies, the lab ends.
"""

from __future__ import annotations

import errno
import os
import select
import shutil
import signal
import socket
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from netlab.engines import KILLED, NO
from netlab.engines.protocol import Daemonless, Engine, Resident
from netlab.errors import LabError
from netlab.i18n import gettext as _
from netlab.keeper import protocol
from netlab.keeper.address import DOOR
from netlab.keeper.execute import Loop, Spawner
from netlab.linux import syscalls
from netlab.linux.limits import Limits, harden
from netlab.linux.sandbox import rootfs, seccomp, stand_ins
from netlab.linux.sandbox.rootfs import BindMount

LOG = "/run/netlab/init.log"
LONGEST = 4096  # characters of a traceback
MOST_DESCRIPTORS = 1 << 16
SECONDS_TO_END = 5.0
SECONDS_TO_TIDY = 15.0  # until process 1 has to have said that it is done
NAMED = "/run/netns"  # where ip-netns(8) keeps names of network namespaces
PLACE = "/mnt"  # an empty folder of the level above, to build the root file system on

SUDO = """#!/bin/sh
# You are root in the lab already: this runs the command as it stands.
while :; do
    case "$1" in
        -[ugphCDRTr]) shift 2 ;;
        -i|-s) shift; [ $# -gt 0 ] || exec "${SHELL:-/bin/bash}" ;;
        --) shift; break ;;
        -*) shift ;;
        *=*) export "$1"; shift ;;
        *) break ;;
    esac
done
[ $# -gt 0 ] || { echo "usage: sudo COMMAND (in the lab you are root already)" >&2; exit 1; }
exec "$@"
"""


def main(
    keeper: socket.socket,
    engine: Engine,
    python: str,
    etc: Mapping[str, str],
    trees: Sequence[BindMount],
    limits: Limits | None,
) -> NoReturn:
    """Set the lab host up, send the keeper {"ready"} with the door's socket, serve."""
    try:
        _keep_only(keeper)
        programs = {**stand_ins.programs(), "sudo": SUDO}
        programs |= engine.programs(python, str(Path(__file__).resolve().parents[2]))
        rootfs.enter(PLACE, "host", etc, programs, trees, limits.disk if limits else 0)
        _log_here()
        harden(limits)
        engine.clear()
        daemonless = engine if isinstance(engine, Daemonless) else None
        if daemonless:
            seccomp.refuse_set_id()  # there is none but the one user
        door = socket.socket(socket.AF_UNIX)
        door.bind(DOOR)
        door.listen(64)
        protocol.send(keeper, {"ready": True}, [door.fileno()])
        door.close()
        _serve(keeper, engine, daemonless)
        os._exit(0)
    except (protocol.Closed, KeyboardInterrupt):
        os._exit(0)  # the keeper is gone
    except Exception as error:
        protocol.send(
            keeper, {"ready": False, "error": str(error), "trace": traceback.format_exc()[-LONGEST:]}
        )
        os._exit(1)


def _keep_only(keeper: socket.socket) -> None:
    """Whoever is root in the lab may take any descriptor of this process: so it has none but that one."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(null, stream)
    os.closerange(3, keeper.fileno())
    os.closerange(keeper.fileno() + 1, MOST_DESCRIPTORS)


def _log_here() -> None:
    """What goes wrong in here is written down in here."""
    log = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)  # and not the one of the level above
    for stream, file in enumerate((null, log, log)):
        os.dup2(file, stream)
    os.close(log)
    os.close(null)


def ask_to_tidy(to_init: socket.socket) -> None:
    """At the keeper: have the lab host end and forget what was started in it; LabError if that fails."""
    if why := protocol.order(to_init, {"op": "tidy"}, SECONDS_TO_TIDY):
        raise LabError(
            _("The lab host could not be tidied up: {error}.").format(error=why),
            _("End the lab: ./run down"),
        )


def _serve(keeper: socket.socket, engine: Engine, daemonless: Daemonless | None) -> None:
    import_module("netlab.keeper.populate")  # all is ready, so nobody waits: a child need not load it
    syscalls.set_name("netlab-init")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    loop = Loop()
    spawner = Spawner(loop)
    requests = _Requests(daemonless) if daemonless else None

    def reap() -> None:
        for pid, status in spawner.reap():
            if requests:
                requests.note_end(pid, status)

    def serve() -> None:
        request, fds = protocol.receive(keeper)
        client = socket.socket(fileno=fds[0])
        if request["op"] == "exec":
            spawner.start(request, fds[1:], client)
        elif request["op"] == "populate" and daemonless:
            _populate_in_a_child(request, daemonless, client)
        elif request["op"] == "tidy" and _is_tidy(set(spawner.running), daemonless):
            with suppress(OSError), client:
                protocol.claim(client, "done", 0)
        elif request["op"] == "tidy":
            _tidy_in_a_child(set(spawner.running), engine, client)

    loop.watch_children(reap)
    loop.watch(keeper, serve)
    if requests:
        loop.watch(requests.door, requests.answer)
    loop.run()


class _Requests:
    """What `docker` asks of process 1: done by children, each with somebody who waits for its reply."""

    def __init__(self, engine: Daemonless) -> None:
        self._engine, self._resident = engine, engine.resident()
        self.door = self._resident.listen()
        self._waiting: dict[int, int] = {}  # the FIFO of who waits, by the child's pid

    def answer(self) -> None:
        for asker, reply in self._resident.askers(self.door):
            try:
                pid = os.fork()
            except OSError:  # there may be no more processes
                self._reply(reply, NO)
                continue
            if pid == 0:
                _answer(self._resident, asker, reply)
            self._waiting[pid] = reply

    def note_end(self, pid: int, status: int) -> None:
        """Of a child, of a container's process 1, or of whatever else was left over."""
        if (reply := self._waiting.pop(pid, None)) is not None:
            self._reply(reply, KILLED)  # read only where the child has not replied
        with suppress(OSError):  # whatever the learner did to those files, the lab goes on
            self._engine.note_end(pid, status, time.time())

    @staticmethod
    def _reply(fifo: int, answer: bytes) -> None:
        with suppress(OSError):  # nobody waits any more
            os.write(fifo, answer + b"\n")
        os.close(fifo)


def _answer(resident: Resident, asker: int, reply: int) -> NoReturn:
    """In a child: be like a program that was started, for one command."""
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        resident.answer(asker, reply)
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(0)


def _is_tidy(keep: set[int], engine: Daemonless | None) -> bool:
    """Whether there is nothing to do, which is told without a child; a daemon is always started anew."""
    try:
        return engine is not None and engine.is_clear() and not os.listdir(NAMED) and not _strays(keep)
    except OSError:
        return False


def _populate_in_a_child(request: Mapping[str, Any], engine: Daemonless, client: socket.socket) -> None:
    """It forks containers, and enters namespaces that it makes."""
    if os.fork() == 0:
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            from netlab.keeper import populate

            populate.serve(request, engine, client)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    client.close()


def _tidy_in_a_child(keep: set[int], engine: Engine, client: socket.socket) -> None:
    """Whatever the learner made of these folders, only a child can stumble over it."""
    if os.fork() == 0:
        try:
            _tidy({*keep, os.getpid()}, engine)
            protocol.claim(client, "done", 0)
        except Exception as error:
            traceback.print_exc()
            protocol.claim(client, "done", (error.errno if isinstance(error, OSError) else 0) or errno.EIO)
        finally:
            os._exit(0)
    client.close()


def _tidy(keep: set[int], engine: Engine) -> None:
    """End containers, daemons and stray background processes, and forget named namespaces.

    What was started by way of the keeper (notebook kernels, terminals, with their children) stays.
    """
    deadline = time.monotonic() + SECONDS_TO_END
    while (strays := _strays(keep)) and time.monotonic() < deadline:  # their children are strays after them
        _end(strays, deadline)
    engine.clear()
    for name in Path(NAMED).iterdir():
        with suppress(OSError):
            syscalls.unmount(str(name))
        if name.is_dir() and not name.is_symlink():
            shutil.rmtree(name, ignore_errors=True)
        else:
            name.unlink(missing_ok=True)


def _strays(keep: set[int]) -> list[int]:
    home = os.stat("/proc/self/ns/net").st_ino
    found = []
    for pid in {int(name) for name in os.listdir("/proc") if name.isdigit()} - {*keep, 1}:
        with suppress(OSError, ValueError), open(f"/proc/{pid}/stat") as file:  # it ended in the meantime
            state, parent = file.read().rpartition(")")[2].split()[:2]
            if state != "Z" and (parent == "1" or os.stat(f"/proc/{pid}/ns/net").st_ino != home):
                found.append(pid)
    return found


def _end(processes: Sequence[int], deadline: float) -> None:
    """Kill these, and wait until they have ended."""
    opened = []
    for pid in processes:
        with suppress(OSError):  # it ended in the meantime
            opened.append(os.pidfd_open(pid))
            os.kill(pid, signal.SIGKILL)
    for fd in opened:
        select.select([fd], [], [], max(0.0, deadline - time.monotonic()))
        os.close(fd)
