"""The keeper's door: whoever does not say in time what they want is let go, and holds up nobody."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from netlab.keeper import doors, protocol
from netlab.keeper.execute import Loop

Asked = list[dict[str, object]]


@pytest.fixture
def door(tmp_path: Path) -> Iterator[tuple[doors.Door, Loop, Asked]]:
    """A door at which everybody is welcome, its loop, and what was asked there."""
    asked: Asked = []

    def answer(request: dict[str, object], fds: list[int], client: socket.socket) -> None:
        asked.append(request)
        client.close()

    loop, sock = Loop(), socket.socket(socket.AF_UNIX)
    sock.bind(str(tmp_path / "door"))
    sock.listen()
    made = doors.Door(sock, loop, lambda pid, uid: True, answer)
    yield made, loop, asked
    made.close()


def knock(door: doors.Door) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(5)
    client.connect(door.sock.getsockname())
    return client


def turn(loop: Loop) -> None:
    """What the loop does once."""
    for key, __ in loop.selector.select(0):
        key.data()


def test_who_says_nothing_is_let_go_in_time(
    door: tuple[doors.Door, Loop, Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keeper knows when to wake up for it, though nobody else comes; before that they stay."""
    here, loop, _ = door
    assert here.let_go_of_the_late() is None
    with knock(here) as client:
        turn(loop)
        left = here.let_go_of_the_late()
        assert left is not None and 0 < left <= doors.SECONDS_TO_ASK
        late = doors.time.monotonic() + left
        monkeypatch.setattr(doors.time, "monotonic", lambda: late)
        assert here.let_go_of_the_late() is None
        assert client.recv(1) == b""


def test_who_asks_is_answered_beside_those_who_do_not(door: tuple[doors.Door, Loop, Asked]) -> None:
    """Also when as many as may wait are waiting: the one who has waited longest goes."""
    here, loop, asked = door
    silent = [knock(here) for _ in range(doors.MOST_WAITING)]
    for _ in silent:
        turn(loop)
    with knock(here) as client:
        protocol.send(client, {"op": "status"})
        turn(loop)
        assert asked == [{"op": "status"}]
    assert silent[0].recv(1) == b""
    silent[1].setblocking(False)
    with pytest.raises(BlockingIOError):
        silent[1].recv(1)
    for one in silent:
        one.close()
