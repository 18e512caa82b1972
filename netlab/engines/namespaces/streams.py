"""A container's standard streams at its shim: what it prints goes into the log and to whoever is attached,
what they type goes to it.

Attached are sockets whose messages are one letter and bytes. From a client: `i` input, `e` its end, `w` a
window's size, `n` that networks have changed. To it: `1` and `2` output, `x` the exit status,
`n` that it has followed.
"""

from __future__ import annotations

import fcntl
import os
import selectors
import socket
import struct
import termios
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from netlab.engines.namespaces.log import Log
from netlab.engines.namespaces.store import Record

SOCKET = "attach"
AT_ONCE = 1 << 15  # bytes of one message
MOST_CLIENTS = 16
MOST_INPUT = 1 << 20  # bytes that wait for the container to read them
SECONDS_TO_SEND = 2.0  # that a client may hold the others up
SECONDS_TO_SAY_GOODBYE = 1.0
SECONDS_TO_FOLLOW = 2.0


class Streams:
    """Those of one container, from one start of it to the next."""

    def __init__(
        self,
        selector: selectors.BaseSelector,
        folder: Path,
        record: Record,
        networks_changed: Callable[[], None],
    ) -> None:
        self._selector, self._record, self._networks_changed = selector, record, networks_changed
        self._log = Log(folder)
        self._clients: list[socket.socket] = []
        self._outputs: dict[int, str] = {}
        self._input, self._waiting = -1, b""
        self._closes_input = False  # when the one who started it has no more
        self._waiting_end = False  # of the input, behind what waits
        path = folder / SOCKET
        path.unlink(missing_ok=True)
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        self._door.bind(str(path))
        self._door.listen(MOST_CLIENTS)
        selector.register(self._door, selectors.EVENT_READ, self._open_door)

    def open(self) -> tuple[int, int, int] | None:
        """The streams for a process 1 that is to begin, to be closed here; None where it has a terminal."""
        if self._record.tty:
            return None
        if self._record.interactive:
            stdin, self._input = os.pipe()
            os.set_blocking(self._input, False)
        else:
            stdin = os.open(os.devnull, os.O_RDONLY)
        inside = [stdin]
        for stream in ("stdout", "stderr"):
            read, write = os.pipe()
            self._watch(read, stream)
            inside.append(write)
        return inside[0], inside[1], inside[2]

    def take_terminal(self, fds: Sequence[int]) -> None:
        """The other side of its terminal."""
        for master in fds:
            self._watch(master, "stdout")
            self._input = os.dup(master)
            os.set_blocking(self._input, False)

    def _watch(self, fd: int, stream: str) -> None:
        os.set_blocking(fd, False)
        self._outputs[fd] = stream
        self._selector.register(fd, selectors.EVENT_READ, lambda: self._pass_on(fd))

    # -- from the container

    def _pass_on(self, fd: int) -> bool:
        """Whether something came; nothing comes any more when the other side is closed."""
        try:
            data = os.read(fd, AT_ONCE)
        except BlockingIOError:
            return False
        except OSError:  # EIO: a terminal that nobody has open any more
            data = b""
        stream = self._outputs[fd]
        if not data:
            self._selector.unregister(fd)
            os.close(fd)
            del self._outputs[fd]
            return False
        self._log.write(stream, data, time.time())
        self._tell(b"1" if stream == "stdout" else b"2", data)
        return True

    def _tell(self, letter: bytes, data: bytes) -> None:
        for client in list(self._clients):
            try:
                client.send(letter + data)
            except OSError:  # it has gone, or does not read
                self._dismiss(client)

    def drain(self) -> None:
        """All that it has printed, now that it has ended; then no stream is open."""
        for fd in list(self._outputs):
            while self._pass_on(fd):
                pass
            if fd in self._outputs:
                self._selector.unregister(fd)
                os.close(fd)
                del self._outputs[fd]
        self._close_input()
        self._log.close(time.time())

    def finish(self, status: int) -> None:
        """Tell those who are attached how it ended, and wait until they have gone."""
        self._tell(b"x", str(status).encode())
        for client in self._clients:
            client.settimeout(SECONDS_TO_SAY_GOODBYE)
            with suppress(OSError):
                client.shutdown(socket.SHUT_WR)
        self._selector.unregister(self._door)
        self._door.close()

    # -- from clients

    def _open_door(self) -> None:
        with suppress(OSError):
            client = self._door.accept()[0]
            if len(self._clients) >= MOST_CLIENTS:
                client.close()
                return
            self._attach(client)

    def admit(self, client: socket.socket) -> None:
        """The one who starts it is attached from the beginning; where his input ends, so does its own."""
        self._closes_input = True
        self._attach(client, None)

    def _attach(self, client: socket.socket, patience: float | None = SECONDS_TO_SEND) -> None:
        client.settimeout(patience)
        self._clients.append(client)
        self._selector.register(client, selectors.EVENT_READ, lambda: self._hear(client))

    def _dismiss(self, client: socket.socket) -> None:
        if client in self._clients:
            self._clients.remove(client)
            self._selector.unregister(client)
            client.close()

    def _hear(self, client: socket.socket) -> None:
        try:
            message = client.recv(AT_ONCE + 1)
        except OSError:
            message = b""
        letter, data = message[:1], message[1:]
        if not letter:
            self._dismiss(client)
        elif letter == b"i":
            self._waiting = (self._waiting + data)[:MOST_INPUT]
            self._give_input()
        elif letter == b"e" and self._closes_input and not self._record.tty:
            self._waiting_end = True
            self._give_input()
        elif letter == b"w" and len(data) == 8 and self._record.tty and self._input >= 0:
            with suppress(OSError):
                fcntl.ioctl(self._input, termios.TIOCSWINSZ, data)
        elif letter == b"n":
            self._networks_changed()
            with suppress(OSError):
                client.send(b"n")

    def _give_input(self) -> None:
        """Give the container what was typed, as far as it takes it."""
        if self._input < 0:
            self._waiting = b""
            return
        try:
            sent = os.write(self._input, self._waiting) if self._waiting else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self._close_input()
            return
        self._waiting = self._waiting[sent:]
        is_watched = self._input in self._selector.get_map()
        if self._waiting and not is_watched:
            self._selector.register(self._input, selectors.EVENT_WRITE, self._give_input)
        elif not self._waiting and is_watched:
            self._selector.unregister(self._input)
        if not self._waiting and self._waiting_end:
            self._close_input()

    def _close_input(self) -> None:
        if self._input >= 0:
            if self._input in self._selector.get_map():
                self._selector.unregister(self._input)
            os.close(self._input)
        self._input, self._waiting, self._waiting_end = -1, b"", False


def tell_networks(folder: Path) -> None:
    """Have the shim of the container with that folder look where it is now; wait until it has. OSError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        sock.settimeout(SECONDS_TO_FOLLOW)
        sock.connect(str(folder / SOCKET))
        sock.send(b"n")
        sock.recv(1)


def window() -> bytes:
    """The size of our terminal, as such a message has it."""
    return fcntl.ioctl(0, termios.TIOCGWINSZ, struct.pack("4H", 0, 0, 0, 0))
