"""The sockets of the namespace we are in that wait for somebody, as `ss -lntu` lists them."""

from __future__ import annotations

import socket
from contextlib import suppress

from netlab.entries import Listener

LISTEN, UNCONNECTED = "0A", "07"  # TCP_LISTEN; a UDP socket that is not connected (TCP_CLOSE)


def listeners() -> tuple[Listener, ...]:
    """Every listening socket of this thread's network namespace, by port."""
    found = set()
    for protocol, waits in (("tcp", LISTEN), ("udp", UNCONNECTED)):
        for file in (protocol, f"{protocol}6"):
            with suppress(OSError), open(f"/proc/thread-self/net/{file}") as lines:
                found |= {_listener(protocol, words[1]) for words in _entries(lines) if words[3] == waits}
    return tuple(sorted(found, key=lambda one: (one.protocol, one.port, one.address)))


def _entries(lines: object) -> list[list[str]]:
    return [line.split() for line in list(lines)[1:]]  # type: ignore[call-overload]


def _listener(protocol: str, local: str) -> Listener:
    """From "0100007F:1F90": 32-bit words in the machine's own byte order, and a port."""
    words, _, port = local.partition(":")
    raw = b"".join(bytes.fromhex(words[at : at + 8])[::-1] for at in range(0, len(words), 8))
    family = socket.AF_INET6 if len(raw) == 16 else socket.AF_INET
    return Listener(protocol, socket.inet_ntop(family, raw), int(port, 16))
