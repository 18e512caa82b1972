"""What nf_tables tells of marked packets, rule by rule: what `nft monitor trace` prints, as values.

Numbers are those of linux/netfilter/nf_tables.h. A packet is marked by a rule `meta nftrace set 1`. Rules of
iptables-nft are told of, those of iptables-legacy are not.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from netlab.linux.netlink import messages as rt
from netlab.linux.netlink.netfilter import FAMILIES, NFNL_SUBSYS_NFTABLES
from netlab.linux.netlink.socket import NETLINK_NETFILTER
from netlab.linux.netns import enter

NFNLGRP_NFTRACE, NFT_MSG_TRACE = 9, 17
TABLE, CHAIN, RULE_HANDLE, TYPE, VERDICT, ID, NETWORK_HEADER, POLICY = 1, 2, 3, 4, 5, 6, 8, 16
VERDICT_CODE, VERDICT_CHAIN = 1, 2
OF_A_POLICY, OF_A_RETURN = 1, 2  # TYPE: the end of a chain at a hook, and of one that was jumped to
CODES = {0: "drop", 1: "accept", 2: "stolen", 3: "queue", 4: "repeat", 5: "stop"}
CODES |= {-1: "continue", -2: "break", -3: "jump", -4: "goto", -5: "return"}
_NFGENMSG = 4  # bytes
ROOM = 1 << 21  # bytes of what has not been read yet


@dataclass(frozen=True, slots=True)
class Event:
    """One message. `handle` is 0 at a chain's end; the addresses are "" where no header is told again."""

    packet: int
    family: str
    table: str
    chain: str
    handle: int
    verdict: str
    to: str
    source: str
    destination: str


def listen(namespace: int | str) -> socket.socket:
    """A socket, not blocking, on which the kernel tells of marked packets in that namespace. OSError."""
    with enter(namespace):
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_NETFILTER)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
    sock.setblocking(False)
    sock.bind((0, 1 << (NFNLGRP_NFTRACE - 1)))
    return sock


def read(data: bytes) -> Iterator[Event]:
    """What one datagram of such a socket tells."""
    for kind, _, content in rt.messages(data):
        if kind == NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_TRACE:
            yield _event(content[0], rt.attributes(content, _NFGENMSG))


def _event(family: int, words: rt.Attributes) -> Event:
    verdict = rt.attributes(words.get(VERDICT, b""))
    code = _code(verdict.get(VERDICT_CODE))
    if _whole(words.get(TYPE)) == OF_A_POLICY:
        code = _code(words.get(POLICY))
    elif _whole(words.get(TYPE)) == OF_A_RETURN and VERDICT not in words:
        code = -5
    return Event(
        _whole(words.get(ID)),
        FAMILIES.get(family, ""),
        rt.text(words.get(TABLE)),
        rt.text(words.get(CHAIN)),
        _whole(words.get(RULE_HANDLE)),
        CODES.get(code, ""),
        rt.text(verdict.get(VERDICT_CHAIN)),
        *_ends(words.get(NETWORK_HEADER, b"")),
    )


def _whole(value: bytes | None) -> int:
    return int.from_bytes(value or b"", "big")


def _code(value: bytes | None) -> int:
    return int(struct.unpack("!i", value)[0]) if value and len(value) == 4 else 0


def _ends(header: bytes) -> tuple[str, str]:
    """(source, destination) of a header of IPv4 or IPv6."""
    version = header[0] >> 4 if header else 0
    if version == 4 and len(header) >= 20:
        return str(ip_address(header[12:16])), str(ip_address(header[16:20]))
    if version == 6 and len(header) >= 40:
        return str(ip_address(header[8:24])), str(ip_address(header[24:40]))
    return "", ""
