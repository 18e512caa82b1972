"""Work side by side, each piece under a deadline for the whole of it: each has a result, whatever it does.

    for item, found in Supervisor(8, 600.0, work, stop, failed).run(items): …

A thread cannot be ended from outside. So at its deadline `stop` takes away what it waits for (a lab), and
when it does not come back even then, nobody waits for it any more.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from netlab.i18n import gettext as _

GRACE = 30.0  # seconds to come back in, when what was waited for is gone
Item = TypeVar("Item")
Found = TypeVar("Found")


class Overdue(Exception):
    """It did not come back in its time, nor when it was stopped."""


@dataclass(frozen=True)
class Supervisor(Generic[Item, Found]):
    """`jobs` pieces at once, each with so many seconds; `failed` makes a result of what was raised."""

    jobs: int
    seconds: float
    work: Callable[[Item], Found]
    stop: Callable[[Item], object]
    failed: Callable[[Item, BaseException], Found]
    fatal: tuple[type[BaseException], ...] = ()  # of no one piece, but of all: raised
    grace: float = GRACE

    def run(self, items: Sequence[Item]) -> Iterator[tuple[Item, Found]]:
        """Each with its result, as they come."""
        turn = _Turn(self, deque(enumerate(items)))
        while turn.waiting or turn.running:
            turn.begin()
            yield from turn.come_back()
            yield from turn.overdue()


@dataclass
class _Running(Generic[Item]):
    item: Item
    deadline: float
    is_stopped: bool = False


@dataclass
class _Turn(Generic[Item, Found]):
    """Where one run of a supervisor's stands."""

    rules: Supervisor[Item, Found]
    waiting: deque[tuple[int, Item]]
    running: dict[int, _Running[Item]] = field(default_factory=dict)
    back: SimpleQueue[tuple[int, Found | None, BaseException | None]] = field(default_factory=SimpleQueue)

    def begin(self) -> None:
        while self.waiting and len(self.running) < self.rules.jobs:
            number, item = self.waiting.popleft()
            self.running[number] = _Running(item, time.monotonic() + self.rules.seconds)
            # Nobody waits for it at the program's end either.
            threading.Thread(target=self._work, args=[number, item], daemon=True).start()

    def _work(self, number: int, item: Item) -> None:
        try:
            self.back.put((number, self.rules.work(item), None))
        except BaseException as error:  # whatever it is, it is this one's and no other's
            self.back.put((number, None, error))

    def come_back(self) -> Iterator[tuple[Item, Found]]:
        """What comes until the next deadline."""
        first = min(each.deadline for each in self.running.values())
        try:
            number, found, error = self.back.get(timeout=max(0.0, first - time.monotonic()))
        except Empty:
            return
        if (known := self.running.pop(number, None)) is None:
            return  # given up, and it came back all the same
        if error is not None:
            if isinstance(error, self.rules.fatal):
                raise error
            found = self.rules.failed(known.item, error)
        yield known.item, found  # type: ignore[misc]

    def overdue(self) -> Iterator[tuple[Item, Found]]:
        """Stop those whose time is up; give up those who have been stopped and do not come."""
        now = time.monotonic()
        for number, known in [each for each in self.running.items() if each[1].deadline <= now]:
            if not known.is_stopped:
                known.is_stopped, known.deadline = True, now + self.rules.grace
                threading.Thread(target=self.rules.stop, args=[known.item], daemon=True).start()
                continue
            del self.running[number]
            said = _("it took more than {seconds:.0f} seconds in all").format(seconds=self.rules.seconds)
            yield known.item, self.rules.failed(known.item, Overdue(said))
