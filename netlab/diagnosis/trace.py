"""Send probes from a node of a lab, watch them everywhere, and say where they ended, why, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from ipaddress import ip_address
from typing import Any

from netlab.diagnosis.ahead import Ahead
from netlab.diagnosis.bench import SECONDS, Bench
from netlab.diagnosis.judge import Judgement, conclude, examine
from netlab.diagnosis.observation import Observation
from netlab.diagnosis.prove import prove
from netlab.diagnosis.verdict import Verdict
from netlab.errors import BadInput, NetlabError
from netlab.i18n import gettext as _
from netlab.lab.observable import Replicable, Traceable
from netlab.model import Snapshot
from netlab.packets.probe import PROTOCOLS, Probe

PARTIAL = 20  # probes more, when some were answered and some were not


def trace(
    lab: Replicable,
    source: str,
    destination: str,
    *,
    proto: str = "icmp",
    port: int = 0,
    size: int = 56,
    df: bool = False,
    count: int = 5,
    timeout: float = 1.0,
) -> Verdict:
    """The verdict on `count` probes from `source` to `destination`.

    Reads and sends, and changes nothing. UnknownName, BadInput, LabNotFound.
    """
    _known_probe(proto, port, size)
    _known_destination(destination)
    order = {"proto": proto, "port": port, "size": max(size, 16), "df": df}
    again = partial(_look_in_a_copy, source, destination, count, order)
    with Ahead(lab, source, destination, count, order, again) as ahead:
        first = observe(lab, source, destination, count, timeout, order, ahead.probe)
        if not 0 < first.verdict.received < first.verdict.sent:
            verdict = _conclude(first, ahead, order)
        else:
            more = observe(lab, source, destination, PARTIAL, timeout, order)
            found = _conclude(more if more.focus else first, ahead, order)
            verdict = replace(
                found,
                sent=first.verdict.sent + more.verdict.sent,
                received=first.verdict.received + more.verdict.received,
            )
    return replace(verdict, played=lab.substitutes())


def _conclude(judgement: Judgement, ahead: Ahead, order: Mapping[str, Any]) -> Verdict:
    """The verdict, tried in a replica; by reading alone, with a word about it, where none can be made."""
    seen = judgement.verdict
    if judgement.focus is None:
        return seen
    try:
        bench = ahead.bench()
        look = partial(_look_in_a_copy, seen.source, seen.destination, seen.sent, order, bench)
        return prove(judgement, bench, look)
    except NetlabError as error:
        verdict = conclude(judgement)
        why = _("Nothing was tried: {why}").format(why=error.what)
        return replace(verdict, explanation=" ".join(filter(None, (verdict.explanation, why))))


def _look_in_a_copy(
    source: str, destination: str, count: int, order: Mapping[str, Any], bench: Bench
) -> Judgement:
    """A trace in the replica, as it is now, and as if no packet had passed."""
    replica = bench.replica
    return observe(replica, source, destination, count, SECONDS, order, replica.probe_anew)


def _known_source(snapshot: Snapshot, source: str) -> None:
    node = snapshot.node(source)
    if node.kind != "container" and not any(i.kind != "loopback" for i in node.interfaces):
        raise BadInput(
            _("{source} has no interface but lo, so it can send nothing.").format(source=source),
            _("Give it one, or trace from another node."),
        )


def _known_probe(proto: str, port: int, size: int) -> None:
    if proto not in PROTOCOLS:
        raise BadInput(
            _("There is no protocol {proto!r} to probe with.").format(proto=proto),
            _("Known: {names}.").format(names=", ".join(PROTOCOLS)),
        )
    if proto != "icmp" and not port:
        raise BadInput(_("A {proto} probe needs a port.").format(proto=proto), _("Add --port N."))
    if not 0 <= port < 65536:
        raise BadInput(_("{port} is no port.").format(port=port), _("Ports are 1 to 65535."))
    if not 0 <= size < 65536:
        raise BadInput(
            _("No packet has a payload of {size} bytes.").format(size=size), _("Sizes are 0 to 65535.")
        )


def _known_destination(destination: str) -> None:
    try:
        link_local = ip_address(destination).is_link_local
    except ValueError as error:
        raise BadInput(
            _("{destination!r} is not an IP address, and there is no name server in a lab.").format(
                destination=destination
            ),
            _("Give the address, for example 39.106.233.176."),
        ) from error
    if link_local:
        raise BadInput(
            _("{destination} is an address of one link; which link is meant, it does not say.").format(
                destination=destination
            ),
            _("Give an address that is not of the networks 169.254.0.0/16 and fe80::/10."),
        )


def observe(
    lab: Traceable,
    source: str,
    destination: str,
    count: int,
    timeout: float,
    order: Mapping[str, Any],
    ask: Callable[..., Probe] | None = None,
) -> Judgement:
    """One round of probes, watched everywhere, and what the suspects say; `order` as in netlab.packets.probe.

    `ask` sends them, where that is not the lab's own `probe`. Nothing is tried.
    UnknownName, BadInput, LabNotFound.
    """
    recording = lab.capture(noise=":" in destination)  # IPv6 asks for neighbours by ICMPv6
    _known_source(recording.before, source)
    with recording:
        probe = (ask or lab.probe)(source, destination, count, timeout, **order)
    return examine(
        Observation(
            source=source,
            destination=destination,
            proto=order["proto"],
            size=order["size"],
            port=order["port"],
            sent=probe.sent,
            received=probe.received,
            refused=probe.refused,
            errors=probe.errors,
            tokens=probe.tokens,
            ports=probe.ports,
            capture=recording.capture,
            route=lab.route,
            whole=lab.whole,
        )
    )
