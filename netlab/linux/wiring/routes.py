"""Routes of all tables, and nexthop objects: read as values of netlab.model.pack, added and deleted.

Of routes to the same place the first one counts, so their order is kept: each is added behind the others.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace

from netlab.linux.netlink import messages as rt
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.wiring.fields import Unfit, ip_bytes, prefix_bytes
from netlab.model import pack

RTA_SRC, RTA_METRICS, RTA_MULTIPATH, RTA_VIA, RTA_ENCAP_TYPE, RTA_NH_ID = 2, 8, 9, 18, 21, 30
METRICS = {
    name: number
    for number, name in enumerate(
        (
            *("lock", "mtu", "window", "rtt", "rttvar", "ssthresh", "cwnd", "advmss", "reordering"),
            *("hoplimit", "initcwnd", "features", "rto_min", "initrwnd", "quickack"),
        ),
        1,
    )
}
NHA_GROUP, NHA_BLACKHOLE, NHA_OIF, NHA_GATEWAY, NHA_FDB = 2, 4, 5, 6, 11
RT_TABLE_COMPAT = 252  # for a table whose number has no room here: it stands beside it
RTM_F_CLONED, ONLINK = 0x200, 4
_PASSING = 0x1 | 0x8 | 0x10 | 0x20 | 0x40 | 0x4000 | 0x8000  # dead, offload, linkdown, … of a route's flags
_HOP = struct.Struct("=HBBi")
_NHMSG = struct.Struct("=BBBBI")
_MEMBER = struct.Struct("=IBBH")
_ANY = rt.RTMSG.pack(0, 0, 0, 0, 0, 0, 0, 0, 0)


def read(kernel: RouteSocket, left_out: list[str] | None = None) -> tuple[pack.Route, ...]:
    """The routes of every table, but what the kernel keeps by itself for IPv6. Destinations of those that put
    packets into others are put into `left_out`. OSError."""
    found = []
    for _, content in kernel.query(rt.RTM_GETROUTE, rt.NLM_F_DUMP, _ANY):
        route = _route(content)
        if route and RTA_ENCAP_TYPE in rt.attributes(content, rt.RTMSG.size):
            if left_out is not None:
                left_out.append(route.destination)
        elif route:
            found.append(route)
    return tuple(found)


def _route(content: bytes) -> pack.Route | None:
    family, length, from_length, tos, table, protocol, scope, kind, flags = rt.RTMSG.unpack_from(content)
    if family not in (socket.AF_INET, socket.AF_INET6) or flags & RTM_F_CLONED:
        return None
    words = rt.attributes(content, rt.RTMSG.size)
    table = rt.number(words.get(rt.RTA_TABLE), table)
    if family == socket.AF_INET6 and protocol == rt.RTPROT_KERNEL and kind != rt.RTN_UNICAST:
        return None  # they come and go with the addresses
    nothing = "::" if family == socket.AF_INET6 else "0.0.0.0"
    origin = f"{rt.ip(words[RTA_SRC])}/{from_length}" if RTA_SRC in words else ""
    return pack.Route(
        destination=f"{rt.ip(words.get(rt.RTA_DST)) or nothing}/{length}",
        table=table,
        kind=rt.RTN_UNICAST if RTA_NH_ID in words else kind,  # shown is what its object is
        protocol=protocol,
        scope=scope,
        tos=tos,
        flags=flags & ~_PASSING,
        index=rt.number(words.get(rt.RTA_OIF)),
        gateway=_gateway(words),
        source=rt.ip(words.get(rt.RTA_PREFSRC)),
        origin=origin,
        metric=rt.number(words.get(rt.RTA_PRIORITY)),
        preference=rt.number(words.get(rt.RTA_PREF)),
        nexthop=rt.number(words.get(RTA_NH_ID)),
        metrics=_metrics(words.get(RTA_METRICS, b"")),
        hops=tuple(_hops(words.get(RTA_MULTIPATH, b""))),
    )


def _gateway(words: rt.Attributes) -> str:
    via = words.get(RTA_VIA, b"")
    return rt.ip(words.get(rt.RTA_GATEWAY)) or rt.ip(via[2:])


def _metrics(raw: bytes) -> dict[str, int]:
    found = rt.attributes(raw)
    return {name: rt.number(found[number]) for name, number in METRICS.items() if number in found}


def _hops(raw: bytes) -> Iterator[pack.Hop]:
    at = 0
    while at + _HOP.size <= len(raw):
        length, flags, weight, index = _HOP.unpack_from(raw, at)
        if length < _HOP.size:
            return
        words = rt.attributes(raw[: at + length], at + _HOP.size)
        yield pack.Hop(index, _gateway(words), weight, flags & ~_PASSING & 0xFF)
        at += (length + 3) & ~3


def add(kernel: RouteSocket, route: pack.Route) -> None:
    """Behind all others to the same place. Unfit; OSError."""
    flags = rt.NLM_F_CREATE | rt.NLM_F_APPEND
    told = replace(route, kind=rt.RTN_UNICAST) if route.nexthop else route
    kernel.request(rt.RTM_NEWROUTE, flags, _body(told), f"add route {route.destination}")


def delete(kernel: RouteSocket, route: pack.Route) -> None:
    """Unfit; OSError."""
    told = replace(route, kind=0) if route.nexthop else route  # of which kind it is, is its object's
    kernel.request(rt.RTM_DELROUTE, 0, _body(told), f"delete route {route.destination}")


def _body(route: pack.Route) -> bytes:
    family, raw, length = prefix_bytes(route.destination)
    from_length, words = 0, b""
    if route.origin:
        _, raw_origin, from_length = prefix_bytes(route.origin)
        words += rt.attribute(RTA_SRC, raw_origin)
    body = rt.RTMSG.pack(
        *(
            family,
            length,
            from_length,
            route.tos,
            min(route.table, 252) if route.table > 255 else route.table,
        ),
        *(route.protocol, route.scope, route.kind, route.flags),
    )
    words += rt.attribute(rt.RTA_TABLE, route.table)
    words += rt.attribute(rt.RTA_DST, raw) if length else b""
    words += rt.attribute(rt.RTA_OIF, route.index) if route.index and not route.nexthop else b""
    words += _way(family, route.gateway) if not route.nexthop else b""
    words += rt.attribute(rt.RTA_PREFSRC, ip_bytes(route.source)[1]) if route.source else b""
    words += rt.attribute(rt.RTA_PRIORITY, route.metric) if route.metric else b""
    words += rt.attribute(rt.RTA_PREF, bytes([route.preference])) if route.preference else b""
    words += rt.attribute(RTA_NH_ID, route.nexthop) if route.nexthop else b""
    if route.metrics:
        words += rt.attribute(RTA_METRICS, _metrics_body(route))
    if route.hops and not route.nexthop:
        words += rt.attribute(RTA_MULTIPATH, b"".join(_hop_body(family, hop) for hop in route.hops))
    return body + words


def _metrics_body(route: pack.Route) -> bytes:
    if unknown := route.metrics.keys() - METRICS.keys():
        raise Unfit(f"there is no metric {sorted(unknown)[0]!r}")
    if not all(0 <= value < 1 << 32 for value in route.metrics.values()):
        raise Unfit("a metric has 32 bits")
    return b"".join(rt.attribute(METRICS[name], value) for name, value in route.metrics.items())


def _way(family: int, gateway: str) -> bytes:
    """The gateway's address, which for an IPv4 route may be an IPv6 one."""
    if not gateway:
        return b""
    own, raw = ip_bytes(gateway)
    return (
        rt.attribute(rt.RTA_GATEWAY, raw)
        if own == family
        else rt.attribute(RTA_VIA, struct.pack("=H", own) + raw)
    )


