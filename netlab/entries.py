"""Smaller entries of a Node, as frozen values: rules that choose a routing table, and listening sockets."""

from __future__ import annotations

from dataclasses import dataclass

from netlab.codec import Port


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """One rule of `ip rule`: for which packets, and which table is looked at, or what is said instead."""

    preference: int
    action: str = "lookup"  # lookup, goto, nop, blackhole, unreachable, prohibit
    table: str = ""  # of a lookup: "local", "main", "100", …
    source: str = ""  # "172.17.0.0/16"; "" for all
    destination: str = ""
    iif: str = ""
    oif: str = ""
    mark: int = 0
    mask: int = 0
    goto: int = 0  # the preference at which a goto goes on
    suppress: int = -1  # a route with a prefix of at most that length does not count (suppress_prefixlength)
    inverted: bool = False  # for all packets but those (not)
    family: int = 4
    partial: bool = False  # it also asks for what is not read here: a protocol, ports, a user, a tos

    def __str__(self) -> str:
        """As `ip rule add` and `ip rule del` take it."""
        words = ["not"] if self.inverted else []
        words += ["from", self.source or "all"]
        for word, value in (("to", self.destination), ("iif", self.iif), ("oif", self.oif)):
            words += [word, value] if value else []
        if self.mark:
            words += ["fwmark", hex(self.mark) + (f"/{hex(self.mask)}" if self.mask != 0xFFFFFFFF else "")]
        if self.action == "lookup":
            words += ["lookup", self.table]
        else:
            words += ["goto", str(self.goto)] if self.action == "goto" else [self.action]
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that waits for connections (TCP), or for datagrams (UDP), as `ss -lntu` shows it."""

    protocol: str  # "tcp" or "udp"
    address: str  # "0.0.0.0" or "::" for all
    port: Port
