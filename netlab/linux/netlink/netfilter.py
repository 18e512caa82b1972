"""nf_tables and the connection table over netlink: what is needed of them in less time than a process takes.

Numbers are those of linux/netfilter/nf_tables.h and nfnetlink.h.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from netlab.linux.netlink import messages as rt
from netlab.linux.netlink.socket import NETLINK_NETFILTER, NetlinkSocket

NFNL_SUBSYS_CTNETLINK, NFNL_SUBSYS_IPSET, NFNL_SUBSYS_NFTABLES = 1, 6, 10
IP_SETS = "/sys/module/ip_set"  # there if the kernel has them; it would load them for whoever asks
IPSET_PROTOCOL, IPSET_CMD_DESTROY, IPSET_CMD_FLUSH = 6, 3, 4
IPSET_ATTR_PROTOCOL = 1
NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END = 16, 17
NFT_MSG_NEWTABLE, NFT_MSG_GETTABLE, NFT_MSG_DELTABLE = 0, 1, 2
NFT_MSG_NEWCHAIN, NFT_MSG_GETCHAIN, NFT_MSG_NEWRULE, NFT_MSG_GETRULE = 3, 4, 6, 7
NFT_MSG_GETSET, NFT_MSG_NEWGEN, NFT_MSG_GETGEN, NFT_MSG_GETOBJ = 10, 15, 16, 19
NFT_MSG_GETFLOWTABLE, NFTA_GEN_ID = 23, 1
NFT_MSG_GETRULE_RESET = 25  # since Linux 6.2
IPCTNL_MSG_CT_DELETE = 2
NFTA_TABLE_NAME, NFTA_TABLE_USE, NFTA_TABLE_HANDLE = 1, 3, 4
NFTA_CHAIN_TABLE, NFTA_CHAIN_HANDLE, NFTA_CHAIN_NAME, NFTA_CHAIN_USE, NFTA_CHAIN_COUNTERS = 1, 2, 3, 6, 8
NFTA_CHAIN_HOOK, NFTA_HOOK_DEV, NFTA_HOOK_DEVS = 4, 3, 4
NFTA_RULE_TABLE, NFTA_RULE_CHAIN = 1, 2
NFTA_RULE_HANDLE, NFTA_RULE_EXPRESSIONS, NFTA_RULE_POSITION = 3, 4, 6
FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
# Of each kind: what asks for it, and the attributes that the kernel gives by itself (handle, use, position).
KEPT_BY_THE_KERNEL = {
    NFT_MSG_NEWTABLE: (NFT_MSG_GETTABLE, {NFTA_TABLE_USE, NFTA_TABLE_HANDLE}),
    NFT_MSG_NEWCHAIN: (NFT_MSG_GETCHAIN, {NFTA_CHAIN_HANDLE, NFTA_CHAIN_USE}),
    NFT_MSG_NEWRULE: (NFT_MSG_GETRULE, {NFTA_RULE_HANDLE, NFTA_RULE_POSITION}),
}
_NFGENMSG = struct.Struct("!BBH")


class Netfilter(NetlinkSocket):
    """A netfilter socket in a network namespace."""

    protocol = NETLINK_NETFILTER

    def __enter__(self) -> Netfilter:
        return self

    def tables(self) -> set[tuple[str, str]]:
        """(family, name) of every table of nf_tables here."""
        found = set()
        for body in self._dump(NFT_MSG_GETTABLE):
            words = rt.attributes(body, _NFGENMSG.size)
            found.add((FAMILIES.get(body[0], ""), rt.text(words.get(NFTA_TABLE_NAME))))
        return found

    def chains(self) -> set[tuple[str, str, str]]:
        """(family, table, name) of every chain of nf_tables here."""
        found = set()
        for body in self._dump(NFT_MSG_GETCHAIN):
            words = rt.attributes(body, _NFGENMSG.size)
            found.add(
                (
                    FAMILIES.get(body[0], ""),
                    rt.text(words.get(NFTA_CHAIN_TABLE)),
                    rt.text(words.get(NFTA_CHAIN_NAME)),
                )
            )
        return found

    def handles(self) -> dict[tuple[str, str, str], list[int]]:
        """Of each chain, (family, table, name), the kernel's numbers for its rules, in their order."""
        found: dict[tuple[str, str, str], list[int]] = {}
        for body in self._dump(NFT_MSG_GETRULE):
            words = rt.attributes(body, _NFGENMSG.size)
            table, name = rt.text(words.get(NFTA_RULE_TABLE)), rt.text(words.get(NFTA_RULE_CHAIN))
            handle = int.from_bytes(words.get(NFTA_RULE_HANDLE, b""), "big")
            found.setdefault((FAMILIES.get(body[0], ""), table, name), []).append(handle)
        return found

    def devices(self) -> dict[tuple[str, str, str], list[str]]:
        """Of chains at a device: (family, table, name) and the devices, which nft(8) does not always list."""
        found = {}
        for body in self._dump(NFT_MSG_GETCHAIN):
            words = rt.attributes(body, _NFGENMSG.size)
            hook = rt.attributes(words.get(NFTA_CHAIN_HOOK, b""))
            names = [rt.text(value) for _, value in rt.pieces(hook.get(NFTA_HOOK_DEVS, b""))]
            names = names or ([rt.text(hook[NFTA_HOOK_DEV])] if NFTA_HOOK_DEV in hook else [])
            if names:
                table, name = rt.text(words.get(NFTA_CHAIN_TABLE)), rt.text(words.get(NFTA_CHAIN_NAME))
                found[FAMILIES.get(body[0], ""), table, name] = names
        return found

    def generation(self) -> int:
        """A number that is another one after each change of tables, chains or rules. OSError."""
        body = _NFGENMSG.pack(0, 0, 0)
        for _, content in self.query(_type(NFT_MSG_GETGEN), rt.NLM_F_ACK, body):
            words = rt.attributes(content, _NFGENMSG.size)
            return int.from_bytes(words.get(NFTA_GEN_ID, b""), "big")
        return 0

    def program(self) -> bytes:
        """Messages that make all tables, chains and rules of here again, with counters of 0; for `load`."""
        return _BEGIN + _creation(self._list(counted=False))

    def state(self, *, counted: bool = True) -> tuple[tuple[int, bytes], ...] | None:
        """All tables, chains and rules of here, to be compared, with what they have counted or with zeros.

        None where there is more of nf_tables (sets, objects, flow tables): that is not looked into.
        """
        if any(self._dump(question) for question in (NFT_MSG_GETSET, NFT_MSG_GETOBJ, NFT_MSG_GETFLOWTABLE)):
            return None
        return tuple(self._list(counted))

    def _list(self, counted: bool) -> Iterator[tuple[int, bytes]]:
        for kind, (question, _) in KEPT_BY_THE_KERNEL.items():
            for body in self._dump(question):
                yield (
                    kind,
                    _as_request(kind, body[:2] + b"\0\0" + body[4:], counted),
                )  # not which change was last

    def load(self, program: bytes) -> None:
        """Make what a program says, all or nothing; OSError if it is refused, or holds nothing."""
        self._run(program)

    def flush(self) -> None:
        """Delete every table."""
        self.replace(())

    def replace(self, state: Sequence[tuple[int, bytes]]) -> None:
        """Make what such a `state` is, with counters of 0, in place of all there is, in one go. OSError."""
        self._run(_BEGIN + _message(_type(NFT_MSG_DELTABLE), 0, _NFGENMSG.pack(0, 0, 0)) + _creation(state))

    def zero(self) -> None:
        """Let rules and chains count from 0 on, as `iptables -Z` does; OSError where the kernel cannot."""
        self._dump(NFT_MSG_GETRULE_RESET)
        counting = [_zero_of_chain(body) for body in self._dump(NFT_MSG_GETCHAIN)]
        self._run(_BEGIN + b"".join(_message(_type(NFT_MSG_NEWCHAIN), 0, body) for body in counting if body))

    def forget_connections(self) -> None:
        """Empty the connection table; OSError where it cannot be."""
        kind = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE
        self.request(kind, 0, _NFGENMSG.pack(0, 0, 0), "flush the connection table")

    def destroy_sets(self) -> None:
        """Take out what ipset(8) has made; OSError while a rule has one in use."""
        if os.path.exists(IP_SETS):
            body = _NFGENMSG.pack(0, 0, 0) + rt.attribute(IPSET_ATTR_PROTOCOL, bytes((IPSET_PROTOCOL,)))
            for command in (IPSET_CMD_FLUSH, IPSET_CMD_DESTROY):  # a list of sets has those in use
                self.request(NFNL_SUBSYS_IPSET << 8 | command, 0, body, "destroy all sets")

    def _dump(self, question: int) -> list[bytes]:
        body = _NFGENMSG.pack(0, 0, 0)
        return [content for _, content in self.query(_type(question), rt.NLM_F_DUMP, body)]

    def _run(self, batch: bytes) -> None:
        """Send a batch. Nobody acknowledges its end, so a question behind it tells that all was done."""
        end = _message(NFNL_MSG_BATCH_END, 0, _NFGENMSG.pack(0, 0, NFNL_SUBSYS_NFTABLES))
        self._send(batch + end)
        self._sequence += 1
        self._send(_message(_type(NFT_MSG_GETTABLE), rt.NLM_F_DUMP, _NFGENMSG.pack(0, 0, 0), self._sequence))
        refused = None
        while True:
            for kind, sequence, content in rt.messages(self._socket.recv(1 << 17)):
                if kind == rt.NLMSG_ERROR and rt.error(content):
                    refused = refused or OSError(
                        rt.error(content), f"nf_tables: {os.strerror(rt.error(content))}"
                    )
                if kind == rt.NLMSG_DONE and sequence == self._sequence:
                    if refused is not None:
                        raise refused
                    return


