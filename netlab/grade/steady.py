"""A lab in which an answer counts when it comes each time: what is on and off by turns is off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from subprocess import CompletedProcess
from typing import Any

from netlab.lab.observable import Witnessed
from netlab.model import Snapshot
from netlab.packets.dns import Told
from netlab.packets.probe import Probe

# In a row for 0.4 s: what is off in between is seen, also on a busy machine.
COUNT, INTERVAL = 20, 0.02
QUESTIONS = 3  # in place of one, for a name


@dataclass(frozen=True, slots=True)
class Steady:
    """That lab, where one witnessed echo request is a row of them."""

    lab: Witnessed

    def snapshot(self) -> Snapshot:
        return self.lab.snapshot()

    def run(
        self, argv: Sequence[str], node: str = "host", input: str = "", timeout: float = 30
    ) -> CompletedProcess[str]:
        return self.lab.run(argv, node, input, timeout)

    def probe(self, node: str, destination: str, count: int = 2, timeout: float = 1.0, **order: Any) -> Probe:
        return self.lab.probe(node, destination, count, timeout, **order)

    def is_witnessed(
        self, node: str, destination: str, witness: str, timeout: float = 1.0, **order: Any
    ) -> bool:
        if order.get("proto", "icmp") == "icmp":
            order = {"count": COUNT, "interval": INTERVAL, **order}
        return self.lab.is_witnessed(node, destination, witness, timeout, **order)

    def etc(self, node: str, file: str) -> str:
        return self.lab.etc(node, file)

    def ask(self, node: str, server: str, name: str, witness: str = "", timeout: float = 1.0) -> Told:
        told = self.lab.ask(node, server, name, witness, timeout)
        for _ in range(QUESTIONS - 1):
            if not told.addresses:
                break
            told = self.lab.ask(node, server, name, witness, timeout)
        return told
