"""Who plays the listeners of a twin: one process with a socket for each, in the namespaces where they listen.

A connection is taken, what it says is answered (an HTTP request with a page, all else with itself), and it is
closed. A datagram is sent back, from the address that its program would send it from. Nothing is kept, and
nobody can keep it busy: what takes long is let go of.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from netlab.linux.netns import enter
from netlab.model import codec, pack

PAGE = b"played by netlab\n"
HTTP = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (len(PAGE), PAGE)
METHODS = (b"GET ", b"POST ", b"HEAD ", b"PUT ")
MOST_CONNECTIONS, LARGEST = 256, 1 << 16
SECONDS = 10.0  # that a connection may take
BACKLOG = 64
IP_PKTINFO, LONGEST_WORD = 8, 256
ANY = "0.0.0.0"
LONGEST_ORDER = 1 << 20
# Programs that answer a datagram from the address that it came to; of others the kernel chooses by the route.
FROM_THERE = frozenset(
    ("chronyd", "coredns", "dnsmasq", "kresd", "named", "ntpd", "snmpd", "systemd-resolve", "unbound")
)
KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


@dataclass(frozen=True, slots=True)
class Order:
    """The listeners of one namespace, whose descriptor comes with it; the first of several ends others."""

    listeners: tuple[pack.Listener, ...]
    first: bool = False


class Responder:
    """The keeper's end: a child that plays what it is told to."""

    def __init__(self, fork: Callable[[Callable[[], None]], None]) -> None:
        self._orders, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with theirs:
            fork(partial(_serve, theirs, self._orders))

    def play(self, nodes: Sequence[tuple[int, Sequence[pack.Listener]]]) -> list[str]:
        """Those listeners in these namespaces (descriptors), and no others; which were refused. OSError."""
        refused = []
        for number, (namespace, listeners) in enumerate(nodes):
            if number and not listeners:
                continue
            ours, theirs = socket.socketpair()
            with ours, theirs:
                message = codec.write(Order(tuple(listeners), number == 0))
                socket.send_fds(self._orders, [message], [namespace, theirs.fileno()])
                theirs.close()
                ours.settimeout(SECONDS)
                with ours.makefile("rb") as answer:
                    refused += json.loads(answer.read(LONGEST_ORDER) or b"[]")
        return list(map(str, refused))


@dataclass
class _Player:
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    listening: list[socket.socket] = field(default_factory=list)
    connections: dict[socket.socket, float] = field(default_factory=dict)  # until when each may take

    def listen(self, listeners: Sequence[pack.Listener]) -> list[str]:
        """In the namespace that we are in; which of them could not be had."""
        refused = []
        named = {pack.Listener(each.protocol, each.address, each.port) for each in listeners}
        for listener in listeners:
            alone = pack.Listener(listener.protocol, ANY, listener.port) in named
            try:
                sock = _bound(listener, alone)
            except (OSError, ValueError, KeyError) as error:
                refused.append(f"{listener.protocol} {listener.address} port {listener.port}: {error}")
                continue
            self.listening.append(sock)
            if listener.full and listener.protocol == "tcp":
                self.listening.append(_fill(sock))
                continue
            work = self.accept if listener.protocol == "tcp" else self.send_back
            self.selector.register(sock, selectors.EVENT_READ, partial(work, sock))
        return refused

    def end(self) -> None:
        for sock in (*self.listening, *self.connections):
            with suppress(KeyError):  # nobody looks at one that takes no connection
                self.selector.unregister(sock)
            sock.close()
        self.listening.clear()
        self.connections.clear()

    def accept(self, sock: socket.socket) -> None:
        with suppress(OSError):
            client, __ = sock.accept()
            if len(self.connections) >= MOST_CONNECTIONS:
                client.close()
                return
            client.setblocking(False)
            self.connections[client] = time.monotonic() + SECONDS
            self.selector.register(client, selectors.EVENT_READ, partial(self.answer, client))

    def answer(self, client: socket.socket) -> None:
        with suppress(OSError):
            said = client.recv(LARGEST)
            client.send(HTTP if said.startswith(METHODS) else said, socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT)
        self.let_go(client)

    def let_go(self, client: socket.socket) -> None:
        del self.connections[client]
        self.selector.unregister(client)
        client.close()

    def send_back(self, sock: socket.socket) -> None:
        """From the address that it came to, where that is told; else from the one that the kernel chooses."""
        with suppress(OSError):
            said, told, __, sender = sock.recvmsg(LARGEST, LONGEST_WORD, socket.MSG_DONTWAIT)
            sock.sendmsg([said], [_from_there(*word) for word in told], socket.MSG_DONTWAIT, sender)

    def let_go_of_the_late(self) -> float | None:
        """Until the next one is late."""
        now = time.monotonic()
        for client in [each for each, until in self.connections.items() if until <= now]:
            self.let_go(client)
        return min((until - now for until in self.connections.values()), default=None)


def _from_there(level: int, kind: int, word: bytes) -> tuple[int, int, bytes]:
    """in_pktinfo(7) of what has come as that of the answer: no interface, the same address."""
    if level == socket.IPPROTO_IP:
        return level, kind, bytes(4) + word[8:12] + bytes(4)
    return level, kind, word[:16] + bytes(4)


def _fill(server: socket.socket) -> socket.socket:
    """Let it take no connection: it has room for one, which is this one's."""
    server.listen(0)
    address, port, *rest = server.getsockname()
    there = {ANY: "127.0.0.1", "::": "::1"}.get(address, address)
    client = socket.socket(server.family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
    client.connect_ex((there, port, *rest))
    return client


def _bound(listener: pack.Listener, alone: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in listener.address else socket.AF_INET
    sock = socket.socket(family, KINDS[listener.protocol] | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        ip_freebind = 15  # the address may come later
        sock.setsockopt(socket.IPPROTO_IP, ip_freebind, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(alone))
        if listener.protocol == "udp" and (not listener.program or listener.program in FROM_THERE):
            sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        sock.bind((listener.address, listener.port))
        if listener.protocol == "tcp":
            sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def _serve(orders: socket.socket, keepers: socket.socket) -> None:
    """Until the keeper ends."""
    keepers.close()
    player = _Player()

    def obey() -> None:
        message, fds, *__ = socket.recv_fds(orders, LONGEST_ORDER, 2)
        if len(fds) != 2:
            os._exit(0)
        namespace, answer = fds
        with socket.socket(fileno=answer) as client:
            refused = ["not understood"]
            with suppress(codec.Malformed, OSError):
                order = codec.read(Order, message)
                if order.first:
                    player.end()
                with enter(namespace):
                    refused = player.listen(order.listeners)
            os.close(namespace)
            with suppress(OSError):
                client.sendall(json.dumps(refused).encode())

    player.selector.register(orders, selectors.EVENT_READ, obey)
    while True:
        for key, __ in player.selector.select(player.let_go_of_the_late()):
            if key.fileobj is orders or key.fileobj in player.selector.get_map():
                key.data()
