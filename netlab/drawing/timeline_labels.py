"""The texts in a timeline: those there is room for, none on top of another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from netlab.drawing.canvas import (
    INK,
    MARK,
    MUTED,
    REPLY,
    REQUEST,
    SMALL,
    Canvas,
    Rect,
    text_width,
)
from netlab.drawing.timeline_layout import (
    LANE,
    Break,
    Track,
    rewrite_note,
)
from netlab.i18n import N_
from netlab.packets.summary import summarize

if TYPE_CHECKING:
    pass

KINDS = {
    "request": (REQUEST, "o", 6.0, 2.2, N_("request")),
    "reply": (REPLY, "s", 5.6, 2.2, N_("reply")),
    "error": (MARK, "D", 5.2, 1.8, N_("ICMP error")),
    "arp": ("#8a949e", "o", 3.6, 1.0, N_("ARP or NDP")),
}


class Labels:
    """The texts there is room for, none on top of another."""

    def __init__(
        self,
        tracks: Sequence[Track],
        breaks: Sequence[Break],
        bounds: Rect,
        bottom: float,
        start: int | None = None,  # the time (ns) from which seconds are counted; the first packet's if None
    ) -> None:
        self.bounds, self.bottom = bounds, bottom
        self.used: list[Rect] = []
        self.texts: list[tuple[float, float, str, str]] = []
        ends = [(track.spots[-1], track.expected) for track in tracks if track.expected]
        self.pieces = [*ends, *(piece for track in tracks for piece in pairwise(track.spots))]
        for gap in breaks:
            size = text_width(gap.words, SMALL)
            top = min((y for track in tracks for _, y in track.spots), default=bottom)
            # In the middle between two lanes, so that no line runs through the words.
            self._put(gap.x - size / 2, top + LANE / 2, gap.words, MUTED)
        self.unnoted: list[str] = []
        self.repeated = self._note_rewrites(tracks)
        ordered = sorted(tracks, key=lambda track: track.kind == "arp")
        self.unlabelled = sum(not self._label(track) for track in ordered)
        self._times(tracks, start)

    def _label(self, track: Track) -> bool:
        if not track.spots:
            return True
        (x, y), text = track.spots[0], summarize(track.journey.first.packet)
        color = MUTED if track.kind == "arp" else KINDS[track.kind][0]
        size = text_width(text, SMALL)
        row = y + 13.0 if track.spots[-1][1] < y else y - 12.0
        return any(
            self._put(start, row, text, color, clear=True) for start in (x - 4, x - size / 2, x - size + 4)
        )

    def _note_rewrites(self, tracks: Sequence[Track]) -> bool:
        """Each distinct rewrite once, beside the piece of the track where it happens."""
        noted: set[str] = set()
        repeated = False
        for track in tracks:
            for number, hop in enumerate(track.journey.hops[: len(track.spots)]):
                text = rewrite_note(hop)
                if not text or text in noted:
                    repeated = repeated or bool(text)
                    continue
                noted.add(text)
                (x0, y0), (x1, y1) = track.spots[number - 1], track.spots[number]
                x, y, size = (x0 + x1) / 2, (y0 + y1) / 2, text_width(text, SMALL)
                if not any(self._put(start, y, text, INK, clear=True) for start in (x + 8, x - size - 8)):
                    self.unnoted.append(text)
        return repeated

    def _times(self, tracks: Sequence[Track], start: int | None) -> None:
        """When each packet but the answers was first seen, since the first one."""
        if start is None:
            start = tracks[0].journey.first.frame.time_ns if tracks else 0
        for track in tracks:
            if track.kind != "reply":
                seconds = (track.journey.first.frame.time_ns - start) / 1e9
                self._put(track.x - 4.0, self.bottom + 34.0, f"{seconds:.3f} s", MUTED)

    def _put(self, x: float, y: float, text: str, color: str, clear: bool = False) -> bool:
        """Whether the text found its place; `clear`: no packet may run through it either."""
        rect = Rect(x, y - SMALL * 0.65, x + text_width(text, SMALL), y + SMALL * 0.65)
        if rect.x0 < self.bounds.x0 or rect.x1 > self.bounds.x1 or any(map(rect.touches, self.used)):
            return False
        if clear and any(rect.touches(_part(*piece, rect)) for piece in self.pieces):
            return False
        self.used.append(rect.grow(2.5))
        self.texts.append((x, y, text, color))
        return True

    def paint(self, canvas: Canvas) -> None:
        """Paint the labels that have found a place."""
        for x, y, text, color in self.texts:
            canvas.text(x, y, text, color=color, halo=True)


def _part(a: tuple[float, float], b: tuple[float, float], rect: Rect) -> Rect:
    """Where the slanting piece is at the height of the rectangle."""
    if a[1] == b[1]:
        return Rect(min(a[0], b[0]), a[1] - 1, max(a[0], b[0]), a[1] + 1)
    low, high = max(min(a[1], b[1]), rect.y0), min(max(a[1], b[1]), rect.y1)
    if low > high:
        return Rect(-1.0, -1.0, -1.0, -1.0)
    xs = [a[0] + (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) for y in (low, high)]
    return Rect(min(xs) - 3, low, max(xs) + 3, high)
