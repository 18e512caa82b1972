"""The sockets of the namespace we are in that wait for somebody, as `ss -lntu` lists them.

They are asked for over sock_diag(7), since the kernel goes through its whole table of connections to write
/proc/net/tcp (5 ms). A kernel without that answers with those files.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from netlab.linux.netlink import messages as rt
from netlab.model import Listener

NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY = 4, 20
PROTOCOLS = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}
TCP_CLOSE, TCP_LISTEN = 7, 10
WAITING = {"tcp": TCP_LISTEN, "udp": TCP_CLOSE}  # a UDP socket that is not connected is in that
# linux/inet_diag.h: family, protocol, extensions, padding, states; the socket wanted, which is left open.
_REQUEST = struct.Struct("=BBxxI48x")
_PORT_AT, _ADDRESS_AT, _INODE_AT = 4, 8, 68  # in an answer; its first byte is the family
_QUEUE = struct.Struct("=56xII")  # of who listens: how many wait to be accepted, and beyond how many none may


class Kept(NamedTuple):
    """What the kernel keeps of a socket."""

    inode: int = 0  # its number, as /proc/PID/fd shows it; 0 where it is not known
    full: bool = False  # so many connections wait that none is taken any more


def listeners() -> tuple[Listener, ...]:
    """Every listening socket of this thread's network namespace, by port."""
    return tuple(find_listeners())


def find_listeners() -> dict[Listener, Kept]:
    """The same, and what the kernel keeps of each."""
    found: dict[Listener, Kept] = {}
    for protocol in PROTOCOLS:
        try:
            found |= dict(_listeners_of(protocol))
        except OSError:
            found |= dict.fromkeys(_read_table(protocol), Kept())
    return dict(sorted(found.items(), key=lambda one: (one[0].protocol, one[0].port, one[0].address)))


def _listeners_of(protocol: str) -> Iterator[tuple[Listener, Kept]]:
    """OSError if this kernel cannot be asked."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as sock:
        for family in (socket.AF_INET, socket.AF_INET6):
            body = _REQUEST.pack(family, PROTOCOLS[protocol], 1 << WAITING[protocol])
            sock.send(rt.message(SOCK_DIAG_BY_FAMILY, rt.NLM_F_DUMP, 1, body))
            for data in _answers(sock):
                size = 16 if data[0] == socket.AF_INET6 else 4
                address = rt.ip(data[_ADDRESS_AT : _ADDRESS_AT + size])
                (port,) = struct.unpack_from("!H", data, _PORT_AT)
                waiting, most = _QUEUE.unpack_from(data)
                kept = Kept(rt.number(data[_INODE_AT : _INODE_AT + 4]), protocol == "tcp" and waiting > most)
                yield Listener(protocol, address, port), kept


def _answers(sock: socket.socket) -> Iterator[bytes]:
    while True:
        for kind, _, data in rt.messages(sock.recv(1 << 17)):
            if kind == rt.NLMSG_DONE:
                return
            if kind == rt.NLMSG_ERROR:
                raise OSError(-struct.unpack_from("=i", data)[0], "sock_diag")
            yield data


def _read_table(protocol: str) -> Iterator[Listener]:
    for file in (protocol, f"{protocol}6"):
        with suppress(OSError), open(f"/proc/thread-self/net/{file}") as lines:
            for words in (line.split() for line in list(lines)[1:]):
                if int(words[3], 16) == WAITING[protocol]:
                    yield _listener(protocol, words[1])


def _listener(protocol: str, local: str) -> Listener:
    """From "0100007F:1F90": 32-bit words in the machine's own byte order, and a port."""
    words, _, port = local.partition(":")
    raw = b"".join(bytes.fromhex(words[at : at + 8])[::-1] for at in range(0, len(words), 8))
    family = socket.AF_INET6 if len(raw) == 16 else socket.AF_INET
    return Listener(protocol, socket.inet_ntop(family, raw), int(port, 16))
