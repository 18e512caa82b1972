"""Who waits for somebody: two ways of asking the kernel, one answer."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from netlab import sockets
from netlab.entries import Listener


@pytest.fixture
def waiting() -> Iterator[set[Listener]]:
    """A server of TCP and a bound socket of UDP, and on the same ports somebody who is connected."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        client = stack.enter_context(socket.create_connection(server.getsockname()))
        stack.enter_context(server.accept()[0])
        bound = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        bound.bind(("127.0.0.1", 0))
        connected = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        connected.connect(bound.getsockname())
        yield {Listener("tcp", *server.getsockname()), Listener("udp", *bound.getsockname())}
        assert client.getpeername()


def refused(protocol: str) -> Iterator[Listener]:
    """A kernel without sock_diag."""
    raise FileNotFoundError(protocol)


@pytest.mark.parametrize("asked", [sockets._asked, refused])
def test_servers_are_found_and_nobody_who_is_connected(
    waiting: set[Listener], asked: Callable[[str], Iterator[Listener]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over sock_diag, and where a kernel refuses that, in /proc/net."""
    monkeypatch.setattr(sockets, "_asked", asked)
    found = sockets.listeners()
    assert {one for one in found if one.port in {each.port for each in waiting}} == waiting
