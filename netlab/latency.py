"""How long answers take: round trips from several places to one address, as values and in words."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from netlab.errors import UnknownName
from netlab.language import gettext as _

ROUNDS = 5  # the places take turns, so that a machine that is busy for a moment is busy for all of them
TIMEOUT = 0.5  # seconds for the last answer of a turn


class Probed(Protocol):
    """What can send probes: a lab."""

    def probe(self, node: str, destination: str, count: int = 2, timeout: float = 1.0) -> Any: ...


@dataclass(frozen=True, slots=True)
class Latency:
    """The round trips from one place, in milliseconds, sorted."""

    source: str
    round_trips_ms: tuple[float, ...]

    @property
    def median(self) -> float:
        return self.quantile(0.5)

    @property
    def p95(self) -> float:
        """What 95 of a hundred do not exceed."""
        return self.quantile(0.95)

    def quantile(self, share: float) -> float:
        """The value below which that share of them lies; ValueError without any."""
        if not self.round_trips_ms:
            raise ValueError(self.source)
        return self.round_trips_ms[min(int(share * len(self.round_trips_ms)), len(self.round_trips_ms) - 1)]

    def __str__(self) -> str:
        if not self.round_trips_ms:
            return _("{source}: no answer").format(source=self.source)
        words = _("{source}: {count} round trips, median {median:.3f} ms, p95 {p95:.3f} ms")
        number = len(self.round_trips_ms)
        return words.format(source=self.source, count=number, median=self.median, p95=self.p95)


def measure(lab: Probed, destination: str, sources: tuple[str, ...], count: int) -> tuple[Latency, ...]:
    """So many echo requests from each of those places, one after the other."""
    found: dict[str, list[float]] = {source: [] for source in sources}
    for _round in range(ROUNDS):
        for source in sources:
            with suppress(UnknownName):  # a container that does not run answers nothing
                probe = lab.probe(source, destination, max(count // ROUNDS, 1), TIMEOUT)
                found[source] += probe.round_trips_ms
    return tuple(Latency(source, tuple(sorted(times))) for source, times in found.items())
