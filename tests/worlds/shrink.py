"""The smallest world that comes out like that of a seed: nodes, settings and breaks go as long as it does.

python -m tests.worlds.shrink --seed 2012      printed as lines for a test in test_worlds_found.py
"""

from __future__ import annotations

import argparse
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from netlab.diagnosis.search.narrow import smallest
from netlab.errors import UnknownName
from netlab.faults.fault import Symptom
from netlab.lab import Lab
from tests.support.patience import eventually
from tests.worlds.random_networks import Network
from tests.worlds.trial import Trial, asks, judge, play

KINDS = ("addressing", "settings", "commands")


@dataclass(frozen=True)
class Unit:
    """What can be left out of a world: a node, some lines on one, or a break."""

    kind: str  # "node", one of KINDS, or "break"
    node: str
    text: str = ""


def units(made: Network, breaks: Sequence[tuple[str, str]]) -> Iterator[Unit]:
    """All of it; nodes first. Lines with an end word go together."""
    yield from (Unit("node", name) for name in made.nodes)
    for kind in KINDS:
        for node, lines in getattr(made, kind).items():
            yield from (Unit(kind, node, text) for text in _together(lines))
    yield from (Unit("break", node, text) for node, text in breaks)


def _together(lines: Sequence[str]) -> Iterator[str]:
    """Lines up to the end word of a here-document are one."""
    waiting, word = list[str](), ""
    for line in lines:
        waiting.append(line)
        word = word or line.partition("<<'")[2].rstrip("'")
        if not word or line == word:
            yield "\n".join(waiting)
            waiting, word = [], ""


def world(some: Sequence[Unit]) -> tuple[Network, list[tuple[str, str]]]:
    """The network, and its breaks, that has those alone; what is on a node that is not there goes with it."""
    there = {unit.node for unit in some if unit.kind == "node"} | {"host", "internet"}
    kept = [unit for unit in some if unit.node in there]
    parts: dict[str, dict[str, list[str]]] = {kind: defaultdict(list) for kind in KINDS}
    for unit in kept:
        if unit.kind in KINDS:
            parts[unit.kind][unit.node].append(unit.text)
    nodes = [unit.node for unit in kept if unit.kind == "node"]
    return Network(**parts, nodes=nodes), [(u.node, u.text) for u in kept if u.kind == "break"]


def comes_out(lab: Lab, flow: Symptom, some: Sequence[Unit]) -> str:
    """How that world does; "" where it is not healthy at first, or not broken then, or a node is missing."""
    try:
        return _play(lab, flow, some)
    except UnknownName:
        return ""


def _play(lab: Lab, flow: Symptom, some: Sequence[Unit]) -> str:
    made, breaks = world(some)
    lab.reset()
    for node, text in made.scripts():  # what is refused, for what it needs is gone, is left out
        text = text.replace("ip -batch -", "ip -force -batch -").replace("bash -e <<", "bash <<")
        lab.script(text.replace("set -e", ""), node)
    if not eventually(lambda: asks(lab, flow), 0.7):
        return ""
    for node, line in breaks:
        lab.script(line, node)
    if asks(lab, flow, 3):
        return ""
    trial = Trial(0)
    judge(lab, trial, flow)
    return trial.outcome


def shrink(all_: Sequence[Unit], is_it: Callable[[Sequence[Unit]], bool], until: float) -> list[Unit]:
    """Without nodes that are not needed, and then without all else that is not."""
    left = list(all_)
    for node in [unit for unit in all_ if unit.kind == "node"]:
        fewer = [unit for unit in left if unit.node != node.node]
        if time.monotonic() < until and is_it(fewer):
            left = fewer
    return smallest(left, is_it, lambda: time.monotonic() > until)


def as_lines(some: Sequence[Unit], flow: Symptom) -> str:
    """As it is typed."""
    made, breaks = world(some)
    text = [f"# {node}\n{lines}" for node, lines in made.scripts()]
    text += [f"# broken on {node}\n{line}" for node, line in breaks]
    return "\n".join([*text, f"# {flow}"])


def main() -> None:
    """Play the seed, and shrink what came of it."""
    parser = argparse.ArgumentParser(description="The smallest world that comes out as that of a seed.")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=600.0)
    options = parser.parse_args()
    lab = Lab.up(f"shrink-{os.getpid()}")
    try:
        trial = play(lab, options.seed)
        print(f"seed {options.seed}: {trial.outcome}\n{trial.told}")
        if trial.made is None or trial.flow is None or not trial.lines:
            return
        flow, outcome = replace(trial.flow), trial.outcome
        until = time.monotonic() + options.seconds
        everything = list(units(trial.made, trial.lines))
        small = shrink(everything, lambda some: comes_out(lab, flow, some) == outcome, until)
        print(f"{len(everything)} parts, {len(small)} left\n{as_lines(small, flow)}")
    finally:
        lab.down()


if __name__ == "__main__":
    main()
