"""A recording, without a kernel: the keeper's end of its socket is played here."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from dataclasses import FrozenInstanceError

import pytest

from netlab.drawing.timeline import alt_text
from netlab.errors import CaptureRefused
from netlab.keeper import protocol
from netlab.lab.capture import Recording
from netlab.model import Capture
from netlab.packets.batch import BATCH
from netlab.packets.journeys.assemble import journeys
from tests.worlds import builders as b
from tests.worlds import fuzz


def recording(played: Capture, lost: Sequence[int] | None) -> Recording:
    """One whose keeper sends the frames of that capture; without `lost` it goes away before it says so."""
    ours, theirs = socket.socketpair()

    def keep() -> None:
        with theirs:
            protocol.receive(theirs)
            protocol.send(theirs, {"started": True})
            for batch in fuzz.batches(played):
                theirs.sendall(BATCH.pack(len(batch)) + batch)
            theirs.recv(1)  # until the client has enough
            theirs.sendall(BATCH.pack(0))
            if lost is not None:
                protocol.send(theirs, {"ok": list(lost)})

    threading.Thread(target=keep, daemon=True).start()
    return Recording(lambda: ours, lambda: played.before, None, noise=False)


def test_it_becomes_a_frozen_capture() -> None:
    """Empty while the block runs; then whatever takes a capture takes it, too, and nobody can change it."""
    played = b.lecture_death()
    with recording(played, [2] + [0] * (len(played.points) - 1)) as seen:
        assert (seen.frames, seen.lost) == ((), {})
    assert isinstance(seen.capture, Capture)
    assert list(seen.frames) == list(played.frames) and seen.lost[seen.points[0]] == 2
    assert (seen.before, seen.after, seen.hidden) == (played.before, played.after, 0)
    assert journeys(seen) == journeys(seen.capture) == journeys(played)
    assert alt_text(seen) == alt_text(seen.capture)
    with pytest.raises(FrozenInstanceError):
        seen.capture.hidden = 1  # type: ignore[misc]


def test_a_keeper_that_goes_away_is_told() -> None:
    """What came until then is no capture: how much is missing, nobody knows."""
    with pytest.raises(CaptureRefused), recording(b.lecture_death(), None):
        pass
