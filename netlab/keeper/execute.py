"""Start commands for clients and stand by them: exec, signals, exit status, terminals, reaping.

The lab's keeper and the lab host's init both do this, each on its own level. Single-threaded on purpose:
only a process with one thread may fork and go on running Python in the child, or enter a user namespace.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import selectors
import signal
import socket
import termios
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from netlab.i18n import gettext as _
from netlab.keeper import protocol
from netlab.linux import syscalls
from netlab.model.fields import Range

# What setns(2) is asked for, in an order in which each is still allowed after the one before.
NAMESPACES = {
    "ipc": syscalls.CLONE_NEWIPC,
    "uts": syscalls.CLONE_NEWUTS,
    "net": syscalls.CLONE_NEWNET,
    "pid": syscalls.CLONE_NEWPID,
    "mnt": syscalls.CLONE_NEWNS,
}
EXIT_CANNOT_EXECUTE, EXIT_NOT_FOUND = 126, 127
SIGNALS = Range(1, 64)
SECONDS_TO_START = 30.0


@dataclass
class Loop:
    """A selector that calls back, and SIGCHLD as one more thing that becomes readable."""

    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def watch_children(self, reap: Callable[[], None]) -> None:
        """Call `reap` whenever children may have ended."""
        ours, theirs = socket.socketpair(type=socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        self._wakeup = theirs  # kept open as long as the loop lives

        def wake() -> None:
            ours.recv(4096)
            reap()

        self.watch(ours, wake)

    def watch(self, sock: socket.socket | BinaryIO, ready: Callable[[], object]) -> None:
        """Call `ready` each time there is something to be read."""
        self.selector.register(sock, selectors.EVENT_READ, ready)

    def forget(self, sock: socket.socket) -> None:
        """Watch it no longer."""
        self.selector.unregister(sock)

    def watches(self, sock: socket.socket) -> bool:
        """Whether it is watched; a closed one is not."""
        return sock.fileno() >= 0 and sock in self.selector.get_map()

    def run(self, late: Callable[[], float | None] = lambda: None) -> None:
        """Until the process ends. `late` is called before each wait: after how many seconds at most again."""
        while True:
            for key, __ in self.selector.select(late()):
                if key.fileobj in self.selector.get_map():  # not given up by the one before
                    key.data()


@dataclass
class Spawner:
    """The running commands of one level, by pid."""

    loop: Loop
    running: dict[int, socket.socket] = field(default_factory=dict)

    def start(self, request: Mapping[str, Any], fds: list[int], client: socket.socket) -> None:
        """Start request["argv"] with `fds` as its standard streams (or a new terminal if request["tty"]); a
        fourth is the network namespace that it runs in, and others are open in it from 3 on.

        The client (see protocol.claim_pair) is told "pid" now and "exit" later; what it says is a signal, its
        end SIGKILL (if request["outlives"], nothing: it goes on, as a child of ours like any orphan).
        """
        master = -1
        if request.get("tty"):
            master, slave = pty.openpty()
            _close(fds)
            fds = [slave, slave, slave]
        try:
            pid = os.fork()
        except OSError:  # there may be no more processes
            _close({*fds, *([master] if master >= 0 else [])})
            self._tell(client, "pid", 0)
            self._tell(client, "exit", EXIT_CANNOT_EXECUTE)
            client.close()
            return
        if pid == 0:
            _become(request, fds, bool(request.get("tty")))
        _close(set(fds))
        self.running[pid] = client
        outlives = bool(request.get("outlives"))
        self.loop.watch(client, lambda: self._listen(pid, client, outlives))
        self._tell(client, "pid", pid, [master] if master >= 0 else [])
        if master >= 0:
            os.close(master)

    def reap(self) -> list[tuple[int, int]]:
        """Collect the children that ended, tell their clients; (pid, exit status) of all of them."""
        ended = []
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            code = os.waitstatus_to_exitcode(status)
            code = 128 - code if code < 0 else code
            ended.append((pid, code))
            client = self.running.pop(pid, None)
            if client is not None:
                self._tell(client, "exit", code)
                self.loop.forget(client)
                client.close()
        return ended

    def _listen(self, pid: int, client: socket.socket, outlives: bool) -> None:
        try:
            told, fds = protocol.read_claim(client, "signal", SIGNALS)
            _close(fds)
            number = told.said
        except protocol.Closed:
            self.loop.forget(client)
            self.running.pop(pid, None)
            client.close()
            if outlives:
                return
            number = signal.SIGKILL
        with suppress(ProcessLookupError, PermissionError):
            try:
                os.killpg(pid, number)
            except ProcessLookupError:  # it has no session of its own yet
                os.kill(pid, number)

    @staticmethod
    def _tell(client: socket.socket, word: str, number: int, fds: Sequence[int] = ()) -> None:
        with suppress(OSError):  # it hung up; _listen or reap will see to it
            protocol.claim(client, word, number, fds)


class Daemon:
    """One that was started by `start_daemon`; see netlab.engines.protocol.Started.

    What is known of it says the lab: it decides no more than when to stop waiting.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._exit: int | None = None
        connection.settimeout(SECONDS_TO_START)
        with suppress(protocol.Closed, TimeoutError):  # then it has ended
            _close(protocol.read_claim(connection, "pid", protocol.PIDS)[1])

    def exit_status(self) -> int | None:
        """None after a moment in which it did not end."""
        if self._exit is None and select.select([self._connection], [], [], 0.01)[0]:
            try:
                self._exit = protocol.read_claim(self._connection, "exit", protocol.EXITS)[0].said
            except protocol.Closed:
                self._exit = EXIT_NOT_FOUND
        return self._exit

    def close(self) -> None:
        self._connection.close()


