"""Whether a container is well: a program is run in it again and again, and its exit status tells."""

from __future__ import annotations

import os
import selectors
import signal
import time
from contextlib import suppress

from netlab.engines.namespaces.fast_path import enter_words
from netlab.engines.namespaces.store import Record, Store

LONGEST = 30.0  # seconds that a look may take
LEAST = 0.05  # seconds between two looks
LOOKS_AT_FIRST = 0.5  # seconds between those until it is well for the first time, at most


class Health:
    """One container's; `Record.health` is the interval in seconds, how many tries, and the command."""

    def __init__(self, store: Store, record: Record, selector: selectors.BaseSelector) -> None:
        self._store, self._record, self._selector = store, record, selector
        self._interval = max(LEAST, float(record.health[0]))
        self._tries = max(1, int(record.health[1]))
        self._failures, self._state = 0, "starting"
        self._next = time.monotonic()
        self._deadline = 0.0
        self._pid, self._pidfd = 0, -1
        store.update(record.id, is_healthy="starting")

    def look(self) -> float:
        """Do what is due; how many seconds there are until something is again."""
        now = time.monotonic()
        if self._pid and now >= self._deadline:
            with suppress(OSError):
                os.kill(self._pid, signal.SIGKILL)
            self._deadline = now + LONGEST
        if not self._pid and now >= self._next:
            self._start()
        return max(0.0, (self._deadline if self._pid else self._next) - time.monotonic())

    def _start(self) -> None:
        words = enter_words(self._record.pid, self._record.capabilities, self._record.workdir)
        words += self._record.health[2:]
        self._pid = os.fork()
        if self._pid == 0:
            with suppress(OSError):
                os.execvpe(words[0], words, dict(self._record.env))
            os._exit(127)
        self._pidfd = os.pidfd_open(self._pid)
        self._deadline = time.monotonic() + LONGEST
        self._selector.register(self._pidfd, selectors.EVENT_READ, self._hear)

    def _hear(self) -> None:
        """It has ended, and that tells."""
        self._selector.unregister(self._pidfd)
        os.close(self._pidfd)
        status = os.waitpid(self._pid, 0)[1]
        self._pid, self._pidfd = 0, -1
        self._failures = self._failures + 1 if status else 0
        state = "healthy" if not status else "unhealthy" if self._failures >= self._tries else self._state
        if state != self._state:
            self._state = state
            self._store.update(self._record.id, is_healthy=state)
        pause = min(self._interval, LOOKS_AT_FIRST) if state == "starting" else self._interval
        self._next = time.monotonic() + pause

    def close(self) -> None:
        """Nobody looks any more."""
        if self._pid:
            self._selector.unregister(self._pidfd)
            os.close(self._pidfd)
            with suppress(OSError):
                os.kill(self._pid, signal.SIGKILL)
                os.waitpid(self._pid, 0)
        self._store.update(self._record.id, is_healthy="")
