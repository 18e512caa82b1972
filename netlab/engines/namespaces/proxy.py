"""docker-proxy: takes the connections to a published port that no rule catches, and copies bytes.

Those to 127.0.0.1, and the containers' own, above all. It also keeps anybody else from using the port.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
from contextlib import suppress
from typing import NoReturn

from netlab.engines.namespaces import ports
from netlab.errors import EngineError
from netlab.linux import syscalls
from netlab.linux.title import set_title

AT_ONCE = 1 << 16  # bytes
MOST = 512  # connections, or senders of datagrams


def bind(port: str) -> list[socket.socket]:
    """Sockets that have taken that published port of the lab host's. EngineError in Docker's words."""
    ip, host, _, protocol = ports.split(port)
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    doors = []
    for address in [ip] if ip else ["0.0.0.0", "::"]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            door = socket.socket(family, kind)
            doors.append(door)
            if family == socket.AF_INET6:
                door.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if protocol == "tcp":
                door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind((address, int(host)))
            if protocol == "tcp":
                door.listen(128)
            door.setblocking(False)
        except OSError as error:
            for opened in doors:
                opened.close()
            if family == socket.AF_INET6 and not ip:
                return bind(ports.join("0.0.0.0", *ports.split(port)[1:]))
            raise EngineError(
                f"driver failed programming external connectivity: Error starting userland proxy: listen "
                f"{protocol}4 {address}:{host}: bind: {(error.strerror or str(error)).lower()}"
            ) from error
    return doors


def start(doors: list[socket.socket], port: str, address: str) -> int:
    """Fork the proxy of a port for the container at that address; its pid. OSError."""
    pid = os.fork()
    if pid:
        return pid
    syscalls.end_with_parent()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ip, host, inside, protocol = ports.split(port)
    for fd in set(range(3, 256)) - {door.fileno() for door in doors}:
        with suppress(OSError):
            os.close(fd)
    os.closerange(256, 1 << 16)
    words = f"-proto {protocol} -host-ip {ip or '0.0.0.0'} -host-port {host}"
    set_title(
        f"/usr/bin/docker-proxy {words} -container-ip {address} -container-port {inside}", starts_others=False
    )
    try:
        (_Streams if protocol == "tcp" else _Datagrams)(doors, (address, int(inside))).run()
    finally:
        os._exit(1)


class _Streams:
    """Connections: each has another one behind it, and what comes out of either goes into the other."""

    def __init__(self, doors: list[socket.socket], target: tuple[str, int]) -> None:
        self._target, self._selector = target, selectors.DefaultSelector()
        self._other: dict[socket.socket, socket.socket] = {}
        self._waiting: dict[socket.socket, bytes] = {}
        self._has_ended: set[socket.socket] = set()
        for door in doors:
            self._selector.register(door, selectors.EVENT_READ, self._accept)

    def run(self) -> NoReturn:
        while True:
            for key, mask in self._selector.select():
                key.data(key.fileobj, mask)

    def _accept(self, door: socket.socket, _: int) -> None:
        with suppress(OSError):
            caller = door.accept()[0]
            behind = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            if len(self._other) >= 2 * MOST:
                caller.close()
                behind.close()
                return
            for one, other in ((caller, behind), (behind, caller)):
                one.setblocking(False)
                self._other[one] = other
            behind.connect_ex(self._target)
            self._waiting[behind] = b""
            self._selector.register(behind, selectors.EVENT_WRITE, self._move)
            self._selector.register(caller, selectors.EVENT_READ, self._move)

    def _move(self, end: socket.socket, mask: int) -> None:
        other = self._other.get(end)
        if other is None:
            return
        try:
            if mask & selectors.EVENT_WRITE:
                self._write(end, other)
            if mask & selectors.EVENT_READ:
                self._read(end, other)
        except OSError:
            self._close(end, other)
            return
        if {end, other} <= self._has_ended and not {end, other} & self._waiting.keys():
            self._close(end, other)
            return
        self._watch(end)
        self._watch(other)

    def _write(self, end: socket.socket, other: socket.socket) -> None:
        """What waits for it; nothing does where it has only now been connected."""
        rest = self._waiting.pop(end, b"")
        if not rest and (error := end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)):
            raise OSError(error, os.strerror(error))
        if rest := rest[end.send(rest) :] if rest else b"":
            self._waiting[end] = rest
        elif other in self._has_ended:
            end.shutdown(socket.SHUT_WR)

    def _read(self, end: socket.socket, other: socket.socket) -> None:
        if data := end.recv(AT_ONCE):
            self._waiting[other] = data
            return
        self._has_ended.add(end)
        if other not in self._waiting:
            other.shutdown(socket.SHUT_WR)

    def _watch(self, end: socket.socket) -> None:
        """An end is read while what it said before has gone on, and written to while there is something."""
        other = self._other[end]
        mask = selectors.EVENT_WRITE if end in self._waiting else 0
        if end not in self._has_ended and other not in self._waiting:
            mask |= selectors.EVENT_READ
        if end in self._selector.get_map():
            if mask:
                self._selector.modify(end, mask, self._move)
            else:
                self._selector.unregister(end)
        elif mask:
            self._selector.register(end, mask, self._move)

    def _close(self, *ends: socket.socket) -> None:
        for end in ends:
            if end in self._selector.get_map():
                self._selector.unregister(end)
            self._other.pop(end, None)
            self._waiting.pop(end, None)
            self._has_ended.discard(end)
            end.close()


class _Datagrams:
    """Datagrams: each sender has a socket behind it, and the one that was silent longest has to go."""

    def __init__(self, doors: list[socket.socket], target: tuple[str, int]) -> None:
        self._target, self._selector = target, selectors.DefaultSelector()
        self._behind: dict[object, socket.socket] = {}
        for door in doors:
            self._selector.register(door, selectors.EVENT_READ, None)

    def run(self) -> NoReturn:
        while True:
            for key, _ in self._selector.select():
                with suppress(OSError):
                    sock: socket.socket = key.fileobj  # type: ignore[assignment]
                    data, sender = sock.recvfrom(AT_ONCE)
                    if key.data is None:
                        self._socket_of(sock, sender).send(data)
                    else:
                        door, caller = key.data
                        door.sendto(data, caller)

    def _socket_of(self, door: socket.socket, sender: object) -> socket.socket:
        behind = self._behind.pop((door, sender), None)
        if behind is None:
            if len(self._behind) >= MOST:
                oldest = self._behind.pop(next(iter(self._behind)))
                self._selector.unregister(oldest)
                oldest.close()
            behind = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            behind.setblocking(False)
            behind.connect(self._target)
            self._selector.register(behind, selectors.EVENT_READ, (door, sender))
        self._behind[(door, sender)] = behind
        return behind
