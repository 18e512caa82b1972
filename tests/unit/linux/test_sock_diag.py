"""Who waits for somebody: two ways of asking the kernel, one answer."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from netlab.linux.netlink import sock_diag
from netlab.model import Listener


@pytest.fixture
def sockets_here() -> Iterator[tuple[set[Listener], set[int]]]:
    """A server of TCP, a bound socket of UDP, somebody connected to each: who waits, and all ports."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        client = stack.enter_context(socket.create_connection(server.getsockname()))
        stack.enter_context(server.accept()[0])
        bound = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        bound.bind(("127.0.0.1", 0))
        connected = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        connected.connect(bound.getsockname())
        ports = {each.getsockname()[1] for each in (server, client, bound, connected)}
        yield {Listener("tcp", *server.getsockname()), Listener("udp", *bound.getsockname())}, ports


def test_a_server_whose_queue_is_full_is_known() -> None:
    """Of two that have room for one, one waits at the first."""
    with ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0)) for _ in range(2)]
        stack.enter_context(socket.create_connection(servers[0].getsockname()))
        full = {listener.port: kept.full for listener, kept in sock_diag.find_listeners().items()}
        assert [full[each.getsockname()[1]] for each in servers] == [True, False]


def refused(protocol: str) -> Iterator[Listener]:
    """A kernel without sock_diag."""
    raise FileNotFoundError(protocol)


@pytest.mark.parametrize("asked", [sock_diag._listeners_of, refused])
def test_servers_are_found_and_nobody_who_is_connected(
    sockets_here: tuple[set[Listener], set[int]],
    asked: Callable[[str], Iterator[Listener]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Over sock_diag, and where a kernel refuses that, in /proc/net."""
    monkeypatch.setattr(sock_diag, "_listeners_of", asked)
    waiting, ports = sockets_here
    assert {one for one in sock_diag.listeners() if one.port in ports} == waiting
