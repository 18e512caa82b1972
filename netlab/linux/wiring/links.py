"""Links: read as netlab.model.pack.Link, made, and made like another one."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from netlab.linux.netlink import messages as rt
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.wiring import fields, kinds
from netlab.linux.wiring.fields import Unfit
from netlab.model import pack
from netlab.model.pack_check import is_link_name

SETTABLE = {
    word: bit
    for bit, word in {0x4: "DEBUG", **rt.LINK_FLAGS, 0x8000: "DYNAMIC"}.items()
    if word in ("DEBUG", "NOARP", "PROMISC", "ALLMULTI", "MULTICAST", "DYNAMIC")
}
EVERY = sum(SETTABLE.values())
NO_MAC = "00:00:00:00:00:00"
IFLA_PROTINFO, NLA_F_NESTED = 12, 0x8000
IFLA_XDP, IFLA_XDP_ATTACHED, IFLA_PROP_LIST = 43, 2, 52
UNKNOWN, DOWN, LOWER_DOWN, DORMANT, OPERATIONAL = 0, 2, 3, 5, 6  # of IF_OPER_…
BY_HAND = 1  # of addr_gen_mode: IPv6 gets no address by itself
_CREATE = rt.NLM_F_CREATE | rt.NLM_F_EXCL
_HERE = None  # of the namespace in which another end is: this one


@dataclass(frozen=True, slots=True)
class Found:
    """A link of a dump, and what its pack.Link cannot say without the other namespaces."""

    link: pack.Link
    other: int = 0  # index of the link that it refers to; 0 for none
    nsid: int | None = _HERE  # by which number this namespace knows the other's
    carries: bool = False  # up, and a bridge, or with a carrier
    has_settled: bool = True  # whoever has to know of its carrier does
    unread: tuple[str, ...] = ()  # what is set of it, and no pack.Link says
    inet: bytes = b""  # all settings of IPv4, of IPv6: alike where these bytes are alike
    inet6: bytes = b""


def read(kernel: RouteSocket) -> list[Found]:
    """Every link of a namespace. OSError."""
    mask = rt.attribute(rt.IFLA_EXT_MASK, rt.RTEXT_FILTER_SKIP_STATS)
    body = rt.IFINFO.pack(0, 0, 0, 0, 0) + mask
    found = [_parse(content) for _, content in kernel.query(rt.RTM_GETLINK, rt.NLM_F_DUMP, body)]
    return _without_usual_states(found)


def _parse(content: bytes) -> Found:
    _, _, index, flags, _ = rt.IFINFO.unpack_from(content)
    words = rt.attributes(content, rt.IFINFO.size)
    info = rt.attributes(words.get(rt.IFLA_LINKINFO, b""))
    kind = "loopback" if "LOOPBACK" in _words(flags) else rt.text(info.get(rt.IFLA_INFO_KIND))
    families = rt.attributes(words.get(rt.IFLA_AF_SPEC, b""))
    inet6 = rt.attributes(families.get(socket.AF_INET6, b""))
    nsid = words.get(rt.IFLA_LINK_NETNSID)
    link = pack.Link(
        index=index,
        name=rt.text(words.get(rt.IFLA_IFNAME)),
        kind=kind,
        up=bool(flags & rt.IFF_UP),
        mac=rt.mac(words.get(rt.IFLA_ADDRESS)),
        mtu=rt.number(words.get(rt.IFLA_MTU)),
        txqlen=rt.number(words.get(rt.IFLA_TXQLEN)),
        group=rt.number(words.get(rt.IFLA_GROUP)),
        flags=frozenset(word for word, bit in SETTABLE.items() if flags & bit),
        master=rt.number(words.get(rt.IFLA_MASTER)),
        details=_details(kind, info),
        port=_port(info),
        addr_gen_mode=rt.number(inet6.get(rt.IFLA_INET6_ADDR_GEN_MODE)),
    )
    data = rt.attributes(info.get(rt.IFLA_INFO_DATA, b""))
    below = data.get(kinds.IFLA_VXLAN_LINK) if kind == "vxlan" else words.get(rt.IFLA_LINK)
    return Found(
        link,
        rt.number(below),
        struct.unpack("=i", nsid)[0] if nsid else _HERE,
        bool(flags & rt.IFF_UP and (flags & rt.IFF_LOWER_UP or kind == "bridge")),
        has_settled(flags, rt.number(words.get(rt.IFLA_OPERSTATE))),
        tuple(_unread(words)),
        families.get(socket.AF_INET, b""),
        inet6.get(rt.IFLA_INET6_CONF, b""),
    )


def _unread(words: rt.Attributes) -> Iterator[str]:
    name = rt.text(words.get(rt.IFLA_IFNAME))
    if IFLA_PROP_LIST in words:
        yield f"ip link property altname ({name})"
    if any(rt.attributes(words.get(IFLA_XDP, b"")).get(IFLA_XDP_ATTACHED, b"")):
        yield f"xdp ({name})"


def has_settled(flags: int, state: int) -> bool:
    """Whether the kernel has acted on the carrier that a link has, or has not. Of a bridge that never had a
    port it knows nothing, and all is well."""
    if not flags & rt.IFF_UP:
        return True
    return state in ((UNKNOWN, DORMANT, OPERATIONAL) if flags & rt.IFF_LOWER_UP else (DOWN, LOWER_DOWN))


def _words(flags: int) -> set[str]:
    return {word for bit, word in rt.LINK_FLAGS.items() if flags & bit}


def _details(kind: str, info: rt.Attributes) -> dict[str, str]:
    return fields.read(kinds.KINDS.get(kind, {}), rt.attributes(info.get(rt.IFLA_INFO_DATA, b"")))


def _port(info: rt.Attributes) -> dict[str, str]:
    """A port's settings and state."""
    if rt.text(info.get(rt.IFLA_INFO_SLAVE_KIND)) != "bridge":
        return {}
    return fields.read(
        {**kinds.PORT, **kinds.PORT_STATE}, rt.attributes(info.get(rt.IFLA_INFO_SLAVE_DATA, b""))
    )


