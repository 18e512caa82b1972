"""What rtnetlink's answers say, as values of the model: each function takes the body of one message.

Who looks often sees the same bodies again and again. The same bytes say the same: what was read is kept.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from functools import lru_cache

from netlab.linux.netlink import messages as rt
from netlab.model import Address, Interface, InterfaceId, Neighbour, PolicyRule, Route

Link = tuple[int, int, rt.Attributes]
KEPT = 2048  # bodies of each kind


@lru_cache(256)
def link_flags(flags: int) -> frozenset[str]:
    """The words of `ip link` for the flags of an interface."""
    names = {word for bit, word in rt.LINK_FLAGS.items() if flags & bit}
    if "UP" in names and "LOWER_UP" not in names:
        names.add("NO-CARRIER")
    return frozenset(names)


@lru_cache(256)
def next_hop_flags(flags: int) -> frozenset[str]:
    return frozenset(word for bit, word in rt.NEXT_HOP_FLAGS.items() if flags & bit)


@lru_cache(KEPT)
def link(content: bytes) -> Link:
    """What a message about a link holds: its index, its flags, its attributes."""
    _, _, index, flags, _ = rt.IFINFO.unpack_from(content)
    return index, flags, rt.attributes(content, rt.IFINFO.size)


def kind(link: Link) -> str:
    """What a link is: "veth", "bridge", "loopback", …; "" for a plain device."""
    _, flags, found = link
    return (
        "loopback" if "LOOPBACK" in link_flags(flags) else rt.text(rt.attributes(found.get(18, b"")).get(1))
    )


def interface(netns: int, link: Link, names: Mapping[int, str], addresses: tuple[Address, ...]) -> Interface:
    """An interface of namespace `netns`; `names` are those of its neighbours there, by index."""
    index, flags, found = link
    info = rt.attributes(found.get(18, b""))
    names_of_flags, of_kind = link_flags(flags), kind(link)
    peer = None
    if 5 in found:  # IFLA_LINK, with IFLA_LINK_NETNSID (37) when it is in another namespace
        nsid = struct.unpack("=i", found[37])[0] if 37 in found else None
        here = netns if nsid is None else -2 - nsid if nsid >= 0 else -1
        peer = InterfaceId(here, rt.number(found[5]))
    return Interface(
        netns=netns,
        index=index,
        name=rt.text(found.get(3)),
        kind=of_kind,
        flags=names_of_flags,
        operstate=rt.OPERSTATES[min(rt.number(found.get(16)), 6)],
        mac=rt.mac(found.get(1)),
        mtu=rt.number(found.get(4)),
        master=names.get(rt.number(found[10]), "") if 10 in found else "",
        peer=peer,
        addresses=addresses,
        details=_details(of_kind, info, found),
    )


def _details(kind: str, info: rt.Attributes, found: rt.Attributes) -> dict[str, str]:
    """What `ip -d link` says beyond the common: bridge port state, vxlan and macvlan settings, qdisc."""
    details = {"qdisc": rt.text(found.get(6))} if found.get(6, b"noqueue\0") != b"noqueue\0" else {}
    data = rt.attributes(info.get(2, b""))
    if kind == "vxlan":
        details["vxlan id"] = str(rt.number(data.get(1)))
        details["vxlan remote"] = rt.ip(data.get(2) or data.get(16))
        details["vxlan learning"] = "on" if rt.number(data.get(7)) else "off"
        details["vxlan port"] = str(int.from_bytes(data.get(15, b""), "big"))
    elif kind == "macvlan":
        modes = {1: "private", 2: "vepa", 4: "bridge", 8: "passthru", 16: "source"}
        details["macvlan mode"] = modes.get(rt.number(data.get(1)), "")
    elif kind == "bridge":
        details["stp"] = "on" if rt.number(data.get(5)) else "off"
    if rt.text(info.get(4)) == "bridge":  # IFLA_INFO_SLAVE_KIND
        port = rt.attributes(info.get(5, b""))
        details["port state"] = rt.PORT_STATES[min(rt.number(port.get(1)), 4)]
        details["isolated"] = "on" if rt.number(port.get(33)) else "off"
        details["hairpin"] = "on" if rt.number(port.get(4)) else "off"
    return details


@lru_cache(KEPT)
def address(content: bytes) -> tuple[int, Address]:
    _, prefixlen, _, scope, index = rt.IFADDR.unpack_from(content)
    found = rt.attributes(content, rt.IFADDR.size)
    return index, Address(rt.ip(found.get(2) or found.get(1)), prefixlen, rt.SCOPES.get(scope, str(scope)))


@lru_cache(KEPT)
def leaves_by(content: bytes) -> int:
    """The index of the interface that a route's packets leave by; 0 if there is none."""
    return rt.number(rt.attributes(content, rt.RTMSG.size).get(4))


