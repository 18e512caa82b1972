"""A witness: beside the kernel of the one who is asked it answers echo requests, too, with a secret in it.

The kernel's own answer is an echo: whoever sees the request can write it. What the witness sends nobody knows
before it has sent it, so it comes from there or it does not come at all.
"""

from __future__ import annotations

import secrets
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress

from netlab.linux.netns import enter

SECRET = 16  # random bytes in each answer, behind those that the request carried
IP_PKTINFO = 8
ECHO_REQUEST, ECHO_REPLY = 8, 0


class Witness:
    """A raw socket on the node that is asked (IPv4). Of each request with one of those tokens it knows an
    answer that nobody else does. OSError if the namespace is gone."""

    def __init__(self, namespace: int | str, tokens: Sequence[bytes]) -> None:
        self.answers = {token: token + secrets.token_bytes(SECRET) for token in tokens}
        with enter(namespace):
            self._sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self._sock.setblocking(False)

    def fileno(self) -> int:
        """What becomes readable when somebody asks."""
        return self._sock.fileno()

    def close(self) -> None:
        """Answer nobody any more."""
        self._sock.close()

    def answer(self) -> None:
        """Answer the one request that has come, if it is one of ours: from the address that was asked."""
        with suppress(OSError):  # no way back: then no answer comes, which is what is to be found out
            packet = self._sock.recv(1 << 16)
            icmp = packet[(packet[0] & 15) * 4 :]
            known = next((answer for token, answer in self.answers.items() if token == icmp[8:24]), None)
            if known is None or icmp[0] != ECHO_REQUEST:
                return
            identifier, sequence = struct.unpack("!HH", icmp[4:8])
            reply = echo(ECHO_REPLY, identifier, sequence, known.ljust(len(icmp) - 8, b"\0"))
            from_there = (socket.IPPROTO_IP, IP_PKTINFO, struct.pack("=I4s4s", 0, packet[16:20], bytes(4)))
            self._sock.sendmsg([reply], [from_there], 0, (socket.inet_ntoa(packet[12:16]), 0))


def echo(kind: int, identifier: int, sequence: int, payload: bytes) -> bytes:
    """An echo request or reply; the kernel fills in ICMPv6's checksum itself."""
    head = struct.pack("!BBHHH", kind, 0, 0, identifier, sequence)
    data = head + payload + b"\0" * (len(payload) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    total += total >> 16
    return struct.pack("!BBHHH", kind, 0, ~total & 0xFFFF, identifier, sequence) + payload
