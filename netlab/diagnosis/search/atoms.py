"""What somebody has set in a network: how it is without each thing, and which command takes that away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from netlab.diagnosis.search import atoms_of_rules as rules
from netlab.diagnosis.search import atoms_of_wiring as wiring
from netlab.diagnosis.search.atom import Atom
from netlab.model import Node, Snapshot, pack

_OF_NAMESPACES: tuple[Callable[[pack.Node, Node, Mapping[int, str]], Iterator[Atom]], ...] = (
    rules.of_ipsec,
    wiring.of_queues,
    wiring.of_ports,
    wiring.of_links,
    wiring.of_neighbours,
    wiring.of_fdb,
    wiring.of_policies,
    wiring.of_routes,
    wiring.of_settings,
    wiring.of_addresses,
)


def atoms(found: pack.Pack, seen: Snapshot) -> Iterator[Atom]:
    """Of all nodes; `seen` is the same network, as it is looked at."""
    places = {node.name: node for node in seen.nodes}
    for node in found.nodes:
        if place := places.get(node.name):
            yield from rules.of_iptables(node, place)
            yield from rules.of_nft(node, place)
            names = {link.index: link.name for link in node.links}
            for kind in _OF_NAMESPACES:
                yield from kind(node, place, names)
