"""Waiting for what comes by itself: never for a fixed time, always to a deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


def eventually(true: Callable[[], object], seconds: float = 10) -> bool:
    """Whether that becomes true before the deadline."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not true():
        if time.monotonic() > deadline:
            return False
        pause.wait(0.02)
    return True
