"""Packets on the topology: the way that each one moves, where it is rewritten, and the marks where some died.

Ways and marks are the static picture's own, so that both agree. Lengths are points. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from netlab.drawing.edge_router import Way
from netlab.drawing.edges import Trails, place_note
from netlab.drawing.path_overlay import LANE, Overlay, shift
from netlab.drawing.timeline_layout import kind_of, rewrite_note
from netlab.i18n import gettext as _
from netlab.model import Journey, Point
from netlab.notebook.live.lanes import has_ended, name_of
from netlab.packets.summary import summarize

MARKS = 3  # deaths that are marked at once


@dataclass(frozen=True, slots=True)
class Death:
    """All packets that end alike: sent from there to that address, seen last here, expected there."""

    source: Point
    destination: str
    protocol: str
    last: Point
    expected: Point | None

    @classmethod
    def of(cls, journey: Journey) -> Death:
        """How that journey ended too early."""
        packet = journey.first.packet
        start, last = journey.first.frame.point, journey.last_seen.frame.point
        return cls(start, packet.destination, packet.protocol, last, journey.next_expected)


def motions(found: Sequence[Journey], trails: Trails, now: int) -> list[dict[str, Any]]:
    """For each packet of which no more is to be expected: the pieces of its way, hop by hop."""
    return [motion for journey in found if has_ended(journey, now) and (motion := _motion(journey, trails))]


def _motion(journey: Journey, trails: Trails) -> dict[str, Any] | None:
    legs = trails.legs(journey)
    # There and back beside each other, as in the static picture; what dies, dies on the line.
    aside = 0.0 if not journey.reached else LANE if journey.answers is not None else -LANE
    pieces: list[dict[str, Any]] = []
    for hop, leg in zip(journey.hops[1:], legs, strict=True):
        note = rewrite_note(hop)
        if not leg:
            continue
        ways = [shift(way, aside) for way in leg]
        pieces.append({"ways": [[list(spot) for spot in way] for way in ways]})
        if note:
            lines = place_note(trails.cables, leg[-1][-1], [note], leg) or [(leg[-1][-1], note, True)]
            pieces[-1] |= {"note": [[x, y, text] for (x, y), text, __ in lines]}
    if not journey.reached and journey.next_expected is not None:
        end = _end(journey, trails)
        if end:
            pieces.append({"ways": [[list(spot) for spot in end]], "dies": True})
    if not pieces:
        return None
    asked = journey.answers is not None
    return {
        "id": name_of(journey),
        "kind": kind_of(journey),
        "answers": asked,
        "pieces": pieces,
        "what": summarize(journey.first.packet),
    }


def _end(journey: Journey, trails: Trails) -> Way:
    """From the last card to the cross."""
    overlay = Overlay(trails.cables, [], (journey.last_seen.frame.point, journey.next_expected), "", trails)
    return _up_to(overlay.end, overlay.cross) if overlay.cross else []


def _up_to(way: Way, spot: tuple[float, float]) -> Way:
    """The first part of a way, up to a spot on it."""
    walked = way[:1]
    for (ax, ay), (bx, by) in pairwise(way):
        if min(ax, bx) <= spot[0] <= max(ax, bx) and min(ay, by) <= spot[1] <= max(ay, by):
            return [*walked, spot]
        walked.append((bx, by))
    return walked


def deaths(found: Sequence[Journey], now: int) -> list[Journey]:
    """The latest packet of each kind that died and that none of its kind has outlived, the newest last."""
    fates: dict[tuple[Point, str, str], Journey] = {}
    for journey in found:
        packet = journey.first.packet
        if packet.protocol == "arp" or not packet.source or not has_ended(journey, now):
            continue
        key = (journey.first.frame.point, packet.destination, packet.protocol)
        fates.pop(key, None)
        fates[key] = journey
    lost = [j for j in fates.values() if not j.reached and j.next_expected is not None]
    return lost[-MARKS:]


def marks(
    dead: Sequence[Journey], reasons: Mapping[Death, Sequence[str]], trails: Trails
) -> list[dict[str, Any]]:
    """A circled cross for each place where packets died, with its note."""
    found: dict[tuple[float, float], dict[str, Any]] = {}
    for journey in dead:
        death = Death.of(journey)
        lines = list(reasons.get(death) or (_("ends here"), _("last seen on {last}").format(last=death.last)))
        overlay = Overlay(trails.cables, [], (death.last, death.expected), "\n".join(lines), trails)
        if overlay.cross is None:
            continue
        found[overlay.cross] = {
            "id": f"{death.last.netns}-{death.last.index}",
            "cross": list(overlay.cross),
            "way": [list(spot) for spot in overlay.end],
            "note": [[x, y, text, bold] for (x, y), text, bold in overlay.note],
            "words": _("⊗ {lines}; last seen on {last}").format(lines=" — ".join(lines), last=death.last)
            + (_(", expected on {expected}").format(expected=death.expected) if death.expected else ""),
        }
    return list(found.values())
