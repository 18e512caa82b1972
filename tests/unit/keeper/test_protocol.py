"""Messages between a lab's processes: what is sent arrives, and nobody makes the other side wait or fall."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

import pytest

from netlab.errors import CaptureRefused, LabError, UnknownName
from netlab.keeper import protocol
from netlab.keeper.protocol import Closed
from netlab.model.codec import Range

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_message_arrives_with_its_descriptors(pair: Pair) -> None:
    """However long it is."""
    read, write = os.pipe()
    protocol.send(pair[0], {"text": "x" * 100_000}, [write])
    message, fds = protocol.receive(pair[1])
    assert message == {"text": "x" * 100_000}
    os.write(fds[0], b"through")
    assert os.read(read, 10) == b"through"
    for fd in (read, write, *fds):
        os.close(fd)


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("!I", 0),
        struct.pack("!I", 1 << 31),
        struct.pack("!I", 4) + b"{{{{",
        struct.pack("!I", 2) + b"[]",
        struct.pack("!I", 200_000) + b"[" * 200_000,
        struct.pack("!I", 4) + b"\x80\x04N.",  # what used to be a pickle
        b"\0\0",
        b"",
    ],
    ids=["nothing", "too long", "no JSON", "no object", "deep", "a pickle", "half a head", "the end"],
)
def test_what_is_no_message_closes(pair: Pair, data: bytes) -> None:
    """The other side's nonsense is one kind of error here."""
    pair[0].sendall(data)
    pair[0].shutdown(socket.SHUT_WR)
    with pytest.raises(Closed):
        protocol.receive(pair[1], seconds=5)


def test_a_byte_now_and_then_is_no_message(pair: Pair) -> None:
    """The deadline is for the whole: whoever drips is late, however often they drip."""
    inbox = protocol.Inbox(pair[1], protocol.MAX_REQUEST)
    pair[0].sendall(struct.pack("!I", 100))
    for _ in range(50):
        pair[0].sendall(b"x")
        assert inbox.read(0.0) is None
    with pytest.raises(Closed, match="too long"):
        protocol.receive(pair[1], seconds=0.05)


def test_sending_at_once_does_not_wait(pair: Pair) -> None:
    """A process of the lab that does not read holds nobody up."""
    with pytest.raises(BlockingIOError):
        for _ in range(10_000):
            protocol.send(pair[0], {"text": "x" * 1000}, at_once=True)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"error": "UnknownName", "what": "w", "next": "n"}, UnknownName),
        ({"error": "SystemExit", "what": "w", "next": "n"}, LabError),
        ({"error": "Iterable", "what": "w", "next": "n"}, LabError),
        ({"error": ["x"], "what": {}, "next": None}, LabError),
        ({}, LabError),
    ],
)
def test_an_error_is_rebuilt_as_one_of_ours(answer: dict[str, object], kind: type) -> None:
    """Whatever name the other side gives it, and with nothing in it that a terminal obeys."""
    assert type(protocol.rebuild(answer)) is kind
    assert type(protocol.rebuild(answer, CaptureRefused)) is CaptureRefused
    assert "\x1b" not in str(protocol.rebuild({**answer, "what": "\x1b]0;title\x07"}))


@pytest.mark.parametrize(
    "body",
    [b'{"exit":256}', b'{"exit":-1}', b'{"exit":"0"}', b'{"exit":1.5}', b'{"exit":true}', b'{"pid":1}', b"[",
     b'{"exit":' + b"1" * 5000 + b"}", b"\x80\x04N.", b'{"exit":0}' + b" " * 600],
    ids=lambda body: body[:16].decode("latin-1"),
)  # fmt: skip
def test_of_a_labs_claims_only_a_number_in_bounds_is_taken(body: bytes) -> None:
    """And the descriptors that came with the rest are closed."""
    ours, theirs = protocol.claim_pair()
    read, write = os.pipe()
    with ours, theirs:
        socket.send_fds(theirs, [body], [write])
        os.close(write)
        with pytest.raises(Closed):
            protocol.read_claim(ours, "exit", Range(0, 255))
    assert os.read(read, 1) == b"", "somebody still holds the other end"
    os.close(read)