def _hop_body(family: int, hop: pack.Hop) -> bytes:
    way = _way(family, hop.gateway)
    head = _HOP.pack(_HOP.size + len(way), hop.flags, hop.weight, hop.index)
    return head + way


def place(route: pack.Route) -> tuple[object, ...]:
    """What two routes have in common of which the first counts."""
    return (":" in route.destination, route.table, route.destination, route.tos, route.origin, route.metric)


def in_order(wanted: Sequence[pack.Route]) -> list[pack.Route]:
    """So that each finds its gateway: first what leads to a link by itself, the wider before the narrower."""
    return sorted(wanted, key=lambda route: bool(route.gateway or route.hops or route.nexthop))


# -- nexthop objects


def read_nexthops(kernel: RouteSocket) -> tuple[pack.NextHop, ...]:
    """The nexthop objects of a namespace; none where the kernel has none."""
    try:
        body = _NHMSG.pack(0, 0, 0, 0, 0)
        return tuple(_nexthop(c) for _, c in kernel.query(rt.RTM_GETNEXTHOP, rt.NLM_F_DUMP, body))
    except OSError:
        return ()


def _nexthop(content: bytes) -> pack.NextHop:
    family, _, protocol, _, flags = _NHMSG.unpack_from(content)
    words = rt.attributes(content, _NHMSG.size)
    group = words.get(NHA_GROUP, b"")
    members = [_MEMBER.unpack_from(group, at) for at in range(0, len(group), _MEMBER.size)]
    return pack.NextHop(
        id=rt.number(words.get(rt.NHA_ID)),
        family=family,
        protocol=protocol,
        flags=flags & ~_PASSING,
        index=rt.number(words.get(NHA_OIF)),
        gateway=rt.ip(words.get(NHA_GATEWAY)),
        blackhole=NHA_BLACKHOLE in words,
        fdb=NHA_FDB in words,
        group=tuple((member[0], member[1]) for member in members),
    )


def add_nexthop(kernel: RouteSocket, hop: pack.NextHop) -> None:
    """Unfit; OSError."""
    body = _NHMSG.pack(hop.family, 0, hop.protocol, 0, hop.flags) + rt.attribute(rt.NHA_ID, hop.id)
    body += rt.attribute(NHA_BLACKHOLE, b"") if hop.blackhole else b""
    body += rt.attribute(NHA_FDB, b"") if hop.fdb else b""
    body += rt.attribute(NHA_OIF, hop.index) if hop.index else b""
    body += rt.attribute(NHA_GATEWAY, ip_bytes(hop.gateway)[1]) if hop.gateway else b""
    if hop.group:
        if not all(0 < number < 1 << 32 and 0 <= weight < 256 for number, weight in hop.group):
            raise Unfit("a member of a group has a number and a weight")
        body += rt.attribute(NHA_GROUP, b"".join(_MEMBER.pack(n, w, 0, 0) for n, w in hop.group))
    kernel.request(rt.RTM_NEWNEXTHOP, rt.NLM_F_CREATE | rt.NLM_F_EXCL, body, f"add nexthop {hop.id}")


def delete_nexthop(kernel: RouteSocket, hop: pack.NextHop) -> None:
    """With the routes that use it. OSError."""
    body = _NHMSG.pack(0, 0, 0, 0, 0) + rt.attribute(rt.NHA_ID, hop.id)
    kernel.request(rt.RTM_DELNEXTHOP, 0, body, f"delete nexthop {hop.id}")
