"""Many probes at once, from many nodes to many others, and which nodes took each in: in a replica.

In every namespace a raw socket hears what its kernel has taken for its own, behind all rules. A probe carries
a token that nobody can guess; of a TCP connection the first packet is known by its source port, which is no
other's. So "seen" says more than "answered": it says by whom.
"""

from __future__ import annotations

import secrets
import selectors
import socket
import struct
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial

from netlab.keeper.probe import ERRORS, ERRORS_6, TOKEN
from netlab.keeper.witness import IP_PKTINFO, echo
from netlab.linux.netns import enter
from netlab.linux.sysctl import make_room
from netlab.packets.flight import Flight, Landing

AT_ONCE = 256  # each makes up to two neighbours, and a machine's table of these holds a thousand
BEFORE_LISTENING = 32
LEAST_PORT, PORTS = 20_000, 30_000  # of TCP's sources
NUMBERS = {
    "icmp": socket.IPPROTO_ICMP, "icmpv6": socket.IPPROTO_ICMPV6,
    "udp": socket.IPPROTO_UDP, "tcp": socket.IPPROTO_TCP,
}  # fmt: skip
REQUESTS, REPLIES = (8, 128), (0, 129)
FLAGS, SYN, ACK = 13, 0x02, 0x10  # where TCP's flags stand
LINGER_NOT = struct.pack("ii", 1, 0)  # a connection ends by a reset, and whoever took it is free again
MOST_READ = 64  # packets before others have their turn
Namespaces = Mapping[str, int]  # a descriptor of each, by its node's name


@dataclass(slots=True)
class _Course:
    """One of them on its way."""

    flight: Flight
    number: int  # its ICMP sequence
    port: int  # its TCP source
    token: bytes = field(default_factory=partial(secrets.token_bytes, TOKEN))
    answered: bool = False
    seen: dict[str, None] = field(default_factory=dict)
    error: str = ""

    @property
    def is_over(self) -> bool:
        return bool(self.error or (self.answered and self.seen))

    def result(self) -> Landing:
        return Landing(self.answered, tuple(self.seen), self.error)


@dataclass(frozen=True, slots=True)
class _Ear:
    """A raw socket in a node's namespace."""

    node: str
    protocol: str
    sock: socket.socket


