"""Where every packet of a timeline is: which packets are drawn, how far apart, and the spots of their hops.

Between packets the distances follow the time as far as there is room; within a packet they do not. Long
runs of exchanges that are all alike are drawn by their first and their last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from netlab.drawing.canvas import SMALL, text_width
from netlab.i18n import gettext as _
from netlab.model import Hop, Journey, Point
from netlab.packets.summary import summarize

LANE = 34.0  # from one lane to the next
SLANT = 11.0  # how far a packet moves to the right from one lane to the next
LEAST = 8.0  # between one packet and the next
FIRST, LAST = 1, 1  # of a long run of exchanges that are alike, these are drawn
BREAK = 72.0  # the room for the words that stand for the others


@dataclass(frozen=True)
class Track:
    """One packet on the picture: where it starts, and the spots of its hops."""

    journey: Journey
    kind: str
    x: float
    spots: tuple[tuple[float, float], ...]
    expected: tuple[float, float] | None  # where it should have been seen next

    @property
    def cross(self) -> tuple[float, float] | None:
        """Where it ended: half a lane from the last that saw it, towards where it should have been."""
        if self.expected is None:
            return None
        (x, y), (ringx, ringy) = self.spots[-1], self.expected
        share = min(LANE / 2 / max(abs(ringy - y), 1.0), 0.5)
        return x + (ringx - x) * share, y + (ringy - y) * share


@dataclass(frozen=True)
class Break:
    """A place where packets, or time, were left out."""

    x: float
    words: str


@dataclass
class TimelineLayout:
    """What is drawn, from left to right."""

    drawn: list[Journey] = field(default_factory=list)
    skipped: dict[int, int] = field(default_factory=dict)  # how many packets are left out before drawn[index]

    @property
    def left_out(self) -> int:
        """How many packets are not drawn."""
        return sum(self.skipped.values())


def kind_of(journey: Journey) -> str:
    """ "request", "reply", "error" (of ICMP) or "arp"."""
    packet = journey.first.packet
    if packet.protocol == "arp" or (packet.protocol == "icmpv6" and 133 <= packet.icmp_type <= 137):
        return "arp"
    if packet.quoted is not None:
        return "error"
    replies = {("icmp", 0), ("icmpv6", 129)}
    answered = journey.answers is not None or (packet.protocol, packet.icmp_type) in replies
    return "reply" if answered else "request"


def rewrite_note(hop: Hop) -> str:
    """What NAT or a tunnel changed on the way to that hop: "src 172.17.0.2 → 192.0.2.10"; "" for nothing."""
    changed = {rewrite.field: rewrite for rewrite in hop.rewrites}
    if "encapsulation" in changed:
        into = _("into {tunnel}").format(tunnel=changed["encapsulation"].after)
        return into if hop.packet.inner else _("out of the tunnel")
    said = []
    for side, port, word in (("source", "source_port", "src"), ("destination", "destination_port", "dst")):
        ends = [changed[name] for name in (side, port) if name in changed]
        if ends:
            colon = ":" if port in changed else ""
            before = colon.join(end.before for end in ends) if len(ends) > 1 else colon + ends[0].before
            after = colon.join(end.after for end in ends) if len(ends) > 1 else colon + ends[0].after
            said.append(f"{word} {before if side in changed else f'port {before[1:]}'} → {after.lstrip(':')}")
    return ", ".join(said)


def plan(found: Sequence[Journey], most: int) -> TimelineLayout:
    """All packets if there are at most that many; else those that stand for the runs that are alike."""
    if len(found) <= most:
        return TimelineLayout(list(found))
    chosen = TimelineLayout()
    skip = 0
    for __, run in groupby(_exchanges(found), key=lambda exchange: tuple(map(_shape, exchange))):
        alike = list(run)
        long = len(alike) > FIRST + LAST + 1
        for number, exchange in enumerate(alike):
            if long and FIRST <= number < len(alike) - LAST:
                skip += len(exchange)
                continue
            if skip:
                chosen.skipped[len(chosen.drawn)] = skip
                skip = 0
            chosen.drawn += exchange
    return chosen


def _exchanges(found: Sequence[Journey]) -> list[list[Journey]]:
    """Each request with what answers it, in the order of the requests."""
    exchanges: dict[int, list[Journey]] = {}
    for index, journey in enumerate(found):
        asked = journey.answers if journey.answers in exchanges else None
        exchanges.setdefault(index if asked is None else asked, []).append(journey)
    return list(exchanges.values())


def _shape(journey: Journey) -> tuple[object, ...]:
    places = tuple((hop.frame.point, hop.frame.direction) for hop in journey.hops)
    return kind_of(journey), journey.first.packet.protocol, places, journey.next_expected


def place(
    chosen: TimelineLayout, lanes: Mapping[Point, float], left: float, right: float
) -> tuple[list[Track], list[Break]]:
    """A track for each drawn packet between left and right, and the breaks between them."""
    spans = [count_lanes(journey, lanes) for journey in chosen.drawn]
    room = right - left
    slant = SLANT
    least = _least(chosen, spans, slant, notes=False)
    for index, wanted in enumerate(_least(chosen, spans, slant, notes=True)):
        # Room for the words beside a rewrite, for the first ones at least.
        if sum(least) - least[index] + wanted <= room:
            least[index] = wanted
    if sum(least) > room:
        squeeze = room / sum(least)
        slant, least = slant * squeeze, [gap * squeeze for gap in least]
    times = [journey.first.frame.time_ns for journey in chosen.drawn]
    waits = [0 if i + 1 in chosen.skipped else b - a for i, (a, b) in enumerate(pairwise(times))]
    spare, total = max(room - sum(least), 0.0), sum(waits) or 1
    tracks, breaks, x = [], [], left
    for index, journey in enumerate(chosen.drawn):
        if index in chosen.skipped:
            breaks.append(
                Break(x - BREAK / 2 - LEAST / 2, _("… {count} more …").format(count=chosen.skipped[index]))
            )
        tracks.append(track_of(journey, x, lanes, slant))
        if index < len(waits):
            x += least[index] + spare * waits[index] / total
    return tracks, breaks


def _least(chosen: TimelineLayout, spans: Sequence[float], slant: float, *, notes: bool) -> list[float]:
    """The least distance from each packet's start to the next one's, and the last one's own width."""
    gaps, noted = [], set[str]()
    for index, (journey, span) in enumerate(zip(chosen.drawn, spans, strict=True)):
        gap = room_for(journey, span * slant, noted) if notes else span * slant
        if index + 1 < len(spans):
            gap += LEAST + (BREAK if index + 1 in chosen.skipped else 0.0)
        gaps.append(gap)
    return gaps


