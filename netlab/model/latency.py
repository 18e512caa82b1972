"""How long answers take: round trips from several places to one address, as values and in words."""

from __future__ import annotations

from dataclasses import dataclass

from netlab.i18n import gettext as _


@dataclass(frozen=True, slots=True)
class Latency:
    """The round trips from one place, in milliseconds, sorted."""

    source: str
    round_trips_ms: tuple[float, ...]

    @property
    def median(self) -> float:
        """The round trip in the middle, in milliseconds."""
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
