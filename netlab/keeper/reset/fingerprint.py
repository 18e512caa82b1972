"""What a namespace holds, so that two looks at it can be compared: for a reset that keeps what is as it was.

More than a snapshot: all that ip(8), bridge(8), tc(8) and ethtool(8) set at links, addresses, routes, rules
and neighbours, as the bytes of the kernel's answers, without what counts or passes by itself. What comes by
itself a moment after a link is up, its IPv6 link-local address with its routes, is wanted once it has to be
there.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from netlab.linux.netlink import messages as rt
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.netns import enter

Fact = tuple[object, ...]
SETTINGS = "settings"  # of a link, whose index follows

_BY_ITSELF = rt.IFF_LOWER_UP | rt.IFF_RUNNING
# Of a link: operational state, carrier and its counts, statistics, how many listen to all; and what a bridge
# takes over from its ports for good, and nobody can set: the largest packets that they cut up themselves.
_PASSING = {
    *(rt.IFLA_OPERSTATE, rt.IFLA_CARRIER, rt.IFLA_CARRIER_CHANGES, rt.IFLA_CARRIER_UP_COUNT),
    *(rt.IFLA_CARRIER_DOWN_COUNT, rt.IFLA_STATS, rt.IFLA_STATS64, rt.IFLA_PROMISCUITY, rt.IFLA_ALLMULTI),
    *(rt.IFLA_TSO_MAX_SIZE, rt.IFLA_TSO_MAX_SEGS),
}
# Timers, topology changes, how many addresses were learned.
_BRIDGE_PASSING = {
    *(rt.IFLA_BR_TOPOLOGY_CHANGE, rt.IFLA_BR_TOPOLOGY_CHANGE_DETECTED, rt.IFLA_BR_FDB_N_LEARNED),
    *(rt.IFLA_BR_HELLO_TIMER, rt.IFLA_BR_TCN_TIMER, rt.IFLA_BR_TOPOLOGY_CHANGE_TIMER, rt.IFLA_BR_GC_TIMER),
}
_INET6_KEPT = {
    *(rt.IFLA_INET6_CONF, rt.IFLA_INET6_TOKEN, rt.IFLA_INET6_ADDR_GEN_MODE),
    rt.IFLA_INET6_RA_MTU,  # that a router told
}
_COMES_WITH = {
    rt.RTA_DST,
    rt.RTA_OIF,
    rt.RTA_PRIORITY,
    rt.RTA_TABLE,
    rt.RTA_PREF,
}  # of the kernel's own routes
_ROUTE, _NEIGHBOUR = rt.RTMSG.pack(0, 0, 0, 0, 0, 0, 0, 0, 0), rt.NDMSG.pack(0, 0, 0, 0, 0)
_REMEMBERED = 256  # answers of each kind, taken apart: most are the same each time
_SIOCETHTOOL, _GFEATURES, _WORDS = 0x8946, 0x3A, 4
_LARGEST = 1 << 20  # bytes of a list of groups


@dataclass(frozen=True)
class Link:
    """One link of a dump: what is set of it, of it for IPv4 and IPv6, and whether IPv6 is ready on it."""

    index: int
    name: str
    kind: str
    mac: bytes
    ready: bool
    fact: Fact
    settings: Fact

    @property
    def own(self) -> bytes:
        """The link-local address that it makes of its MAC address."""
        mac = self.mac
        return b"\xfe\x80" + bytes(6) + bytes((mac[0] ^ 2,)) + mac[1:3] + b"\xff\xfe" + mac[3:]


class Fingerprint:
    """A namespace (a descriptor or a path) with all opened that it takes to look at it. OSError."""

    def __init__(self, namespace: int | str) -> None:
        self.kernel = RouteSocket(namespace)
        with enter(namespace):
            self._door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # ioctl(2) is asked of it
            self._groups = os.open("/proc/thread-self/net/dev_mcast", os.O_RDONLY | os.O_CLOEXEC)

    def close(self) -> None:
        self.kernel.close()
        self._door.close()
        os.close(self._groups)

    def facts(self) -> Counter[Fact]:
        """All facts, with how many times each is there. OSError."""
        return Counter(self._all())

    def _all(self) -> Iterator[Fact]:
        kernel = self.kernel
        question = rt.IFINFO.pack(0, 0, 0, 0, 0) + rt.attribute(rt.IFLA_EXT_MASK, rt.RTEXT_FILTER_SKIP_STATS)
        links = [_link(body) for body in _dump(kernel, rt.RTM_GETLINK, question)]
        for link in links:
            yield from (link.fact, link.settings)
        yield from _features(self._door, [link.name for link in links])
        yield from _groups(self._groups)
        veths = {link.index: link for link in links if link.kind == "veth"}
        yield from _addresses_and_routes(kernel, veths)
        yield from (("rule", body) for body in _dump(kernel, rt.RTM_GETRULE, _ROUTE))
        yield from _neighbours(kernel)
        yield from map(_queue, _dump(kernel, rt.RTM_GETQDISC, rt.TCMSG.pack(0, 0, 0, 0, 0)))
        with suppress(OSError):  # not in this kernel
            yield from [("next-hop", body) for body in _dump(kernel, rt.RTM_GETNEXTHOP, bytes(8))]


def _dump(kernel: RouteSocket, question: int, body: bytes) -> list[bytes]:
    return [content for _, content in kernel.query(question, rt.NLM_F_DUMP, body)]


def _attributes_but(body: bytes, at: int, without: set[int]) -> frozenset[tuple[int, bytes]]:
    return frozenset((kind, value) for kind, value in rt.attributes(body, at).items() if kind not in without)


@lru_cache(_REMEMBERED)
def _link(body: bytes) -> Link:
    _, form, index, flags, _ = rt.IFINFO.unpack_from(body)
    found = rt.attributes(body, rt.IFINFO.size)
    info = rt.attributes(found.pop(rt.IFLA_LINKINFO, b""))
    families = rt.attributes(found.pop(rt.IFLA_AF_SPEC, b""))
    inet6 = rt.attributes(families.pop(socket.AF_INET6, b""))
    kind = rt.text(info.get(rt.IFLA_INFO_KIND))
    data = rt.attributes(info.pop(rt.IFLA_INFO_DATA, b""))
    if kind == "bridge":
        data = {number: value for number, value in data.items() if number not in _BRIDGE_PASSING}
    ready = bool(rt.number(inet6.get(rt.IFLA_INET6_FLAGS)) & rt.IF_READY)
    fact = (
        *("link", form, index, flags & ~_BY_ITSELF),
        frozenset((number, value) for number, value in found.items() if number not in _PASSING),
        frozenset(info.items()),
        frozenset(data.items()),
        ready if kind == "bridge" else None,  # with a carrier only, which comes with the first port
    )
    kept = frozenset((number, value) for number, value in inet6.items() if number in _INET6_KEPT)
    settings = SETTINGS, index, frozenset(families.items()), kept
    name, mac = rt.text(found.get(rt.IFLA_IFNAME)), found.get(rt.IFLA_ADDRESS, bytes(6))
    return Link(index, name, kind, mac, ready, fact, settings)


@lru_cache(_REMEMBERED)
def _queue(body: bytes) -> Fact:
    family, index, handle, parent = struct.unpack_from("=BxxxiII", body)
    kept = _attributes_but(body, rt.TCMSG.size, {rt.TCA_STATS, rt.TCA_STATS2})
    return "qdisc", family, index, handle, parent, kept


def _addresses_and_routes(kernel: RouteSocket, veths: dict[int, Link]) -> Iterator[Fact]:
    own: dict[int, bool] = {}  # the veths' own link-local addresses: whether each still is tentative
    for body in _dump(kernel, rt.RTM_GETADDR, rt.IFADDR.pack(0, 0, 0, 0, 0)):
        family, length, _, scope, index = rt.IFADDR.unpack_from(body)
        found = rt.attributes(body, rt.IFADDR.size)
        flags = rt.number(found.pop(rt.IFA_FLAGS, b""))
        life = found.pop(rt.IFA_CACHEINFO, b"")[:8]  # not when it was made and changed
        by_itself = flags | rt.IFA_F_TENTATIVE == rt.IFA_F_PERMANENT | rt.IFA_F_TENTATIVE
        plain = by_itself and life == b"\xff" * 8 and set(found) <= {rt.IFA_ADDRESS, rt.IFA_PROTO}
        if index in veths and (found.get(rt.IFA_ADDRESS), length, plain) == (veths[index].own, 64, True):
            own[index] = bool(flags & rt.IFA_F_TENTATIVE)
        else:
            flags &= ~rt.IFA_F_TENTATIVE
            yield "address", family, length, scope, index, flags, life, frozenset(found.items())
    yield from _routes(kernel, veths, own)


def _routes(kernel: RouteSocket, veths: dict[int, Link], own: dict[int, bool]) -> Iterator[Fact]:
    """Of the routes that come with a link-local address, whether those are there that must be."""
    ready = [index for index, link in veths.items() if link.ready]
    missing = {(index, what) for index in ready for what in ("net", "multicast")}
    missing |= {(index, "address") for index in ready if index not in own}
    missing |= {(index, "local") for index, tentative in own.items() if not tentative}
    for body in _dump(kernel, rt.RTM_GETROUTE, _ROUTE):
        head = rt.RTMSG.unpack_from(body)
        head = (*head[:8], head[8] & ~rt.RTNH_F_LINKDOWN)
        found = rt.attributes(body, rt.RTMSG.size)
        found.pop(rt.RTA_CACHEINFO, None)  # how old it is, and how much used
        what = _comes_with(head, found, veths)
        if what:
            missing.discard(what)
        else:
            yield "route", head, frozenset(found.items())
    yield from (("missing", *what) for what in missing)


def _comes_with(head: Fact, found: rt.Attributes, veths: dict[int, Link]) -> tuple[int, str] | None:
    """(link, which one) if it is a plain route that the kernel makes for a veth's link-local address."""
    index = rt.number(found.get(rt.RTA_OIF))
    if (
        index not in veths
        or (head[0], head[5]) != (socket.AF_INET6, rt.RTPROT_KERNEL)
        or set(found) - _COMES_WITH
    ):
        return None
    to, length = found.get(rt.RTA_DST), head[1]
    if (to, length) == (b"\xfe\x80" + bytes(14), 64):
        return index, "net"
    if (to, length) == (b"\xff" + bytes(15), 8):
        return index, "multicast"
    return (index, "local") if (to, length) == (veths[index].own, 128) else None


