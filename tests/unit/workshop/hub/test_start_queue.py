"""Who comes in with many others waits for his turn."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from netlab.workshop.hub.start_queue import Turns


async def _settled() -> None:
    for _ in range(20):
        await asyncio.wait([asyncio.ensure_future(asyncio.Event().wait())], timeout=0)


class Line:
    """Five, of whom two at a time have their turn until they are let go."""

    def __init__(self) -> None:
        self.turns, self.began, self.told = Turns(2), list[str](), dict[str, list[int]]()
        self.ends = {name: asyncio.Event() for name in "abcde"}

    async def one(self, name: str) -> None:
        async with self.turns.turn(name):
            self.began.append(name)
            await self.ends[name].wait()

    async def listen(self, name: str) -> None:
        self.told[name] = [before async for before in self.turns.places(name)]

    async def run(self) -> list[asyncio.Task[None]]:
        tasks = [asyncio.ensure_future(self.one(name)) for name in "abcde"]
        await _settled()
        tasks += [asyncio.ensure_future(self.listen(name)) for name in "abcde"]
        await _settled()
        return tasks


def test_some_at_a_time_in_the_order_in_which_they_came() -> None:
    """Two have their turn; when one has done, the next follows; who waits hears how many are before him."""

    async def story() -> None:
        line = Line()
        tasks = await line.run()
        assert line.began == ["a", "b"] and line.told == {"a": [0], "b": [0]}
        line.ends["b"].set()
        await _settled()
        assert line.began == ["a", "b", "c"] and line.told["c"] == [1, 0]
        for end in line.ends.values():
            end.set()
        await asyncio.gather(*tasks)
        assert line.began == list("abcde") and line.turns.line == []
        assert line.told["e"][0] == 3 and line.told["e"][-1] == 0 and line.turns.before("e") == 0

    asyncio.run(story())


def test_who_gives_up_holds_up_nobody() -> None:
    """Neither he who waited nor he whose turn it was."""

    async def story() -> None:
        line = Line()
        tasks = await line.run()
        for gone in (2, 0):  # c, who waits; a, whose turn it is
            tasks[gone].cancel()
            with suppress(asyncio.CancelledError):
                await tasks[gone]
        await _settled()
        assert line.began == ["a", "b", "d"] and line.told["c"] == [1, 0]
        for end in line.ends.values():
            end.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert line.began == ["a", "b", "d", "e"]

    asyncio.run(story())
