"""Where a request comes from, as far as that cannot be chosen by whoever sends it.

The Hub is behind its proxy, which writes the address that it sees behind whatever the request says already.
So the last one counts, and only where it is the proxy that knocks: learners' servers are on the same machine,
and could speak to the Hub without it.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ESTABLISHED = "01"  # of the states in /proc/net/tcp; of others the kernel names no owner
NEAR, WIDE = 64, 48  # bits of an IPv6 address: what one person has, and what one site has
NOBODY = "unknown"

Asks = Callable[[Any], int]  # whose user the other end of a connection is; -1: nobody knows


def owner(sock: socket.socket) -> int:
    """Whose the other end of that connection over the loopback is."""
    here, there = _parse_name(sock.getsockname()), _parse_name(sock.getpeername())
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            _number, local, remote, state, _queues, _timer, _retries, uid, *_rest = line.split()
            if state == ESTABLISHED and (_place(local), _place(remote)) == (there, here):
                return int(uid)
    return -1


def source(request: Any, asks: Asks = owner) -> str:
    """Whom a request's guesses are counted for: an IPv4 address, the network of an IPv6 one, or a user of
    this machine."""
    try:
        uid = asks(request.connection.stream.socket)
    except (AttributeError, OSError, ValueError):
        return NOBODY
    if uid != os.geteuid():
        return f"user {uid}"
    last = ",".join(request.headers.get_list("X-Forwarded-For")).rpartition(",")[2].strip()
    try:
        return _network(last, NEAR) if last else "machine"
    except ValueError:
        return NOBODY


def site(source: str) -> str:
    """The larger network that somebody with that source may have all of."""
    return _network(source.partition("/")[0], WIDE) if ":" in source else source


def _network(address: str, bits: int) -> str:
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, bits), strict=False))


def _parse_name(name: Any) -> tuple[str, int]:
    """An address and a port, an IPv4 address as one even where it stands in an IPv6 one."""
    address = ipaddress.ip_address(name[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address), int(name[1])


def _place(text: str) -> tuple[str, int]:
    """The same of a field in /proc/net/tcp: words of four bytes, each in the processor's order."""
    digits, _colon, port = text.partition(":")
    words = [int(digits[at : at + 8], 16) for at in range(0, len(digits), 8)]
    raw = b"".join(word.to_bytes(4, sys.byteorder) for word in words)
    return _parse_name((str(ipaddress.ip_address(raw)), int(port, 16)))
