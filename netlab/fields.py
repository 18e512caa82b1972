"""The header fields of many frames at once, as netlab.decode reads those of one.

Frames of the common kinds are read by column: Ethernet with IPv4, whole, in fragments or with options, IPv6
without extension headers, ARP; of their contents ICMP echoes, TCP, UDP. All others (ICMP errors, VXLAN, VLAN,
what is cut short or makes no sense) are decoded one by one, into the same columns.
"""

from __future__ import annotations

import struct
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from netlab.columns import Array, Columns, gather
from netlab.decode import (
    ETH_P_ARP,
    ETH_P_IP,
    ETH_P_IPV6,
    ICMP,
    ICMP_ERRORS,
    ICMPV6,
    ICMPV6_ERRORS,
    IPV6_EXTENSIONS,
    TCP,
    TCP_FLAGS,
    UDP,
    VLAN_TAGS,
    VXLAN_PORT,
    carried,
    decode,
)
from netlab.model import Packet
from netlab.trips import invariants

PROTOCOLS = ("icmp", "icmpv6", "tcp", "udp", "ip", "ipv6", "arp", "other")
NUMBERS = {name: number for number, name in enumerate(PROTOCOLS)}
# What identifies a packet besides its payload: protocol, IP id; type and code, or ethertype; sequence,
# acknowledgement and flags.
IDENTITY = struct.Struct("=BHHIIB")
IDENTITIES = np.dtype(
    [(name, f"={kind}") for name, kind in zip("pitsaf", ("u1", "u2", "u2", "u4", "u4", "u1"), strict=True)]
)
LOOK = 56  # bytes that tell what a packet looks like where it was seen
TOGETHER = 1 << 20  # bytes that are gathered at once: they stay in the processor's cache


@dataclass(slots=True)
class Fields:
    """For each row of the columns; what is not in the packet is 0."""

    protocol: Array
    ip_id: Array
    kind: Array  # type and code of ICMP, or the ethertype
    sequence: Array
    acknowledgement: Array
    flags: Array
    start: Array  # of the payload, in the columns' data
    size: Array  # of the payload
    look: Array  # shape (rows, LOOK)
    odd: Array  # whether the row is none of the common kinds: nothing of the above holds


def read(columns: Columns) -> Fields:
    """The fields of every frame."""
    head = gather(columns.data, columns.at, 54)
    captured, ethertype, first = columns.captured, _be16(head, 12), head[:, 14]
    inner, total, fragment = (first & 15).astype(np.int64) * 4, _be16(head, 16), _be16(head, 20) & 0x1FFF
    v4 = (ethertype == ETH_P_IP) & (captured >= 34) & (first >> 4 == 4)
    v4 &= (inner >= 20) & (captured >= 14 + inner) & ((total == 0) | (total >= inner))
    v6 = (ethertype == ETH_P_IPV6) & (captured >= 54) & (first >> 4 == 6)
    v6 &= ~np.isin(head[:, 20], list(IPV6_EXTENSIONS))
    arp = (ethertype == ETH_P_ARP) & (captured >= 42)
    arp &= (head[:, 14:20] == np.frombuffer(b"\0\1\x08\0\6\4", np.uint8)).all(axis=1)
    known = [ETH_P_IP, ETH_P_IPV6, ETH_P_ARP, *VLAN_TAGS]
    other = (captured >= 14) & ~np.isin(ethertype, known)
    ip = v4 | v6
    base = np.where(v4, 14 + inner, np.where(v6, 54, 14))
    said = np.where(v4, 14 + total, 54 + _be16(head, 18))
    open_end = np.where(v4, total == 0, _be16(head, 18) == 0)
    end = np.where(ip & ~open_end, np.minimum(said, captured), captured)
    return _with_transport(columns, head, _Network(v4, v6, arp, other, base, end, v4 & (fragment != 0)))


@dataclass(frozen=True, slots=True)
class _Network:
    """What the network layer says: which rows are what, and where the transport layer begins and ends."""

    v4: Array
    v6: Array
    arp: Array
    other: Array
    base: Array
    end: Array
    later: Array  # not a packet's first fragment: no transport header follows


