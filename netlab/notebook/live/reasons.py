"""Why packets died, as far as the kernel tells: the verdict machinery, on packets that others have sent.

Nothing is sent. Counters are compared between two snapshots: one from before the packets, one from after.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from netlab.diagnosis.verdict import CAUSES, LIKELY, Verdict
from netlab.errors import NetlabError
from netlab.i18n import gettext as _
from netlab.model import Capture, Journey, Packet, Snapshot
from netlab.notebook.live.motion import Death
from netlab.notebook.veil import Veil

ECHO = frozenset({("icmp", 8), ("icmpv6", 128)})
TOKEN = 16  # bytes of an echo's payload, by which it is known again
NAMED = 3  # causes that are named where it may be one of several

Route = Callable[..., tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Reason:
    """What is known of a death: lines for the mark, a sentence, and whether it can be known any better."""

    lines: tuple[str, ...]
    sentence: str
    final: bool


def can_be_judged(journey: Journey) -> bool:
    """Whether it asks for something whose way the verdict machinery knows: an echo, UDP, TCP's first."""
    packet = journey.first.packet
    if journey.answers is not None or journey.first.frame.direction != "out":
        return False
    kind = (packet.protocol, packet.icmp_type)
    return kind in ECHO or packet.protocol == "udp" or (packet.protocol == "tcp" and packet.flags == "S")


def alike(found: Sequence[Journey], one: Journey, since: int) -> list[Journey]:
    """The packets that died as that one did, first seen after a time (ns)."""
    death = Death.of(one)
    return [j for j in found if not j.reached and Death.of(j) == death and j.first.frame.time_ns > since]


def why(died: Sequence[Journey], capture: Capture, route: Route, veil: Veil) -> Reason:
    """The reason for packets that died alike; `capture` holds them, and the snapshots around them.

    `route` asks a node's kernel for a route, as netlab.lab.lab.Lab.route does. What the lesson still asks for
    is not said.
    """
    from netlab.diagnosis.judge import judge  # here, since these take a tenth of a second to import
    from netlab.diagnosis.observation import Observation

    packet = died[0].first.packet
    icmp = packet.protocol in ("icmp", "icmpv6")
    scene = Observation(
        source=_name(capture.after, died[0].first.frame.point.netns),
        destination=packet.destination,
        proto="icmp" if icmp else packet.protocol,
        port=0 if icmp else packet.destination_port,
        size=len(packet.payload),
        sent=len(died),
        received=0,
        refused=0,
        errors=(),
        tokens=tuple(_token(j.first.packet) for j in died) if icmp else (),
        ports=() if icmp else tuple({j.first.packet.source_port for j in died}),
        capture=capture,
        route=route,
    )
    try:
        verdict = judge(scene)
        if veil.hides((verdict.cause, *verdict.candidates)):
            return Reason((_("ends here"),), _("Why it ended there is what the lesson asks."), False)
        return in_words(verdict)
    except NetlabError as error:  # a node went away in the meantime
        return Reason((), _("Why is not known: {what}").format(what=error.what), False)


def in_words(verdict: Verdict) -> Reason:
    """The verdict in the few words that a mark has room for."""
    if not verdict.cause or len(verdict.candidates) > 1:
        few = [_(CAUSES[c].title) if c in CAUSES else c for c in verdict.candidates[:NAMED]]
        if not few or len(verdict.candidates) > NAMED:
            return Reason(
                (_("ends here"), _("why is not known")), _("Why it ended there is not known."), False
            )
        return Reason(
            (_("ends here"), _("one of: {few}").format(few=", ".join(few))),
            _("One of: {few}.").format(few=", ".join(few)),
            False,
        )
    shown = verdict.evidence[0].output.splitlines()[:1] if verdict.evidence else []
    title = f"{_(CAUSES[verdict.cause].title)} ({_(LIKELY)})"
    counted = [piece.output.splitlines()[0] for piece in verdict.evidence[1:2] if piece.output]
    said = _("{title}: {explanation}").format(title=title, explanation=verdict.explanation)
    said = " ".join([said, *(_("Counted: {text}.").format(text=text) for text in counted)])
    return Reason((title, *shown), said[0].upper() + said[1:], not verdict.candidates)


def _token(packet: Packet) -> bytes:
    return packet.payload[:TOKEN]


def _name(snapshot: Snapshot, netns: int) -> str:
    node = snapshot.by_netns(netns)
    return node.name if node else ""
