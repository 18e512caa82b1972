"""The header fields of many frames at once, as netlab.packets.decode reads those of one.

Frames of the common kinds are read by column: Ethernet with IPv4, whole, in fragments or with options, IPv6
without extension headers, ARP; of their contents ICMP echoes, TCP, UDP. All others (ICMP errors, VXLAN, VLAN,
what is cut short or makes no sense) are decoded one by one, into the same columns.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from netlab.packets.columns import Array, Columns, gather
from netlab.packets.decode import (
    ETH_P_ARP,
    ETH_P_IP,
    ETH_P_IPV6,
    ICMP,
    ICMP_ERRORS,
    ICMPV6,
    ICMPV6_ERRORS,
    IPV6_EXTENSIONS,
    TCP,
    UDP,
    VLAN_TAGS,
    VXLAN_PORT,
)

PROTOCOLS = ("icmp", "icmpv6", "tcp", "udp", "ip", "ipv6", "arp", "other")
NUMBERS = {name: number for number, name in enumerate(PROTOCOLS)}
AT_ONCE = 1 << 15  # frames whose fields one processor reads together
LOOK = 56  # bytes that tell what a packet looks like where it was seen


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
    rows = np.arange(len(columns))
    parts = [rows[at : at + AT_ONCE] for at in range(0, len(rows), AT_ONCE)] or [rows]
    found = _side_by_side(lambda part: _read(columns.take(part)), parts)
    return Fields(*(np.concatenate([getattr(part, name) for part in found]) for name in Fields.__slots__))


def _side_by_side(work: Callable[[Array], Fields], parts: Sequence[Array]) -> list[Fields]:
    """`work` of each part, on all processors: numpy lets other threads run while it counts."""
    if len(parts) < 2:
        return list(map(work, parts))
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as workers:
        return list(workers.map(work, parts))


def _read(columns: Columns) -> Fields:
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
    _put(look[:, 18:26], head[:, 26:34], net.v4)
    _put(look[:, 18:50], head[:, 22:54], net.v6)
    _put(look[:, 18:22], head[:, 28:32], net.arp)
    _put(look[:, 22:26], head[:, 38:42], net.arp)
    _put(look[:, 26:28], head[:, 20:22], net.arp)  # asks or answers
    has_ports = (made.protocol == NUMBERS["tcp"]) | (made.protocol == NUMBERS["udp"])
    _put(look[:, 50:54], there[:, 0:4], has_ports)
    _put(look[:, 50:52], there[:, 0:2], made.protocol <= NUMBERS["icmpv6"])
    _put(look[:, 52:54], there[:, 4:6], echo)
    look[:, 54] = made.flags


def _put(place: Array, what: Array, rows: Array) -> None:
    """Fill those rows: often all of them, or none."""
    if rows.all():
        place[:] = what
    elif rows.any():
        np.copyto(place, what, where=rows[:, None])


def _be16(head: Array, at: int) -> Array:
    return _big_endian(head, at, ">u2")


def _be32(head: Array, at: int) -> Array:
    return _big_endian(head, at, ">u4")


def _big_endian(head: Array, at: int, kind: str) -> Array:
    """A number of every row, in one pass."""
    return np.ndarray(len(head), kind, head, at, head.strides[:1]).astype(np.int64)
