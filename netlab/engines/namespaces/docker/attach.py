"""docker attach, and the foreground of `docker run` and `start -a`: our streams and a container's, joined.

Ctrl-P Ctrl-Q leaves a container with a terminal to itself.
"""

from __future__ import annotations

import argparse
import os
import select
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from netlab.engines.namespaces import container, shim, streams
from netlab.engines.namespaces.docker.refused import Refused, find
from netlab.engines.namespaces.store import Record, Store, is_running
from netlab.errors import EngineError
from netlab.i18n import gettext as _
from netlab.linux import polling, tty

LEAVE = b"\x10\x11"  # Ctrl-P Ctrl-Q
HAS_LEFT = -1
MOST_PRESSED = 3
UNKNOWN_END = 137  # of a container whose shim has gone without a word


def attach(options: argparse.Namespace, store: Store) -> int:
    """docker attach: the container's exit status, 0 if somebody leaves it to itself. Refused."""
    record = find(store, options.container)
    if not is_running(record):
        raise Refused("You cannot attach to a stopped container, start it first")
    if record.is_paused:
        raise Refused("You cannot attach to a paused container, unpause it first")
    reads = record.interactive and not options.no_stdin
    return join(store, record, connect(store, record), reads, record.tty and sys.stdin.isatty())


def connect(store: Store, record: Record) -> socket.socket:
    """A connection to the container's streams. Refused."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        sock.connect(str(store.path(record) / streams.SOCKET))
    except OSError as error:
        raise Refused(
            f"Error response from daemon: {record.name} cannot be attached to: {error.strerror}"
        ) from error
    return sock


def run(store: Store, record: Record, *, reads: bool, has_terminal: bool) -> int:
    """Start a container with our streams as its own; its exit status. EngineError."""
    ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
    if has_terminal:
        ours.send(b"w" + streams.window())
    try:
        shim.launch(store, record, theirs)
    finally:
        theirs.close()
    return join(store, record, ours, reads, has_terminal)


def join(store: Store, record: Record, sock: socket.socket, reads: bool, has_terminal: bool) -> int:
    """Copy both ways until the container ends; its exit status, 0 when it was left to itself."""
    if not has_terminal:
        with _signals_passed_on(store, record):
            status = _copy(sock, reads, has_terminal)
    else:
        with tty.raw_terminal(), _window_passed_on(sock):
            status = _copy(sock, reads, has_terminal)
        if status == HAS_LEFT:
            print("\r\nread escape sequence", file=sys.stderr)
            return 0
    return status


def _copy(sock: socket.socket, reads: bool, has_terminal: bool) -> int:
    inputs: list[int] = [sock.fileno(), *([0] if reads else [])]
    begun = b""
    while True:
        ready = select.select(inputs, [], [])[0]
        if sock.fileno() in ready:
            message = sock.recv(streams.AT_ONCE + 1)
            letter, data = message[:1], message[1:]
            if letter == b"x":
                return int(data)
            if not letter:
                return UNKNOWN_END
            _write(1 if letter == b"1" or has_terminal else 2, data)
        elif 0 in ready:
            data = os.read(0, streams.AT_ONCE)
            if has_terminal and (begun + data).startswith(LEAVE[: len(begun + data)]) and data:
                begun += data
                if begun == LEAVE:
                    return HAS_LEFT
                continue
            begun, data = b"", begun + data
            if data:
                sock.send(b"i" + data)
            else:
                sock.send(b"e")
                inputs.remove(0)


def _write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def _unheard(record: Record) -> str:
    return _(
        "(lab: process 1 of {name} does not listen to Ctrl-C; Docker's neither. Twice more leaves it "
        "running, docker stop {name} ends it)"
    ).format(name=record.name)


@contextmanager
def _signals_passed_on(store: Store, record: Record) -> Iterator[None]:
    """Ctrl-C and the like are the container's; a program that does not listen to it is left at the third."""
    pressed = 0

    def pass_on(number: int, _frame: object) -> None:
        nonlocal pressed
        pressed += number in (signal.SIGINT, signal.SIGTERM)
        now = store.get(record.id)
        if now and is_running(now):
            if pressed == 1 and not container.listens_to(now.pid, number):
                print(f"\n{_unheard(now)}", file=sys.stderr)
            os.kill(now.pid, number)
        if pressed == MOST_PRESSED:
            print(f"\ngot {MOST_PRESSED} SIGTERM/SIGINTs, forcefully exiting", file=sys.stderr)
            raise KeyboardInterrupt

    before = {
        number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _window_passed_on(sock: socket.socket) -> Iterator[None]:
    sock.send(b"w" + streams.window())
    before = signal.signal(signal.SIGWINCH, lambda *_: sock.send(b"w" + streams.window()))
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)


def wait_for_end(store: Store, record: Record, seconds: float) -> int | None:
    """How the container ended, if it does so in that time; None while it runs."""
    now = store.get(record.id)
    if now is None or not now.pid:
        return now.exit_code if now else 0
    try:
        fd = os.pidfd_open(now.pid)
    except OSError:
        fd = -1
    if fd >= 0:
        has_ended = bool(select.select([fd], [], [], seconds)[0])
        os.close(fd)
        if not has_ended:
            return None
    for _look in polling.looks(seconds=1.0, pause=0.002):  # its shim notes it in the next moment
        now = store.get(record.id)
        if now is None or not now.pid:
            return now.exit_code if now else 0
    return None


def start(store: Store, record: Record, *, reads: bool) -> int:
    """docker start -a and -i: the exit status. EngineError, Refused."""
    has_terminal = record.tty and sys.stdin.isatty()
    try:
        return run(store, record, reads=reads and record.interactive, has_terminal=has_terminal)
    except EngineError as error:
        raise Refused(
            f"Error response from daemon: {error.what}\nError: failed to start containers: {record.name}"
        ) from error
