"""The packet's own witness: which rules it met in a copy of the network, as `nft monitor trace` tells.

A counter says that a rule dropped some packet; this says that it dropped this one. Rules of iptables-legacy,
of ARP's tables and of a device's ingress are not told of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from netlab.display import one_line
from netlab.i18n import gettext as _
from netlab.model import Chain, Snapshot
from netlab.packets.walk import Met

FAMILIES = ("ip", "ip6", "inet", "bridge")  # of tables whose rules are told of
MOST = 4  # steps on the line of a text


@dataclass(frozen=True, slots=True)
class Spot:
    """A rule, from 1, of a chain, or its policy: 0."""

    node: str
    family: str
    table: str
    chain: str
    number: int

    @staticmethod
    def of(node: str, chain: Chain, number: int) -> Spot | None:
        """None where no witness tells of it."""
        if chain.backend == "legacy" or chain.family not in FAMILIES:
            return None
        return Spot(node, chain.family, chain.table, chain.name, number)


@dataclass(frozen=True, slots=True)
class Step:
    """One rule that a packet met, with its text as its own command lists it; "" for a chain's end."""

    met: Met
    text: str = ""

    @property
    def spot(self) -> Spot:
        """Where it is."""
        met = self.met
        return Spot(met.node, met.family, met.table, met.chain, met.number)

    @property
    def place(self) -> str:
        """The chain's name, as evidence has it."""
        name = f"{self.met.table}/{self.met.chain}"
        return name if self.met.family == "ip" else f"{self.met.family} {name}"

    def __str__(self) -> str:
        verdict = " ".join(filter(None, (self.met.verdict, self.met.to)))
        words = _("{chain} rule {number}: {verdict}") if self.met.number else _("{chain} policy: {verdict}")
        return words.format(chain=self.place, number=self.met.number, verdict=verdict)


def steps(walk: Iterable[Met], seen: Snapshot) -> tuple[Step, ...]:
    """With what the rules say: `seen` is the network that the copy is of."""
    return tuple(Step(met, _text(met, seen)) for met in walk)


def _text(met: Met, seen: Snapshot) -> str:
    node = next((node for node in seen.nodes if node.name == met.node), None)
    for chain in node.chains if node else ():
        if Spot.of(met.node, chain, 0) == Spot(met.node, met.family, met.table, met.chain, 0):
            return one_line(chain.rules[met.number - 1].text) if 0 < met.number <= len(chain.rules) else ""
    return ""


def confirms(walk: Sequence[Step] | None, spot: Spot | None) -> bool:
    """Whether a packet was dropped there; or nobody can tell."""
    if walk is None or spot is None:
        return True
    return any(step.met.drops and step.spot == spot for step in walk)


def of_one(walk: Sequence[Step], node: str) -> tuple[Step, ...]:
    """The packet that was dropped, where that was; else the last one that came by that node."""
    dropped = [step for step in walk if step.met.drops]
    last = dropped or [step for step in walk if step.met.node == node]
    return tuple(each for each in walk if last and _packet(each) == _packet(last[-1]))


def _packet(step: Step) -> tuple[str, int]:
    return step.met.node, step.met.packet


def tell(walk: Sequence[Step]) -> Iterator[str]:
    """One line of what `of_one` gave; nothing where it met no rule."""
    if walk:
        first = walk[0].met
        way = f"{first.source} → {first.destination}"
        told = [str(step) for step in walk[-MOST:]]
        if len(walk) > MOST:
            told.insert(0, "…")
        yield _("its walk in {node} ({way}): {steps}").format(
            node=first.node, way=way, steps=" · ".join(told)
        )
