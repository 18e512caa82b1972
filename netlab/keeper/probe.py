"""Packets that the keeper itself sends from a node, with contents that nobody can guess.

No program of the learner's is asked: a `ping` that lies, lies to the learner only.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import select
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from typing import Any, TypeVar

from netlab.keeper.witness import Witness, echo
from netlab.linux.netns import enter
from netlab.packets.probe import Order, Probe

ERRORS = {3: "destination unreachable", 11: "time to live exceeded"}
ERRORS_6 = {1: "destination unreachable", 2: "packet too big", 3: "hop limit exceeded"}
_WORD = re.compile(r"[\w.:/%@][\w.:/%@-]{0,63}", re.ASCII)  # of `ip route get`
_Ear = TypeVar("_Ear", bound="socket.socket | Witness")
TOKEN = 16  # random bytes in each probe
SPACING = 0.01  # seconds between two probes
IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, IP_PMTUDISC_DO, IP_PMTUDISC_DONT = 10, 23, 2, 0


@dataclass
class _Tally:
    """What has come in so far."""

    sent_at: dict[bytes | int, float] = field(default_factory=dict)
    answered: dict[bytes | int, float] = field(default_factory=dict)
    refused: set[bytes | int] = field(default_factory=set)
    confirmed: set[bytes] = field(default_factory=set)  # by the witness's secret
    errors: list[str] = field(default_factory=list)

    def probe(self, count: int, tokens: tuple[bytes, ...] = (), ports: tuple[int, ...] = ()) -> Probe:
        times = tuple((self.answered[key] - self.sent_at[key]) * 1000 for key in self.answered)
        errors = tuple(dict.fromkeys(self.errors))
        came = tuple(key in self.answered or key in self.refused for key in ports or tokens)
        return Probe(
            count,
            len(self.answered),
            errors,
            times,
            tokens,
            ports,
            len(self.refused),
            came,
            len(self.confirmed),
        )


def send(namespace: int | str, order: Order, witness: int | str | None = None) -> Probe:
    """Send the probes from that network namespace (a descriptor or a path) and wait for what comes back.

    With the namespace of a `witness` (ICMP over IPv4) that answers each as well, with a secret of its own.
    OSError if a namespace is gone.
    """
    if order.proto == "icmp":
        return _icmp(namespace, order, witness)
    return {"udp": _udp, "tcp": _tcp}[order.proto](namespace, order)


def route(namespace: int | str, words: Sequence[str]) -> tuple[str, str]:
    """(the command, what it said): `ip route get` with those words in that namespace."""
    if not all(_WORD.fullmatch(word) for word in words):
        raise ValueError("no such route")
    command = ["ip", "route", "get", *words]
    with enter(namespace):
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="backslashreplace", check=False
        )
    return " ".join(command), (done.stdout or done.stderr).strip()


def _socket(namespace: int | str, kind: int, order: Order) -> socket.socket:
    """A socket of that kind there; a raw one speaks the ICMP of the destination's family."""
    family = socket.AF_INET6 if order.is_ipv6 else socket.AF_INET
    icmp = socket.IPPROTO_ICMPV6 if order.is_ipv6 else socket.IPPROTO_ICMP
    with enter(namespace):
        sock = socket.socket(family, kind, icmp if kind == socket.SOCK_RAW else 0)
    sock.setblocking(False)
    discover = IP_PMTUDISC_DO if order.df else IP_PMTUDISC_DONT
    if order.is_ipv6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, discover)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, discover)
    return sock


def _icmp(namespace: int | str, order: Order, witness: int | str | None) -> Probe:
    tally, identifier = _Tally(), os.getpid() & 0xFFFF
    tokens = tuple(secrets.token_bytes(TOKEN) for _ in range(order.count))
    with ExitStack() as stack:
        sock, other = stack.enter_context(_socket(namespace, socket.SOCK_RAW, order)), None
        if witness is not None and not order.is_ipv6:
            other = stack.enter_context(closing(Witness(witness, tokens)))
        read = partial(_read_icmp, known=other.answers if other else {})
        read = partial(_read_icmpv6 if order.is_ipv6 else read, tally=tally, identifier=identifier)
        for sequence, token in enumerate(tokens, 1):
            packet = echo(128 if order.is_ipv6 else 8, identifier, sequence, token.ljust(order.size, b"\0"))
            _attempt(tally, token, lambda packet=packet: sock.sendto(packet, (order.destination, 0)))
            pause = order.interval or SPACING
            _listen(sock, tally, time.monotonic() + pause, read, other, whole=order.interval > 0)
        _listen(sock, tally, time.monotonic() + order.timeout - SPACING, read, other)
    return tally.probe(order.count, tokens)


def _attempt(tally: _Tally, key: bytes | int, action: Any) -> None:
    try:
        action()
    except BlockingIOError:
        tally.sent_at[key] = time.monotonic()
    except OSError as error:
        tally.errors.append(error.strerror or str(error))
    else:
        tally.sent_at[key] = time.monotonic()