def _type(kind: int) -> int:
    return NFNL_SUBSYS_NFTABLES << 8 | kind


def _message(kind: int, flags: int, body: bytes, sequence: int = 0) -> bytes:
    return rt.message(kind, flags, sequence, body)


_BEGIN = _message(NFNL_MSG_BATCH_BEGIN, 0, _NFGENMSG.pack(0, 0, NFNL_SUBSYS_NFTABLES))


def _creation(state: Iterable[tuple[int, bytes]]) -> bytes:
    """Messages that make that."""
    flags = rt.NLM_F_CREATE | rt.NLM_F_APPEND
    return b"".join(_message(_type(kind), flags, again) for kind, again in state)


@lru_cache(512)
def _as_request(kind: int, body: bytes, counted: bool) -> bytes:
    """A listed table, chain or rule as a request for one like it, with what it has counted or zeros."""
    pieces = []
    for number, value in rt.pieces(body[_NFGENMSG.size :]):
        what = number & rt.NLA_TYPE_MASK
        if what in KEPT_BY_THE_KERNEL[kind][1]:
            continue
        if not counted and (kind, what) == (NFT_MSG_NEWCHAIN, NFTA_CHAIN_COUNTERS):
            value = _zeros(value)
        elif not counted and (kind, what) == (NFT_MSG_NEWRULE, NFTA_RULE_EXPRESSIONS):
            value = _pack([(element, _zero_counter(inner)) for element, inner in rt.pieces(value)])
        pieces.append((number, value))
    return body[: _NFGENMSG.size] + _pack(pieces)


def _zero_of_chain(body: bytes) -> bytes:
    """A listed chain as a request that it count from 0 on; b"" if it counts nothing."""
    words = {piece[0] & rt.NLA_TYPE_MASK: piece for piece in rt.pieces(body[_NFGENMSG.size :])}
    if not {NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, NFTA_CHAIN_COUNTERS} <= words.keys():
        return b""
    number, counters = words[NFTA_CHAIN_COUNTERS]
    named = [words[NFTA_CHAIN_TABLE], words[NFTA_CHAIN_NAME]]
    return body[: _NFGENMSG.size] + _pack([*named, (number, _zeros(counters))])


def _zero_counter(expression: bytes) -> bytes:
    """An expression of a rule; a counter, whose name stands before its data, with zeros in it."""
    pieces = rt.pieces(expression)
    if not pieces or pieces[0][1] != b"counter\0":
        return expression
    name, *rest = pieces
    return _pack([name, *((number, _zeros(value)) for number, value in rest)])


def _zeros(attributes: bytes) -> bytes:
    return _pack([(number, bytes(len(value))) for number, value in rt.pieces(attributes)])


def _pack(pieces: Sequence[tuple[int, bytes]]) -> bytes:
    return b"".join(rt.attribute(number, value) for number, value in pieces)