def start_daemon(init: socket.socket, argv: Sequence[str], env: Mapping[str, str], output: int) -> Daemon:
    """Have the lab host's init start a command that outlives us, with `output` for what it prints."""
    ours, theirs = protocol.claim_pair()
    nothing = os.open("/dev/null", os.O_RDONLY)
    request = {"op": "exec", "argv": list(argv), "env": dict(env), "outlives": True}
    protocol.send(init, request, [theirs.fileno(), nothing, output, output], at_once=True)
    os.close(nothing)
    theirs.close()
    return Daemon(ours)


def entrances(kind: str, pid: int, name: str) -> dict[str, str]:
    """What the lab host's process 1 enters for a command on a node of that kind, as it sees it: there is that
    process in it, or it has that name in /run/netns."""
    if kind == "container":
        return {each: f"/proc/{pid}/ns/{each}" for each in NAMESPACES}
    return {"net": f"/proc/{pid}/ns/net" if pid else f"/run/netns/{name}"}


def _close(fds: Any) -> None:
    for fd in fds:
        os.close(fd)


def _become(request: Mapping[str, Any], fds: list[int], tty: bool) -> None:
    """In the child: turn into the command; never returns."""
    try:
        os.setsid()
        _take(fds)
        if tty:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        _enter(request.get("enter") or {})
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGCHLD, signal.SIGQUIT):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        try:
            os.chdir(request.get("cwd") or "/root")
        except OSError:
            os.chdir("/")
        argv = request["argv"]
        os.execvpe(argv[0], argv, request.get("env", {}))
    except FileNotFoundError as error:
        os.write(
            2,
            _("netlab: {filename}: not found in the lab\n")
            .format(filename=os.fsdecode(error.filename or request["argv"][0]))
            .encode(),
        )
        os._exit(EXIT_NOT_FOUND)
    except BaseException as error:
        os.write(
            2,
            _("netlab: cannot start {request}: {error}\n")
            .format(request=request.get("argv"), error=error)
            .encode(),
        )
        os._exit(EXIT_CANNOT_EXECUTE)


def _take(fds: Sequence[int]) -> None:
    """Have the first three as standard streams, be in the fourth, have the others from 3 on, and no more."""
    for number, fd in enumerate(fds[:3]):
        os.dup2(fd, number)
    for fd in fds[3:4]:
        syscalls.setns(fd, syscalls.CLONE_NEWNET)
    kept = [fcntl.fcntl(fd, fcntl.F_DUPFD, 1 << 8) for fd in fds[4:]]
    os.closerange(3, 1 << 8)
    for number, fd in enumerate(kept, 3):
        os.dup2(fd, number)
    os.closerange(3 + len(kept), 1 << 16)


def _enter(where: Mapping[str, str]) -> None:
    """Enter the namespaces {kind: path}; for a pid namespace stay behind as the one who passes things on."""
    opened = {kind: os.open(where[kind], os.O_RDONLY) for kind in NAMESPACES if kind in where}
    for kind, fd in opened.items():
        syscalls.setns(fd, NAMESPACES[kind])
        os.close(fd)
    if "pid" not in opened:
        return
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        return
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    os._exit(128 - code if code < 0 else code)
