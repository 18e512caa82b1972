"""netlab.keeper.forkserver with a stopwatch: a line of a file for each step of making a lab that begins or
ends.

Run in its place by tests.bench.phases, with the file's path in NETLAB_PHASES.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from netlab.engines import base_lab
from netlab.keeper import forkserver, server

FILE = os.open(os.environ["NETLAB_PHASES"], os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)


def timed(place: Any, name: str, label: str = "") -> None:
    """From now on that function says when it is called and when it has returned."""
    work: Callable[..., Any] = getattr(place, name)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        stamp(f"{label or name} begins")
        result = work(*arguments, **named)
        stamp(f"{label or name} ends")
        return result

    setattr(place, name, wrapped)


def stamp(what: str) -> None:
    os.write(FILE, f"{time.perf_counter()} {what}\n".encode())


if __name__ == "__main__":
    timed(forkserver, "_make", "make")
    timed(forkserver, "stage")
    timed(forkserver, "furnish")
    timed(base_lab, "build", "base")
    timed(server.Keeper, "_lay_out", "engine and notes")
    timed(base_lab, "baseline")
    forkserver.main()
