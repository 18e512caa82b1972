"""Routes and the rules of policy routing, as frozen values; a snapshot holds them."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network


@dataclass(frozen=True, slots=True)
class Route:
    """One route, as `ip route show table all` shows it."""

    destination: str  # "default", "172.17.0.0/16", "172.17.1.2"
    device: str = ""
    gateway: str = ""
    source: str = ""  # preferred source address
    table: str = "main"
    kind: str = "unicast"  # unicast, local, broadcast, blackhole, unreachable, prohibit, …
    metric: int = 0
    scope: str = "global"
    protocol: str = ""  # kernel, boot, static, …
    flags: frozenset[str] = frozenset()  # "linkdown", "onlink", "dead", …
    family: int = 4

    @property
    def is_prefix(self) -> bool:
        """Whether it leads to more than one address."""
        return self.destination == "default" or "/" in self.destination

    @property
    def network(self) -> IPv4Network | IPv6Network:
        """The addresses that it leads to."""
        everything = "::/0" if self.family == 6 else "0.0.0.0/0"
        return ip_network(everything if self.destination == "default" else self.destination)

    def __str__(self) -> str:
        words = [] if self.kind == "unicast" else [self.kind]
        words.append(self.destination)
        for word, value in (("via", self.gateway), ("dev", self.device), ("src", self.source)):
            if value:
                words += [word, value]
        if self.metric:
            words += ["metric", str(self.metric)]
        return " ".join([*words, *sorted(self.flags)])


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
