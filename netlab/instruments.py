"""What a learner measures with: many probes, and a picture of what came of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netlab.cards import Picture
    from netlab.lab import Lab


def loss(lab: Lab, node: str, destination: str, count: int, **order: Any) -> Picture:
    """So many probes from a node; `order` as in netlab.probe.Order."""
    from netlab import loss, lossplot  # here, since pictures take a tenth of a second to import

    return lossplot.picture(loss.measure(lab, node, destination, count, **order))


def latency(lab: Lab, destination: str, sources: tuple[str, ...], count: int) -> Picture:
    """So many round trips from each of those nodes."""
    from netlab import latency, latencyplot

    return latencyplot.picture(destination, latency.measure(lab, destination, sources, count))
