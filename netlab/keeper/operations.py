"""What the keeper of a lab is asked for beyond what its namespaces can be asked: see `observations`."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from netlab.engines.protocol import Engine
from netlab.keeper.observations import Observations, Work
from netlab.keeper.places import places
from netlab.keeper.protocol import Status
from netlab.model import codec

if TYPE_CHECKING:
    from netlab.keeper.twin import Twin

# What may be asked from inside.
LEARNERS: tuple[str, ...] = ("status", "snapshot", "probe", "route", "capture", "tap")
LEARNERS += ("etc", "ask")
LEARNERS += (
    "watch",
    "monitor",
    "iproute",
    "reset",
    "exec",
    "pack",
    "mark",
    "marked",
    "undo",
    "played",
    "replica",
)

TWINS = ("pack", "unpack", "fill", "played", "mark", "undo")  # what is asked of the lab as a twin's original


class Operations(Observations):
    """Of one lab: its name, its engine, its lab host's process 1 as numbered here; `put_back` resets it, and
    `twin` packs it."""

    def __init__(
        self,
        lab: str,
        engine: Engine,
        init: int,
        put_back: Callable[[str], dict[str, Any]],
        twin: Callable[[], Twin],
    ) -> None:
        super().__init__(lab, lambda: places(init, engine), lambda: os.path.exists(f"/proc/{init}/ns/net"))
        self._engine, self._init, self._put_back, self._twin = engine, init, put_back, twin
        self._known |= {"status": self._status, "reset": self._reset}

    def _work(self, operation: str) -> Work | None:
        return super()._work(operation) or self._twin().operation(operation)

    def _status(self, _: Mapping[str, Any], __: socket.socket) -> Any:
        found = tuple((place.name, place.kind) for place in self._find())
        about = self._engine.about(f"/proc/{self._init}/root")
        return codec.to_plain(Status(self._name, self._engine.name, found, (*about, *self._twin().about())))

    def _reset(self, request: Mapping[str, Any], _: socket.socket) -> dict[str, Any]:
        return self._put_back(str(request.get("way") or "kept"))
