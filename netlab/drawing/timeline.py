"""A Capture as a timeline: one lane for each point, and every packet joined across the lanes that saw it.

A packet that never arrived ends in a cross between the last lane that saw it and the first that should
have, where an empty ring stands. The picture says what it bends and what it leaves out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from netlab.drawing.canvas import (
    DEATH,
    FAINT,
    LINE,
    MARGIN,
    MUTED,
    NAME,
    SMALL,
    TITLE,
    Canvas,
    Rect,
    in_drawable_language,
    shorten,
    text_width,
    wrap,
)
from netlab.drawing.timeline_labels import KINDS, Labels
from netlab.drawing.timeline_layout import (
    LANE,
    TimelineLayout,
    Track,
    kind_of,
    place,
    plan,
)
from netlab.i18n import gettext as _
from netlab.i18n import ngettext
from netlab.model import Captured, Journey, Point
from netlab.packets.journeys.assemble import journeys
from netlab.packets.summary import summarize

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["alt_text", "header", "kind_of", "timeline"]

MOST = 24  # packets that are drawn one by one; of more, runs that are alike are drawn by their ends
SPOKEN = 12  # packets that are told one by one in words
NAMES = 132.0  # the widest that the lanes' names may be


@in_drawable_language()
def timeline(capture: Captured, *, title: str = "", width: float = 9.5) -> Figure:
    """The capture as a figure of that width in inches, with one lane for each of its points.

    Frames that were lost or hidden are counted in the line under the title, what is not drawn or not
    labelled in the last line.
    """
    found = journeys(capture)
    names = [text_width(str(point), NAME) for point in capture.points]
    left = MARGIN + min(max(names, default=0.0), NAMES) + 14.0
    head = MARGIN + (20.0 if title else 0.0) + LINE + 28.0
    lanes = {point: head + LANE * number for number, point in enumerate(capture.points)}
    bottom = max(lanes.values(), default=head)
    right = width * 72 - MARGIN
    chosen = plan(found, MOST)
    tracks, breaks = place(chosen, lanes, left + 8.0, right - 10.0)
    labels = Labels(tracks, breaks, Rect(left - 8.0, 0.0, right + 6.0, bottom + 60.0), bottom)
    lines = wrap(_remarks(found, chosen, labels), width * 72 - 3 * MARGIN)
    canvas = Canvas(width * 72, bottom + 66.0 + LINE * len(lines))
    if title:
        canvas.text(MARGIN, MARGIN + 6.0, title, size=TITLE, bold=True)
    canvas.text(MARGIN, head - 28.0 - LINE / 2, header(capture, found), color=MUTED)
    _paint_lanes(canvas, lanes, left, right)
    for track in tracks:
        _paint_track(canvas, track, bottom, small=0.6 if len(tracks) > 60 else 1.0)
    labels.paint(canvas)
    _legend(canvas, tracks, bottom + 52.0)
    for number, line in enumerate(lines):
        canvas.text(MARGIN, bottom + 67.0 + LINE * number, line, color=MUTED)
    return canvas.figure


def header(capture: Captured, found: Sequence[Journey]) -> str:
    """ "3 requests, 0 replies · no capture loss": what is in the capture, and what is missing from it."""
    kinds = Counter(kind_of(journey) for journey in found)
    counts = [
        ngettext("{count} request", "{count} requests", kinds["request"]).format(count=kinds["request"]),
        ngettext("{count} reply", "{count} replies", kinds["reply"]).format(count=kinds["reply"]),
    ]
    said = [_(", ").join(counts)]
    if errors := kinds["error"]:
        said.append(ngettext("{count} ICMP error", "{count} ICMP errors", errors).format(count=errors))
    if asked := kinds["arp"]:
        words = ngettext("{count} ARP or NDP packet", "{count} ARP or NDP packets", asked)
        said.append(words.format(count=asked))
    lost, hidden = sum(capture.lost.values()), capture.hidden
    words = ngettext("{count} frame lost by the capture", "{count} frames lost by the capture", lost)
    said.append(words.format(count=lost) if lost else _("no capture loss"))
    if hidden:
        words = ngettext("{count} frame of noise hidden", "{count} frames of noise hidden", hidden)
        said.append(words.format(count=hidden))
    return " · ".join(said)


def alt_text(capture: Captured, found: Sequence[Journey] | None = None) -> str:
    """The timeline in words: what was counted, and for each packet where it went and where it ended.

    `found` are the capture's journeys, if they are known already.
    """
    found = journeys(capture) if found is None else found
    sentences = []
    for journey in found[:SPOKEN]:
        way = ", ".join(str(hop.frame.point) for hop in journey.hops)
        end = (
            _("; expected at {point} and not seen").format(point=journey.next_expected)
            if journey.next_expected
            else ""
        )
        sentences.append(
            _("{packet}: seen at {way}{end}.").format(
                packet=summarize(journey.first.packet), way=way, end=end
            )
        )
    if len(found) > SPOKEN:
        sentences.append(_("{count} more packets follow.").format(count=len(found) - SPOKEN))
    return " ".join([_("Timeline: {header}.").format(header=header(capture, found)), *sentences])


def _remarks(found: Sequence[Journey], chosen: TimelineLayout, labels: Labels) -> str:
    """What the picture bends and leaves out, in words."""
    if not found:
        return _("No packet was seen at any of these points.")
    said = [_("Not to scale within a packet: its hops are microseconds apart, drawn slanting.")]
    if chosen.left_out:
        words = ngettext(
            "{count} packet not drawn, each like its neighbours.",
            "{count} packets not drawn, each like its neighbours.",
            chosen.left_out,
        )
        said.append(words.format(count=chosen.left_out))
    if labels.unlabelled:
        said.append(
            _("Without a label for lack of room: {unlabelled} of {drawn} drawn packets.").format(
                unlabelled=labels.unlabelled, drawn=len(chosen.drawn)
            )
        )
    if labels.repeated:
        said.append(_("A rewrite that repeats is noted once."))
    if labels.unnoted:
        said.append(_("For lack of room not noted: {unnoted}.").format(unnoted=_("; ").join(labels.unnoted)))
    return " ".join(said)


def _paint_lanes(canvas: Canvas, lanes: Mapping[Point, float], left: float, right: float) -> None:
    for point, y in lanes.items():
        canvas.line([(left, y), (right, y)], color=FAINT, line=0.8, order=1.0)
        canvas.text(MARGIN, y, shorten(str(point), NAMES, NAME), size=NAME)


def _paint_track(canvas: Canvas, track: Track, bottom: float, small: float) -> None:
    color, marker, size, line, __ = KINDS[track.kind]
    if len(track.spots) > 1:
        canvas.line(track.spots, color=color, line=line * small, order=2.0)
    for x, y in track.spots:
        canvas.mark(x, y, marker, size=size * small, color=color, line=0.5, order=3.0)
    if track.expected is not None and track.cross is not None:
        _paint_death(canvas, track.spots[-1], track.cross, track.expected, small)
    if track.kind != "reply":
        canvas.line([(track.x, bottom + 21.0), (track.x, bottom + 26.0)], color=MUTED, line=0.8)


def _paint_death(
    canvas: Canvas,
    last: tuple[float, float],
    cross: tuple[float, float],
    ring: tuple[float, float],
    small: float,
) -> None:
    """A cross between the last lane that saw the packet and the next, where an empty ring is left."""
    canvas.line([last, ring], color=DEATH, line=1.3 * small, dashes=(2, 1.6), order=1.8)
    canvas.mark(*ring, "o", size=8.0 * small, color=MUTED, line=1.1, dotted=True, order=3.0)
    canvas.mark(*cross, "x", size=8.0 * small, color=DEATH, line=2.2 * small, order=3.5)


def _legend(canvas: Canvas, tracks: Sequence[Track], y: float) -> None:
    x = MARGIN
    for kind, (color, marker, size, __, word) in KINDS.items():
        if any(track.kind == kind for track in tracks):
            canvas.mark(x + 3.0, y, marker, size=size, color=color, line=0.5)
            canvas.text(x + 11.0, y, _(word), color=MUTED)
            x += 11.0 + text_width(_(word), SMALL) + 16.0
    if any(track.expected for track in tracks):
        canvas.mark(x + 4.0, y, "x", size=7.0, color=DEATH, line=2.0)
        canvas.text(x + 12.0, y, _("ends here"), color=MUTED)
        x += 12.0 + text_width(_("ends here"), SMALL) + 16.0
        canvas.mark(x + 4.0, y, "o", size=8.0, color=MUTED, line=1.1, dotted=True)
        canvas.text(x + 12.0, y, _("expected here, not seen"), color=MUTED)
