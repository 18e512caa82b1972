"""How long a verdict takes. Not part of the default run: ./run test bench, on an idle machine."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator

import pytest

from netlab.diagnose import trace
from netlab.lab import Lab

GOAL = 2.0  # seconds, waiting for the lost probes included
TIMES = 5


@pytest.fixture
def lectures_fault() -> Iterator[Lab]:
    """A container, and a host that does not forward."""
    lab = Lab.up(f"bench{os.getpid()}")
    assert lab.script("docker run -d --name if-test c sleep 36000").returncode == 0
    yield lab
    lab.down()


def test_the_lectures_fault_is_answered_within_two_seconds(lectures_fault: Lab) -> None:
    """The median of five traces as ./run trace sends them."""
    taken = []
    for _ in range(TIMES):
        started = time.monotonic()
        assert trace(lectures_fault, "if-test", "39.106.233.176").cause == "forwarding-off"
        taken.append(time.monotonic() - started)
    print(f"verdict: median {statistics.median(taken):.2f} s, worst {max(taken):.2f} s")
    assert statistics.median(taken) < GOAL
