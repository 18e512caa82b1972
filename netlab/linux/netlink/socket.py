"""A netlink(7) socket in one namespace: ask, change, and change many things at once."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from netlab.linux.netlink import messages as rt
from netlab.linux.netns import enter

NETLINK_ROUTE, NETLINK_XFRM, NETLINK_NETFILTER = 0, 6, 12
AT_ONCE = 64  # messages: so many, and so many acknowledgements, have room in a socket's buffers


class NetlinkSocket:
    """A socket in the network namespace `namespace` (path, descriptor, or None for this one)."""

    protocol = NETLINK_ROUTE

    def __init__(self, namespace: int | str | None = None) -> None:
        self._sequence = 0
        self._together: list[tuple[bytes, str]] | None = None
        if namespace is None:
            self._open()
        else:
            with enter(namespace):
                self._open()

    def _open(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, self.protocol)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.bind((0, 0))
        self._socket.settimeout(5)
        self.netns = os.stat("/proc/thread-self/ns/net").st_ino

    def __enter__(self) -> NetlinkSocket:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def query(self, kind: int, flags: int, body: bytes, what: str = "") -> Iterator[tuple[int, bytes]]:
        """Send one request and yield (type, body) of each answer up to its end; OSError if refused."""
        self._sequence += 1
        self._send(rt.message(kind, flags, self._sequence, body))
        single = not flags & rt.NLM_F_DUMP
        while True:
            for answer, sequence, content in rt.messages(self._socket.recv(1 << 17)):
                if sequence != self._sequence:
                    continue
                if answer == rt.NLMSG_ERROR:
                    code = rt.error(content)
                    if code:
                        raise OSError(code, f"{what or 'netlink'}: {os.strerror(code)}")
                    return
                if answer == rt.NLMSG_DONE:
                    return
                yield answer, content
                if single and not flags & rt.NLM_F_ACK:
                    return

    def request(self, kind: int, flags: int, body: bytes, what: str) -> None:
        """Have something changed; OSError if it is refused. In a `together` block that is told at its end."""
        self._sequence += 1
        message = rt.message(kind, flags | rt.NLM_F_ACK, self._sequence, body)
        if self._together is not None:
            self._together.append((message, what))
        else:
            self._finish([(message, what)])

    @contextmanager
    def batch(self, refused: list[OSError] | None = None) -> Iterator[None]:
        """What is to be changed in this block is sent at its end, in one go and in that order.

        All is tried; the first refusal is raised, or with a list `refused` each is put into that.
        """
        waiting: list[tuple[bytes, str]] = []
        self._together = waiting
        try:
            yield
        finally:
            self._together = None
        if waiting:
            self._finish(waiting, refused)

    def _send(self, data: bytes) -> None:
        self._socket.send(data)

    def _finish(self, requests: list[tuple[bytes, str]], refused: list[OSError] | None = None) -> None:
        """Send messages and take an acknowledgement of each; at last OSError with the first refusal."""
        starts = range(0, len(requests), AT_ONCE)
        refusals = [error for at in starts for error in self._finish_at_once(requests[at : at + AT_ONCE])]
        if refused is not None:
            refused += refusals
        elif refusals:
            raise refusals[0]

    def _finish_at_once(self, requests: list[tuple[bytes, str]]) -> list[OSError]:
        self._send(b"".join(message for message, _ in requests))
        answered, refused = 0, []
        while answered < len(requests):
            for answer, _, content in rt.messages(self._socket.recv(1 << 17)):
                if answer == rt.NLMSG_ERROR:
                    code = rt.error(content)
                    if code:
                        refused.append(OSError(code, f"{requests[answered][1]}: {os.strerror(code)}"))
                    answered += 1
        return refused


def unbound(namespace: int | str) -> socket.socket:
    """A rtnetlink socket of that namespace as another library wants it: datagrams, and no number yet."""
    with enter(namespace):
        return socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, NETLINK_ROUTE)
