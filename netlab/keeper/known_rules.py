"""Rules as a kernel has them, beside what a pack says of them: they are put back in one message, and no
program has to be started for it.

Only what was read here, of this lab's own namespaces, is known; of what somebody else wrote nothing is.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from netlab.keeper.places import Place
from netlab.linux.netlink.netfilter import Netfilter
from netlab.model import pack

MOST = 16  # namespaces' rules
State = tuple[tuple[int, bytes], ...]  # as netlab.linux.netlink.netfilter.Netfilter has it
Key = tuple[tuple[pack.Table, ...], tuple[str, ...]]
Generations = dict[str, int]


class KnownRules:
    """Those of some namespaces, by what a pack says of them."""

    def __init__(self) -> None:
        self._states: dict[Key, State] = {}

    @staticmethod
    def generations(places: Sequence[Place]) -> Generations:
        """By name, of each: before they are packed."""
        found = {}
        for place in places:
            with suppress(OSError), place.hold() as namespace, Netfilter(namespace) as netfilter:
                found[place.name] = netfilter.generation()
        return found

    def note(self, places: Sequence[Place], found: pack.Pack, before: Generations) -> None:
        """Of those whose rules have not changed since, as the pack has them."""
        for place in places:
            node = found.node(place.name)
            if node is None or not node.tables or not _is_plain(node) or _key(node) in self._states:
                continue
            with suppress(OSError), place.hold() as namespace, Netfilter(namespace) as netfilter:
                state = netfilter.state(counted=False)
                if state is not None and netfilter.generation() == before.get(place.name):
                    self._states[_key(node)] = state
        while len(self._states) > MOST:
            del self._states[next(iter(self._states))]

    def put(self, namespace: int, have: pack.Node, wanted: pack.Node) -> bool:
        """Have those of `wanted` in place of those of `have`; whether they are known and could be made."""
        state = self._states.get(_key(wanted))
        if state is None or not (_is_plain(have) and _is_plain(wanted)):
            return False
        with suppress(OSError), Netfilter(namespace) as netfilter:
            netfilter.replace(state)
            return True
        return False


def _key(node: pack.Node) -> Key:
    return node.tables, node.native


def _is_plain(node: pack.Node) -> bool:
    """Whether all of its rules are nf_tables' own: no sets of ipset's, none of iptables of the old kind."""
    return not node.ip_sets and all(table.backend == "nft" for table in node.tables)
