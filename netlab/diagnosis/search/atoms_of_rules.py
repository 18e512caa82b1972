"""Rules and policies of firewalls and of IPsec, one thing each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from netlab.diagnosis.observation import step
from netlab.diagnosis.search.atom import Atom, Without
from netlab.diagnosis.suspects.opening import words_of
from netlab.i18n import gettext as _
from netlab.model import Node, pack

DIRECTIONS, REFUSES = ("in", "out", "fwd"), 1  # of a policy of IPsec: XFRM_POLICY_…
TOOLS = {"ip": "iptables", "ip6": "ip6tables", "bridge": "ebtables"}


def of_iptables(node: pack.Node, place: Node) -> Iterator[Atom]:
    """Of iptables, ip6tables and ebtables."""
    for table in node.tables:
        tool = TOOLS[table.family] + ("-legacy" if table.backend == "legacy" else "")
        harmless = table.name != "nat"
        for chain in table.chains:
            where, words = f"{table.name}/{chain.name}", (tool, "-t", table.name)
            if chain.policy == "DROP":
                text = _("the policy of {chain}, DROP").format(chain=where)
                accept = (step(place, *words, "-P", chain.name, "ACCEPT"),)
                change = _in_chain(table, chain, replace(chain, policy="ACCEPT"))
                yield Atom(node.name, "firewall-drop", text, accept, change, harmless)
            for rule in dict.fromkeys(chain.rules):
                kept = tuple(each for each in chain.rules if each != rule)
                text = _("the rule {rule} of {chain}").format(rule=rule, chain=where)
                delete = step(place, *words, "-D", chain.name, *words_of(rule, chain.rules.index(rule) + 1))
                cure = (delete,) * chain.rules.count(rule)
                cause = "firewall-drop" if harmless else "wrong-dnat"
                without = _without_rule(table, chain, kept)
                yield Atom(node.name, cause, text, cure, without, harmless and "ACCEPT" not in rule)


def _without_rule(table: pack.Table, chain: pack.Chain, kept: tuple[str, ...]) -> Without:
    """Also where others have been taken away before."""
    gone = set(chain.rules) - set(kept)

    def change(node: pack.Node) -> pack.Node:
        def of(each: pack.Chain) -> pack.Chain:
            return replace(each, rules=tuple(rule for rule in each.rules if rule not in gone))

        return _with_chain(node, table, chain.name, of)

    return change


def _in_chain(table: pack.Table, chain: pack.Chain, wanted: pack.Chain) -> Without:
    return lambda node: _with_chain(node, table, chain.name, lambda each: replace(each, policy=wanted.policy))


def _with_chain(
    node: pack.Node, table: pack.Table, name: str, of: Callable[[pack.Chain], pack.Chain]
) -> pack.Node:
    key = (table.family, table.backend, table.name)
    tables = tuple(
        replace(each, chains=tuple(of(c) if c.name == name else c for c in each.chains))
        if (each.family, each.backend, each.name) == key
        else each
        for each in node.tables
    )
    return replace(node, tables=tables)


def of_nft(node: pack.Node, place: Node) -> Iterator[Atom]:
    """Of nft(8) itself."""
    counted: dict[tuple[str, str, str], int] = {}
    chains = {(c.family, c.table, c.name): c for c in place.chains if c.backend == "native"}
    for text in node.native:
        kind, content = next(iter(json.loads(text).items()))
        key = (str(content.get("family")), str(content.get("table")), str(content.get("chain")))
        if kind == "chain" and content.get("policy") == "drop":
            where = (key[0], key[1], str(content.get("name")))
            accept = step(place, "nft", "chain", *where, "{", "policy", "accept", ";", "}")
            told = _("the policy of {chain}, DROP").format(chain=" ".join(where))
            open_ = json.dumps({"chain": {**content, "policy": "accept"}})
            yield Atom(node.name, "firewall-drop", told, (accept,), _instead(text, open_), True)
        elif kind == "rule" and key in chains:
            number = counted[key] = counted.get(key, 0) + 1
            rules = chains[key].rules
            if number > len(rules):
                continue
            rule = rules[number - 1]
            delete = step(place, "nft", "delete", "rule", *key, "handle", str(rule.handle))
            told = _("the rule {rule} of {chain}").format(rule=rule.text, chain=" ".join(key))
            is_nat = _mentions(content, ("dnat", "snat", "masquerade", "redirect"))
            cause = "wrong-dnat" if is_nat else "firewall-drop"
            yield Atom(node.name, cause, told, (delete,), _instead(text, ""), not is_nat)


def of_ipsec(node: pack.Node, place: Node, names: Mapping[int, str]) -> Iterator[Atom]:
    """Policies of IPsec, but for those that are for one mark."""
    for policy in node.ipsec:
        if policy.details:
            continue
        words = ["src", policy.source, "dst", policy.destination]
        words += ["dev", names[policy.index]] if policy.index in names else []
        words += ["proto", str(policy.protocol)] if policy.protocol else []
        words += ["sport", str(policy.source_port)] if policy.source_mask else []
        words += ["dport", str(policy.destination_port)] if policy.destination_mask else []
        words += ["dir", DIRECTIONS[policy.direction]]
        text = _("the policy of IPsec {words}").format(words=" ".join(words))
        change = _without_ipsec(policy)
        cure = (step(place, "ip", "xfrm", "policy", "delete", *words),)
        yield Atom(node.name, "setting", text, cure, change, policy.action == REFUSES)


def _without_ipsec(gone: pack.IpsecPolicy) -> Without:
    return lambda node: replace(node, ipsec=tuple(each for each in node.ipsec if each != gone))


def _mentions(content: Mapping[str, Any], words: tuple[str, ...]) -> bool:
    statements = content.get("expr", [])
    return any(word in each for each in statements if isinstance(each, dict) for word in words)


def _instead(text: str, other: str) -> Without:
    """Of several that are alike, the first."""

    def change(node: pack.Node) -> pack.Node:
        found = list(node.native)
        if text in found:
            found[found.index(text) : found.index(text) + 1] = [other] if other else []
        return replace(node, native=tuple(found))

    return change