def room_for(journey: Journey, width: float, noted: set[str]) -> float:
    """How wide a packet of that width is with the words beside it; what is `noted` needs no words again."""
    for text in filter(None, map(rewrite_note, journey.hops)):
        if text not in noted:
            width = max(width, text_width(text, SMALL) + 26.0)
        noted.add(text)
    if kind_of(journey) == "arp":
        # Its label shares a row with the next packet's.
        width = max(width, text_width(summarize(journey.first.packet), SMALL) * 0.65)
    return width


def count_lanes(journey: Journey, lanes: Mapping[Point, float]) -> float:
    """How many steps from lane to lane the packet is wide."""
    ys = [lanes[hop.frame.point] for hop in journey.hops if hop.frame.point in lanes]
    if journey.next_expected is not None and journey.next_expected in lanes:
        ys.append(lanes[journey.next_expected])
    return sum(max(abs(a - b) / LANE, 0.6) for a, b in pairwise(ys))


def track_of(journey: Journey, x: float, lanes: Mapping[Point, float], slant: float) -> Track:
    """The packet with its first spot at x."""
    ys = [lanes[hop.frame.point] for hop in journey.hops if hop.frame.point in lanes]
    spots: list[tuple[float, float]] = []
    for y in ys:
        before = spots[-1] if spots else (x, y)
        step = max(abs(y - before[1]) / LANE, 0.6) * slant if spots else 0.0
        spots.append((before[0] + step, y))
    expected = None
    if journey.next_expected is not None and journey.next_expected in lanes and spots:
        y = lanes[journey.next_expected]
        expected = (spots[-1][0] + max(abs(y - spots[-1][1]) / LANE, 0.8) * slant, y)
    return Track(journey, kind_of(journey), x, tuple(spots), expected)
