"""VLANs of a bridge's ports: read as netlab.model.pack.PortVlan, added and deleted. linux/if_bridge.h"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

from netlab.linux.netlink import messages as rt
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.wiring.fields import Unfit
from netlab.model import pack

RTEXT_FILTER_BRVLAN_COMPRESSED = 1 << 2
IFLA_BRIDGE_FLAGS, IFLA_BRIDGE_VLAN_INFO, BRIDGE_FLAGS_SELF = 0, 2, 2
PVID, UNTAGGED, RANGE_BEGIN, RANGE_END = 2, 4, 8, 16
LAST = 4094
_INFO = struct.Struct("=HH")


def filters(link: pack.Link) -> bool:
    """Whether it is a bridge that lets frames go by their VLAN."""
    return link.details.get("vlan_filtering", "0") != "0"


def read(kernel: RouteSocket) -> tuple[pack.PortVlan, ...]:
    """Of every port, and of every bridge itself. OSError."""
    mask = rt.attribute(rt.IFLA_EXT_MASK, RTEXT_FILTER_BRVLAN_COMPRESSED)
    body = rt.IFINFO.pack(socket.AF_BRIDGE, 0, 0, 0, 0) + mask
    return tuple(
        vlan for _, content in kernel.query(rt.RTM_GETLINK, rt.NLM_F_DUMP, body) for vlan in parse(content)
    )


def parse(content: bytes) -> Iterator[pack.PortVlan]:
    """Those of one link of such a dump."""
    index = rt.IFINFO.unpack_from(content)[2]
    spec = rt.attributes(content, rt.IFINFO.size).get(rt.IFLA_AF_SPEC, b"")
    first = 0
    for number, value in rt.pieces(spec):
        if number & rt.NLA_TYPE_MASK != IFLA_BRIDGE_VLAN_INFO or len(value) < _INFO.size:
            continue
        flags, vlan = _INFO.unpack_from(value)
        if flags & RANGE_BEGIN:
            first = vlan
        else:
            begin = first if flags & RANGE_END and first else vlan
            yield pack.PortVlan(index, begin, vlan, flags & (PVID | UNTAGGED))
            first = 0


def add(kernel: RouteSocket, vlan: pack.PortVlan, is_bridge: bool) -> None:
    """Unfit; OSError."""
    kernel.request(rt.RTM_SETLINK, 0, body(vlan, is_bridge), f"add vlan {vlan.first}")


def delete(kernel: RouteSocket, vlan: pack.PortVlan, is_bridge: bool) -> None:
    """Unfit; OSError."""
    kernel.request(rt.RTM_DELLINK, 0, body(vlan, is_bridge), f"delete vlan {vlan.first}")


def body(vlan: pack.PortVlan, is_bridge: bool) -> bytes:
    """The request that names those VLANs. Unfit."""
    if not 1 <= vlan.first <= vlan.last <= LAST:
        raise Unfit(f"{vlan.first} to {vlan.last} are no VLANs")
    flags = vlan.flags & (PVID | UNTAGGED)
    ends = [(flags, vlan.first)]
    if vlan.last > vlan.first:
        ends = [(flags | RANGE_BEGIN, vlan.first), (flags | RANGE_END, vlan.last)]
    own = rt.attribute(IFLA_BRIDGE_FLAGS, struct.pack("=H", BRIDGE_FLAGS_SELF)) if is_bridge else b""
    words = own + b"".join(rt.attribute(IFLA_BRIDGE_VLAN_INFO, _INFO.pack(*end)) for end in ends)
    head = rt.IFINFO.pack(socket.AF_BRIDGE, 0, vlan.index, 0, 0)
    return head + rt.attribute(rt.IFLA_AF_SPEC, words)
