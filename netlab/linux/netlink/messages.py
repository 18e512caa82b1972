"""rtnetlink(7) messages as bytes: how they are put together and taken apart. No sockets here.

Our own few encoders and parsers, because a snapshot of every namespace is read many times a second and a
general library takes 20 times as long for it; pyroute2 is the oracle that the tests hold this against.
Numbers are those of linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h, linux/neighbour.h, linux/fib_rules.h
and linux/net_namespace.h, under the names that they have there.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Iterator
from functools import lru_cache

NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 0x1, 0x4, 0x300
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE, NLM_F_APPEND = 0x100, 0x200, 0x400, 0x800

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK, RTM_SETLINK = 16, 17, 18, 19
RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 20, 21, 22
RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH = 28, 29, 30
RTM_NEWRULE, RTM_DELRULE, RTM_GETRULE = 32, 33, 34
RTM_GETQDISC, RTM_GETNEIGHTBL = 38, 66
RTM_NEWNEXTHOP, RTM_DELNEXTHOP, RTM_GETNEXTHOP, NHA_ID = 104, 105, 106, 1
RTM_NEWNETCONF, RTM_DELNETCONF, NETCONFA_IFINDEX = 80, 81, 1
RTM_NEWNSID, RTM_DELNSID, RTM_GETNSID = 88, 89, 90

# Attributes of links …
IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_LINK, IFLA_QDISC, IFLA_STATS = 1, 3, 4, 5, 6, 7
IFLA_MASTER, IFLA_TXQLEN, IFLA_OPERSTATE, IFLA_LINKINFO, IFLA_STATS64 = 10, 13, 16, 18, 23
IFLA_AF_SPEC, IFLA_GROUP, IFLA_NET_NS_FD, IFLA_EXT_MASK, IFLA_PROMISCUITY = 26, 27, 28, 29, 30
IFLA_NUM_TX_QUEUES, IFLA_NUM_RX_QUEUES, IFLA_CARRIER, IFLA_CARRIER_CHANGES = 31, 32, 33, 35
IFLA_LINK_NETNSID, IFLA_CARRIER_UP_COUNT, IFLA_CARRIER_DOWN_COUNT = 37, 47, 48
IFLA_TSO_MAX_SIZE, IFLA_TSO_MAX_SEGS, IFLA_ALLMULTI = 59, 60, 61
RTEXT_FILTER_SKIP_STATS = 1 << 3  # of IFLA_EXT_MASK
# … of what a link says of its kind (IFLA_LINKINFO) …
IFLA_INFO_KIND, IFLA_INFO_DATA, IFLA_INFO_SLAVE_KIND, IFLA_INFO_SLAVE_DATA = 1, 2, 4, 5
VETH_INFO_PEER, IFLA_MACVLAN_MODE = 1, 1
MACVLAN_MODES = {1: "private", 2: "vepa", 4: "bridge", 8: "passthru", 16: "source"}
IFLA_VXLAN_ID, IFLA_VXLAN_GROUP, IFLA_VXLAN_LEARNING, IFLA_VXLAN_PORT, IFLA_VXLAN_GROUP6 = 1, 2, 7, 15, 16
IFLA_BR_STP_STATE, IFLA_BR_TOPOLOGY_CHANGE, IFLA_BR_TOPOLOGY_CHANGE_DETECTED = 5, 14, 15
IFLA_BR_HELLO_TIMER, IFLA_BR_TCN_TIMER, IFLA_BR_TOPOLOGY_CHANGE_TIMER, IFLA_BR_GC_TIMER = 16, 17, 18, 19
IFLA_BR_FDB_N_LEARNED = 48
IFLA_BRPORT_STATE, IFLA_BRPORT_MODE, IFLA_BRPORT_ISOLATED = 1, 4, 33
# … and for IPv6 (IFLA_AF_SPEC).
IFLA_INET6_FLAGS, IFLA_INET6_CONF, IFLA_INET6_TOKEN, IFLA_INET6_ADDR_GEN_MODE, IFLA_INET6_RA_MTU = (
    1,
    2,
    7,
    8,
    9,
)
IF_READY = 0x80000000  # of IFLA_INET6_FLAGS: IPv6 has been configured on the link
# Attributes of addresses, routes, rules, neighbours and their tables, queues, namespaces.
IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, IFA_CACHEINFO, IFA_FLAGS, IFA_PROTO = 1, 2, 4, 6, 8, 11
IFA_F_TENTATIVE, IFA_F_PERMANENT = 0x40, 0x80
RTA_DST, RTA_OIF, RTA_GATEWAY, RTA_PRIORITY, RTA_PREFSRC, RTA_CACHEINFO, RTA_TABLE, RTA_PREF = (
    1,
    4,
    5,
    6,
    7,
    12,
    15,
    20,
)
RT_TABLE_MAIN, RTPROT_KERNEL, RTPROT_BOOT, RTN_UNICAST, RTNH_F_LINKDOWN = 254, 2, 3, 1, 16
FRA_DST, FRA_SRC, FRA_IIFNAME, FRA_GOTO, FRA_PRIORITY, FRA_FWMARK = 1, 2, 3, 4, 6, 10
FRA_SUPPRESS_PREFIXLEN, FRA_TABLE, FRA_FWMASK, FRA_OIFNAME = 14, 15, 16, 17
FRA_UID_RANGE, FRA_PROTOCOL, FRA_IP_PROTO, FRA_SPORT_RANGE, FRA_DPORT_RANGE = 20, 21, 22, 23, 24
FR_ACT_TO_TBL, FIB_RULE_INVERT = 1, 0x2
NDA_DST, NDA_LLADDR, NDA_CACHEINFO, NDA_PROBES = 1, 2, 3, 4
NDTA_NAME, NDTA_PARMS, NDTPA_REFCNT, NDTPA_REACHABLE_TIME = 1, 6, 2, 3
NTF_PROXY, NUD_NOARP = 0x8, 0x40
TCA_KIND, TCA_STATS, TCA_STATS2, TCA_STATS_QUEUE = 1, 3, 7, 3
NETNSA_NSID, NETNSA_FD = 1, 3

IFF_UP, IFF_RUNNING, IFF_LOWER_UP = 0x1, 0x40, 0x10000
LINK_FLAGS = {
    0x1: "UP",
    0x2: "BROADCAST",
    0x8: "LOOPBACK",
    0x10: "POINTOPOINT",
    0x80: "NOARP",
    0x100: "PROMISC",
    0x200: "ALLMULTI",
    0x1000: "MULTICAST",
    0x10000: "LOWER_UP",
}
OPERSTATES = ("UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP")
SCOPES = {0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere"}
ROUTE_KINDS: tuple[str, ...] = ("unspec", "unicast", "local", "broadcast", "anycast", "multicast")
ROUTE_KINDS += ("blackhole", "unreachable", "prohibit", "throw", "nat")
PROTOCOLS = {0: "unspec", 1: "redirect", 2: "kernel", 3: "boot", 4: "static", 9: "ra", 16: "dhcp"}
TABLES = {253: "default", 254: "main", 255: "local"}
RULE_ACTIONS = {1: "lookup", 2: "goto", 3: "nop", 6: "blackhole", 7: "unreachable", 8: "prohibit"}
NEXT_HOP_FLAGS = {1: "dead", 2: "pervasive", 4: "onlink", 8: "offload", 16: "linkdown"}
NEIGHBOUR_STATES = {
    0x01: "INCOMPLETE",
    0x02: "REACHABLE",
    0x04: "STALE",
    0x08: "DELAY",
    0x10: "PROBE",
    0x20: "FAILED",
    0x40: "NOARP",
    0x80: "PERMANENT",
}
PORT_STATES = ("disabled", "listening", "learning", "forwarding", "blocking")

_NLMSG = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
NLA_TYPE_MASK = 0x3FFF
IFINFO = struct.Struct("=BxHiII")
IFADDR = struct.Struct("=BBBBI")
RTMSG = struct.Struct("=BBBBBBBBI")
TCMSG = struct.Struct("=BxxxiIII")
NDMSG = struct.Struct("=BxxxiHBB")

Attributes = dict[int, bytes]


def attribute(kind: int, value: bytes | str | int) -> bytes:
    """One attribute: bytes as they are, text with a final NUL, numbers as 32 bits."""
    if isinstance(value, str):
        value = value.encode() + b"\0"
    elif isinstance(value, int):
        value = struct.pack("=I", value)
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + b"\0" * (-length % 4)


def message(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    """One request, ready to send."""
    return _NLMSG.pack(_NLMSG.size + len(body), kind, flags | NLM_F_REQUEST, sequence, 0) + body


def messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(type, sequence number, body) of each message in what one recv gave."""
    at = 0
    while at + _NLMSG.size <= len(data):
        length, kind, _, sequence, _ = _NLMSG.unpack_from(data, at)
        if length < _NLMSG.size:
            return
        yield kind, sequence, data[at + _NLMSG.size : at + length]
        at += (length + 3) & ~3


