"""How long a lab with a real dockerd takes to come and to be put back, with the image in the cache."""

from __future__ import annotations

import os
import time

from netlab.lab import Lab

SECONDS_TO_START, SECONDS_TO_RESET = 5, 3


def test_it_is_ready_and_put_back_in_time() -> None:
    """The second lab's start counts: the first has made the image if it was not there."""
    Lab.up(f"b{os.getpid()}-first", engine="docker").down()
    began = time.monotonic()
    lab = Lab.up(f"b{os.getpid()}", engine="docker")
    started = time.monotonic()
    try:
        lab.run("docker run -d --name aa x1 sleep 1000".split())
        ready = time.monotonic()
        lab.reset()
        reset = time.monotonic()
    finally:
        lab.down()
    print(f"up: {started - began:.2f} s, reset: {reset - ready:.2f} s")
    assert started - began < SECONDS_TO_START
    assert reset - ready < SECONDS_TO_RESET
