"""What netlab costs before it does anything: its import, its help, its memory."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_client.manager import start_new_kernel

from tests.bench.harness import OURS, Goal, Row, milliseconds
from tests.bench.peer import ROOT

NOTEBOOKS = "from netlab import notebook"  # the first cell of every lesson
STARTED = (  # and its start
    f"{NOTEBOOKS}; from netlab.lab import lab; from netlab.lessons import content;"
    "from netlab.notebook import lesson_lab; content.lessons()"
)
CARDS = "import pyroute2, scapy.all, networkx, matplotlib.pyplot"
CARDS_NAME = "the four libraries"
TIMED = "import time; began = time.perf_counter(); {}; print((time.perf_counter() - began) * 1000)"


def python(*words: str) -> float:
    """The number that a fresh Python prints."""
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, cwd=ROOT, check=True)
    return float(done.stdout)


@contextmanager
def importing(small: bool) -> Iterator[Row]:
    """The statement of a lesson's first cell, in a fresh Python whose files are in the page cache."""
    row = Row("import netlab", "ms", [Goal(60)])
    contenders = {
        OURS: lambda: python("-c", TIMED.format(NOTEBOOKS)),
        CARDS_NAME: lambda: python("-c", TIMED.format(CARDS)),
    }
    times = 1 if small else 9
    row.measure(contenders, times)
    started = statistics.median(python("-c", TIMED.format(STARTED)) for _ in range(times))
    row.notes.append(f"with all that notebook.start imports and reads: {started:.0f} ms")
    yield row


@contextmanager
def helping(small: bool) -> Iterator[Row]:
    """`python -m netlab --help` as a process, from start to end; a bare Python is the floor."""
    row = Row("python -m netlab --help", "ms", [Goal(150)])

    def process(*words: str) -> float:
        return milliseconds(
            lambda: subprocess.run([sys.executable, *words], capture_output=True, cwd=ROOT, check=True)
        )

    contenders = {
        OURS: lambda: process("-m", "netlab", "--help"),
        "python -c pass": lambda: process("-c", "pass"),
    }
    yield row.measure(contenders, 1 if small else 9)


@contextmanager
def remembering(small: bool) -> Iterator[Row]:
    """Resident memory (VmRSS) of a kernel, started by jupyter_client, that has loaded what a lesson takes."""
    row = Row("memory of a kernel, before a figure", "MiB", [Goal(90)])
    contenders = {
        OURS: lambda: resident(STARTED),
        CARDS_NAME: lambda: resident(CARDS),
        "a bare ipykernel": lambda: resident("pass"),
    }
    yield row.measure(contenders, 1 if small else 3)


def resident(code: str) -> float:
    """MiB of a kernel that has run that."""
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(ROOT))
    try:
        reply = client.execute_interactive(code, timeout=60, output_hook=lambda _: None)
        assert reply["content"]["status"] == "ok", reply
        status = Path(f"/proc/{manager.provisioner.pid}/status").read_text()
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]
