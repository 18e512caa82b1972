"""A Verdict as a page in a notebook: topology with the path up to its end, timeline, evidence, cure."""

from __future__ import annotations

from dataclasses import dataclass, fields
from html import escape

from netlab.diagnosis.text import as_text, tell_experiments
from netlab.diagnosis.verdict import CAUSES, Verdict
from netlab.display import Printer
from netlab.drawing import timeline as lanes
from netlab.drawing.fonts import in_drawable_language
from netlab.drawing.topology import alt_text, draw, figure_html
from netlab.i18n import gettext as _
from netlab.model import Capture, Journey

CELL = "style='text-align:left;vertical-align:top;padding:.25em .8em .25em 0'"


@dataclass(frozen=True)
class Report(Verdict):
    """A verdict that shows itself: as a page in a notebook, as text elsewhere."""

    @classmethod
    def of(cls, verdict: Verdict) -> Report:
        """The verdict as a report."""
        return cls(**{field.name: getattr(verdict, field.name) for field in fields(Verdict)})

    def __str__(self) -> str:
        return as_text(self)

    def _repr_pretty_(self, printer: Printer, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        return page(self)


def page(verdict: Verdict) -> str:
    """The page, in HTML that needs no script and shows its pictures in an untrusted notebook as well."""
    parts = [_headline(verdict), _experiments(verdict), _cure(verdict), *_pictures(verdict)]
    parts += [_walk(verdict), _evidence(verdict), _others(verdict)]
    return f"<div style='max-width:60em'>{''.join(part for part in parts if part)}</div>"


def _headline(verdict: Verdict) -> str:
    count = _("{received} of {sent} probes were answered").format(
        received=verdict.received, sent=verdict.sent
    )
    way = f"{escape(verdict.source)} → {escape(verdict.destination)}"
    if verdict.received == verdict.sent:
        return "<h3>✔ {title}</h3><p>{count}</p>".format(
            title=_("{way}: reached").format(way=way), count=_("{sentence}.").format(sentence=count)
        )
    title = _(CAUSES[verdict.cause].title) if verdict.cause else _("the cause is not decided")
    place = (
        _("last seen on {last_seen}").format(last_seen=verdict.last_seen)
        if verdict.last_seen
        else _("never seen on any interface")
    )
    place += _(", expected next on {expected}").format(expected=verdict.expected) if verdict.expected else ""
    loss = ""
    if verdict.received:
        low, high = (round(100 * share) for share in verdict.loss_interval)
        loss = _(" Loss {loss:.0%} (95 % sure: {low} to {high} %).").format(
            loss=verdict.loss, low=low, high=high
        )
    candidates = ""
    if len(verdict.candidates) > 1:
        named = escape(", ".join(verdict.candidates))
        candidates = "<p>" + _("One of: {few}.").format(few=named) + "</p>"
    head = _("{way}: {title}").format(way=way, title=escape(title))
    said = _("{answered}; {place}.").format(answered=count, place=escape(place))
    return (
        f"<h3>✘ {head} <small>({escape(_(verdict.certainty))})</small></h3>"
        f"<p>{said}{loss}</p>"
        f"<p>{escape(verdict.explanation)}</p>{candidates}"
    )


@in_drawable_language()
def _pictures(verdict: Verdict) -> list[str]:
    """The topology with the path, and the lanes of those interfaces that saw anything or should have."""
    if verdict.capture is None:
        return []
    died = (verdict.last_seen, verdict.expected) if verdict.last_seen and not verdict.is_whole else None
    note = _(CAUSES[verdict.cause].title) if verdict.cause else ""
    snapshot = verdict.capture.after
    seen = _part_in_use(verdict.capture, verdict)
    figures = [figure_html(draw(snapshot, path=path_of(verdict), died=died, note=note), alt_text(snapshot))]
    if seen.frames:
        figures.append(figure_html(lanes.timeline(seen), lanes.alt_text(seen)))
    return figures


def path_of(verdict: Verdict) -> list[Journey]:
    """What is drawn: the request that got no further, or one that arrived with its answer."""
    requests = [j for j in verdict.journeys if j.answers is None]
    answers = [j for j in verdict.journeys if j.answers is not None]
    dead = [j for j in requests if not j.reached]
    if dead:
        return dead[-1:]
    lost = [j for j in answers if not j.reached]
    return requests[:1] + (lost or answers)[:1]


def _part_in_use(capture: Capture, verdict: Verdict) -> Capture:
    used = {frame.point for frame in capture.frames} | {verdict.expected}
    points = tuple(point for point in capture.points if point in used)
    lost = {point: capture.lost.get(point, 0) for point in points}
    return Capture(points, capture.frames, lost, capture.before, capture.after, capture.hidden)


def _evidence(verdict: Verdict) -> str:
    rows = [
        f"<tr><td {CELL}><code>{escape(piece.node)}# {escape(piece.command)}</code></td>"
        f"<td {CELL}><pre style='margin:0;white-space:pre-wrap'>{escape(piece.output)}</pre></td>"
        f"<td {CELL}>{escape(piece.says)}</td></tr>"
        for piece in verdict.evidence
    ]
    title = _("Evidence")
    heads = "".join(
        f"<th {CELL}>{word}</th>" for word in (_("command"), _("what it showed"), _("what that says"))
    )
    return f"<h4>{title}</h4><table><tr>{heads}</tr>{''.join(rows)}</table>" if rows else ""


def _walk(verdict: Verdict) -> str:
    """Every rule that a lost packet met in the copy, and what that decided."""
    if not verdict.walk:
        return ""
    first = verdict.walk[0].met
    way = f"{first.source} → {first.destination}"
    title = _("The walk of {way} through the rules of {node}").format(way=way, node=first.node)
    rows = "".join(
        f"<tr><td {CELL}>{escape(str(step))}</td><td {CELL}><code>{escape(step.text)}</code></td></tr>"
        for step in verdict.walk
    )
    return f"<h4>{escape(title)}</h4><table>{rows}</table>"


def _experiments(verdict: Verdict) -> str:
    lines = [line[:1].upper() + line[1:] for line in tell_experiments(verdict)]
    whole = _("{sentence}.")
    return "".join(f"<p>{escape(whole.format(sentence=line))}</p>" for line in lines)


def _cure(verdict: Verdict) -> str:
    lines = [f"{step.node}# {' '.join(step.argv)}" for step in verdict.cure]
    title = _("Cure")
    text = f"<h4>{title}</h4><pre>{escape(chr(10).join(lines))}</pre>" if lines else ""
    return text + (f"<p>{escape(verdict.next_blocker)}</p>" if verdict.next_blocker else "")


def _others(verdict: Verdict) -> str:
    rows = [f"<li>{escape(cause)}: {escape(how)}</li>" for cause, how in verdict.ruled_out]
    summary = _("{count} causes were ruled out").format(count=len(rows))
    inside = f"<summary>{summary}</summary><ul>{''.join(rows)}</ul>"
    return f"<details>{inside}</details>" if rows else ""
