"""A bench that is set up while probes still wait for their answers: a verdict need not wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Any

from netlab.diagnosis.bench import Bench
from netlab.diagnosis.judge import Judgement
from netlab.diagnosis.prove import in_the_original
from netlab.errors import LabError, NetlabError
from netlab.i18n import gettext as _
from netlab.lab.observable import Replicable
from netlab.packets.probe import Probe

LATE = 0.05  # seconds after which an answer is not expected any more; where all comes, no replica is made


class Ahead:
    """Of a lab; `count` and `order` say which probes, as in Bench; `look` traces in its replica. A `with`
    block."""

    def __init__(
        self,
        lab: Replicable,
        source: str,
        destination: str,
        count: int,
        order: Mapping[str, Any],
        look: Callable[[Bench], Judgement],
    ) -> None:
        self._look = look
        self._lab, self._ends, self._count, self._order = lab, (source, destination), count, order
        self._asked, self._over = threading.Event(), threading.Event()
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
        self._asked.set()
        self._thread.join()
        self._stack.close()

    def probe(self, *words: Any, **order: Any) -> Probe:
        """As the lab's own. Of what is answered no replica is made."""
        self._asked.set()
        found = self._lab.probe(*words, **order)
        if found.received == found.sent:
            self._over.set()
        return found

    def bench(self) -> Bench:
        """When it is set up. NetlabError says why there is none."""
        self._thread.join()
        if self._bench is None:
            raise self._error or LabError(_("No replica was made."), "")
        return self._bench

    def _set_up(self) -> None:
        self._asked.wait()
        if self._over.wait(LATE):
            return
        try:
            replica = self._stack.enter_context(self._lab.replica())
            bench = Bench(replica, *self._ends, self._count, **self._order)
            if not self._over.is_set() and bench.shows_fault() and not self._over.is_set():
                bench.look_around()
                _ = bench.walk
                self._try_what_is_likely(bench)
            self._bench = bench
        except NetlabError as error:
            self._error = error

    def _try_what_is_likely(self, bench: Bench) -> None:
        """What a trace in the replica suspects first: the one in the lab, which still waits, may well do so,
        too, and then it has been tried."""
        with suppress(NetlabError):
            seen = self._lab.snapshot()
            bench.adapt(seen, self._count)
            findings = in_the_original(self._look(bench), seen).findings
            change = findings[0].cure if findings else ()
            if not self._over.is_set() and bench.heals(change) and not self._over.is_set():
                bench.effects(change)
