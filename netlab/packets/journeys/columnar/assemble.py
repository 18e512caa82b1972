"""The journeys of many frames at once: the same as netlab.packets.journeys.assemble makes of them one by one.

Sightings of one packet make a group; groups whose sightings look alike, place by place, are of one kind. How
those of a kind are told apart and put in order, and where they end, is found out once, with
netlab.packets.journeys.sightings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from netlab.model import Frame, Journey, Packet, Point
from netlab.packets.columns import Array, Columns, Lazy, columns_of
from netlab.packets.decode import decode
from netlab.packets.forwarding.next_hop import Wiring
from netlab.packets.journeys.columnar.grouping import by_number
from netlab.packets.journeys.columnar.identity import Identifier
from netlab.packets.journeys.columnar.replies import NOBODY, Ends, ends_of, requests
from netlab.packets.journeys.sightings import expected_after, hops, in_order, is_reached, separate


@dataclass(frozen=True, slots=True)
class Kind:
    """Journeys that look alike: what is known of all of them."""

    places: Array  # where in its group each sighting is
    example: Journey  # one of them, unfinished
    ends: Ends


class Joined(Lazy[Journey]):
    """Journeys by time, made of their frames when they are asked for."""

    def __init__(self, columns: Columns, order: Array, kinds: Sequence[Kind]) -> None:
        self.columns, self.order, self.kinds = columns, order, kinds
        self.begin = self.kind = self.answers = self.ending = np.empty(0, np.int64)
        self.endings: list[tuple[bool, Point | None]] = []

    def __len__(self) -> int:
        return len(self.begin)

    def item(self, index: int) -> Journey:
        rows = self.order[self.begin[index] + self.kinds[int(self.kind[index])].places]
        answers = int(self.answers[index])
        reached, expected = self.endings[int(self.ending[index])]
        sightings = _sightings(self.columns, rows)
        return Journey(hops(sightings), reached, expected, None if answers == NOBODY else answers)

    def find_unreached(self) -> list[int]:
        """The indexes of the journeys that did not reach their end."""
        bad = [number for number, (reached, _) in enumerate(self.endings) if not reached]
        found: list[int] = np.flatnonzero(np.isin(self.ending, bad)).tolist()
        return found


def join(frames: Sequence[Frame], wiring: Wiring) -> Joined:
    """The journeys of those frames, with their points connected like that."""
    columns = columns_of(frames)
    if len(columns) and (np.diff(columns.time) < 0).any():
        columns = columns.take(np.argsort(columns.time, kind="stable"))
    marks = Identifier(columns)
    order = by_number(marks.packet)
    packet = marks.packet[order]
    is_new = np.append(True, packet[1:] != packet[:-1])[: len(packet)]
    time, starts = columns.time[order], np.flatnonzero(is_new)
    together = np.append(False, time[1:] == time[:-1])[: len(packet)] & ~is_new
    groups = _kinds_of(starts, np.diff(np.append(starts, len(order))), marks.look[order] * 2 + together)
    kinds: list[Kind] = []
    begin, kind, part = [], [], []
    for members in groups:
        found = _kinds(columns, order, members, wiring)
        for number, one in enumerate(found):
            begin.append(members.starts)
            kind.append(np.full(len(members.starts), len(kinds)))
            part.append(np.full(len(members.starts), number))
            kinds.append(one)
    joined = Joined(columns, order, kinds)
    if not kinds:
        return joined
    joined.begin, joined.kind, parts = map(np.concatenate, (begin, kind, part))
    first = np.array([one.places[0] for one in kinds])
    moment = columns.time[order[joined.begin + first[joined.kind]]]
    by_time = np.lexsort((parts, order[joined.begin], moment))
    joined.begin, joined.kind = joined.begin[by_time], joined.kind[by_time]
    firsts = order[joined.begin + first[joined.kind]]
    joined.answers = requests([kind.ends for kind in kinds], joined.kind, marks.fields, firsts)
    _conclude(joined, wiring)
    return joined


@dataclass(frozen=True, slots=True)
class Members:
    """The groups of one kind: where they start in the order, and how many sightings each has."""

    starts: Array
    size: int


def _kinds_of(starts: Array, sizes: Array, code: Array) -> Iterator[Members]:
    """Groups whose codes are the same, sighting by sighting."""
    by_size = np.argsort(sizes, kind="stable")
    ends = np.flatnonzero(np.diff(sizes[by_size])) + 1
    for part in np.split(by_size, ends):
        if not len(part):
            continue
        size, begin = int(sizes[part[0]]), starts[part]
        codes = np.ascontiguousarray(code[begin[:, None] + np.arange(size)])
        texts = codes.view(f"V{size * code.itemsize}").ravel().tolist()
        known: dict[bytes, int] = {}
        number = np.fromiter(map(known.setdefault, texts, range(len(texts))), np.int64, len(texts))
        order = np.argsort(number, kind="stable")
        for alike in np.split(order, np.flatnonzero(np.diff(number[order])) + 1):
            yield Members(begin[alike], size)


def _kinds(columns: Columns, order: Array, members: Members, wiring: Wiring) -> list[Kind]:
    """What such a group's sightings are, one kind for each packet among them."""
    start = int(members.starts[0])
    group = _sightings(columns, order[start : start + members.size])
    places = {id(sighting[0]): place for place, sighting in enumerate(group)}
    found = []
    for trip in separate(in_order(group, wiring)):
        example = Journey(hops(trip), reached=False)
        at = np.array([places[id(frame)] for frame, _ in trip])
        found.append(Kind(at, example, ends_of(example)))
    return found


def _sightings(columns: Columns, rows: Array) -> list[tuple[Frame, Packet]]:
    frames = map(columns.frame, rows.tolist())
    return [(frame, decode(frame.data)) for frame in frames]


def _conclude(joined: Joined, wiring: Wiring) -> None:
    """Where they end: once for each kind of journey and of what it answers."""
    asked = np.where(joined.answers == NOBODY, NOBODY, joined.kind[joined.answers])
    both = joined.kind * (len(joined.kinds) + 1) + asked + 1
    pairs, joined.ending = np.unique(both, return_inverse=True)
    for pair in pairs.tolist():
        own, other = divmod(pair, len(joined.kinds) + 1)
        request = joined.kinds[other - 1].example if other else None
        journey = joined.kinds[own].example
        reached = is_reached(journey, request, wiring)
        joined.endings.append((reached, None if reached else expected_after(journey, request, wiring)))
