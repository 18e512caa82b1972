"""What rtnetlink's answers say, as values of the model: each function takes the body of one message.

Who looks often sees the same bodies again and again. The same bytes say the same: what was read is kept.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from functools import lru_cache

from netlab.linux.netlink import messages as rt
from netlab.model import Address, Interface, InterfaceId, Neighbour, PolicyRule, Route

Link = tuple[int, int, rt.Attributes]
KEPT = 2048  # bodies of each kind
NARROWING = (
    rt.FRA_UID_RANGE,
    rt.FRA_IP_PROTO,
    rt.FRA_SPORT_RANGE,
    rt.FRA_DPORT_RANGE,
)  # and not in the model


@lru_cache(256)
def link_flags(flags: int) -> frozenset[str]:
    """The words of `ip link` for the flags of an interface."""
    names = {word for bit, word in rt.LINK_FLAGS.items() if flags & bit}
    if "UP" in names and "LOWER_UP" not in names:
        names.add("NO-CARRIER")
    return frozenset(names)


@lru_cache(256)
def next_hop_flags(flags: int) -> frozenset[str]:
    """The words of `ip route` for the flags of a next hop."""
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
        "loopback"
        if "LOOPBACK" in link_flags(flags)
        else rt.text(rt.attributes(found.get(rt.IFLA_LINKINFO, b"")).get(rt.IFLA_INFO_KIND))
    )


def interface(netns: int, link: Link, names: Mapping[int, str], addresses: tuple[Address, ...]) -> Interface:
    """An interface of namespace `netns`; `names` are those of its neighbours there, by index."""
    index, flags, found = link
    info = rt.attributes(found.get(rt.IFLA_LINKINFO, b""))
    names_of_flags, of_kind = link_flags(flags), kind(link)
    peer = None
    if rt.IFLA_LINK in found:
        elsewhere = found.get(rt.IFLA_LINK_NETNSID)
        nsid = rt.signed_number(elsewhere) if elsewhere is not None else None
        here = netns if nsid is None else -2 - nsid if nsid >= 0 else -1
        peer = InterfaceId(here, rt.number(found[rt.IFLA_LINK]))
    return Interface(
        netns=netns,
        index=index,
        name=rt.text(found.get(rt.IFLA_IFNAME)),
        kind=of_kind,
        flags=names_of_flags,
        operstate=rt.OPERSTATES[min(rt.number(found.get(rt.IFLA_OPERSTATE)), 6)],
        mac=rt.mac(found.get(rt.IFLA_ADDRESS)),
        mtu=rt.number(found.get(rt.IFLA_MTU)),
        master=names.get(rt.number(found[rt.IFLA_MASTER]), "") if rt.IFLA_MASTER in found else "",
        peer=peer,
        addresses=addresses,
        details=_details(of_kind, info, found),
    )


def _details(kind: str, info: rt.Attributes, found: rt.Attributes) -> dict[str, str]:
    """What `ip -d link` says beyond the common: bridge port state, vxlan and macvlan settings, qdisc."""
    qdisc = rt.text(found.get(rt.IFLA_QDISC, b"noqueue"))
    details = {"qdisc": qdisc} if qdisc != "noqueue" else {}
    data = rt.attributes(info.get(rt.IFLA_INFO_DATA, b""))
    if kind == "vxlan":
        details["vxlan id"] = str(rt.number(data.get(rt.IFLA_VXLAN_ID)))
        details["vxlan remote"] = rt.ip(data.get(rt.IFLA_VXLAN_GROUP) or data.get(rt.IFLA_VXLAN_GROUP6))
        details["vxlan learning"] = "on" if rt.number(data.get(rt.IFLA_VXLAN_LEARNING)) else "off"
        details["vxlan port"] = str(int.from_bytes(data.get(rt.IFLA_VXLAN_PORT, b""), "big"))
    elif kind == "macvlan":
        details["macvlan mode"] = rt.MACVLAN_MODES.get(rt.number(data.get(rt.IFLA_MACVLAN_MODE)), "")
    elif kind == "bridge":
        details["stp"] = "on" if rt.number(data.get(rt.IFLA_BR_STP_STATE)) else "off"
    if rt.text(info.get(rt.IFLA_INFO_SLAVE_KIND)) == "bridge":
        port = rt.attributes(info.get(rt.IFLA_INFO_SLAVE_DATA, b""))
        details["port state"] = rt.PORT_STATES[min(rt.number(port.get(rt.IFLA_BRPORT_STATE)), 4)]
        details["isolated"] = "on" if rt.number(port.get(rt.IFLA_BRPORT_ISOLATED)) else "off"
        details["hairpin"] = "on" if rt.number(port.get(rt.IFLA_BRPORT_MODE)) else "off"
    return details


@lru_cache(KEPT)
def address(content: bytes) -> tuple[int, Address]:
    """(index of the interface, address) of an RTM_NEWADDR."""
    _, prefixlen, _, scope, index = rt.IFADDR.unpack_from(content)
    found = rt.attributes(content, rt.IFADDR.size)
    own = rt.ip(found.get(rt.IFA_LOCAL) or found.get(rt.IFA_ADDRESS))
    return index, Address(own, prefixlen, rt.SCOPES.get(scope, str(scope)))


@lru_cache(KEPT)
def leaves_by(content: bytes) -> int:
    """The index of the interface that a route's packets leave by; 0 if there is none."""
    return rt.number(rt.attributes(content, rt.RTMSG.size).get(rt.RTA_OIF))