def _neighbours(kernel: RouteSocket) -> Iterator[Fact]:
    for flags in (0, rt.NTF_PROXY):
        for body in _dump(kernel, rt.RTM_GETNEIGH, rt.NDMSG.pack(0, 0, 0, flags, 0)):
            family, index, state, flags, _ = rt.NDMSG.unpack_from(body)
            if not state & rt.NUD_NOARP:
                address = rt.attributes(body, rt.NDMSG.size).get(rt.NDA_DST)
                yield "neighbour", family, index, flags, address
    for body in _dump(kernel, rt.RTM_GETNEIGH, rt.NDMSG.pack(socket.AF_BRIDGE, 0, 0, 0, 0)):
        entry = _attributes_but(body, rt.NDMSG.size, {rt.NDA_CACHEINFO, rt.NDA_PROBES})
        if not any(
            number == rt.NDA_LLADDR and value[0] & 1 for number, value in entry
        ):  # groups that it has joined
            yield "fdb", rt.NDMSG.unpack_from(body), entry
    for body in _dump(kernel, rt.RTM_GETNEIGHTBL, bytes(4)):
        found = rt.attributes(body, 4)
        yield _neighbour_table(body[0], found.get(rt.NDTA_NAME), found.get(rt.NDTA_PARMS, b""))


@lru_cache(_REMEMBERED)
def _neighbour_table(family: int, name: bytes | None, parameters: bytes) -> Fact:
    found = rt.attributes(parameters)
    found.pop(rt.NDTPA_REFCNT, None)  # how many use them
    found.pop(rt.NDTPA_REACHABLE_TIME, None)  # drawn by lot every few minutes
    return "neighbour-table", family, name, frozenset(found.items())


def _groups(file: int) -> Iterator[Fact]:
    """The groups that somebody joined for good (`ip maddr add`), of each link; see packet(7)."""
    for line in os.pread(file, _LARGEST, 0).decode().splitlines():
        index, name, _, for_good, address = line.split()
        if for_good != "0":
            yield "group", index, name, address


def _features(door: socket.socket, names: list[str]) -> Iterator[Fact]:
    """What `ethtool -K` has been asked for, of each link."""
    for name in names:
        words = (ctypes.c_uint32 * (2 + 4 * _WORDS))(_GFEATURES, _WORDS)
        with suppress(OSError):  # it has gone
            fcntl.ioctl(door, _SIOCETHTOOL, struct.pack("16sP16x", name.encode(), ctypes.addressof(words)))
        yield ("features", name, *words[3::4])
