"""Where the time of a row goes that misses its goal: measured in further goes, which are not counted."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from netlab.keeper.launch import ForkServer

# The steps of `up`, one behind another: what is taken from one stamp of inside_phases to the next.
STEPS = (
    ("asked for", "make begins"),
    ("a process, root's trees", "stage ends"),
    ("outer namespaces", "furnish begins"),
    ("outer file system", "furnish ends"),
    ("lab host's namespaces", "base begins"),
    ("links, addresses", "engine and notes begins"),
    ("bridge, firewall", "baseline begins"),
    ("settings noted", "baseline ends"),
    ("links noted", "engine and notes ends"),
    ("lab host ready", "up"),
    ("`true` run", "run"),
)


class Stopwatch(ForkServer):
    """A forkserver that says when each step of making a lab begins and ends."""

    MODULE = "tests.bench.inside_phases"

    def __init__(self, file: str) -> None:
        self._file = file
        super().__init__()

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "NETLAB_PHASES": self._file}


@contextmanager
def stopwatch() -> Iterator[tuple[ForkServer, Callable[[], dict[str, float]]]]:
    """A forkserver like any other, and what has been stamped since the last call: seconds, by step."""
    with tempfile.NamedTemporaryFile("r") as file:
        forkserver = Stopwatch(file.name)

        def stamps() -> dict[str, float]:
            lines = (line.rstrip().split(" ", 1) for line in file.readlines())
            return {what: float(moment) for moment, what in lines}

        with forkserver:
            yield forkserver, stamps


def told(goes: Sequence[Mapping[str, float]]) -> str:
    """Where the time goes: of each phase the median of those goes, in milliseconds."""
    names = dict.fromkeys(name for go in goes for name in go)
    medians = {name: statistics.median(go.get(name, 0.0) for go in goes) for name in names}
    shown = {name: f"{value:.0f}" if value >= 10 else f"{value:.2g}" for name, value in medians.items()}
    return "of it " + ", ".join(f"{name} {shown[name]}" for name in shown if medians[name] >= 0.05) + " ms"


def steps(began: float, stamps: Mapping[str, float]) -> dict[str, float]:
    """Milliseconds of each of STEPS, the first of which began then."""
    taken, last = {}, began
    for name, end in STEPS:
        taken[name] = (stamps[end] - last) * 1000
        last = stamps[end]
    return taken


def laps_of(work: Callable[[], object], parts: Mapping[str, tuple[Any, str]]) -> dict[str, float]:
    """Milliseconds that each of those functions of a module takes while `work` is done, and all the rest."""
    taken = dict.fromkeys(parts, 0.0)
    originals = {label: getattr(place, name) for label, (place, name) in parts.items()}

    def timed(label: str) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return originals[label](*arguments, **named)
            finally:
                taken[label] += (time.perf_counter() - began) * 1000

        return wrapped

    for label, (place, name) in parts.items():
        setattr(place, name, timed(label))
    try:
        began = time.perf_counter()
        work()
        whole = (time.perf_counter() - began) * 1000
    finally:
        for label, (place, name) in parts.items():
            setattr(place, name, originals[label])
    return {**taken, "the rest": whole - sum(taken.values())}
