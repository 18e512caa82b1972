"""What NAT rules make of a packet, and how connection tracking takes it back on the answer's way."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

from netlab.model import Node
from netlab.packets.forwarding.iptables import Flow

_TO = re.compile(r"--to-(?:destination|source|ports) (\S+)")
_ADDRESS = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([\d.]+|[0-9a-fA-F]*:[0-9a-fA-F:.]+))?(?::(\d{1,5}))?")
_PORT = re.compile(r"\d{1,5}")


def target_of(rule: str) -> tuple[str, int] | None:
    """(address or "", port or 0) that a rule puts in; None for a range, or what is no address."""
    told = _TO.search(rule)
    if told is None:
        return "", 0
    if _PORT.fullmatch(told[1]):  # --to-ports
        return "", int(told[1])
    found = _ADDRESS.fullmatch(told[1])
    if found is None:
        return None
    address = found[1] or found[2] or ""
    try:
        return (str(ip_address(address)) if address else ""), int(found[3] or 0)
    except ValueError:
        return None


@dataclass(slots=True)
class Translations:
    """Those that a connection has met, by node: (before, after)."""

    _sources: dict[int, tuple[Flow, Flow]] = field(default_factory=dict)
    _destinations: dict[int, tuple[Flow, Flow]] = field(default_factory=dict)

    def note_source(self, node: Node, old: Flow, new: Flow) -> None:
        """It asks as somebody else from there on."""
        self._sources[node.netns] = old, new

    def note_destination(self, node: Node, old: Flow, new: Flow) -> None:
        """It goes elsewhere from there on."""
        self._destinations[node.netns] = old, new

    def undo_source(self, node: Node, answer: Flow) -> Flow:
        """An answer to who it asked as is for who it was."""
        old, new = self._sources.get(node.netns, (None, None))
        if old is None or new is None or answer.destination != new.source:
            return answer
        return replace(answer, destination=old.source, destination_port=old.source_port)

    def undo_destination(self, node: Node, answer: Flow) -> Flow:
        """An answer from where it went comes from whom it asked."""
        old, new = self._destinations.get(node.netns, (None, None))
        if old is None or new is None or answer.source != new.destination:
            return answer
        return replace(answer, source=old.destination, source_port=old.destination_port)
