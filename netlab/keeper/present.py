"""How a lab is before it becomes like a pack: what has been read, and of what was just made, a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Protocol

from netlab.keeper.places import ROLES, Place
from netlab.keeper.populate import Order
from netlab.linux.wiring import neighbours
from netlab.model import pack
from netlab.model.outside import LO, empty

# What two nodes may have that is not of one network: who plays a listener, and what an engine says.
_BESIDE = ("name", "kind", "aliases", "container", "listeners", "neighbours", "fdb")
_COMPARED = tuple(each.name for each in fields(pack.Node) if each.name not in _BESIDE)


class Workshop(Protocol):
    """What looks."""

    is_fresh: bool

    def read(self, places: Sequence[Place], /) -> pack.Pack: ...


@dataclass(frozen=True)
class Present:
    """The nodes that were read, and for those that nobody looked at, by name, one that is as they are."""

    found: pack.Pack
    alike: Mapping[str, pack.Node]

    def node(self, name: str) -> pack.Node | None:
        """As it was read; None of one that has just been made: nothing is in it."""
        return self.found.node(name)

    def made(self, name: str) -> pack.Node | None:
        """What it is like, if it has just been made and another one was looked at."""
        return None if name in ROLES else self.alike.get(name)

    def settings(self, name: str) -> Mapping[str, str]:
        """Those of a node that are not as in any fresh namespace."""
        node = self.node(name) or self.alike.get(name)
        return node.settings if node else {}

    def links(self) -> dict[tuple[str, int], pack.Link]:
        """All that are there, by node and index."""
        there = {(node.name, link.index): link for node in self.found.nodes for link in node.links}
        return there | {(name, LO): replace(empty(name, "").links[0], up=False) for name in self.alike}

    def is_same(self, wanted: pack.Node) -> bool:
        """Whether a node is that one already, and knows of neighbours what it is to know."""
        node = self.node(wanted.name)
        if node is None or any(getattr(node, name) != getattr(wanted, name) for name in _COMPARED):
            return False
        return all(
            set(theirs) <= set(ours) and _permanent_entries(theirs) == _permanent_entries(ours)
            for ours, theirs in ((node.neighbours, wanted.neighbours), (node.fdb, wanted.fdb))
        )

    def plays(self, wanted: pack.Node) -> bool:
        """Whether somebody listens where it is wanted, and nowhere else."""
        node = self.node(wanted.name)
        return _ports(node.listeners if node else ()) == _ports(wanted.listeners)


def _permanent_entries(
    entries: Sequence[pack.Neighbour] | Sequence[pack.FdbEntry],
) -> set[pack.Neighbour | pack.FdbEntry]:
    return {entry for entry in entries if not neighbours.is_passing(entry)}


def _ports(listeners: Sequence[pack.Listener]) -> set[pack.Listener]:
    return {replace(each, program="") for each in listeners}


def look(workshop: Workshop, places: Sequence[Place], made: Order) -> Present:
    """All of them but what is known to be empty; of those of one kind that were `made`, the first."""
    fresh = {
        "container": {name for name, __ in made.containers},
        "netns": set(made.namespaces),
    }
    kept, samples, others = [], {}, []
    blank = {}
    for place in places:
        if workshop.is_fresh and place.name in ROLES:
            blank[place.name] = empty(place.name, place.kind)
        elif place.name not in fresh.get(place.kind, ()):
            kept.append(place)
        elif place.kind in samples:
            others.append(place)
        else:
            samples[place.kind] = place
            kept.append(place)
    found = workshop.read(kept) if kept else pack.Pack("")
    alike = {
        place.name: node for place in others if (node := found.node(samples[place.kind].name)) is not None
    }
    return Present(found, alike | blank)
