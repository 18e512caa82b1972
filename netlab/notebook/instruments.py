"""What a learner measures with: many probes, and a picture of what came of them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, SupportsBytes

from netlab.display import Card
from netlab.errors import CommandFailed, UnknownName
from netlab.i18n import gettext as _
from netlab.model.latency import Latency
from netlab.model.loss import HELD, ICMP, TCP, Loss

if TYPE_CHECKING:
    from netlab.display import Picture
    from netlab.lab import Lab
    from netlab.lab.observable import Observable

INTERVAL, TIMEOUT = 0.005, 0.5  # seconds from one probe to the next; after the last
ROUNDS = 5  # the places take turns, so that a machine that is busy for a moment is busy for all of them


def loss(lab: Observable, node: str, destination: str, count: int, **order: Any) -> Picture:
    """So many probes from a node; `order` as in netlab.packets.probe.Order."""
    from netlab.drawing import loss_plot  # here, since pictures take a tenth of a second to import

    return loss_plot.picture(measure_loss(lab, node, destination, count, **order))


def send(lab: Lab, packet: SupportsBytes, node: str) -> Card:
    """One packet, made by hand: how long it is, or why the node would not send it. BadInput."""
    try:
        lab.send(packet, node)
    except CommandFailed as failed:
        return Card(_("Not sent"), (failed.what, failed.next_step))
    return Card(_("Sent from {node}: {size} bytes").format(node=node, size=len(bytes(packet))))


def measure_loss(lab: Observable, source: str, destination: str, count: int, **order: Any) -> Loss:
    """Send so many probes, echo requests INTERVAL seconds apart if nothing else is said."""
    tcp = order.get("proto", "icmp") == "tcp"
    kind = (HELD if order.get("hold") else TCP) if tcp else ICMP
    order = {"timeout": TIMEOUT, **({} if tcp else {"interval": INTERVAL}), **order}
    return Loss(source, destination, lab.probe(source, destination, count, **order).outcomes, kind)


def latency(lab: Observable, destination: str, sources: tuple[str, ...], count: int) -> Picture:
    """So many round trips from each of those nodes."""
    from netlab.drawing import latency_plot

    return latency_plot.picture(destination, measure_latency(lab, destination, sources, count))


def measure_latency(
    lab: Observable, destination: str, sources: tuple[str, ...], count: int
) -> tuple[Latency, ...]:
    """So many echo requests from each of those places, one after the other."""
    found: dict[str, list[float]] = {source: [] for source in sources}
    for _round in range(ROUNDS):
        for source in sources:
            with suppress(UnknownName):  # a container that does not run answers nothing
                probe = lab.probe(source, destination, max(count // ROUNDS, 1), TIMEOUT)
                found[source] += probe.round_trips_ms
    return tuple(Latency(source, tuple(sorted(times))) for source, times in found.items())
