"""The timeline as the browser draws it: an endless strip of lanes, on which what was drawn stays in place.

Everything but the places along the strip is the static timeline's own doing: lanes, tracks, words. Lengths
are points, x grows with time. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from netlab.drawing import canvas
from netlab.drawing.canvas import MARGIN, NAME, Rect, shorten, text_width
from netlab.drawing.timeline import NAMES, alt_text, header
from netlab.drawing.timeline_labels import Labels
from netlab.drawing.timeline_layout import (
    LANE,
    LEAST,
    SLANT,
    Break,
    Track,
    count_lanes,
    kind_of,
    room_for,
    track_of,
)
from netlab.i18n import gettext as _
from netlab.model import Capture, Journey, Point
from netlab.packets.summary import summarize

WIDTH = 684.0
HEAD = 30.0  # above the first lane: the labels of the packets
FOOT = 44.0  # below the last one: when they came
SCALE = 90.0  # points to a second
QUIET = 1.6  # seconds of silence after which the strip stands still
MANY = 14  # lanes; of more, only those on which there is something are drawn
GRACE = 400_000_000  # ns after its last sighting that a packet which did not arrive is given up
CLASSES = {canvas.INK: "ink", canvas.MUTED: "muted"}


@dataclass(frozen=True, slots=True)
class Times:
    """In ns: when the recording began, from when to when packets are shown, and what time it is."""

    start: int
    since: int
    until: int
    now: int


def name_of(journey: Journey) -> str:
    """What a packet is called between the page and the kernel: when and where it was seen first."""
    frame = journey.first.frame
    return f"{frame.time_ns}-{frame.point.netns}-{frame.point.index}-{frame.direction}"


def has_ended(journey: Journey, now: int) -> bool:
    """Whether nothing more is to be expected of it at that time (ns)."""
    return journey.reached or now - journey.last_seen.frame.time_ns > GRACE


@dataclass
class Strip:
    """Where on the strip each packet was put, and how much room it needs."""

    places: dict[str, float] = field(default_factory=dict)
    rooms: dict[str, float] = field(default_factory=dict)
    noted: set[str] = field(default_factory=set)  # rewrites beside which there was room for words

    def put(
        self, found: Sequence[Journey], lanes: Mapping[Point, float], since: int, slant: float = SLANT
    ) -> tuple[list[Track], list[Break]]:
        """A track for each packet, and the breaks where more time passed than is drawn."""
        shown = {name_of(journey): journey for journey in found if journey.first.frame.time_ns >= since}
        if not shown.keys() & self.places.keys():
            self.noted.clear()
        self.places = {name: x for name, x in self.places.items() if name in shown}
        tracks: list[Track] = []
        breaks: list[Break] = []
        before: tuple[str, Journey] | None = None
        for name, journey in shown.items():
            wait = (journey.first.frame.time_ns - before[1].first.frame.time_ns) / 1e9 if before else 0.0
            if name not in self.places:
                last = self.places[before[0]] + self.rooms[before[0]] if before else 0.0
                fair = self.places[before[0]] + min(wait, QUIET) * SCALE if before else 0.0
                self.places[name] = max(last, fair)
                width = count_lanes(journey, lanes) * slant
                self.rooms[name] = room_for(journey, width, self.noted) + LEAST
            x = self.places[name]
            if before and wait > 2 * QUIET and x - self.places[before[0]] > 0.9 * QUIET * SCALE:
                breaks.append(Break(x - 40.0, _("{time} later").format(time=_seconds(wait))))
            tracks.append(track_of(journey, x, lanes, slant))
            before = name, journey
        self.rooms = {name: self.rooms[name] for name in self.places}
        return tracks, breaks


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else _("{minutes:.0f} min").format(minutes=seconds / 60)


def lanes_of(points: Sequence[Point], found: Sequence[Journey]) -> tuple[Point, ...]:
    """The points that get a lane: all, or of many those where something was seen or should have been."""
    if len(points) <= MANY:
        return tuple(points)
    used = {hop.frame.point for journey in found for hop in journey.hops}
    used |= {journey.next_expected for journey in found if journey.next_expected is not None}
    return tuple(point for point in points if point in used)


def timeline(
    capture: Capture,
    found: Sequence[Journey],
    strip: Strip,
    times: Times,
    reasons: Mapping[str, str],
) -> dict[str, Any]:
    """What the page draws; `reasons` are words on why a packet ended, by its name."""
    since, until = times.since, times.until
    points = lanes_of(capture.points, found)
    names = [text_width(str(point), NAME) for point in points]
    left = MARGIN + min(max(names, default=0.0), NAMES) + 14.0
    lanes = {point: HEAD + LANE * number for number, point in enumerate(points)}
    bottom = max(lanes.values(), default=HEAD)
    tracks, breaks = strip.put(found, lanes, since)
    end = max((spot[0] for track in tracks for spot in _spots(track)), default=0.0)
    bounds = Rect(min((track.x for track in tracks), default=0.0) - 60.0, 0.0, end + 160.0, bottom + FOOT + 9)
    labels = Labels(tracks, breaks, bounds, bottom, times.start)
    last = tracks[-1].journey.first.frame.time_ns if tracks else until
    return {
        "width": WIDTH,
        "height": bottom + FOOT,
        "left": left,
        "lanes": [{"y": y, "name": shorten(str(p), NAMES, NAME)} for p, y in lanes.items()],
        "tracks": [_track(track, times.now, reasons) for track in tracks],
        "texts": [[round(x, 1), y, text, CLASSES.get(color, "")] for x, y, text, color in labels.texts],
        "ticks": bottom + 21.0,
        "last": tracks[-1].x if tracks else 0.0,
        "end": end,
        "quiet": max((until - last) / 1e9, 0.0),
        "head": header(capture, [track.journey for track in tracks]),
        "words": alt_text(capture, [track.journey for track in tracks][-12:]),
        "remarks": _remarks(capture.points, points, labels),
    }


def _spots(track: Track) -> Collection[tuple[float, float]]:
    return [*track.spots, *([track.expected] if track.expected else [])]


def _track(track: Track, now: int, reasons: Mapping[str, str]) -> dict[str, Any]:
    journey = track.journey
    name = name_of(journey)
    ended = has_ended(journey, now)
    lost = ended and not journey.reached and track.expected is not None
    return {
        "id": name,
        "kind": track.kind,
        "spots": [[round(x, 1), y] for x, y in track.spots],
        "expected": [round(value, 1) for value in track.expected] if lost and track.expected else None,
        "cross": [round(value, 1) for value in track.cross] if lost and track.cross else None,
        "words": describe(journey, reasons.get(name, "") if ended else "", ended),
    }


def describe(journey: Journey, reason: str, ended: bool) -> str:
    """The packet in a sentence: what it is, where it was seen, where it should have been, and why not."""
    packet = journey.first.packet
    ends = f" {packet.source} → {packet.destination}" if packet.source and kind_of(journey) != "arp" else ""
    way = ", ".join(str(hop.frame.point) for hop in journey.hops)
    said = _("{packet}{ends}: seen at {way}").format(packet=summarize(packet), ends=ends, way=way)
    if journey.reached:
        return _("{said}. It arrived.").format(said=said)
    if not ended:
        return _("{said}, and on its way.").format(said=said)
    expected = (
        _("; expected at {point} and not seen").format(point=journey.next_expected)
        if journey.next_expected
        else ""
    )
    return _("{said}{expected}. {reason}").format(said=said, expected=expected, reason=reason).rstrip()


def _remarks(points: Sequence[Point], drawn: Sequence[Point], labels: Labels) -> list[str]:
    said = []
    if len(drawn) < len(points):
        said.append(
            _("{count} interfaces that saw nothing are not drawn.").format(count=len(points) - len(drawn))
        )
    if labels.unnoted:
        said.append(
            _("For lack of room not noted: {unnoted}.").format(
                unnoted=_("; ").join(dict.fromkeys(labels.unnoted))
            )
        )
    return said