@lru_cache(KEPT)
def route(content: bytes, device: str) -> Route:
    """`device` is the name of the interface that it leaves by."""
    family, length, _, _, table, protocol, scope, kind, flags = rt.RTMSG.unpack_from(content)
    found = rt.attributes(content, rt.RTMSG.size)
    table = rt.number(found.get(rt.RTA_TABLE), table)
    destination = rt.ip(found.get(rt.RTA_DST))
    if not destination:
        destination = "default"
    elif length not in (32, 128) or (length == 32 and ":" in destination):
        destination = f"{destination}/{length}"
    return Route(
        destination=destination,
        device=device,
        gateway=rt.ip(found.get(rt.RTA_GATEWAY)),
        source=rt.ip(found.get(rt.RTA_PREFSRC)),
        table=rt.TABLES.get(table, str(table)),
        kind=rt.ROUTE_KINDS[min(kind, 10)],
        metric=rt.number(found.get(rt.RTA_PRIORITY)),
        scope=rt.SCOPES.get(scope, str(scope)),
        protocol=rt.PROTOCOLS.get(protocol, str(protocol)),
        flags=next_hop_flags(flags),
        family=6 if family == socket.AF_INET6 else 4,
    )


@lru_cache(KEPT)
def policy(content: bytes) -> PolicyRule | None:
    """One rule; None for those of multicast routing."""
    family, to, source, tos, table, _, _, action, flags = rt.RTMSG.unpack_from(content)
    if family not in (socket.AF_INET, socket.AF_INET6):
        return None
    found = rt.attributes(content, rt.RTMSG.size)
    table = rt.number(found.get(rt.FRA_TABLE), table)
    suppress = rt.number(found.get(rt.FRA_SUPPRESS_PREFIXLEN), 0xFFFFFFFF)
    return PolicyRule(
        preference=rt.number(found.get(rt.FRA_PRIORITY)),
        action=rt.RULE_ACTIONS.get(action, "nop"),
        table=rt.TABLES.get(table, str(table)) if action == rt.FR_ACT_TO_TBL else "",
        source=f"{rt.ip(found.get(rt.FRA_SRC))}/{source}" if rt.FRA_SRC in found else "",
        destination=f"{rt.ip(found.get(rt.FRA_DST))}/{to}" if rt.FRA_DST in found else "",
        iif=rt.text(found.get(rt.FRA_IIFNAME)),
        oif=rt.text(found.get(rt.FRA_OIFNAME)),
        mark=rt.number(found.get(rt.FRA_FWMARK)),
        mask=rt.number(found.get(rt.FRA_FWMASK), 0xFFFFFFFF if rt.FRA_FWMARK in found else 0),
        goto=rt.number(found.get(rt.FRA_GOTO)),
        suppress=-1 if suppress == 0xFFFFFFFF else suppress,
        inverted=bool(flags & rt.FIB_RULE_INVERT),
        family=6 if family == socket.AF_INET6 else 4,
        partial=bool(tos) or any(number in found for number in NARROWING),
    )


def neighbour(content: bytes, names: dict[int, str]) -> Neighbour:
    """The entry of an RTM_NEWNEIGH; `names` are those of interfaces, by index."""
    _, index, state, _, _ = rt.NDMSG.unpack_from(content)
    found = rt.attributes(content, rt.NDMSG.size)
    words = [word for bit, word in rt.NEIGHBOUR_STATES.items() if state & bit]
    return Neighbour(
        rt.ip(found.get(rt.NDA_DST)),
        names.get(index, ""),
        rt.mac(found.get(rt.NDA_LLADDR)),
        " ".join(words) or "NONE",
    )


def is_of_users(content: bytes) -> bool:
    """Whether a listed rule is for some users: deleted without them, it is taken for one that is like it."""
    return rt.FRA_UID_RANGE in rt.attributes(content, rt.RTMSG.size)


def rule_to_delete(content: bytes) -> bytes:
    """A listed rule as what is to be deleted: with its number, or the first that is like it in the rest would
    go; and without its users, whom only their own user namespace can tell."""
    kept = [piece for piece in rt.pieces(content[rt.RTMSG.size :]) if piece[0] != rt.FRA_UID_RANGE]
    if all(number != rt.FRA_PRIORITY for number, _ in kept):
        kept.append((rt.FRA_PRIORITY, bytes(4)))
    return content[: rt.RTMSG.size] + b"".join(rt.attribute(number, value) for number, value in kept)