def attributes(data: bytes, at: int = 0) -> Attributes:
    """The attributes from offset `at` on, by their type; of a repeated one, the last."""
    found: Attributes = {}
    end, head = len(data) - 3, _ATTRIBUTE.unpack_from
    while at < end:
        length, kind = head(data, at)
        if length < 4:
            break
        found[kind & NLA_TYPE_MASK] = data[at + 4 : at + length]
        at += (length + 3) & ~3
    return found


def pieces(attributes: bytes) -> list[tuple[int, bytes]]:
    """(type with its flags, value) of each attribute, in order."""
    found, at = [], 0
    while at + 4 <= len(attributes):
        length, number = _ATTRIBUTE.unpack_from(attributes, at)
        if length < 4:
            break
        found.append((number, attributes[at + 4 : at + length]))
        at += (length + 3) & ~3
    return found


def text(value: bytes | None) -> str:
    """The attribute as text; "" for none."""
    return value.rstrip(b"\0").decode(errors="replace") if value else ""


def number(value: bytes | None, default: int = 0) -> int:
    """The attribute as a number of the machine's byte order; `default` for none."""
    return int.from_bytes(value, sys.byteorder) if value else default


def signed_number(value: bytes | None, default: int = 0) -> int:
    """The same for a number that may be below 0."""
    return int.from_bytes(value, sys.byteorder, signed=True) if value else default


@lru_cache(4096)
def mac(value: bytes | None) -> str:
    """The attribute as a MAC address, as `ip` prints it; "" for none."""
    return value.hex(":") if value else ""


@lru_cache(4096)
def ip(value: bytes | None) -> str:
    """An address as text; "" for none."""
    if not value or len(value) not in (4, 16):
        return ""
    return socket.inet_ntop(socket.AF_INET if len(value) == 4 else socket.AF_INET6, value)


def packed_ip(address: str) -> tuple[int, bytes]:
    """(family, bytes) of an address in text."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return family, socket.inet_pton(family, address)


def error(body: bytes) -> int:
    """The errno in an NLMSG_ERROR body; 0 for an acknowledgement."""
    return -int(struct.unpack_from("=i", body)[0])
