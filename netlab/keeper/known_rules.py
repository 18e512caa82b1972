"""Rules as a kernel has them, beside what programs say of them: what is the same again need not be listed
again, and is put back in one message.

Only what was read here, of this lab's own namespaces, is known; of what somebody else wrote nothing is.
"""

from __future__ import annotations

from contextlib import suppress

from netlab.linux.netlink.netfilter import Netfilter
from netlab.model import pack

MOST, LARGEST = 16, 1 << 22  # namespaces' rules; bytes of one's
State = tuple[tuple[int, bytes], ...]  # as netlab.linux.netlink.netfilter.Netfilter has it
Listed = tuple[tuple[pack.Table, ...], tuple[str, ...]]  # iptables' and nft's own, as a pack has them


class KnownRules:
    """Those of some namespaces."""

    def __init__(self) -> None:
        self._listed: dict[State, Listed] = {}

    def find(self, state: State | None) -> Listed | None:
        """What programs say of it."""
        return self._listed.get(state) if state else None

    def note(self, state: State | None, listed: Listed) -> None:
        """What they have just said."""
        if state and sum(len(body) for _, body in state) <= LARGEST:
            self._listed[state] = listed
        while len(self._listed) > MOST:
            del self._listed[next(iter(self._listed))]

    def put(self, namespace: int, have: pack.Node, wanted: pack.Node) -> bool:
        """Have those of `wanted` in place of those of `have`; whether they are known and could be made."""
        listed = wanted.tables, wanted.native
        state = next((state for state, known in self._listed.items() if known == listed), None)
        if state is None or not (_is_plain(have) and _is_plain(wanted)):
            return False
        with suppress(OSError), Netfilter(namespace) as netfilter:
            netfilter.replace(state)
            return True
        return False


def _is_plain(node: pack.Node) -> bool:
    """Whether all of its rules are nf_tables' own: no sets of ipset's, none of iptables of the old kind."""
    return not node.ip_sets and all(table.backend == "nft" for table in node.tables)
