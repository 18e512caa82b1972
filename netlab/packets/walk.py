"""What a packet meets in the firewalls that it passes, rule by rule: values. netlab.keeper.walk sees it."""

from __future__ import annotations

from dataclasses import dataclass

from netlab.model.fields import Count

MOST = 2048  # of one walk


@dataclass(frozen=True, slots=True)
class Met:
    """A rule that matched, or the end of a chain, and what that decided."""

    node: str
    packet: Count  # the kernel's number for this packet in this namespace
    source: str  # as the packet had them when it came into the chain at the hook
    destination: str
    family: str  # of the table: "ip", "inet", "bridge", …
    table: str
    chain: str
    number: Count  # of the rule, from 1; 0: the chain's end
    verdict: str  # "accept", "drop", "continue", "jump", "goto", "return", …
    to: str = ""  # the chain that is jumped to

    @property
    def drops(self) -> bool:
        """Whether this packet ended here."""
        return self.verdict == "drop"


@dataclass(frozen=True, slots=True)
class Walk:
    """All that the packets of some probes met, in each namespace in the order in which they did."""

    met: tuple[Met, ...] = ()
