"""How long it takes to join frames into journeys."""

from __future__ import annotations

import time

from netlab.journey import journeys
from tests.unit import builders as b


def test_a_hundred_thousand_frames_take_a_few_seconds() -> None:
    """10,000 pings through five points and back."""
    capture = b.ping(10_000)
    assert len(capture.frames) == 100_000
    started = time.perf_counter()
    found = journeys(capture)
    seconds = time.perf_counter() - started
    print(f"100,000 frames, 20,000 journeys: {seconds:.2f} s")
    assert len(found) == 20_000 and all(j.reached for j in found)
    assert seconds < 10
