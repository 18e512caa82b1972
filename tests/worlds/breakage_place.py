"""Where a network is broken: a node, and what of it a seed chooses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from netlab.model import Interface, Node

Lines = list[str]


@dataclass(frozen=True)
class Place:
    """A node, and what of it is chosen."""

    random: Random
    node: Node
    ends: tuple[str, str]  # addresses of whom it is about

    @property
    def cards(self) -> list[Interface]:
        return [each for each in self.node.interfaces if each.kind != "loopback" and "UP" in each.flags]

    def card(self, *kinds: str) -> str:
        return self.random.choice([c.name for c in self.cards if not kinds or c.kind in kinds])

    def port(self) -> str:
        return self.random.choice([c.name for c in self.cards if c.master])

    def held(self, six: bool = False) -> tuple[str, str, int]:
        """(interface, address, prefix length)"""
        found = [
            (c.name, a.address, a.prefixlen) for c in self.cards for a in c.addresses if a.scope == "global"
        ]
        return self.random.choice([each for each in found if (":" in each[1]) == six])

    def match(self) -> str:
        """Of a rule: something that the flow has."""
        one, other = self.ends
        return self.random.choice(
            ("", f"-s {one}", f"-d {one}", f"-d {other}", f"-s {other}", f"-i {self.card()}")
        )

    @property
    def six(self) -> bool:
        return ":" in self.ends[1]

    @property
    def ip(self) -> str:
        return "ip -6" if self.six else "ip"

    @property
    def whole(self) -> str:
        return "128" if self.six else "32"

    @property
    def net(self) -> str:
        return "ipv6" if self.six else "ipv4"

    def end(self) -> str:
        return self.random.choice(self.ends)


Break = Callable[[Place], Lines]
