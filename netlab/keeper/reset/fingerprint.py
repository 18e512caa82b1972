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
from netlab.linux.netns import entered

Fact = tuple[object, ...]
SETTINGS = "settings"  # of a link, whose index follows

IF_READY = 0x80000000  # of IFLA_INET6_FLAGS: IPv6 has been configured on the link
_BY_ITSELF = 0x10040  # IFF_LOWER_UP, IFF_RUNNING
# Of a link: operational state, carrier and its counts, statistics, how many listen to all; and what a bridge
# takes over from its ports for good, and nobody can set: the largest packets that they cut up themselves.
_PASSING = {7, 16, 23, 30, 33, 35, 47, 48, 59, 60, 61}
_BRIDGE_PASSING = {14, 15, 16, 17, 18, 19, 48}  # timers, topology changes, how many addresses were learned
_INET6_KEPT = {2, 7, 8, 9}  # settings, token, how addresses are made, the MTU that a router told
_TENTATIVE, _PERMANENT, _LINKDOWN = 0x40, 0x80, 16
_NTF_PROXY, _NUD_NOARP = 8, 0x40
_RTM_GETNEIGHTBL, _RTM_GETNEXTHOP = 66, 106
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
        with entered(namespace):
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
        question = rt.IFINFO.pack(0, 0, 0, 0, 0) + rt.attribute(29, 1 << 3)  # without statistics
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
            yield from [("next-hop", body) for body in _dump(kernel, _RTM_GETNEXTHOP, bytes(8))]


def _dump(kernel: RouteSocket, question: int, body: bytes) -> list[bytes]:
    return [content for _, content in kernel.query(question, rt.NLM_F_DUMP, body)]


def _attributes_but(body: bytes, at: int, without: set[int]) -> frozenset[tuple[int, bytes]]:
    return frozenset((kind, value) for kind, value in rt.attributes(body, at).items() if kind not in without)


@lru_cache(_REMEMBERED)
def _link(body: bytes) -> Link:
    _, form, index, flags, _ = rt.IFINFO.unpack_from(body)
    found = rt.attributes(body, rt.IFINFO.size)
    info, families = rt.attributes(found.pop(18, b"")), rt.attributes(found.pop(26, b""))
    inet6 = rt.attributes(families.pop(socket.AF_INET6, b""))
    kind = rt.text(info.get(1))
    data = rt.attributes(info.pop(2, b""))
    if kind == "bridge":
        data = {number: value for number, value in data.items() if number not in _BRIDGE_PASSING}
    ready = bool(rt.number(inet6.get(1)) & IF_READY)
    fact = (
        *("link", form, index, flags & ~_BY_ITSELF),
        frozenset((number, value) for number, value in found.items() if number not in _PASSING),
        frozenset(info.items()),
        frozenset(data.items()),
        ready if kind == "bridge" else None,  # with a carrier only, which comes with the first port
    )
    kept = frozenset((number, value) for number, value in inet6.items() if number in _INET6_KEPT)
    settings = SETTINGS, index, frozenset(families.items()), kept
    return Link(index, rt.text(found.get(3)), kind, found.get(1, bytes(6)), ready, fact, settings)


@lru_cache(_REMEMBERED)
def _queue(body: bytes) -> Fact:
    family, index, handle, parent = struct.unpack_from("=BxxxiII", body)
    return "qdisc", family, index, handle, parent, _attributes_but(body, rt.TCMSG.size, {3, 7})


def _addresses_and_routes(kernel: RouteSocket, veths: dict[int, Link]) -> Iterator[Fact]:
    own: dict[int, bool] = {}  # the veths' own link-local addresses: whether each still is tentative
    for body in _dump(kernel, rt.RTM_GETADDR, rt.IFADDR.pack(0, 0, 0, 0, 0)):
        family, length, _, scope, index = rt.IFADDR.unpack_from(body)
        found = rt.attributes(body, rt.IFADDR.size)
        flags = rt.number(found.pop(8, b""))
        life = found.pop(6, b"")[:8]  # not when it was made and changed
        plain = (
            flags | _TENTATIVE == _PERMANENT | _TENTATIVE and life == b"\xff" * 8 and set(found) <= {1, 11}
        )
        if index in veths and (found.get(1), length, plain) == (veths[index].own, 64, True):
            own[index] = bool(flags & _TENTATIVE)
        else:
            flags &= ~_TENTATIVE
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
        head = (*head[:8], head[8] & ~_LINKDOWN)
        found = rt.attributes(body, rt.RTMSG.size)
        found.pop(12, None)  # how old it is, and how much used
        what = _comes_with(head, found, veths)
        if what:
            missing.discard(what)
        else:
            yield "route", head, frozenset(found.items())
    yield from (("missing", *what) for what in missing)


def _comes_with(head: Fact, found: rt.Attributes, veths: dict[int, Link]) -> tuple[int, str] | None:
    """(link, which one) if it is a plain route that the kernel makes for a veth's link-local address."""
    index = rt.number(found.get(4))
    if index not in veths or head[0] != socket.AF_INET6 or head[5] != 2 or set(found) - {1, 4, 6, 15, 20}:
        return None
    to, length = found.get(1), head[1]
    if (to, length) == (b"\xfe\x80" + bytes(14), 64):
        return index, "net"
    if (to, length) == (b"\xff" + bytes(15), 8):
        return index, "multicast"
    return (index, "local") if (to, length) == (veths[index].own, 128) else None


def _neighbours(kernel: RouteSocket) -> Iterator[Fact]:
    for flags in (0, _NTF_PROXY):
        for body in _dump(kernel, rt.RTM_GETNEIGH, rt.NDMSG.pack(0, 0, 0, flags, 0)):
            family, index, state, flags, _ = rt.NDMSG.unpack_from(body)
            if not state & _NUD_NOARP:
                yield "neighbour", family, index, flags, rt.attributes(body, rt.NDMSG.size).get(1)
    for body in _dump(kernel, rt.RTM_GETNEIGH, rt.NDMSG.pack(socket.AF_BRIDGE, 0, 0, 0, 0)):
        entry = _attributes_but(body, rt.NDMSG.size, {3, 4})
        if not any(number == 2 and value[0] & 1 for number, value in entry):  # groups that it has joined
            yield "fdb", rt.NDMSG.unpack_from(body), entry
    for body in _dump(kernel, _RTM_GETNEIGHTBL, bytes(4)):
        found = rt.attributes(body, 4)
        yield _neighbour_table(body[0], found.get(1), found.get(6, b""))


@lru_cache(_REMEMBERED)
def _neighbour_table(family: int, name: bytes | None, parameters: bytes) -> Fact:
    found = rt.attributes(parameters)
    found.pop(2, None)  # how many use them
    found.pop(3, None)  # drawn by lot every few minutes
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
