"""One process that looks after all the containers of a twin: see netlab.engines.namespaces.shim.

A hundred containers that start together need not fork a hundred of these first. One that is started again has
its own.
"""

from __future__ import annotations

import selectors
import socket
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import partial

from netlab.engines.namespaces import shim_process
from netlab.engines.namespaces.shim import Shim
from netlab.engines.namespaces.store import Record, Store
from netlab.errors import EngineError

AT_ONCE = 4  # that start at a time: while one is waited for, another is made
MOST = 100  # containers of one process: it has some files open for each
Placed = tuple[Record, Record]  # a container, and what it is once it has started


def launch(store: Store, containers: Sequence[Placed]) -> None:
    """Start them, the first first. EngineError."""
    for start in range(0, len(containers), MOST):
        some = containers[start : start + MOST]
        shim_process.start(some[0][0].id, partial(_run, store, some))


def _run(store: Store, containers: Sequence[Placed], reply: socket.socket) -> None:
    """Until the last one has ended."""
    selector = selectors.DefaultSelector()
    with ExitStack() as begun:
        shims = list(_begin(store, containers, selector, begun))
        begun.pop_all()
    reply.send(shim_process.FINE)
    reply.close()
    left = len(shims)

    def end(one: Shim) -> None:
        nonlocal left
        left -= 1
        one.leave()

    for one in shims:
        one.watch(end)
    while left:
        for key, _mask in selector.select():
            if key.fd in selector.get_map():  # not closed by the one before
                with suppress(EngineError, OSError):  # one alone has something wrong with it
                    key.data()


def _begin(
    store: Store, containers: Sequence[Placed], selector: selectors.BaseSelector, begun: ExitStack
) -> Iterator[Shim]:
    """A few at a time, each a step further in turn; what `begun` has is ended where one fails."""
    waiting = deque(containers)
    steps: deque[Iterator[None]] = deque()
    while waiting or steps:
        if waiting and len(steps) < AT_ONCE:
            record, placed = waiting.popleft()
            one = Shim(store, record, selector=selector)
            begun.callback(one.fail, EngineError("not all of them could be started"))
            steps.append(one.steps(placed))
            yield one
        each = steps.popleft()
        with suppress(StopIteration):
            next(each)
            steps.append(each)