class Burst:
    """Of those namespaces; a `with` block."""

    def __init__(self, namespaces: Namespaces, flights: Iterable[Flight]) -> None:
        self._namespaces = namespaces
        self._protocols = sorted({_protocol(flight) for flight in flights}, key=str)
        self._stack = ExitStack()
        self._ears: dict[tuple[str, str], _Ear] = {}
        self._identifier = secrets.randbelow(1 << 16)
        self._first_port = secrets.randbelow(PORTS)
        self._sent = 0

    def __enter__(self) -> Burst:
        make_room()
        self._selector = self._stack.enter_context(selectors.DefaultSelector())
        for node, namespace in self._namespaces.items():
            with enter(namespace):
                for protocol, is_ipv6 in self._protocols:
                    name = "icmpv6" if (protocol, is_ipv6) == ("icmp", True) else protocol
                    sock = self._stack.enter_context(_socket(is_ipv6, socket.SOCK_RAW, NUMBERS[name]))
                    ear = self._ears[node, f"{protocol} {is_ipv6}"] = _Ear(node, name, sock)
                    self._selector.register(sock, selectors.EVENT_READ, partial(self._hear, ear))
        return self

    def __exit__(self, *reason: object) -> None:
        self._stack.close()

    def send(self, flights: Sequence[Flight], seconds: float) -> list[Landing]:
        """Those, once; each has so many seconds."""
        courses = [self._course(flight) for flight in flights]
        self._by_token = {course.token: course for course in courses}
        self._by_port = {course.port: course for course in courses if course.flight.proto == "tcp"}
        self._by_number = {course.number: course for course in courses if course.flight.proto == "icmp"}
        self._open = {id(course): course for course in courses}
        with ExitStack() as stack:
            for course in courses:
                try:
                    self._launch(course, stack)
                except OSError as error:
                    self._fail(course, error.strerror or str(error))
                if not course.number % BEFORE_LISTENING:
                    self._listen(0.0)
            until = time.monotonic() + seconds
            while self._open and (left := until - time.monotonic()) > 0:
                self._listen(left)
        return [course.result() for course in courses]

    def _course(self, flight: Flight) -> _Course:
        self._sent += 1
        return _Course(flight, self._sent, LEAST_PORT + (self._first_port + self._sent) % PORTS)

    def _launch(self, course: _Course, stack: ExitStack) -> None:
        """OSError: the asker's kernel would not."""
        flight = course.flight
        if flight.proto == "icmp":
            kind = REQUESTS[flight.is_ipv6]
            packet = echo(kind, self._identifier, course.number, course.token)
            sock = self._ears[flight.node, f"icmp {flight.is_ipv6}"].sock
            sock.sendmsg([packet], _from(flight), 0, (flight.destination, 0))
            return
        kind = socket.SOCK_STREAM if flight.proto == "tcp" else socket.SOCK_DGRAM
        with enter(self._namespaces[flight.node]):
            sock = stack.enter_context(_socket(flight.is_ipv6, kind))
        if flight.source or flight.proto == "tcp":
            sock.bind((flight.source, course.port))
        if flight.proto == "tcp":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
            with suppress(BlockingIOError):
                sock.connect((flight.destination, flight.port))
            work, event = self._finish_call, selectors.EVENT_WRITE
        else:
            sock.connect((flight.destination, flight.port))
            sock.send(course.token)
            work, event = self._take_datagram, selectors.EVENT_READ
        self._selector.register(sock, event, partial(work, course, sock))
        stack.callback(self._forget, sock)

    def _forget(self, sock: socket.socket) -> None:
        with suppress(KeyError):
            self._selector.unregister(sock)

    def _listen(self, seconds: float) -> None:
        for key, __ in self._selector.select(seconds):
            key.data()

    def _finish_call(self, course: _Course, sock: socket.socket) -> None:
        """A connection is decided. The token goes along it: also where a port was changed on the way."""
        self._forget(sock)
        try:
            sock.send(course.token)
        except OSError as error:
            self._fail(course, error.strerror or str(error))
        else:
            self._answer(course)

    def _take_datagram(self, course: _Course, sock: socket.socket) -> None:
        """A datagram has come back, or an error of ICMP's."""
        try:
            if sock.recv(1 << 16) == course.token:
                self._answer(course)
        except OSError as error:
            self._forget(sock)
            self._fail(course, error.strerror or str(error))

    def _hear(self, ear: _Ear) -> None:
        for _each in range(MOST_READ):
            try:
                packet = ear.sock.recv(1 << 16)
            except OSError:  # no more
                return
            if ear.sock.family == socket.AF_INET:
                packet = packet[(packet[0] & 15) * 4 :]
            {"udp": self._hear_udp, "tcp": self._hear_tcp}.get(ear.protocol, self._hear_icmp)(ear, packet)

    def _hear_icmp(self, ear: _Ear, packet: bytes) -> None:
        kind, course = packet[0], self._by_token.get(packet[8 : 8 + TOKEN])
        if course and kind in REQUESTS:
            self._see(course, ear.node)
        elif course and kind in REPLIES and course.flight.node == ear.node:
            self._answer(course)
        elif ear.protocol == "icmp" and kind in ERRORS and len(packet) > 8:
            self._complain(ear, packet[8 + (packet[8] & 15) * 4 :], f"{ERRORS[kind]} (code {packet[1]})")
        elif ear.protocol == "icmpv6" and kind in ERRORS_6:
            self._complain(ear, packet[48:], f"{ERRORS_6[kind]} (code {packet[1]})")

    def _complain(self, ear: _Ear, quoted: bytes, what: str) -> None:
        """An ICMP error with the echo request that it is about."""
        identifier, number = struct.unpack("!HH", quoted[4:8]) if len(quoted) >= 8 else (0, 0)
        course = self._by_number.get(number) if identifier == self._identifier else None
        if course and course.flight.node == ear.node:
            self._fail(course, what)

    def _hear_udp(self, ear: _Ear, packet: bytes) -> None:
        course = self._by_token.get(packet[8 : 8 + TOKEN])
        if course is None:
            return
        is_answer = struct.unpack("!H", packet[:2])[0] == course.flight.port
        if not is_answer or ear.node != course.flight.node:
            self._see(course, ear.node)

    def _hear_tcp(self, ear: _Ear, packet: bytes) -> None:
        if len(packet) <= FLAGS:
            return
        if packet[FLAGS] & (SYN | ACK) == SYN:
            course = self._by_port.get(struct.unpack("!H", packet[:2])[0])
        else:
            course = self._by_token.get(packet[(packet[12] >> 4) * 4 :][:TOKEN])
        if course and ear.node != course.flight.node:
            self._see(course, ear.node)

    def _see(self, course: _Course, node: str) -> None:
        course.seen[node] = None
        self._close(course)

    def _answer(self, course: _Course) -> None:
        course.answered = True
        self._close(course)

    def _fail(self, course: _Course, error: str) -> None:
        course.error = course.error or error
        self._close(course)

    def _close(self, course: _Course) -> None:
        if course.is_over:
            self._open.pop(id(course), None)


def send(namespaces: Namespaces, flights: Sequence[Flight], seconds: float) -> list[Landing]:
    """All at once (AT_ONCE at most), between namespaces by their nodes' names; each may take so many seconds.
    OSError."""
    with Burst(namespaces, flights) as burst:
        return burst.send(flights, seconds)


def _protocol(flight: Flight) -> tuple[str, bool]:
    return flight.proto, flight.is_ipv6


def _from(flight: Flight) -> list[tuple[int, int, bytes]]:
    """in(6)_pktinfo with the source of its own."""
    if not flight.source:
        return []
    if flight.is_ipv6:
        word = socket.inet_pton(socket.AF_INET6, flight.source) + bytes(4)
        return [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, word)]
    word = bytes(4) + socket.inet_aton(flight.source) + bytes(4)
    return [(socket.IPPROTO_IP, IP_PKTINFO, word)]


def _socket(is_ipv6: bool, kind: int, number: int = 0) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET, kind, number)
    sock.setblocking(False)
    return sock
