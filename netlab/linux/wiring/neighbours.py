"""Neighbours and forwarding entries that somebody set: values of netlab.model.pack, added and deleted."""

from __future__ import annotations

import socket

from netlab.linux.netlink import messages as rt
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.wiring.fields import ip_bytes, mac_bytes
from netlab.model import pack

NDA_VLAN, NDA_PORT, NDA_VNI, NDA_IFINDEX, NDA_MASTER, NDA_PROTOCOL = 5, 6, 7, 8, 9, 12
NTF_SELF, NTF_MASTER, NTF_ROUTER, NTF_STICKY, NTF_EXT_LEARNED = 0x02, 0x04, 0x80, 0x40, 0x10
NUD_PERMANENT, NUD_STALE, NUD_REACHABLE = 0x80, 0x04, 0x02
LEARNED = NUD_REACHABLE | NUD_STALE | 0x08 | 0x10  # … delay, probe
_KEPT = NTF_SELF | NTF_MASTER | NTF_STICKY | NTF_EXT_LEARNED | rt.NTF_PROXY | NTF_ROUTER
_ADD = rt.NLM_F_CREATE | rt.NLM_F_EXCL


def read(kernel: RouteSocket) -> tuple[pack.Neighbour, ...]:
    """Those that are there for good, answered for, or learned: those are stale in a pack. OSError."""
    found = []
    for flags in (0, rt.NTF_PROXY):
        question = rt.NDMSG.pack(0, 0, 0, flags, 0)
        for _, content in kernel.query(rt.RTM_GETNEIGH, rt.NLM_F_DUMP, question):
            family, index, state, own, _ = rt.NDMSG.unpack_from(content)
            if family in (socket.AF_INET, socket.AF_INET6) and (state & (NUD_PERMANENT | LEARNED) or flags):
                words = rt.attributes(content, rt.NDMSG.size)
                found.append(
                    pack.Neighbour(
                        index=index,
                        address=rt.ip(words.get(rt.NDA_DST)),
                        mac=rt.mac(words.get(rt.NDA_LLADDR)),
                        state=0 if flags else NUD_PERMANENT if state & NUD_PERMANENT else NUD_STALE,
                        flags=(own | flags) & _KEPT,
                        protocol=rt.number(words.get(NDA_PROTOCOL)),
                    )
                )
    return tuple(found)


def add(kernel: RouteSocket, entry: pack.Neighbour) -> None:
    """In place of what is known of that address. Unfit; OSError."""
    flags = rt.NLM_F_CREATE | rt.NLM_F_REPLACE
    body = _body(entry) + (rt.attribute(rt.NDA_LLADDR, mac_bytes(entry.mac)) if entry.mac else b"")
    kernel.request(rt.RTM_NEWNEIGH, flags, body, f"add neighbour {entry.address}")


def delete(kernel: RouteSocket, entry: pack.Neighbour) -> None:
    """Unfit; OSError."""
    kernel.request(rt.RTM_DELNEIGH, 0, _body(entry), f"delete neighbour {entry.address}")


def _body(entry: pack.Neighbour) -> bytes:
    family, raw = ip_bytes(entry.address)
    body = rt.NDMSG.pack(family, entry.index, entry.state, entry.flags, 0) + rt.attribute(rt.NDA_DST, raw)
    return body + (rt.attribute(NDA_PROTOCOL, bytes([entry.protocol])) if entry.protocol else b"")


def is_proxy(entry: pack.Neighbour) -> bool:
    """Whether it is an address that the link answers for."""
    return bool(entry.flags & rt.NTF_PROXY)


def is_passing(entry: pack.Neighbour | pack.FdbEntry) -> bool:
    """Whether it was learned, and will be forgotten."""
    return bool(entry.state & LEARNED)


