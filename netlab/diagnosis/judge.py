"""From the suspects' answers to a verdict: what was read makes a cause likely, and no more than that.

Proved is one when its cure has been tried: see netlab.diagnosis.prove.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from netlab.diagnosis.finding import Cleared, Finding, Suspect
from netlab.diagnosis.focus import Focus, find
from netlab.diagnosis.forecast import forecast
from netlab.diagnosis.observation import Observation
from netlab.diagnosis.suspects import (
    endpoint,
    firewall,
    gateway,
    ip,
    last_hop,
    link,
    macvlan,
    nat,
    neighbour,
    routing,
    uplinks,
    way_back,
)
from netlab.diagnosis.verdict import CAUSES, LIKELY, UNDECIDED, Verdict
from netlab.i18n import gettext as _

# What is miswired comes before the rules that the packet only meets because of it; what counts its drops
# before what can only be read.
SUSPECTS: tuple[Suspect, ...] = (
    link.no_interface,
    endpoint.ipv6_disabled,
    endpoint.no_global_address,
    nat.wrong_dnat,
    nat.wrong_snat,
    ip.too_big,
    link.not_a_port,
    macvlan.parent_and_child,
    last_hop.homeless,
    uplinks.other_uplink,
    routing.wrong_way,
    gateway.not_a_router,
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


@dataclass(frozen=True)
class Judgement:
    """What the suspects said of one trace; `verdict` has what is known without them."""

    scene: Observation
    verdict: Verdict
    focus: Focus | None = None  # None when nothing was lost
    findings: tuple[Finding, ...] = ()  # those with the best evidence first

    @property
    def place(self) -> tuple[str, frozenset[str]]:
        """Where it ended, and who is suspected."""
        return str(self.verdict.last_seen), frozenset(finding.cause for finding in self.findings)


def examine(scene: Observation) -> Judgement:
    """Ask every suspect."""
    base = Verdict(
        scene.source,
        scene.destination,
        scene.sent,
        scene.received,
        journeys=scene.requests + scene.answers,
        capture=scene.capture,
    )
    if scene.received == scene.sent:
        return Judgement(scene, base)
    focus = find(scene)
    answers = [suspect(scene, focus) for suspect in SUSPECTS]
    findings = [answer for answer in answers if isinstance(answer, Finding)]
    cleared = tuple((a.cause, a.how) for a in answers if isinstance(a, Cleared))
    base = replace(base, last_seen=focus.last_seen, expected=focus.expected, ruled_out=cleared)
    findings.sort(key=lambda finding: not finding.is_strong)
    return Judgement(scene, base, focus, tuple(findings))


def judge(scene: Observation) -> Verdict:
    """The verdict on one trace by what was read, nothing of which has been tried: it is likely at best."""
    return conclude(examine(scene))


def conclude(judgement: Judgement) -> Verdict:
    """The first with strong evidence, else the only one, else all that are left."""
    base, findings = judgement.verdict, judgement.findings
    if judgement.focus is None:
        return base
    if findings:
        first = accuse(judgement, findings[0])
        named = tuple(dict.fromkeys(finding.cause for finding in findings))
        if findings[0].is_strong:
            return first
        return replace(first, certainty=LIKELY if len(named) == 1 else UNDECIDED, candidates=named)
    open_ = tuple(sorted(set(CAUSES) - {cause for cause, _ in base.ruled_out}))
    place = base.last_seen or _("no interface at all")
    text = _("It was last seen on {place}; what was read does not tell why it ended there.").format(
        place=place
    )
    return replace(base, certainty=UNDECIDED, candidates=open_, explanation=text)


def accuse(judgement: Judgement, finding: Finding) -> Verdict:
    """The verdict that this one is likely."""
    assert judgement.focus is not None
    return replace(
        judgement.verdict,
        cause=finding.cause,
        certainty=LIKELY,
        explanation=finding.explanation,
        evidence=finding.evidence,
        cure=finding.cure,
        next_blocker=forecast(judgement.scene, judgement.focus, finding.cause),
    )
