"""What the kernel notifies: sockets that listen in a namespace, and a value for each message.

A Reader takes apart what one namespace's sockets gave.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass

from netlab.linux.netlink import messages as rt
from netlab.linux.netlink import parse
from netlab.linux.netlink.netfilter import NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWGEN
from netlab.linux.netlink.socket import NETLINK_NETFILTER
from netlab.linux.netns import enter
from netlab.model import Address, Interface, PolicyRule, Route

RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV4_RULE = 1, 5, 7, 8
RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV6_RULE = 9, 11, 19
RTNLGRP_IPV4_NETCONF, RTNLGRP_NSID, NFNLGRP_NFTABLES = 24, 28, 7
GROUPS = (
    *(RTNLGRP_LINK, RTNLGRP_IPV4_NETCONF, RTNLGRP_NSID),
    *(RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV4_RULE),
    *(RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV6_RULE),
)
ROUTE_GROUPS = sum(1 << (group - 1) for group in GROUPS)
NFTABLES_GROUP = 1 << (NFNLGRP_NFTABLES - 1)
NEW_GENERATION = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN  # a transaction is done
KINDS = {
    rt.RTM_NEWLINK: "link",
    rt.RTM_NEWADDR: "address",
    rt.RTM_NEWROUTE: "route",
    rt.RTM_NEWRULE: "rule",
    rt.RTM_NEWNETCONF: "setting",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One message of the kernel's."""

    node: str  # as it was called when it was found
    netns: int
    kind: str  # of KINDS, or "firewall", "namespace"; "missed": the kernel had no room for some
    deleted: bool = False
    device: str = ""
    value: Interface | Address | Route | PolicyRule | None = None

    def __str__(self) -> str:
        words = [f"[{self.node}]", *(["Deleted"] if self.deleted else [])]
        if isinstance(self.value, Interface):
            flags = ",".join(sorted(self.value.flags))
            words += [f"{self.value.index}: {self.device}: <{flags}> mtu {self.value.mtu}"]
        elif isinstance(self.value, Address):
            words += [f"{self.value} dev {self.device}"]
        else:
            words += [str(self.value) if self.value else f"{self.kind} {self.device}".rstrip()]
        return " ".join(words)


class Reader:
    """Takes apart what one namespace's sockets gave; knows the names of its interfaces."""

    def __init__(self, node: str, netns: int, names: dict[int, str]) -> None:
        self._node, self._netns, self._names = node, netns, names

    def about(self, kind: str, *, deleted: bool = False) -> Notice:
        """A notice that tells no more than its kind."""
        return Notice(self._node, self._netns, kind, deleted)

    def route(self, data: bytes) -> Iterator[Notice]:
        """What came from rtnetlink."""
        for kind, _, content in rt.messages(data):
            if kind & ~1 in KINDS:
                yield _notice(self._node, self._netns, self._names, kind, content)

    def rules(self, data: bytes) -> Iterator[Notice]:
        """What came from nf_tables: each transaction is told once, when it is done."""
        if any(kind == NEW_GENERATION for kind, _, _ in rt.messages(data)):
            yield self.about("firewall")


def _notice(node: str, netns: int, names: dict[int, str], message: int, content: bytes) -> Notice:
    kind, deleted = KINDS[message & ~1], bool(message & 1)
    index = 0
    value: Interface | Address | Route | PolicyRule | None = None
    if kind == "link":
        found = parse.link(content)
        index, value = found[0], (link := parse.interface(netns, found, names, ()))
        names[index] = link.name
    elif kind == "address":
        index, value = parse.address(content)
    elif kind == "route":
        index = parse.leaves_by(content)
        value = parse.route(content, names.get(index, ""))
    elif kind == "rule":
        value = parse.policy(content)
    else:
        index = rt.number(rt.attributes(content, 4).get(rt.NETCONFA_IFINDEX))
    return Notice(node, netns, kind, deleted, names.get(index, ""), value)


def listen(namespace: int) -> list[socket.socket]:
    """The sockets, not blocking, on which the kernel notifies of that namespace: rtnetlink, nf_tables."""
    opened = []
    with enter(namespace):
        for protocol, groups in ((socket.NETLINK_ROUTE, ROUTE_GROUPS), (NETLINK_NETFILTER, NFTABLES_GROUP)):
            sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
            sock.setblocking(False)
            sock.bind((0, groups))
            opened.append(sock)
    return opened