def _listen(
    sock: socket.socket,
    tally: _Tally,
    deadline: float,
    read: Callable[[tuple[bytes, Any]], object],
    witness: Witness | None,
    *,
    whole: bool = False,
) -> None:
    """Take what comes until the deadline; if not for the whole time, until all that went out is answered."""
    there: list[socket.socket | Witness] = [sock, witness] if witness else [sock]
    while (left := deadline - time.monotonic()) > 0:
        answered = tally.answered.keys() & tally.confirmed if witness else tally.answered
        if tally.sent_at and len(tally.sent_at) == len(answered) and not whole:
            return
        ready = _ready(there, select.POLLIN, left)
        if witness and witness in ready:
            witness.answer()
        if sock in ready:
            try:
                read(sock.recvfrom(1 << 16))
            except OSError as error:  # an ICMP error for an earlier probe
                tally.errors.append(error.strerror or str(error))


def _ready(there: Iterable[_Ear], event: int, seconds: float) -> list[_Ear]:
    """Those on which that has happened, or that have an error, within so many seconds: whatever their numbers
    are, of which select(2) knows the first thousand."""
    waiting = select.poll()
    by_number = {each.fileno(): each for each in there}
    for number in by_number:
        waiting.register(number, event)
    return [by_number[number] for number, _ in waiting.poll(ceil(1000 * seconds))]


def _read_icmp(
    received: tuple[bytes, Any], tally: _Tally, identifier: int, known: Mapping[bytes, bytes]
) -> None:
    packet, (source, *_) = received
    icmp = packet[(packet[0] & 15) * 4 :]
    token = bytes(icmp[8 : 8 + TOKEN])
    if icmp[:1] == b"\0" and token in tally.sent_at:
        if token in known and icmp[8:].startswith(known[token]):
            tally.confirmed.add(token)
        else:
            tally.answered.setdefault(token, time.monotonic())
    elif icmp[0] in ERRORS and len(icmp) >= 36 and icmp[32:34] == struct.pack("!H", identifier):
        tally.errors.append(f"{ERRORS[icmp[0]]} (code {icmp[1]}), says {source}")


def _read_icmpv6(received: tuple[bytes, Any], tally: _Tally, identifier: int) -> None:
    """Without an IPv6 header in front; an error quotes the header and the echo request behind it."""
    icmp, (source, *_) = received
    token = bytes(icmp[8 : 8 + TOKEN])
    if icmp[:1] == bytes([129]) and token in tally.sent_at:
        tally.answered.setdefault(token, time.monotonic())
    elif icmp[0] in ERRORS_6 and icmp[52:54] == struct.pack("!H", identifier):
        tally.errors.append(f"{ERRORS_6[icmp[0]]} (code {icmp[1]}), says {source}")


def _udp(namespace: int | str, order: Order) -> Probe:
    tally, tokens, ports = _Tally(), [], []
    for _ in range(order.count):
        token = secrets.token_bytes(TOKEN)
        tokens.append(token)
        with _socket(namespace, socket.SOCK_DGRAM, order) as sock:
            port = _bound(sock, order, tally)
            ports.append(port)
            _attempt(tally, port, lambda s=sock, t=token: s.send(t.ljust(order.size, b"\0")))
            try:
                if _ready([sock], select.POLLIN, order.timeout / order.count):
                    sock.recv(1 << 16)
                    tally.answered[port] = time.monotonic()
            except OSError as error:
                _note_refusal(error, port, tally)
    return tally.probe(order.count, tuple(tokens), tuple(ports))


def _bound(sock: socket.socket, order: Order, tally: _Tally) -> int:
    try:
        sock.connect((order.destination, order.port))
    except OSError as error:
        tally.errors.append(error.strerror or str(error))
    return int(sock.getsockname()[1])


def _note_refusal(error: OSError, port: int, tally: _Tally) -> None:
    tally.errors.append(error.strerror or str(error))
    if error.errno == errno.ECONNREFUSED:
        tally.refused.add(port)


def _tcp(namespace: int | str, order: Order) -> Probe:
    tally, ports = _Tally(), []
    batch = order.count if order.hold else 1
    for _ in range(0, order.count, batch):
        with ExitStack() as stack:
            calls = {}
            for _ in range(batch):
                sock = stack.enter_context(_socket(namespace, socket.SOCK_STREAM, order))
                sock.bind(("", 0))
                ports.append(int(sock.getsockname()[1]))
                calls[sock] = ports[-1]
                _attempt(tally, ports[-1], partial(sock.connect, (order.destination, order.port)))
            _await_calls(calls, tally, time.monotonic() + order.timeout * batch / order.count)
    return tally.probe(order.count, (), tuple(ports))


def _await_calls(calls: dict[socket.socket, int], tally: _Tally, deadline: float) -> None:
    """Note of each connection how it was decided, until all are or time is up."""
    waiting = dict(calls)
    while waiting and (decided := _ready(waiting, select.POLLOUT, max(0, deadline - time.monotonic()))):
        for sock in decided:
            port = waiting.pop(sock)
            if code := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                _note_refusal(OSError(code, os.strerror(code)), port, tally)
            elif _is_connected(sock):
                tally.answered[port] = time.monotonic()


def _is_connected(sock: socket.socket) -> bool:
    try:
        sock.getpeername()
    except OSError:
        return False
    return True
