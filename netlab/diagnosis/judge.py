"""From the suspects' answers to a verdict: the first proved, else the likely ones, or all that is left."""

from __future__ import annotations

from dataclasses import replace

from netlab.diagnosis.finding import Cleared, Finding, Suspect
from netlab.diagnosis.focus import Focus, find
from netlab.diagnosis.forecast import forecast
from netlab.diagnosis.observation import Observation
from netlab.diagnosis.suspects import (
    endpoint,
    firewall,
    ip,
    last_hop,
    link,
    nat,
    neighbour,
    routing,
    way_back,
)
from netlab.diagnosis.verdict import CAUSES, LIKELY, PROVED, UNDECIDED, Verdict
from netlab.i18n import gettext as _

# What is miswired comes before the rules that the packet only meets because of it; what counts its drops
# before what can only be read.
SUSPECTS: tuple[Suspect, ...] = (
    link.no_interface,
    endpoint.ipv6_disabled,
    nat.wrong_dnat,
    nat.wrong_snat,
    ip.too_big,
    link.not_a_port,
    last_hop.homeless,
    routing.wrong_way,
    routing.not_a_router,
    firewall.firewall_drop,
    firewall.conntrack_full,
    endpoint.port_closed,
    ip.reverse_path,
    link.interface_down,
    link.port_blocked,
    ip.ttl_exceeded,
    neighbour.wrong_neighbour,
    neighbour.arp_off,
    neighbour.no_neighbour,
    endpoint.nobody_there,
    routing.route_refuses,
    ip.forwarding_off,
    routing.no_route,
    way_back.no_way_back,
    endpoint.echo_ignored,
    firewall.queue_full,
    endpoint.silent_program,
    endpoint.beyond,
)


def judge(scene: Observation) -> Verdict:
    """The verdict on one trace."""
    base = Verdict(
        scene.source,
        scene.destination,
        scene.sent,
        scene.received,
        journeys=scene.requests + scene.answers,
        capture=scene.capture,
    )
    if scene.received == scene.sent:
        return base
    focus = find(scene)
    answers = [suspect(scene, focus) for suspect in SUSPECTS]
    findings = [a for a in answers if isinstance(a, Finding)]
    cleared = tuple((a.cause, a.how) for a in answers if isinstance(a, Cleared))
    base = replace(base, last_seen=focus.last_seen, expected=focus.expected, ruled_out=cleared)
    proved = [f for f in findings if f.certainty == PROVED]
    if proved or len(findings) == 1:
        return _with(scene, focus, base, (proved or findings)[0])
    if findings:
        named = tuple(dict.fromkeys(f.cause for f in findings))
        first = _with(scene, focus, base, findings[0])
        return replace(first, certainty=LIKELY if len(named) == 1 else UNDECIDED, candidates=named)
    open_ = tuple(sorted(set(CAUSES) - {cause for cause, _ in cleared}))
    place = focus.last_seen or _("no interface at all")
    text = _("It was last seen on {place}; what was read does not tell why it ended there.").format(
        place=place
    )
    return replace(base, certainty=UNDECIDED, candidates=open_, explanation=text)


def _with(scene: Observation, focus: Focus, base: Verdict, finding: Finding) -> Verdict:
    return replace(
        base,
        cause=finding.cause,
        certainty=finding.certainty,
        explanation=finding.explanation,
        evidence=finding.evidence,
        cure=finding.cure,
        next_blocker=forecast(scene, focus, finding.cause),
    )
