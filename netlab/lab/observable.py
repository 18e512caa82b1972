"""What can be looked at and probed, whatever it is: a lab, a real machine, a learner's variant of a lab."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from subprocess import CompletedProcess
from typing import TYPE_CHECKING, Any, Protocol

from netlab.lab.capture import Recording
from netlab.model import Snapshot
from netlab.packets.dns import Told
from netlab.packets.flight import Flight, Landing
from netlab.packets.probe import Probe
from netlab.packets.walk import Met

if TYPE_CHECKING:
    from netlab.model.pack import Pack


class Observable(Protocol):
    """It can be read, and sends probes. See netlab.lab.lab.Lab for what these do."""

    def snapshot(self) -> Snapshot: ...

    def probe(
        self, node: str, destination: str, count: int = 2, timeout: float = 1.0, **order: Any
    ) -> Probe: ...


class Witnessed(Observable, Protocol):
    """Its far end tells whether it has seen a probe, and commands can be run: what checks ask of a lab."""

    def run(
        self, argv: Sequence[str], node: str = "host", input: str = "", timeout: float = 30
    ) -> CompletedProcess[str]: ...

    def is_witnessed(
        self, node: str, destination: str, witness: str, timeout: float = 1.0, **order: Any
    ) -> bool: ...

    def etc(self, node: str, file: str) -> str: ...

    def ask(self, node: str, server: str, name: str, witness: str = "", timeout: float = 1.0) -> Told: ...


class Traceable(Observable, Protocol):
    """It can be captured at every interface, and be asked for its routes: what a trace takes."""

    @property
    def whole(self) -> bool: ...  # whether a snapshot holds all that there is

    def capture(self, *, noise: bool = False) -> Recording: ...

    def substitutes(self) -> tuple[str, ...]: ...  # of a twin: what is otherwise than in the original

    def route(self, node: str, *words: str) -> tuple[str, str]: ...


class Replicated(Traceable, Protocol):
    """It may be changed, and be put back. See netlab.lab.replica."""

    def probe_anew(
        self, node: str, destination: str, count: int = 2, timeout: float = 1.0, **order: Any
    ) -> Probe: ...

    def burst(self, flights: Sequence[Flight], timeout: float = 0.1) -> Sequence[Landing]: ...

    def walk(
        self, node: str, destination: str, count: int = 2, timeout: float = 0.1, **order: Any
    ) -> Sequence[Met]: ...

    def run(self, argv: Sequence[str], node: str = "host") -> CompletedProcess[str]: ...

    def put_back(self) -> object: ...

    def become(self, wanted: Pack) -> Pack: ...

    def pack(self) -> Pack: ...


class Replicable(Traceable, Protocol):
    """It can be had once more, to be tried on."""

    def replica(self) -> AbstractContextManager[Replicated]: ...  # LabError where none can be made
