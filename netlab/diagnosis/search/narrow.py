"""The smallest change that heals, by delta debugging: all at once, then halves, then single things.

Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002: `smallest` is their ddmin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TypeVar

from netlab.diagnosis.bench import Bench
from netlab.diagnosis.search.atom import Atom
from netlab.model.pack import Pack

Part = TypeVar("Part")


def groups(found: Sequence[Atom], near: Sequence[str]) -> Iterator[list[Atom]]:
    """What may be needed, by node and kind, where the packet ended before elsewhere."""

    def place(atom: Atom) -> tuple[int, str, str]:
        return near.index(atom.node) if atom.node in near else len(near), atom.node, atom.cause

    others = sorted((atom for atom in found if not atom.harmless), key=place)
    for __, group in groupby(others, key=place):
        yield list(group)


def smallest(
    wanted: Sequence[Part], heals: Callable[[Sequence[Part]], bool], is_late: Callable[[], bool]
) -> list[Part]:
    """A part of those, which heal together, without which none of them does."""
    found, parts = list(wanted), 2
    while len(found) > 1 and not is_late():
        size = max(1, len(found) // parts)
        chunks = [found[start : start + size] for start in range(0, len(found), size)]
        part = next((chunk for chunk in chunks if heals(chunk)), None)
        if part is not None:
            found, parts = part, 2
            continue
        rests = ([atom for atom in found if atom not in chunk] for chunk in chunks)
        rest = next((rest for rest in rests if len(chunks) > 2 and heals(rest)), None)
        if rest is not None:
            found, parts = rest, max(parts - 1, 2)
        elif parts >= len(found):
            break
        else:
            parts = min(2 * parts, len(found))
    return found


def without(found: Pack, gone: Sequence[Atom]) -> Pack:
    """The network without those."""
    nodes = {node.name: node for node in found.nodes}
    for atom in gone:
        nodes[atom.node] = atom.without(nodes[atom.node])
    return replace(found, nodes=tuple(nodes[node.name] for node in found.nodes))


def narrow(
    bench: Bench, found: Pack, parts: Sequence[Atom], near: Sequence[str], is_late: Callable[[], bool]
) -> Iterator[list[Atom]]:
    """Smallest changes that heal, one for each group in which there is one."""

    def heals(gone: Sequence[Atom]) -> bool:
        return not is_late() and bench.heals_as(without(found, gone))

    harmless = [atom for atom in parts if atom.harmless]
    if harmless and heals(harmless):
        yield from _in_time(smallest(harmless, heals, is_late), is_late)
    for group in groups(parts, near):
        # Of addresses, routes and the like some are needed: so all together, and else each by itself.
        singles = [[atom] for atom in group] if len(group) > 1 else []
        wanted = next((some for some in (group, *singles) if heals([*harmless, *some])), None)
        if wanted:
            yield from _in_time(smallest([*wanted, *harmless], heals, is_late), is_late)


def _in_time(found: list[Atom], is_late: Callable[[], bool]) -> Iterator[list[Atom]]:
    """What was narrowed down to the end: of the rest nobody knows what is needed."""
    if not is_late():
        yield found
