"""Looking again and again, for what tells nobody that it has changed: the one place where time just passes.

Whatever does tell (a process that ends, a socket, a link) is waited for itself. Who looks here says why.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from itertools import count

FOREVER = float("inf")


def looks(seconds: float, pause: float, growth: float = 1.0) -> Iterator[int]:
    """The number of each look: one at once, one after each pause in seconds, and the last when all are over.

    Each pause is `growth` times as long as the one before.
    """
    deadline = time.monotonic() + seconds
    for number in count():
        yield number
        left = deadline - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(pause, left))
        pause *= growth


async def looks_among_others(pause: float) -> AsyncIterator[int]:
    """The same in an event loop, until its task is cancelled."""
    import asyncio  # costs more than all the rest here

    for number in count():
        yield number
        await asyncio.sleep(pause)