@lru_cache(KEPT)
def route(content: bytes, device: str) -> Route:
    """`device` is the name of the interface that it leaves by."""
    family, length, _, _, table, protocol, scope, kind, flags = rt.RTMSG.unpack_from(content)
    found = rt.attributes(content, rt.RTMSG.size)
    table = rt.number(found.get(15), table)
    destination = rt.ip(found.get(1))
    if not destination:
        destination = "default"
    elif length not in (32, 128) or (length == 32 and ":" in destination):
        destination = f"{destination}/{length}"
    return Route(
        destination=destination,
        device=device,
        gateway=rt.ip(found.get(5)),
        source=rt.ip(found.get(7)),
        table=rt.TABLES.get(table, str(table)),
        kind=rt.ROUTE_KINDS[min(kind, 10)],
        metric=rt.number(found.get(6)),
        scope=rt.SCOPES.get(scope, str(scope)),
        protocol=rt.PROTOCOLS.get(protocol, str(protocol)),
        flags=next_hop_flags(flags),
        family=6 if family == socket.AF_INET6 else 4,
    )


@lru_cache(KEPT)
def policy(content: bytes) -> PolicyRule | None:
    """One rule; None for those of multicast routing. Attributes as in linux/fib_rules.h."""
    family, to, source, tos, table, _, _, action, flags = rt.RTMSG.unpack_from(content)
    if family not in (socket.AF_INET, socket.AF_INET6):
        return None
    found = rt.attributes(content, rt.RTMSG.size)
    table = rt.number(found.get(15), table)
    suppress = rt.number(found.get(14), 0xFFFFFFFF)
    return PolicyRule(
        preference=rt.number(found.get(6)),
        action=rt.RULE_ACTIONS.get(action, "nop"),
        table=rt.TABLES.get(table, str(table)) if action == 1 else "",
        source=f"{rt.ip(found.get(2))}/{source}" if 2 in found else "",
        destination=f"{rt.ip(found.get(1))}/{to}" if 1 in found else "",
        iif=rt.text(found.get(3)),
        oif=rt.text(found.get(17)),
        mark=rt.number(found.get(10)),
        mask=rt.number(found.get(16), 0xFFFFFFFF if 10 in found else 0),
        goto=rt.number(found.get(4)),
        suppress=-1 if suppress == 0xFFFFFFFF else suppress,
        inverted=bool(flags & 2),
        family=6 if family == socket.AF_INET6 else 4,
        partial=bool(tos) or any(number in found for number in (20, 22, 23, 24)),
    )


def neighbour(content: bytes, names: dict[int, str]) -> Neighbour:
    _, index, state, _, _ = rt.NDMSG.unpack_from(content)
    found = rt.attributes(content, rt.NDMSG.size)
    words = [word for bit, word in rt.NEIGHBOUR_STATES.items() if state & bit]
    return Neighbour(
        rt.ip(found.get(1)), names.get(index, ""), rt.mac(found.get(2)), " ".join(words) or "NONE"
    )
