"""Requests that say that they are from elsewhere."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from tornado.httputil import HTTPHeaders

from netlab.workshop.hub import peers

OTHER = os.geteuid() + 1  # another user of the machine


def request(*forwarded: str, **more: str) -> Any:
    head = HTTPHeaders(more)
    for each in forwarded:
        head.add("X-Forwarded-For", each)
    return SimpleNamespace(headers=head, connection=SimpleNamespace(stream=SimpleNamespace(socket=None)))


def source(asked: Any, uid: int | None = None) -> str:
    return peers.source(asked, lambda _: os.geteuid() if uid is None else uid)


@pytest.mark.parametrize(
    "asked",
    [
        request("192.0.2.7"),
        request("198.51.100.1, 192.0.2.7"),
        request("198.51.100.1", "192.0.2.7"),
        request("203.0.113.9, 198.51.100.1,192.0.2.7"),
        request("::ffff:192.0.2.7"),
        request("192.0.2.7", **{"X-Real-Ip": "198.51.100.1", "Forwarded": "for=198.51.100.1"}),
    ],
)
def test_only_what_the_proxy_has_seen_counts(asked: Any) -> None:
    """Whatever stands before it or elsewhere was written by whoever asks; an IPv4 address is one however it
    is written."""
    assert source(asked) == "192.0.2.7"


def test_one_machine_is_one_source_with_all_its_ipv6_addresses() -> None:
    """It has 2^64 of them; a site with more networks than one shares at least its budget."""
    assert (
        source(request("2001:db8:1:2::a")) == source(request("2001:db8:1:2:ffff::b")) == "2001:db8:1:2::/64"
    )
    assert source(request("2001:db8:1:3::a")) != source(request("2001:db8:1:2::a"))
    assert peers.site("2001:db8:1:3::/64") == peers.site("2001:db8:1:2::/64") == "2001:db8:1::/48"
    assert peers.site("192.0.2.7") == "192.0.2.7" and peers.site("user 7") == "user 7"


@pytest.mark.parametrize("asked", [request("x"), request("'; DROP"), request("1.2.3.4.5"), request(",")])
def test_what_is_no_address_is_one_source_of_all(asked: Any) -> None:
    """Not a new one each time."""
    assert source(asked) in (peers.NOBODY, "machine")


def test_somebody_of_this_machine_who_is_not_the_proxy_is_their_user() -> None:
    """Whatever their request says."""
    assert {source(request(f"192.0.2.{n}"), OTHER) for n in range(5)} == {f"user {OTHER}"}
    assert source(request("192.0.2.7"), -1) == "user -1"


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """(what the Hub has, what somebody has who has connected to it)."""
    with socket.create_server(("127.0.0.1", 0)) as door, socket.socket() as client:
        client.connect(door.getsockname())
        with door.accept()[0] as ours:
            yield ours, client


def test_the_kernel_says_whose_the_other_end_is(pair: tuple[socket.socket, socket.socket]) -> None:
    """Not the request; and of a connection that is closed already nobody is believed to be root."""
    ours, client = pair
    assert peers.owner(ours) == os.geteuid()
    client.close()
    assert peers.owner(ours) == -1
