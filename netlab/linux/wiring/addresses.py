"""Addresses of links: read as netlab.model.pack.Address, added and deleted."""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path

from netlab.linux import netns
from netlab.linux.netlink import messages as rt
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.wiring.fields import Unfit, ip_bytes
from netlab.model import pack

IFA_LABEL = 3
FOR_EVER = 0xFFFFFFFF
FAILED = 0x08  # IFA_F_DADFAILED: somebody else has it
# Those that pass, or that the lifetimes say: optimistic, deprecated, tentative, permanent.
_PASSING = 0x04 | 0x20 | rt.IFA_F_TENTATIVE | rt.IFA_F_PERMANENT
_LIFE = struct.Struct("=IIII")
_SOLICITED = bytes.fromhex("ff02 0000 0000 0000 0000 0001 ff")
_ADD = rt.NLM_F_CREATE | rt.NLM_F_EXCL


def read(kernel: RouteSocket) -> tuple[pack.Address, ...]:
    """Every address of a namespace. OSError."""
    body = rt.IFADDR.pack(0, 0, 0, 0, 0)
    return tuple(_address(content) for _, content in kernel.query(rt.RTM_GETADDR, rt.NLM_F_DUMP, body))


def _address(content: bytes) -> pack.Address:
    _, prefixlen, _, scope, index = rt.IFADDR.unpack_from(content)
    words = rt.attributes(content, rt.IFADDR.size)
    own, peer = rt.ip(words.get(rt.IFA_LOCAL)), rt.ip(words.get(rt.IFA_ADDRESS))
    life = words.get(rt.IFA_CACHEINFO, b"")
    preferred, valid, *_ = _LIFE.unpack(life) if len(life) == _LIFE.size else (FOR_EVER, FOR_EVER)
    return pack.Address(
        index=index,
        address=own or peer,
        prefixlen=prefixlen,
        peer=peer if own and peer != own else "",
        broadcast=rt.ip(words.get(rt.IFA_BROADCAST)),
        label=rt.text(words.get(IFA_LABEL)),
        scope=scope,
        flags=rt.number(words.get(rt.IFA_FLAGS)) & ~_PASSING,
        protocol=rt.number(words.get(rt.IFA_PROTO)),
        preferred=preferred,
        valid=valid,
    )


def add(kernel: RouteSocket, address: pack.Address) -> None:
    """Unfit; OSError."""
    kernel.request(rt.RTM_NEWADDR, _ADD, _body(address), f"add address {address.address}")


def delete(kernel: RouteSocket, address: pack.Address) -> None:
    """Unfit; OSError."""
    kernel.request(rt.RTM_DELADDR, 0, _body(address), f"delete address {address.address}")


def _body(address: pack.Address) -> bytes:
    family, own = ip_bytes(address.address)
    peer = ip_bytes(address.peer)[1] if address.peer else own
    if address.prefixlen > 8 * len(own) or len(peer) != len(own):
        raise Unfit(f"{address.address}/{address.prefixlen} is no address")
    body = rt.IFADDR.pack(family, address.prefixlen, 0, address.scope, address.index)
    body += rt.attribute(rt.IFA_LOCAL, own) + rt.attribute(rt.IFA_ADDRESS, peer)
    if address.broadcast:
        body += rt.attribute(rt.IFA_BROADCAST, ip_bytes(address.broadcast)[1])
    if address.label:
        body += rt.attribute(IFA_LABEL, address.label.encode()[:15] + b"\0")
    if address.protocol:
        body += rt.attribute(rt.IFA_PROTO, bytes([address.protocol]))
    if address.valid != FOR_EVER or address.preferred != FOR_EVER:
        body += rt.attribute(rt.IFA_CACHEINFO, _LIFE.pack(address.preferred, address.valid, 0, 0))
    return body + rt.attribute(rt.IFA_FLAGS, address.flags & ~FAILED)


def has_heard(address: pack.Address, groups: set[tuple[int, bytes]]) -> bool:
    """Whether its link listens to those who ask for that address of IPv6 (RFC 4291, section 2.7.1), which a
    kernel sees to a moment after the address was added."""
    if ":" not in address.address:
        return True
    raw = ip_bytes(address.address)[1]
    return (address.index, _SOLICITED + raw[-3:]) in groups


def groups() -> set[tuple[int, bytes]]:
    """(index of the link, address) of all multicast of IPv6 that is listened to in the namespace we are in.
    Empty where IPv6 is not."""
    with suppress(OSError), open("/proc/thread-self/net/igmp6") as file:
        return {(int(index), bytes.fromhex(group)) for index, _name, group, *_ in map(str.split, file)}
    return set()


def skip_detection(namespace: int) -> None:
    """IPv6 addresses that come from now on need not wait a second until nobody else has them (accept_dad)."""
    with netns.enter(namespace):
        for file in Path("/proc/sys/net/ipv6/conf").glob("*/accept_dad"):
            with suppress(OSError):
                file.write_text("0")
