"""A link's talk with itself, which no learner asked for: IGMP, and ICMPv6's like."""

from __future__ import annotations

from netlab.packets.decode import VXLAN_PORT

# ICMPv6 that a link makes by itself: multicast listeners, routers, neighbours.
IGMP, UDP, ICMPV6 = 2, 17, 58
HOUSEKEEPING = frozenset((130, 131, 132, 133, 134, 135, 136, 143))


def is_housekeeping(data: bytes) -> bool:
    """Whether a frame is such talk. In a tunnel, too: there it is still nobody's."""
    data = _inside_vxlan(data) or data
    ethertype = data[12:14]
    if ethertype == b"\x08\x00":
        return len(data) > 23 and data[23] == IGMP
    if ethertype != b"\x86\xdd" or len(data) < 55:
        return False
    protocol, rest = data[20], data[54:]
    if protocol == 0 and len(rest) > 8:  # a hop-by-hop header goes before listener reports
        protocol, rest = rest[0], rest[8:]
    return protocol == ICMPV6 and rest[0] in HOUSEKEEPING


def _inside_vxlan(data: bytes) -> bytes:
    """The frame that a frame carries; nothing if it is none of VXLAN's."""
    if data[12:14] != b"\x08\x00" or len(data) < 24 or data[23] != UDP:
        return b""
    start = 14 + (data[14] & 15) * 4
    port = int.from_bytes(data[start + 2 : start + 4], "big")
    return data[start + 16 :] if port == VXLAN_PORT else b""
