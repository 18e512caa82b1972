"""Which of many journeys answers which: the same as netlab.packets.journeys.replies finds one by one, with
numbers for flows.

An echo or an ARP message says itself whether it asks or answers, so those are looked up all at once. Of TCP
and UDP that follows from what came before, so those are gone through in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from netlab.model import Journey
from netlab.packets.columns import Array
from netlab.packets.decode import innermost
from netlab.packets.header_columns import Fields
from netlab.packets.journeys.replies import Flow, Turn, flows_of, is_reply, is_request, link

NOBODY = -1  # instead of the index of a request


@dataclass(frozen=True, slots=True)
class Ends:
    """Who talks to whom in all journeys of one kind, and in which role."""

    flows: tuple[Flow, ...]  # with sequence 0
    protocol: str
    asks: bool
    replies: bool
    counted: int  # SYN and FIN count as one byte each


def ends_of(journey: Journey) -> Ends:
    """What decides which request a journey answers."""
    packet = innermost(journey.first.packet)
    flows = tuple(dict.fromkeys(flow._replace(sequence=0) for flow in flows_of(journey)))
    counted = ("S" in packet.flags) + ("F" in packet.flags)
    return Ends(flows, packet.protocol, is_request(packet), is_reply(packet), counted)


def requests(kinds: Sequence[Ends], kind: Array, fields: Fields, rows: Array) -> Array:
    """For each journey, by time, the index of the one that it answers, or NOBODY.

    `kind` tells which of the kinds it is of, `rows` where in the fields its first sighting is.
    """
    answers = np.full(len(kind), NOBODY)
    numbers: dict[Flow, int] = {}
    there = [[numbers.setdefault(flow, len(numbers)) for flow in ends.flows] for ends in kinds]
    back = [[numbers.setdefault(flow.reverse(), len(numbers)) for flow in ends.flows] for ends in kinds]
    talks = np.array([ends.protocol in ("tcp", "udp") for ends in kinds], bool)
    asks, replies = (np.array([getattr(ends, name) for ends in kinds], bool) for name in ("asks", "replies"))
    asking, replying = (np.flatnonzero((role & ~talks)[kind]) for role in (asks, replies))
    if len(asking) and len(replying):
        keys = _keys(there, kind[asking], fields.sequence[rows[asking]])
        queries = _keys(back, kind[replying], fields.sequence[rows[replying]])
        answers[replying] = _latest(keys, asking, queries, replying, len(kind))
    talking = np.flatnonzero(talks[kind])
    turns = _turns(kinds, there, back, kind[talking], fields, rows[talking])
    found = np.fromiter((NOBODY if r is None else r for r in link(turns)), np.int64, len(talking))
    answers[talking] = np.where(found == NOBODY, NOBODY, talking[found])
    return answers


def _keys(flows: Sequence[Sequence[int]], kind: Array, sequence: Array) -> list[Array]:
    """For each journey a number for its first flow and sequence, its second …; -1 where there is none."""
    width = max(map(len, flows))
    table = np.array([[*numbers, *[-1] * (width - len(numbers))] for numbers in flows], np.int64)
    chosen = table.reshape(len(flows), width)[kind]
    return [np.where(column < 0, -1, (column << 32) + sequence) for column in chosen.T]


def _latest(keys: Sequence[Array], asking: Array, queries: Sequence[Array], replying: Array, n: int) -> Array:
    """The last of the asking journeys before each that replies with a key that it looks for: of the first key
    that anybody asked with. All are indexes below n."""
    every, index = np.concatenate(keys), np.tile(asking, len(keys))
    known, rank = np.unique(every, return_inverse=True)
    asked = np.sort(rank * n + index)  # by key, and then by time
    found = np.full(len(replying), NOBODY)
    for query in queries:
        place = np.minimum(np.searchsorted(known, query), len(known) - 1)
        before = np.searchsorted(asked, place * n + replying) - 1
        request = asked[before] - place * n
        is_one = (known[place] == query) & (query >= 0) & (before >= 0) & (request >= 0)
        found = np.where((found == NOBODY) & is_one, request, found)
    return found


def _turns(
    kinds: Sequence[Ends],
    there: Sequence[Sequence[int]],
    back: Sequence[Sequence[int]],
    kind: Array,
    fields: Fields,
    rows: Array,
) -> Iterator[Turn]:
    """Those of TCP and UDP as netlab.packets.journeys.replies sees them."""
    known = [
        (Turn(tuple(out), tuple(home), ends.asks, ends.replies), ends.protocol == "tcp", ends.counted)
        for ends, out, home in zip(kinds, there, back, strict=True)
    ]
    columns = (fields.sequence[rows], fields.size[rows], fields.acknowledgement[rows])
    for number, sequence, size, acknowledgement in zip(
        kind.tolist(), *(c.tolist() for c in columns), strict=True
    ):
        turn, is_tcp, counted = known[number]
        if is_tcp:
            turn = turn._replace(end=(sequence + size + counted) % 2**32, acknowledgement=acknowledgement)
        yield turn
