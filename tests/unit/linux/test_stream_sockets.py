"""A message that did not fit at once."""

from __future__ import annotations

import socket
from threading import Thread

import pytest

from netlab.linux.stream_sockets import finish

WORDS = bytes(1 << 22)


def test_the_rest_of_a_message_comes_as_there_is_room() -> None:
    """Whole and in order, with a reader who takes their time."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        writer = Thread(target=finish, args=(ours, WORDS, 10.0))
        writer.start()
        read = 0
        while read < len(WORDS):
            read += len(theirs.recv(1 << 16))
        writer.join()
    assert read == len(WORDS)


def test_whoever_reads_nothing_is_not_waited_for() -> None:
    """Longer than was said."""
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(BlockingIOError):
        finish(ours, WORDS, 0.05)
