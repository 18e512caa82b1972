"""What the chains of iptables on a node do to a packet, and whether that can be told.

A rule that asks for something that is not read here makes a doubt, unless what it would do is what happens
anyway. nft's own chains are not evaluated: where one has a say, that is a doubt.
"""

from __future__ import annotations

from dataclasses import dataclass

from netlab.i18n import gettext as _
from netlab.model import Chain, Node, Rule
from netlab.packets.forwarding.iptables import FINAL, Flow, matches

STOPS = ("DROP", "REJECT")
TABLES = {
    "PREROUTING": ("raw", "mangle", "nat"), "INPUT": ("mangle", "filter"), "FORWARD": ("mangle", "filter"),
    "OUTPUT": ("raw", "mangle", "nat", "filter"), "POSTROUTING": ("mangle", "nat"),
}  # fmt: skip
HARMLESS = ("", "LOG", "NFLOG", "TRACE", "CHECKSUM", "TCPMSS", "TOS", "DSCP", "TTL")
MARKING = ("MARK", "CONNMARK")
DEEPEST = 16


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a table does at a hook: the rule, or the policy, that decided. `doubt` says what may."""

    target: str
    chain: Chain
    rule: Rule | None = None
    number: int = 0
    doubt: str = ""

    @property
    def kind(self) -> str:
        """What matters of it."""
        if self.target in STOPS:
            return "stops"
        return "passes" if self.target == "ACCEPT" else f"{self.target} {self.rule.text if self.rule else ''}"

    def tell(self, node: Node) -> str:
        """That it drops."""
        chain = f"{self.chain.table}/{self.chain.name}"
        if self.rule is None:
            told = _("the policy of {chain} on {node} is {target}")
            return told.format(chain=chain, node=node.name, target=self.target)
        told = _("rule {number} of {chain} on {node} drops it: {text}")
        return told.format(number=self.number, chain=chain, node=node.name, text=self.rule.text)


class Firewall:
    """Of one node."""

    def __init__(self, node: Node) -> None:
        self._node = node
        own = [chain for chain in node.chains if chain.backend != "native"]
        self._bases: dict[tuple[str, str, str], list[Chain]] = {}
        for chain in own:
            if chain.policy:
                self._bases.setdefault((chain.family, chain.table, chain.name), []).append(chain)
        self._chains = {(c.backend, c.family, c.table, c.name): c for c in own}
        heeds_marks = any(rule.mark or rule.mask for rule in node.policies)
        self._harmless = HARMLESS if heeds_marks else (*HARMLESS, *MARKING)
        self._native = [c for c in node.chains if c.backend == "native" and c.hook and _has_a_say(c)]

    def at(self, table: str, hook: str, flow: Flow) -> list[Ruling]:
        """One for each backend that has that table."""
        family = "ip6" if ":" in flow.destination else "ip"
        return [self._decide(base, flow) for base in self._bases.get((family, table, hook), ())]

    def native(self, hook: str, *families: str) -> str:
        """The doubt that nft's own chains make at a hook; "" without one."""
        for chain in self._native:
            if chain.hook == hook.lower() and chain.family in families:
                what = f"{chain.family} {chain.table} {chain.name}"
                return _("nft's own chain {chain} on {node} goes beyond what is evaluated").format(
                    chain=what, node=self._node.name
                )
        return ""

    def _decide(self, base: Chain, flow: Flow) -> Ruling:
        maybe: list[Ruling] = []
        end = self._through(base, flow, maybe, 0) or Ruling(base.policy, base)
        other = next((each for each in maybe if each.kind != end.kind), None)
        if other is None or other.rule is None:
            return end
        told = _("whether rule {number} of {chain} on {node} is for it cannot be told: {text}").format(
            number=other.number,
            chain=f"{other.chain.table}/{other.chain.name}",
            node=self._node.name,
            text=other.rule.text,
        )
        return Ruling(end.target, end.chain, end.rule, end.number, told)

    def _through(self, chain: Chain, flow: Flow, maybe: list[Ruling], depth: int) -> Ruling | None:
        """The first rule that ends it; None when it falls off the chain's end. `maybe`: others that might."""
        for number, rule in enumerate(chain.rules, 1):
            met = matches(rule.text, flow)
            if met is False or rule.target in self._harmless:
                continue
            found: Ruling | None = Ruling(rule.target, chain, rule, number)
            other = self._chains.get((chain.backend, chain.family, chain.table, rule.target))
            if rule.target == "RETURN" and met:
                return None
            if other is not None and depth < DEEPEST:
                found = self._through(other, flow, maybe, depth + 1)
                if found is None and met and " -g " in f" {rule.text}":
                    return None
            if found is None:
                continue
            if met and (other is not None or found.target in FINAL):
                return found
            maybe.append(found)
        return None


def _has_a_say(chain: Chain) -> bool:
    return bool(chain.rules) or chain.policy not in ("", "ACCEPT")