def forget(kernel: RouteSocket, known: pack.Node) -> None:
    """What was learned, or is being looked for, but what was known in that node: neighbours, and entries of
    bridges. OSError."""
    kept = {(e.index, e.address, e.mac) for e in known.neighbours} | {(e.index, "", e.mac) for e in known.fdb}
    listed = [
        content
        for family in (socket.AF_UNSPEC, socket.AF_BRIDGE)
        for _, content in kernel.query(rt.RTM_GETNEIGH, rt.NLM_F_DUMP, rt.NDMSG.pack(family, 0, 0, 0, 0))
    ]
    gone: list[OSError] = []  # what the kernel has forgotten by itself meanwhile
    with kernel.batch(gone):
        for content in listed:
            _, index, state, flags, _ = rt.NDMSG.unpack_from(content)
            words = rt.attributes(content, rt.NDMSG.size)
            key = index, rt.ip(words.get(rt.NDA_DST)), rt.mac(words.get(rt.NDA_LLADDR))
            lasts = state & (NUD_PERMANENT | rt.NUD_NOARP) or flags & NTF_SELF
            if not lasts and key not in kept:
                kernel.request(rt.RTM_DELNEIGH, 0, content, f"delete what is learned at {index}")


def read_fdb(kernel: RouteSocket) -> tuple[pack.FdbEntry, ...]:
    """The entries of bridges and tunnels, but no groups of a link's. OSError."""
    question = rt.NDMSG.pack(socket.AF_BRIDGE, 0, 0, 0, 0)
    found = []
    for _, content in kernel.query(rt.RTM_GETNEIGH, rt.NLM_F_DUMP, question):
        _, index, state, flags, _ = rt.NDMSG.unpack_from(content)
        words = rt.attributes(content, rt.NDMSG.size)
        raw = words.get(rt.NDA_LLADDR, b"")
        if not raw or raw[0] & 1:
            continue
        if flags & NTF_SELF and rt.NDA_DST not in words:
            continue  # what a card lets in: it comes with what stands on it
        found.append(
            pack.FdbEntry(
                index=index,
                mac=rt.mac(raw),
                state=state if state & (NUD_PERMANENT | rt.NUD_NOARP) else NUD_REACHABLE,
                flags=flags & _KEPT or NTF_MASTER,
                vlan=rt.number(words.get(NDA_VLAN)),
                destination=rt.ip(words.get(rt.NDA_DST)),
                port=int.from_bytes(words.get(NDA_PORT, b""), "big"),
                vni=rt.number(words.get(NDA_VNI)),
                via=rt.number(words.get(NDA_IFINDEX)),
            )
        )
    return tuple(found)


def add_fdb(kernel: RouteSocket, entry: pack.FdbEntry) -> None:
    """A tunnel may have several for one MAC address. Unfit; OSError."""
    flags = rt.NLM_F_CREATE | (rt.NLM_F_APPEND if entry.destination else rt.NLM_F_EXCL)
    kernel.request(rt.RTM_NEWNEIGH, flags, _fdb_body(entry), f"add fdb {entry.mac}")


def delete_fdb(kernel: RouteSocket, entry: pack.FdbEntry) -> None:
    """Unfit; OSError."""
    kernel.request(rt.RTM_DELNEIGH, 0, _fdb_body(entry), f"delete fdb {entry.mac}")


def _fdb_body(entry: pack.FdbEntry) -> bytes:
    body = rt.NDMSG.pack(socket.AF_BRIDGE, entry.index, entry.state, entry.flags, 0)
    body += rt.attribute(rt.NDA_LLADDR, mac_bytes(entry.mac))
    body += rt.attribute(rt.NDA_DST, ip_bytes(entry.destination)[1]) if entry.destination else b""
    body += rt.attribute(NDA_VLAN, entry.vlan.to_bytes(2, "little")) if entry.vlan else b""
    body += rt.attribute(NDA_PORT, entry.port.to_bytes(2, "big")) if entry.port else b""
    body += rt.attribute(NDA_VNI, entry.vni) if entry.vni else b""
    return body + (rt.attribute(NDA_IFINDEX, entry.via) if entry.via else b"")
