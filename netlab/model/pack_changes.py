"""What two packs do not have in common, a line each: for whoever compares a twin with its original."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from netlab.model import codec, pack

# By node: lists whose order says nothing. Routes to one place, and rules, are compared in order.
_UNORDERED: tuple[str, ...] = (
    "addresses",
    "nexthops",
    "policies",
    "neighbours",
    "fdb",
    "vlans",
    "queues",
    "classes",
)
_UNORDERED += ("ipsec", "listeners")


def differences(before: pack.Pack, after: pack.Pack) -> list[str]:
    """Of what is gone "- NODE: …", of what has come "+ NODE: …"; none where both are the same network."""
    lines = []
    names = dict.fromkeys(node.name for each in (before, after) for node in each.nodes)
    for name in names:
        old, new = before.node(name), after.node(name)
        if old is None or new is None:
            sign, node = ("-", old) if old else ("+", new)
            lines.append(f"{sign} {name}: {node.kind if node else ''}")
        else:
            lines += _of_node(old, new)
    return lines


def _of_node(old: pack.Node, new: pack.Node) -> Iterator[str]:
    gone, come = Counter(facts(old)), Counter(facts(new))
    yield from (f"- {old.name}: {fact}" for fact in (gone - come).elements())
    yield from (f"+ {old.name}: {fact}" for fact in (come - gone).elements())


def facts(node: pack.Node) -> Iterator[str]:
    """All that is to be said of a node, a line each."""
    for link in node.links:
        yield from _of_link(link)
    for name in _UNORDERED:
        yield from (f"{name}: {_text(each)}" for each in getattr(node, name) if not _passes(each))
    yield from _ip_sets(node)
    yield from _routes(node)
    for table in node.tables:
        for chain in table.chains:
            before = f"{table.backend} {table.family} {table.name} {chain.name}"
            yield f"chain: {before} {chain.policy}".rstrip()
            yield from (f"rule: {before} {number}: {rule}" for number, rule in enumerate(chain.rules, 1))
    yield from (f"nft: {each}" for each in node.native)
    yield from (f"setting: {name} = {value}" for name, value in node.settings.items())
    yield from (f"alias: {alias}" for alias in node.aliases)


def _of_link(link: pack.Link) -> Iterator[str]:
    """Each by itself: of a link that was changed, what was changed."""
    for name, value in codec.to_plain(link).items():
        if isinstance(value, dict) and name != "other":
            yield from (f"link {link.name}: {name} {key} = {each}" for key, each in value.items())
        elif name != "name":
            yield f"link {link.name}: {name} {value}"


def _ip_sets(node: pack.Node) -> Iterator[str]:
    """A set, and each of its entries by itself."""
    for each in node.ip_sets:
        yield f"ipset: {_text(replace(each, entries=()))}"
        for entry in each.entries:
            yield f"ipset {each.name}: {' '.join(f'{word}={value}' for word, value in entry.items())}"


def _routes(node: pack.Node) -> Iterator[str]:
    """Each with its place among those that lead to the same."""
    seen: Counter[tuple[str, int, int]] = Counter()
    for route in node.routes:
        key = (route.destination, route.table, route.metric)
        seen[key] += 1
        yield f"routes: {_text(route)}" + (f" (number {seen[key]})" if seen[key] > 1 else "")


def _passes(value: Any) -> bool:
    """What was learned, and is forgotten again."""
    return isinstance(value, pack.Neighbour | pack.FdbEntry) and bool(value.state & 0x1E)


def _text(value: Any) -> str:
    if isinstance(value, pack.Address) and value.valid != 0xFFFFFFFF:
        value = replace(value, preferred=0, valid=0)  # which pass
    if isinstance(value, pack.Listener):
        value = replace(value, full=False)  # as this does
    plain = codec.to_plain(value)
    return " ".join(f"{f.name}={plain[f.name]}" for f in fields(value) if f.name in plain)
