"""What all of the board's requests share."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

from netlab.lessons.content import lessons
from netlab.workshop.board.collect import Collector
from netlab.workshop.board.results import Results
from netlab.workshop.hub.app import Options, accounts
from netlab.workshop.state import State

WATCHED = 6.0  # seconds for which a picture is wanted after somebody asked for it


class Board:
    """Results, pictures, and who waits for news."""

    def __init__(self, state: State, options: Options) -> None:
        self.every = lessons()
        self.results = Results(
            state / "board.sqlite", frozenset(s.id for each in self.every for s in each.steps)
        )
        self.results.prepare()
        if options.lessons and self.results.open_lessons() is None:
            self.results.unlock(options.lessons.split(","))
        self.collector = Collector(state, accounts(state, options), self.results)
        self.news = asyncio.Event()
        self.here: Counter[str] = Counter()  # how many requests of each learner's server are at work
        self.pictures: dict[str, dict[str, Any]] = {}
        self.wanted: dict[str, float] = {}  # whose picture somebody looks at, and until when

    def tell(self) -> None:
        """Wake those who wait for an order."""
        self.news.set()
        self.news = asyncio.Event()

    def is_watched(self, learner: str) -> bool:
        """Whether the instructor looks at that learner's lab now."""
        return self.wanted.get(learner, 0) > time.monotonic()