def _with_transport(columns: Columns, head: Array, net: _Network) -> Fields:
    v4, v6, base, end = net.v4, net.v6, net.base, net.end
    body, ip = np.maximum(end - base, 0), v4 | v6
    carries = np.where(net.later, 0, np.where(v4, head[:, 23], np.where(v6, head[:, 20], 0)))
    there = gather(columns.data, columns.at + base, 20)
    length, offset = _be16(there, 4), (there[:, 12] >> 4).astype(np.int64) * 4
    is_icmp, is_icmpv6 = v4 & (carries == ICMP) & ~net.later, v6 & (carries == ICMPV6)
    is_tcp, is_udp = ip & (carries == TCP) & ~net.later, ip & (carries == UDP) & ~net.later
    bare = ip & ~(is_icmp | is_icmpv6 | is_tcp | is_udp)
    echo = (is_icmp & np.isin(there[:, 0], (0, 8))) | (is_icmpv6 & np.isin(there[:, 0], (128, 129)))
    error = (is_icmp & np.isin(there[:, 0], list(ICMP_ERRORS))) | (
        is_icmpv6 & np.isin(there[:, 0], list(ICMPV6_ERRORS))
    )
    is_icmp, is_icmpv6 = (some & (body >= 8) & ~error for some in (is_icmp, is_icmpv6))
    is_tcp &= (body >= 20) & (offset >= 20) & (body >= offset)
    is_udp &= (body >= 8) & ((length == 0) | (length >= 8)) & (_be16(there, 2) != VXLAN_PORT)
    which = (is_icmp, is_icmpv6, is_tcp, is_udp, bare & v4, bare & v6, net.arp, net.other)
    protocol = np.select(which, range(len(which)), len(which)).astype(np.uint8)
    start = base + np.select((is_icmp | is_icmpv6 | is_udp, is_tcp), (8, offset), 0)
    end = np.where(is_udp & (length != 0), np.minimum(end, base + length), np.where(net.arp, 42, end))
    icmp = is_icmp | is_icmpv6
    made = Fields(
        protocol,
        np.where(v4, _be16(head, 18), 0),
        np.where(icmp, _be16(there, 0), np.where(is_tcp, 0, _be16(head, 12))),
        np.where(is_tcp, _be32(there, 4), np.where(echo, _be16(there, 6), 0)),
        np.where(is_tcp, _be32(there, 8), 0),
        np.where(is_tcp, there[:, 13], 0),
        columns.at + start,
        np.maximum(end - start, 0),
        np.zeros((len(columns), LOOK), np.uint8),
        protocol == len(which),
    )
    _look(columns, head, there, made, net, echo)
    return made


def _look(columns: Columns, head: Array, there: Array, made: Fields, net: _Network, echo: Array) -> None:
    """Fill in what a packet looks like where it was seen: all that its journey's end is judged by."""
    look = made.look
    look[:, 0:4] = (
        (columns.point.astype("=u4") * 2 + columns.outgoing).astype("=u4").view(np.uint8).reshape(-1, 4)
    )
    look[:, 4] = made.protocol
    look[:, 5] = np.where(net.v4, head[:, 22], np.where(net.v6, head[:, 21], 0))
    look[:, 6:18] = head[:, 0:12]
    np.copyto(look[:, 18:26], head[:, 26:34], where=net.v4[:, None])
    if net.v6.any():
        np.copyto(look[:, 18:50], head[:, 22:54], where=net.v6[:, None])
    np.copyto(look[:, 18:22], head[:, 28:32], where=net.arp[:, None])
    np.copyto(look[:, 22:26], head[:, 38:42], where=net.arp[:, None])
    np.copyto(look[:, 26:28], head[:, 20:22], where=net.arp[:, None])  # asks or answers
    has_ports = (made.protocol == NUMBERS["tcp"]) | (made.protocol == NUMBERS["udp"])
    np.copyto(look[:, 50:54], there[:, 0:4], where=has_ports[:, None])
    is_icmp = made.protocol <= NUMBERS["icmpv6"]
    np.copyto(look[:, 50:52], there[:, 0:2], where=is_icmp[:, None])
    np.copyto(look[:, 52:54], there[:, 4:6], where=echo[:, None])
    look[:, 54] = made.flags


def _be16(head: Array, at: int) -> Array:
    return _big_endian(head, at, ">u2")


def _be32(head: Array, at: int) -> Array:
    return _big_endian(head, at, ">u4")


def _big_endian(head: Array, at: int, kind: str) -> Array:
    """A number of every row, in one pass."""
    return np.ndarray(len(head), kind, head, at, head.strides[:1]).astype(np.int64)


