"""How many labs a machine carries."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from netlab.keeper.launch import ForkServer
from netlab.lab import Lab
from tests.bench.harness import OURS, Goal, Row
from tests.bench.rows_lab import mininet

MANY, FEW = 500, 20
KEPT_FREE = 6.0  # GiB that stay free, whatever was asked for
LONGEST = 80.0  # seconds in which labs are made
SETTLING = 60.0  # seconds that memory is waited for


def available() -> float:
    """MiB that the machine could still give to programs."""
    with open("/proc/meminfo") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("MemAvailable")) / 1024


def settled() -> float:
    """The same, once the kernel has given back what ended before: a second without a MiB more."""
    before, deadline, pause = available(), time.monotonic() + SETTLING, threading.Event()
    while not pause.wait(1) and time.monotonic() < deadline:
        now = available()
        if now - before < 1:
            return now
        before = now
    return before


@contextmanager
def crowd(count: int) -> Iterator[tuple[list[Lab], list[float]]]:
    """That many labs at once, and the milliseconds that each took; fewer if memory or time runs out."""
    labs: list[Lab] = []
    taken: list[float] = []
    deadline = time.monotonic() + LONGEST
    try:
        with ForkServer() as forkserver:
            while len(labs) < count and available() > KEPT_FREE * 1024 and time.monotonic() < deadline:
                began = time.perf_counter()
                labs.append(Lab.up(f"crowd-{os.getpid()}-{len(labs)}", forkserver=forkserver))
                taken.append((time.perf_counter() - began) * 1000)
        yield labs, taken
    finally:
        for lab in labs:
            lab.down()


@contextmanager
def crowding(small: bool) -> Iterator[Row]:
    """500 labs at once, from one forkserver: the median of the last tenth's builds; Mininet with 20 labs."""
    row = Row("labs at once: the last tenth's build", "ms", [Goal(70)])
    count = 3 if small else MANY
    with crowd(count) as (labs, taken), mininet() as other:
        assert labs[0].run(["true"]).returncode == labs[-1].run(["true"]).returncode == 0
        row.samples = {OURS: taken[-max(1, len(taken) // 10) :]}
        row.samples["Mininet"] = other.ask("crowd", 1 if small else FEW)[0]
        first = statistics.median(taken[: max(1, len(taken) // 10)])
        row.notes.append(f"{len(labs)} labs; the first tenth {first:.0f} ms")
        if len(labs) < count:
            row.notes.append(f"{count} were wanted: time or memory ran out")
        yield row


@contextmanager
def weighing(small: bool) -> Iterator[Row]:
    """Memory for each of many labs, all in: by what MemAvailable is less, processes and kernel."""
    row = Row("labs at once: memory of each", "MiB", [Goal(12)])
    before = settled()
    with crowd(3 if small else 100) as (labs, _), mininet() as other:
        row.samples = {OURS: [(before - available()) / len(labs)]}
        row.samples["Mininet"] = [other.ask("crowd", 1 if small else FEW)[1]]
        row.notes.append(f"{len(labs)} labs at once")
        yield row