def _without_usual_states(found: list[Found]) -> list[Found]:
    """A port has a state by itself: it forwards while it and its bridge have a carrier, or is disabled; and
    the spanning tree protocol gives it others."""
    active = {each.link.index for each in found if each.carries}
    trees = {each.link.index for each in found if each.link.details.get("stp_state", "0") != "0"}
    kept = []
    for each in found:
        link, state = each.link, each.link.port.get("state")
        usual = "forwarding" if {link.index, link.master} <= active else "disabled"
        if state in (None, usual) or link.master in trees:
            others = {word: value for word, value in link.port.items() if word != "state"}
            each = replace(each, link=replace(link, port=others))
        kept.append(each)
    return kept


# -- making


def is_alike(have: pack.Link, wanted: pack.Link) -> bool:
    """Whether the one can be made the other by changing it."""
    if (have.kind, have.other) != (wanted.kind, wanted.other):
        return False
    return have.kind in kinds.CHANGEABLE or have.details == wanted.details


def add(kernel: RouteSocket, link: pack.Link, namespace: int) -> None:
    """A link but for veths, down, in the namespace of that descriptor; `kernel` is where the one below it is.

    Unfit; OSError.
    """
    table = kinds.KINDS.get(link.kind)
    if table is None:
        raise Unfit(f"no {link.kind!r} is made here")
    called = replace(link, mac="") if link.kind == "bridge" else link  # it may take over its ports'
    body = rt.IFINFO.pack(0, 0, link.index, 0, 0) + _names(called)
    body += rt.attribute(rt.IFLA_NET_NS_FD, namespace) + rt.attribute(rt.IFLA_TXQLEN, link.txqlen)
    data = fields.write(table, link.details if link.kind not in kinds.CHANGEABLE else {})
    if link.other:
        if link.kind != "vxlan":
            body += rt.attribute(rt.IFLA_LINK, link.other.index)
        elif link.other.index:
            data += rt.attribute(kinds.IFLA_VXLAN_LINK, link.other.index)
    info = rt.attribute(rt.IFLA_INFO_KIND, link.kind)
    info += rt.attribute(rt.IFLA_INFO_DATA, data) if data else b""
    body += rt.attribute(rt.IFLA_LINKINFO, info)
    kernel.request(rt.RTM_NEWLINK, _CREATE, body, f"add {link.kind} {link.name}")


def add_pair(kernel: RouteSocket, near: pack.Link, far: pack.Link, namespace: int) -> None:
    """A veth pair, both ends down: `far` in the namespace of that descriptor. Unfit; OSError."""
    one_queue = rt.attribute(rt.IFLA_NUM_TX_QUEUES, 1) + rt.attribute(rt.IFLA_NUM_RX_QUEUES, 1)
    ends = [
        rt.IFINFO.pack(0, 0, end.index, 0, 0)
        + _names(end)
        + one_queue
        + rt.attribute(rt.IFLA_TXQLEN, end.txqlen)
        for end in (near, far)
    ]
    peer = ends[1] + rt.attribute(rt.IFLA_NET_NS_FD, namespace)
    data = rt.attribute(rt.IFLA_INFO_DATA, rt.attribute(rt.VETH_INFO_PEER, peer))
    info = rt.attribute(rt.IFLA_LINKINFO, rt.attribute(rt.IFLA_INFO_KIND, "veth") + data)
    kernel.request(rt.RTM_NEWLINK, _CREATE, ends[0] + info, f"add veth {near.name} with {far.name}")


def _names(link: pack.Link) -> bytes:
    """What a link is called by others: its name and its MAC address. Unfit."""
    if not is_link_name(link.name):
        raise Unfit(f"{link.name!r} is no name of a link")
    mac = rt.attribute(rt.IFLA_ADDRESS, fields.mac_bytes(link.mac)) if has_own_mac(link) else b""
    return rt.attribute(rt.IFLA_IFNAME, link.name) + mac