class Identifier:
    """Gives equal numbers to sightings that may be of one packet, and to sightings that look alike."""

    def __init__(self, columns: Columns) -> None:
        self.columns, self.fields = columns, read(columns)
        self.packet = np.empty(len(columns), np.int64)
        self.look = np.empty(len(columns), np.int64)
        self._packets: dict[Hashable, int] = {}
        self._looks: dict[Hashable, int] = {}
        self._numbers = count()
        self._common(np.flatnonzero(~self.fields.odd))
        for row in np.flatnonzero(self.fields.odd).tolist():
            self._odd(row)

    def _common(self, rows: Array) -> None:
        """By the bytes of the identity and the payload together, those of one size at a time."""
        fields = self.fields
        identity = np.empty(len(self.columns), IDENTITIES)
        columns = (
            fields.protocol,
            fields.ip_id,
            fields.kind,
            fields.sequence,
            fields.acknowledgement,
            fields.flags,
        )
        for name, column in zip("pitsaf", columns, strict=True):
            identity[name] = column
        numbers = identity.view(np.uint8).reshape(-1, IDENTITY.size)
        for some in _alike(rows, fields.size[rows]):
            width = int(fields.size[some[0]])
            for part in _parts(some, IDENTITY.size + width):
                payload = gather(self.columns.data, fields.start[part], width)
                keys = np.concatenate([numbers[part], payload], axis=1)
                self.packet[part] = self._numbered(keys, self._packets)
        for part in _parts(rows, LOOK):
            self._common_looks(part)

    def _common_looks(self, rows: Array) -> None:
        """Most of what passes a point in one direction looks like the first: the others are looked up."""
        looks, columns = self.fields.look, self.columns
        while len(rows):
            place = columns.point[rows] * 2 + columns.outgoing[rows]
            first = np.zeros(int(place.max()) + 1, np.int64)
            first[place[::-1]] = rows[::-1]
            firsts, like = np.unique(first[place]), first[place]
            self.look[firsts] = self._numbered(looks[firsts], self._looks)
            alike = (looks[rows] == looks[like]).all(axis=1)
            self.look[rows[alike]] = self.look[like[alike]]
            rows = rows[~alike]
            if 2 * len(rows) > len(alike):
                self.look[rows] = self._numbered(looks[rows], self._looks)
                return

    def _odd(self, row: int) -> None:
        packet = decode(self.columns.bytes_of(row))
        inner, fields = carried(packet), self.fields
        key: Hashable = invariants(packet)
        if inner.quoted is None:
            flags = sum(1 << TCP_FLAGS.index(flag) for flag in inner.flags)
            tcp, icmp = inner.protocol == "tcp", inner.protocol in ("icmp", "icmpv6")
            kind = inner.icmp_type << 8 | inner.icmp_code if icmp else 0 if tcp else inner.ethertype
            sequence = inner.sequence if tcp or icmp else 0
            acknowledged = inner.acknowledgement if tcp else 0
            number = NUMBERS[inner.protocol]
            head = IDENTITY.pack(number, inner.ip_id, kind, sequence, acknowledged, flags if tcp else 0)
            key = head + inner.payload
            fields.sequence[row], fields.acknowledgement[row] = sequence, acknowledged
            fields.flags[row] = flags
        fields.size[row] = len(inner.payload)
        self.packet[row] = self._packets.setdefault(key, next(self._numbers))
        place = int(self.columns.point[row]), bool(self.columns.outgoing[row])
        self.look[row] = self._looks.setdefault((*place, _stripped(packet)), next(self._numbers))

    def _numbered(self, keys: Array, known: dict[Hashable, int]) -> Array:
        """For each row of bytes its number: one that nothing else has, for new ones."""
        texts = keys.view(f"V{keys.shape[1]}").ravel().tolist()
        return np.fromiter(map(known.setdefault, texts, self._numbers), np.int64, len(texts))


def _stripped(packet: Packet) -> Packet:
    """What it looks like, without what every packet has its own of."""
    inner = None if packet.inner is None else _stripped(packet.inner)
    payload = packet.payload[:8] if packet.protocol == "arp" else b""
    return replace(packet, ip_id=0, sequence=0, acknowledgement=0, payload=payload, quoted=None, inner=inner)


def _alike(rows: Array, sizes: Array) -> Iterator[Array]:
    """The rows in parts, each of one size."""
    order = np.argsort(sizes, kind="stable")
    ends = np.flatnonzero(np.diff(sizes[order])) + 1
    return (part for part in np.split(rows[order], ends) if len(part))


def _parts(rows: Array, width: int) -> Iterator[Array]:
    step = max(TOGETHER // width, 1)
    return (rows[at : at + step] for at in range(0, len(rows), step))
