"""Resets, in a child of the keeper's that stays (netlab.keeper.worker) and has open what they take."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import Any

from netlab.keeper import init
from netlab.keeper.reset.restore import Restorer, Timings
from netlab.keeper.worker import Worker


class ResetWorker(Worker):
    """`restorer` opens what it takes."""

    def __init__(
        self,
        fork: Callable[[Callable[[], None]], None],
        answer: Callable[[Mapping[str, Any], socket.socket], None],
        restorer: Callable[[], Restorer],
        to_init: socket.socket,
    ) -> None:
        super().__init__(fork, answer)
        self._restorer, self._to_init = restorer, to_init
        self._open: Restorer | None = None

    def put_back(self, way: str) -> dict[str, Any]:
        """In the child: which way it went, and what took how long (ms). What is open serves while the links
        are kept."""
        laps, went = Timings(), "anew"
        if self._open:
            self._open.begin()
        init.ask_to_tidy(self._to_init)
        laps.end("processes")
        self._open = self._open or self._restorer()
        laps.end("opening")
        try:
            went = self._open.put_back(way, laps)
        finally:
            if went == "anew":
                self._open.close()
                self._open = None
        return {"way": went, "laps": laps.taken}
