"""A witness: beside the kernel of the one who is asked it answers echo requests, too, with a secret in it.

The kernel's own answer is an echo: whoever sees the request can write it. What the witness sends nobody knows
before it has sent it, so it comes from there or it does not come at all.
"""

from __future__ import annotations

import secrets
import socket
import struct
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress

from netlab.linux.netns import enter

SECRET = 16  # random bytes in each answer, behind those that the request carried
IP_PKTINFO = 8
ECHO_REQUEST, ECHO_REPLY = 8, 0


class Bystander(ABC):
    """A raw socket of one protocol on the node that is asked (IPv4): it answers beside the kernel what it
    knows. OSError if the namespace is gone."""

    def __init__(self, namespace: int | str, protocol: int) -> None:
        with enter(namespace):
            self._sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol)
        self._sock.setblocking(False)

    def fileno(self) -> int:
        """What becomes readable when somebody asks."""
        return self._sock.fileno()

    def close(self) -> None:
        """Answer nobody any more."""
        self._sock.close()

    def answer(self) -> None:
        """Answer the one packet that has come, if it is one of ours: from the address that was asked."""
        with suppress(OSError):  # no way back: then no answer comes, which is what is to be found out
            packet = self._sock.recv(1 << 16)
            if reply := self._reply(packet[(packet[0] & 15) * 4 :]):
                there = (socket.IPPROTO_IP, IP_PKTINFO, struct.pack("=I4s4s", 0, packet[16:20], bytes(4)))
                self._sock.sendmsg([reply], [there], 0, (socket.inet_ntoa(packet[12:16]), 0))

    @abstractmethod
    def _reply(self, asked: bytes) -> bytes:
        """The answer to what came behind the IP header; b"" for what is none of ours."""


class Witness(Bystander):
    """Of each echo request with one of those tokens it knows an answer that nobody else does."""

    def __init__(self, namespace: int | str, tokens: Sequence[bytes]) -> None:
        super().__init__(namespace, socket.IPPROTO_ICMP)
        self.answers = {token: token + secrets.token_bytes(SECRET) for token in tokens}

    def _reply(self, asked: bytes) -> bytes:
        known = next((answer for token, answer in self.answers.items() if token == asked[8:24]), None)
        if known is None or asked[0] != ECHO_REQUEST:
            return b""
        identifier, sequence = struct.unpack("!HH", asked[4:8])
        return echo(ECHO_REPLY, identifier, sequence, known.ljust(len(asked) - 8, b"\0"))


def echo(kind: int, identifier: int, sequence: int, payload: bytes) -> bytes:
    """An echo request or reply; the kernel fills in ICMPv6's checksum itself."""
    head = struct.pack("!BBHHH", kind, 0, 0, identifier, sequence)
    data = head + payload + b"\0" * (len(payload) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    total += total >> 16
    return struct.pack("!BBHHH", kind, 0, ~total & 0xFFFF, identifier, sequence) + payload