def has_own_mac(link: pack.Link) -> bool:
    """Whether it can be told which MAC address it has."""
    return link.kind not in ("loopback", "ipvlan") and len(link.mac) == len(NO_MAC) and link.mac != NO_MAC


def delete(kernel: RouteSocket, link: pack.Link) -> None:
    """Take a link out. OSError."""
    kernel.request(rt.RTM_DELLINK, 0, rt.IFINFO.pack(0, 0, link.index, 0, 0), f"delete {link.name}")


def rename(kernel: RouteSocket, link: pack.Link, name: str) -> None:
    """Call a link otherwise. Unfit; OSError."""
    body = rt.IFINFO.pack(0, 0, link.index, 0, 0) + _names(replace(link, name=name, mac=""))
    kernel.request(rt.RTM_NEWLINK, 0, body, f"call {link.name} {name}")


def change(kernel: RouteSocket, have: pack.Link, wanted: pack.Link) -> None:
    """Make a link like another one of its index and kind, but whether it is up. Unfit; OSError."""
    index, what = wanted.index, f"change {wanted.name}"
    if wanted.name != have.name:
        rename(kernel, wanted, wanted.name)
    if wanted.master != have.master:
        body = rt.IFINFO.pack(0, 0, index, 0, 0) + rt.attribute(rt.IFLA_MASTER, wanted.master)
        kernel.request(rt.RTM_NEWLINK, 0, body, what)
    words = b""
    if wanted.mac != have.mac and has_own_mac(wanted):
        words += rt.attribute(rt.IFLA_ADDRESS, fields.mac_bytes(wanted.mac))
    for number, name in ((rt.IFLA_MTU, "mtu"), (rt.IFLA_TXQLEN, "txqlen"), (rt.IFLA_GROUP, "group")):
        if getattr(wanted, name) != getattr(have, name):
            words += rt.attribute(number, getattr(wanted, name))
    details = _others(have.details, wanted.details) if wanted.kind in kinds.CHANGEABLE else []
    if details:
        data = fields.write(kinds.KINDS[wanted.kind], wanted.details, details)
        info = rt.attribute(rt.IFLA_INFO_KIND, wanted.kind) + rt.attribute(rt.IFLA_INFO_DATA, data)
        words += rt.attribute(rt.IFLA_LINKINFO, info)
    flags = sum(SETTABLE.get(word, 0) for word in wanted.flags)
    changed = EVERY if wanted.flags != have.flags else 0
    if words or changed:
        kernel.request(rt.RTM_NEWLINK, 0, rt.IFINFO.pack(0, 0, index, flags, changed) + words, what)


def set_up(kernel: RouteSocket, link: pack.Link) -> None:
    """Up or down, as that one is. It gets no address by itself: what it has is told. OSError."""
    flag = rt.IFF_UP if link.up else 0
    word = "up" if link.up else "down"
    body = rt.IFINFO.pack(0, 0, link.index, flag, rt.IFF_UP)
    kernel.request(rt.RTM_NEWLINK, 0, body, f"set {link.name} {word}")


def set_address_mode(kernel: RouteSocket, link: pack.Link, mode: int) -> None:
    """How IPv6 makes its link-local address from now on. OSError where IPv6 is not."""
    number = rt.attribute(rt.IFLA_INET6_ADDR_GEN_MODE, bytes([mode]))
    families = rt.attribute(rt.IFLA_AF_SPEC, rt.attribute(socket.AF_INET6, number))
    body = rt.IFINFO.pack(0, 0, link.index, 0, 0) + families
    kernel.request(rt.RTM_NEWLINK, 0, body, f"set {link.name} addrgenmode")


def set_port(kernel: RouteSocket, have: pack.Link, wanted: pack.Link) -> None:
    """Its settings as a port of a bridge, but its state. Unfit; OSError."""
    words = [word for word in _others(have.port, wanted.port) if word != "state"]
    if words and wanted.master:
        data = rt.attribute(rt.IFLA_INFO_SLAVE_DATA, fields.write(kinds.PORT, wanted.port, words))
        info = rt.attribute(rt.IFLA_INFO_SLAVE_KIND, "bridge") + data
        body = rt.IFINFO.pack(0, 0, wanted.index, 0, 0) + rt.attribute(rt.IFLA_LINKINFO, info)
        kernel.request(rt.RTM_NEWLINK, 0, body, f"set port {wanted.name}")


def set_state(kernel: RouteSocket, have: pack.Link, wanted: pack.Link) -> None:
    """Its state as a port, which any other change of the link may undo: so it comes last. Unfit; OSError."""
    state = wanted.port.get("state", "forwarding" if "state" in have.port else "")
    if state and state != have.port.get("state") and wanted.master:
        data = fields.write(kinds.PORT_STATE, {"state": state})
        body = rt.IFINFO.pack(socket.AF_BRIDGE, 0, wanted.index, 0, 0)
        body += rt.attribute(IFLA_PROTINFO | NLA_F_NESTED, data)
        kernel.request(rt.RTM_SETLINK, 0, body, f"set the state of port {wanted.name}")


def _others(have: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    return [word for word, value in wanted.items() if have.get(word) != value]
