"""Some at a time, in the order in which they came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """`at_once` have their turn, the others wait."""

    def __init__(self, at_once: int) -> None:
        self.at_once = at_once
        self.line: list[object] = []  # the first of them have their turn
        self.moved = asyncio.Event()

    @asynccontextmanager
    async def turn(self, who: object) -> AsyncIterator[None]:
        """Wait for it, and have it until the end of the block."""
        self.line.append(who)
        try:
            while self.before(who):
                await self.moved.wait()
            yield
        finally:
            self.line.remove(who)
            self.moved.set()
            self.moved = asyncio.Event()

    def before(self, who: object) -> int:
        """How many have to be done before it is that one's turn; 0 also for whoever does not wait."""
        return max(0, self.line.index(who) - self.at_once + 1) if who in self.line else 0

    async def places(self, who: object) -> AsyncIterator[int]:
        """How many are before that one, each time it changes, down to 0."""
        last = -1
        while now := self.before(who):
            if now != last:
                yield now
            last = now
            await self.moved.wait()
        yield 0
