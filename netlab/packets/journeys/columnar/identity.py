"""Which of many sightings may be of one packet, and which look alike where they were seen."""

from __future__ import annotations

import struct
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import count

import numpy as np

from netlab.model import Packet
from netlab.packets.columns import Array, Columns, gather
from netlab.packets.decode import TCP_FLAGS, decode, innermost
from netlab.packets.header_columns import LOOK, NUMBERS, Fields, read
from netlab.packets.journeys.columnar.grouping import number, parts
from netlab.packets.journeys.sightings import invariants

# What identifies a packet besides its payload: protocol, IP id; type and code, or ethertype; sequence,
# acknowledgement and flags.
IDENTITY = struct.Struct("=BHHIIB")
WORD = 8  # bytes
IDENTITIES = np.dtype(
    [
        *((name, f"={kind}") for name, kind in zip("pitsaf", "u1 u2 u2 u4 u4 u1".split(), strict=True)),
        ("", f"V{2 * WORD - IDENTITY.size}"),
    ]
)


class Identifier:
    """Gives equal numbers to sightings that may be of one packet, and to sightings that look alike."""

    def __init__(self, columns: Columns) -> None:
        self.columns, self.fields = columns, read(columns)
        self.packet = np.empty(len(columns), np.int64)
        self.look = np.empty(len(columns), np.int64)
        self._identities = _identities(self.fields)
        self._looks: dict[Hashable, int] = {}
        self._numbers = count(len(columns))  # those of the common packets are lower
        common, odd = np.flatnonzero(~self.fields.odd), np.flatnonzero(self.fields.odd)
        examples = self._common_packets(common)
        for part in parts(common, LOOK):
            self._common_looks(part)
        if len(odd):
            self._odd_ones(odd, examples)

    def _common_packets(self, rows: Array) -> list[Array]:
        """By the bytes of the identity and the payload together, those of one size at a time. A row of each
        packet: in as many arrays as there are sizes.
        """
        examples, packets = [], 0
        for some in _of_one_size(rows, self.fields.size[rows]):
            size = int(self.fields.size[some[0]])
            numbers, firsts = number(some, partial(self._words, size), 2 + -(-size // WORD))
            self.packet[some] = packets + numbers
            packets += len(firsts)
            examples.append(firsts)
        return examples

    def _words(self, size: int, rows: Array) -> list[Array]:
        """Identity and payload of rows whose payloads have that size, in columns of 8 bytes."""
        width = -(-size // WORD)
        data = gather(self.columns.data, self.fields.start[rows], width * WORD)
        payload: Array = data.ravel().view(np.uint64).reshape(len(rows), width)
        if behind := width * WORD - size:  # bytes that are another's
            payload[:, -1] &= np.frombuffer(b"\xff" * (WORD - behind) + bytes(behind), np.uint64)
        return [*self._identities[rows].view(np.uint64).T, *payload.T]

    def _common_looks(self, rows: Array) -> None:
        """Most of what passes a point in one direction looks like the first: the others are looked up."""
        looks, columns = self.fields.look, self.columns
        while len(rows):
            place = columns.point[rows] * 2 + columns.outgoing[rows]
            first = np.zeros(int(place.max()) + 1, np.int64)
            first[place[::-1]] = rows[::-1]
            firsts, like = np.unique(first[place]), first[place]
            self.look[firsts] = self._number(looks[firsts])
            alike = (looks[rows] == looks[like]).all(axis=1)
            self.look[rows[alike]] = self.look[like[alike]]
            rows = rows[~alike]
            if 2 * len(rows) > len(alike):
                self.look[rows] = self._number(looks[rows])
                return

    def _odd_ones(self, rows: Array, examples: Sequence[Array]) -> None:
        """One by one; what is found in one of these may be found in a common one, too."""
        known: dict[Hashable, int] = {}
        for some in examples:
            payloads = gather(self.columns.data, self.fields.start[some], int(self.fields.size[some[0]]))
            identities = self._identities[some, : IDENTITY.size]
            keys = np.concatenate([identities, payloads], axis=1)
            known.update(zip(_texts(keys), self.packet[some].tolist(), strict=True))
        for row in rows.tolist():
            self._odd(row, known)

    def _odd(self, row: int, known: dict[Hashable, int]) -> None:
        packet = decode(self.columns.bytes_of(row))
        inner, fields = innermost(packet), self.fields
        key: Hashable = invariants(packet)
        if inner.quoted is None:
            flags = sum(1 << TCP_FLAGS.index(flag) for flag in inner.flags)
            tcp, icmp = inner.protocol == "tcp", inner.protocol in ("icmp", "icmpv6")
            kind = inner.icmp_type << 8 | inner.icmp_code if icmp else 0 if tcp else inner.ethertype
            sequence = inner.sequence if tcp or icmp else 0
            acknowledged = inner.acknowledgement if tcp else 0
            protocol = NUMBERS[inner.protocol]
            head = IDENTITY.pack(protocol, inner.ip_id, kind, sequence, acknowledged, flags if tcp else 0)
            key = head + inner.payload
            fields.sequence[row], fields.acknowledgement[row] = sequence, acknowledged
            fields.flags[row] = flags
        fields.size[row] = len(inner.payload)
        self.packet[row] = known.setdefault(key, next(self._numbers))
        place = int(self.columns.point[row]), bool(self.columns.outgoing[row])
        self.look[row] = self._looks.setdefault((*place, _strip(packet)), next(self._numbers))

    def _number(self, looks: Array) -> Array:
        """For each row of bytes its number: one that nothing else has, for new ones."""
        return np.fromiter(map(self._looks.setdefault, _texts(looks), self._numbers), np.int64, len(looks))


def _identities(fields: Fields) -> Array:
    """What identifies each packet besides its payload, and zeros: shape (rows, two words), uint8."""
    found = np.zeros(len(fields.size), IDENTITIES)
    columns = (
        fields.protocol,
        fields.ip_id,
        fields.kind,
        fields.sequence,
        fields.acknowledgement,
        fields.flags,
    )
    for name, column in zip("pitsaf", columns, strict=True):
        found[name] = column
    return found.view(np.uint8).reshape(-1, IDENTITIES.itemsize)


def _texts(keys: Array) -> list[bytes]:
    texts: list[bytes] = keys.view(f"V{keys.shape[1]}").ravel().tolist()
    return texts


def _strip(packet: Packet) -> Packet:
    """What it looks like, without what every packet has its own of."""
    inner = None if packet.inner is None else _strip(packet.inner)
    payload = packet.payload[:8] if packet.protocol == "arp" else b""
    return replace(packet, ip_id=0, sequence=0, acknowledgement=0, payload=payload, quoted=None, inner=inner)


def _of_one_size(rows: Array, sizes: Array) -> Iterator[Array]:
    """The rows in parts, each of one size."""
    order = np.argsort(sizes, kind="stable")
    ends = np.flatnonzero(np.diff(sizes[order])) + 1
    return (part for part in np.split(rows[order], ends) if len(part))
