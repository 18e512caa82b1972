"""A verdict as text for people, and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from netlab.diagnosis.verdict import CAUSES, PROVED, Experiment, Verdict
from netlab.diagnosis.walk import Step, tell
from netlab.display import columns, pad
from netlab.i18n import gettext as _
from netlab.model import Point
from netlab.model.packet import Hop

MOST_RULED_OUT = MOST_EFFECTS = 4


def as_text(verdict: Verdict) -> str:
    """The verdict as a colleague would tell it: what was tried, and what to type, before the details."""
    words = _("{received} of {sent} probes from {source} to {destination} were answered.")
    ends = {"source": verdict.source, "destination": verdict.destination}
    lines = [words.format(received=verdict.received, sent=verdict.sent, **ends)]
    played = ["  " + _("in this twin: {what}").format(what=what) for what in verdict.played]
    if verdict.is_whole:
        way = [str(hop.frame.point) for hop in verdict.journeys[0].hops] if verdict.journeys else []
        reached = _("✔ reached, by way of {way}").format(way=" → ".join(way) or _("no captured interface"))
        return "\n".join([*lines, reached, *played])
    lines += [_place(verdict), *_cause(verdict)]
    lines += (f"  {line}" for line in tell_experiments(verdict))
    lines += (f"  {line}" for line in tell(verdict.walk))
    lines += _cure(verdict)
    lines += _evidence(verdict)
    lines += played
    lines += (
        "  " + _("not: {cause} ({how})").format(cause=cause, how=how)
        for cause, how in verdict.ruled_out[:MOST_RULED_OUT]
    )
    return "\n".join(lines)


def _place(verdict: Verdict) -> str:
    place = _("never seen on any interface")
    if verdict.last_seen:
        place = _("last seen on {last_seen}").format(last_seen=verdict.last_seen)
    if verdict.expected:
        place += _(", expected next on {expected}").format(expected=verdict.expected)
    return f"✘ {place}"


def _cause(verdict: Verdict) -> Iterator[str]:
    title = _(CAUSES[verdict.cause].title) if verdict.cause else _("the cause is not decided")
    words = _("{title} ({certainty}): {explanation}")
    said = words.format(title=title, certainty=_(verdict.certainty), explanation=verdict.explanation)
    yield f"  {said}"
    if 0 < verdict.received < verdict.sent:
        yield _loss(verdict)
    if verdict.cause and len(verdict.candidates) > 1:
        yield _("  one of: {candidates}").format(candidates=", ".join(verdict.candidates))


def tell_experiments(verdict: Verdict) -> list[str]:
    """What was tried in a copy, and what came of it; nothing where nothing was tried."""
    as_it_is = [each for each in verdict.experiments if not each.change]
    helped = [each for each in verdict.experiments if each.change and each.answered == each.sent]
    cured = [each for each in helped if each.change == verdict.cure]
    before, lines = _count(as_it_is), []
    if cured:
        told = _("tried in a copy: without the cure {before} are answered, with it {after}")
        lines.append(told.format(before=before, after=_count(cured)))
    elif helped and not verdict.cure:
        what = ", ".join(" ".join(step.argv) for step in helped[-1].change)
        told = _("tried in a copy: as it is, {before} are answered, with {what} {after}")
        lines.append(told.format(before=before, what=what, after=_count(helped[-1:])))
    elif verdict.experiments:
        count = len({each.change for each in verdict.experiments if each.change})
        told = _("tried in a copy: as it is, {before} are answered; {count} changes did not help")
        lines.append(told.format(before=before, count=count))
    return [*lines, *_effects(verdict)]


def _effects(verdict: Verdict) -> list[str]:
    """What the cure stops or opens beside, as far as there is room."""
    lines = list(verdict.side_effects[:MOST_EFFECTS])
    more = len(verdict.side_effects) - len(lines)
    return lines + ([_("… and {count} others").format(count=more)] if more else [])


def _count(experiments: list[Experiment]) -> str:
    answered, sent = sum(e.answered for e in experiments), sum(e.sent for e in experiments)
    return _("{answered} of {sent}").format(answered=answered, sent=sent)


def _cure(verdict: Verdict) -> Iterator[str]:
    for number, step in enumerate(verdict.cure):
        label = pad("" if number else _("cure:"), columns(_("cure:")))
        yield f"  {label} {step.node}# {' '.join(step.argv)}"
    if verdict.next_blocker:
        yield "  " + _("next: {blocker}").format(blocker=verdict.next_blocker)


def _evidence(verdict: Verdict) -> Iterator[str]:
    for piece in verdict.evidence:
        first = piece.output.splitlines()[0] if piece.output else ""
        yield f"  · {piece.node}# {piece.command}\n      {first}\n      {piece.says}"


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
        "experiments": [_experiment(each) for each in verdict.experiments],
        "side_effects": verdict.side_effects,
        "walk": [_step(step) for step in verdict.walk],
        "played": verdict.played,
        "journeys": [[_hop(hop) for hop in journey.hops] for journey in verdict.journeys],
    }
    return json.dumps(words, indent=2)


def _experiment(experiment: Experiment) -> dict[str, Any]:
    change = [{"node": step.node, "argv": step.argv} for step in experiment.change]
    return {"change": change, "sent": experiment.sent, "answered": experiment.answered}


def _step(step: Step) -> dict[str, Any]:
    return {**asdict(step.met), "text": step.text}


def _point(point: Point | None) -> dict[str, str] | None:
    return {"node": point.node, "interface": point.interface} if point else None


def _hop(hop: Hop) -> dict[str, Any]:
    frame = hop.frame
    rewritten = [asdict(rewrite) for rewrite in hop.rewrites]
    return {
        **(_point(frame.point) or {}),
        "direction": frame.direction,
        "time_ns": frame.time_ns,
        "rewrites": rewritten,
    }
