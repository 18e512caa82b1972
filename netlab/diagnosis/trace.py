"""Send probes from a node of a lab, watch them everywhere, and say where they ended, why, and what to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from ipaddress import ip_address
from typing import Any

from netlab.diagnosis.bench import SECONDS, Bench
from netlab.diagnosis.judge import Judgement, by_reading, examine
from netlab.diagnosis.observation import Observation
from netlab.diagnosis.prove import prove
from netlab.diagnosis.verdict import CAUSES, PROVED, Verdict
from netlab.display import columns, pad
from netlab.errors import BadInput, LabError
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
    if proto not in PROTOCOLS:
        raise BadInput(
            _("There is no protocol {proto!r} to probe with.").format(proto=proto),
            _("Known: {names}.").format(names=", ".join(PROTOCOLS)),
        )
    if proto != "icmp" and not 0 < port < 65536:
        raise BadInput(_("A {proto} probe needs a port.").format(proto=proto), _("Add --port N."))
    _known_destination(destination)
    order = {"proto": proto, "port": port, "size": max(size, 16), "df": df}
    judgement = _once(lab, source, destination, count, timeout, order)
    first = judgement.verdict
    if 0 < first.received < first.sent:
        judgement = _once(lab, source, destination, PARTIAL, timeout, order)
        more = judgement.verdict
        count = more.sent
    if judgement.focus is None:
        verdict = by_reading(judgement)
    else:
        verdict = _by_experiment(lab, judgement, count, order)
    if judgement.verdict is not first:
        verdict = replace(verdict, sent=first.sent + verdict.sent, received=first.received + verdict.received)
    return replace(verdict, played=lab.substitutes())


def _by_experiment(lab: Replicable, judgement: Judgement, count: int, order: Mapping[str, Any]) -> Verdict:
    """The verdict, tried in a replica; by reading alone, with a word about it, where none can be made."""
    ends = judgement.verdict.source, judgement.verdict.destination
    try:
        with lab.replica() as replica:
            bench = Bench(replica, judgement.scene.after, *ends, count, **order)
            return prove(judgement, bench, lambda: _once(replica, *ends, count, SECONDS, order))
    except LabError as error:
        verdict = by_reading(judgement)
        why = _("Nothing was tried: {why}").format(why=error.what)
        return replace(verdict, explanation=" ".join(filter(None, (verdict.explanation, why))))


def _known_source(snapshot: Snapshot, source: str) -> None:
    node = snapshot.node(source)
    if node.kind != "container" and not any(i.kind != "loopback" for i in node.interfaces):
        raise BadInput(
            _("{source} has no interface but lo, so it can send nothing.").format(source=source),
            _("Give it one, or trace from another node."),
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


def _once(
    lab: Traceable, source: str, destination: str, count: int, timeout: float, order: Mapping[str, Any]
) -> Judgement:
    recording = lab.capture(noise=":" in destination)  # IPv6 asks for neighbours by ICMPv6
    _known_source(recording.before, source)
    with recording:
        probe: Probe = lab.probe(source, destination, count, timeout, **order)
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


def as_text(verdict: Verdict) -> str:
    """The verdict as a colleague would tell it."""
    words = _("{received} of {sent} probes from {source} to {destination} were answered.")
    ends = {"source": verdict.source, "destination": verdict.destination}
    lines = [words.format(received=verdict.received, sent=verdict.sent, **ends)]
    played = ["  " + _("in this twin: {what}").format(what=what) for what in verdict.played]
    if verdict.received == verdict.sent:
        way = [str(hop.frame.point) for hop in verdict.journeys[0].hops] if verdict.journeys else []
        reached = _("✔ reached, by way of {way}").format(way=" → ".join(way) or _("no captured interface"))
        return "\n".join([*lines, reached, *played])
    place = (
        _("last seen on {last_seen}").format(last_seen=verdict.last_seen)
        if verdict.last_seen
        else _("never seen on any interface")
    )
    lines.append(
        f"✘ {place}"
        + (_(", expected next on {expected}").format(expected=verdict.expected) if verdict.expected else "")
    )
    title = _(CAUSES[verdict.cause].title) if verdict.cause else _("the cause is not decided")
    words = _("{title} ({certainty}): {explanation}")
    said = words.format(title=title, certainty=_(verdict.certainty), explanation=verdict.explanation)
    lines.append(f"  {said}")
    if 0 < verdict.received < verdict.sent:
        lines.append(_loss(verdict))
    if verdict.candidates:
        lines.append(_("  one of: {candidates}").format(candidates=", ".join(verdict.candidates)))
    for piece in verdict.evidence:
        first = piece.output.splitlines()[0] if piece.output else ""
        lines.append(f"  · {piece.node}# {piece.command}\n      {first}\n      {piece.says}")
    for number, step in enumerate(verdict.cure):
        label = pad("" if number else _("cure:"), columns(_("cure:")))
        lines.append(f"  {label} {step.node}# {' '.join(step.argv)}")
    if verdict.next_blocker:
        lines.append("  " + _("next: {blocker}").format(blocker=verdict.next_blocker))
    lines += played
    lines += [
        "  " + _("not: {cause} ({how})").format(cause=cause, how=how) for cause, how in verdict.ruled_out[:4]
    ]
    return "\n".join(lines)


def _loss(verdict: Verdict) -> str:
    """What share was lost, how sure that is, and where each was seen last."""
    low, high = (round(100 * share) for share in verdict.loss_interval)
    counts = (_("{count} on {point}").format(count=count, point=point) for point, count in verdict.ends)
    return _("  loss {loss:.0%} (95 % sure: {low} to {high} %); last seen: {ends}").format(
        loss=verdict.loss, low=low, high=high, ends=", ".join(counts)
    )


def as_json(verdict: Verdict) -> str:
    """The verdict for programs; the fields are those of Verdict, with journeys told point by point."""
    words: dict[str, Any] = {
        "reached": verdict.reached,
        "loss": verdict.loss,
        "loss_interval": verdict.loss_interval,
        "ends": [{**(_point(point) or {}), "packets": count} for point, count in verdict.ends],
        "last_seen": _point(verdict.last_seen),
        "cause": verdict.cause,
        "certainty": verdict.certainty or PROVED,
        "candidates": verdict.candidates,
        "explanation": verdict.explanation,
        "evidence": [asdict(piece) for piece in verdict.evidence],
        "ruled_out": [{"cause": cause, "how": how} for cause, how in verdict.ruled_out],
        "cure": [{"node": step.node, "argv": step.argv} for step in verdict.cure],
        "next_blocker": verdict.next_blocker,
        "played": verdict.played,
        "journeys": [[_hop(hop) for hop in journey.hops] for journey in verdict.journeys],
    }
    return json.dumps(words, indent=2)


def _point(point: Any) -> dict[str, str] | None:
    return {"node": point.node, "interface": point.interface} if point else None


def _hop(hop: Any) -> dict[str, Any]:
    frame = hop.frame
    rewritten = [asdict(rewrite) for rewrite in hop.rewrites]
    return {
        **(_point(frame.point) or {}),
        "direction": frame.direction,
        "time_ns": frame.time_ns,
        "rewrites": rewritten,
    }
