"""Run in a lab host: changes, ten a second, and when each began; or how long others take to hear of it.

    python -m tests.bench.inside_watch blink|pyroute2|recv COUNT [NETWORK]

A change is one more address of lo. Times are the machine's monotonic clock, in ns.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Callable
from queue import Empty, Queue

from netlab.linux.netlink.route import RouteSocket

EVERY = 0.1  # seconds
RTMGRP_IPV4_IFADDR = 0x10


def blink(network: str, count: int, done: Callable[[int], None]) -> None:
    """Make changes; `done` is told when each was asked for, when it is done."""
    pause = threading.Event()
    with RouteSocket() as kernel:
        for number in range(count):
            began = time.monotonic_ns()
            kernel.add_address(1, f"{network}.{number}", 32)
            done(began)
            pause.wait(EVERY)


def by_pyroute2(heard: Queue[int]) -> None:
    """A subscriber that reads events."""
    from pyroute2 import IPRoute

    with IPRoute() as ipr:
        ipr.bind()
        heard.put(0)
        while True:
            if any(event["event"] in ("RTM_NEWADDR",) for event in ipr.get()):
                heard.put(time.monotonic_ns())


def by_recv(heard: Queue[int]) -> None:
    """Nothing but the system call: no program in Python hears of it earlier."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW) as sock:
        sock.bind((0, RTMGRP_IPV4_IFADDR))
        heard.put(0)
        while sock.recv(1 << 16):
            heard.put(time.monotonic_ns())


def hearing(listen: Callable[[Queue[int]], None], network: str, count: int) -> list[float]:
    """Milliseconds from each change to when `listen`, in a thread, has heard of it."""
    heard: Queue[int] = Queue()
    taken: list[float] = []

    def note(at: int) -> None:
        taken.append((heard.get(timeout=5) - at) / 1e6)
        try:
            while True:  # one change is told in several messages; the first counts
                heard.get(timeout=EVERY / 2)
        except Empty:
            pass

    threading.Thread(target=listen, args=(heard,), daemon=True).start()
    heard.get(timeout=20)
    blink(network, count, note)
    return taken


if __name__ == "__main__":
    what, number = sys.argv[1], int(sys.argv[2])
    times: list[float] = []
    if what == "blink":
        blink(sys.argv[3] if len(sys.argv) > 3 else "10.9.0", number, times.append)
    elif what == "pyroute2":
        times = hearing(by_pyroute2, "10.8.0", number)
    else:
        times = hearing(by_recv, "10.6.0", number)
    print(json.dumps(times))
