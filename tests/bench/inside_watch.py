"""Run in a lab host: changes, ten a second, and when each began; or how long pyroute2 takes to hear of it.

    python -m tests.bench.inside_watch blink|pyroute2 COUNT [NETWORK]

A change is one more address of lo. Times are the machine's monotonic clock, in ns.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from queue import Empty, Queue

from netlab.kernel import Kernel

EVERY = 0.1  # seconds


def blink(network: str, count: int, done: Callable[[int], None]) -> None:
    """Make changes; `done` is told when each was asked for, when it is done."""
    pause = threading.Event()
    with Kernel() as kernel:
        for number in range(count):
            began = time.monotonic_ns()
            kernel.add_address(1, f"{network}.{number}", 32)
            done(began)
            pause.wait(EVERY)


def by_pyroute2(count: int) -> list[float]:
    """Milliseconds from each change to a subscriber that reads events in a thread."""
    from pyroute2 import IPRoute

    heard: Queue[int] = Queue()
    taken: list[float] = []

    def listen() -> None:
        with IPRoute() as ipr:
            ipr.bind()
            heard.put(0)
            while True:
                if any(event["event"] in ("RTM_NEWADDR",) for event in ipr.get()):
                    heard.put(time.monotonic_ns())

    def note(at: int) -> None:
        taken.append((heard.get(timeout=5) - at) / 1e6)
        try:
            while True:  # one change is told in several messages; the first counts
                heard.get(timeout=EVERY / 2)
        except Empty:
            pass

    threading.Thread(target=listen, daemon=True).start()
    heard.get(timeout=20)
    blink("10.8.0", count, note)
    return taken


if __name__ == "__main__":
    what, number = sys.argv[1], int(sys.argv[2])
    times: list[float] = []
    if what == "blink":
        blink(sys.argv[3] if len(sys.argv) > 3 else "10.9.0", number, times.append)
    else:
        times = by_pyroute2(number)
    print(json.dumps(times))
