"""A bench that is set up while probes still wait for their answers: a verdict need not wait for it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any

from netlab.diagnosis.bench import Bench
from netlab.errors import LabError, NetlabError
from netlab.i18n import gettext as _
from netlab.lab.observable import Replicable

LATE = 0.05  # seconds after which an answer is not expected any more; where all comes, no replica is made


class Ahead:
    """Of a lab; `count` and `order` say which probes, as in Bench. A `with` block."""

    def __init__(
        self, lab: Replicable, source: str, destination: str, count: int, order: Mapping[str, Any]
    ) -> None:
        self._lab, self._ends, self._count, self._order = lab, (source, destination), count, order
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._set_up, daemon=True)
        self._stack = ExitStack()
        self._bench: Bench | None = None
        self._error: NetlabError | None = None

    def __enter__(self) -> Ahead:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._stack.close()

    def bench(self) -> Bench:
        """When it is set up. NetlabError says why there is none."""
        self._thread.join()
        if self._bench is None:
            raise self._error or LabError(_("No replica was made."), "")
        return self._bench

    def _set_up(self) -> None:
        if self._over.wait(LATE):
            return
        try:
            replica = self._stack.enter_context(self._lab.replica())
            bench = Bench(replica, *self._ends, self._count, **self._order)
            if not self._over.is_set() and bench.shows_fault() and not self._over.is_set():
                bench.look_around()
                _ = bench.walk
            self._bench = bench
        except NetlabError as error:
            self._error = error
