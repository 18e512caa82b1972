"""What the kernel notifies, as values: one Notice for each message. No sockets here.

The keeper passes on what came in records (HEAD); a Reader takes them apart.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from netlab import parsed
from netlab import rtnetlink as rt
from netlab.entries import PolicyRule
from netlab.model import Address, Interface, Route

HEAD = struct.Struct("=QBI")  # namespace, what follows, its length; then the bytes
ROUTE, RULES, OPENED, CLOSED, MISSED, READY = range(6)  # rtnetlink's and nf_tables' messages; about the relay
NEW_GENERATION = 10 << 8 | 15  # NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWGEN: a transaction is done
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
    """Takes records apart; knows the namespaces' names, and those of the interfaces in them."""

    def __init__(self) -> None:
        self._nodes: dict[int, tuple[str, dict[int, str]]] = {}

    def read(self, netns: int, what: int, body: bytes) -> Iterator[Notice]:
        """The notices of one record."""
        if what == OPENED:
            about = json.loads(body)
            self._nodes[netns] = about["name"], {int(i): name for i, name in about["names"].items()}
            yield Notice(about["name"], netns, "namespace")
        elif netns in self._nodes:
            node, names = self._nodes[netns]
            if what == ROUTE:
                for kind, _, content in rt.messages(body):
                    if kind & ~1 in KINDS:
                        yield _notice(node, netns, names, kind, content)
            elif what == RULES:
                if any(kind == NEW_GENERATION for kind, _, _ in rt.messages(body)):
                    yield Notice(node, netns, "firewall")
            elif what == MISSED:
                yield Notice(node, netns, "missed")
            elif what == CLOSED:
                del self._nodes[netns]
                yield Notice(node, netns, "namespace", deleted=True)


def _notice(node: str, netns: int, names: dict[int, str], message: int, content: bytes) -> Notice:
    kind, deleted = KINDS[message & ~1], bool(message & 1)
    index = 0
    value: Interface | Address | Route | PolicyRule | None = None
    if kind == "link":
        found = parsed.link(content)
        index, value = found[0], (link := parsed.interface(netns, found, names, ()))
        names[index] = link.name
    elif kind == "address":
        index, value = parsed.address(content)
    elif kind == "route":
        index = parsed.leaves_by(content)
        value = parsed.route(content, names.get(index, ""))
    elif kind == "rule":
        value = parsed.policy(content)
    else:
        index = rt.number(rt.attributes(content, 4).get(rt.NETCONFA_IFINDEX))
    return Notice(node, netns, kind, deleted, names.get(index, ""), value)
