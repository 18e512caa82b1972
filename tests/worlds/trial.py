"""The judge judged: a random network, something broken in it, a trace, and the verdict's cure run as printed.

python -m tests.worlds.trial --seed 7 --count 1000     those of seeds 7 to 1006, what was wrong, and a table
"""

from __future__ import annotations

import argparse
import os
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from random import Random

from netlab.diagnosis.flows import Flow, ask, find_working
from netlab.diagnosis.text import as_text
from netlab.diagnosis.trace import trace
from netlab.diagnosis.verdict import PROVED, Verdict
from netlab.faults.fault import Symptom
from netlab.lab import Lab
from netlab.model import Snapshot
from tests.support.patience import eventually
from tests.worlds.breakage import breaks
from tests.worlds.random_networks import Network, network

MOST_TRIES, MOST_FLOWS = 6, 40
FORGET = "ip neigh flush all; ip -6 neigh flush all"
WRONG = ("crash", "misread", "false", "harm")


@dataclass
class Trial:
    """What came of one world: "healthy", "cured", "named" (and not cured), "open", or one of WRONG."""

    seed: int
    outcome: str = ""
    told: str = ""  # how the world is made, broken, and judged
    seconds: float = 0.0
    made: Network | None = None
    flow: Symptom | None = None
    lines: list[tuple[str, str]] = field(default_factory=list)  # (node, what breaks it)


def play(lab: Lab, seed: int) -> Trial:
    """One world, in a lab that is put back first."""
    begun = time.monotonic()
    trial = Trial(seed)
    try:
        _play(lab, trial)
    except Exception:
        trial.outcome = "crash"
        trial.told += f"\n{traceback.format_exc()}"
    trial.seconds = time.monotonic() - begun
    return trial


def _play(lab: Lab, trial: Trial) -> None:
    random = Random(trial.seed)
    flow = _build(lab, trial, random)
    if random.random() < 0.08 or not _break(lab, trial, random, flow):
        return _judge_healthy(lab, trial, flow)
    judge(lab, trial, flow)


def _build(lab: Lab, trial: Trial, random: Random) -> Symptom:
    """A healthy network, and a flow that works in it."""
    made = network(random)
    lab.reset()
    for node, text in made.scripts():
        done = lab.script(text, node)
        assert not done.returncode, f"{text}\n{done.stderr}"
    flow = made.flows[0]
    trial.made, trial.flow = made, flow
    trial.told = f"{', '.join(made.told)}; {flow}"
    assert eventually(lambda: asks(lab, flow), 5), f"never healthy: {trial.told}"
    return flow


def _break(lab: Lab, trial: Trial, random: Random, flow: Symptom) -> int:
    """One setting or two, until the flow fails: how many did it. What does nothing is left at times."""
    seen = lab.snapshot()
    wanted = 1 if random.random() < 0.75 else 2
    near = _near(lab, seen, flow)
    broken, healthy, told = 0, lab.pack(), trial.told
    for node, lines in islice(breaks(random, seen, _ends(seen, flow), near), MOST_TRIES):
        for line in lines:
            lab.script(line, node)  # what is refused breaks nothing
        trial.lines += [(node, line) for line in lines]
        trial.told += "".join(f"\n    {node}: {line}" for line in lines)
        if random.random() < 0.4:
            for name in near:
                lab.script(FORGET, name)
            trial.lines += [(name, FORGET) for name in near]
        broken += not asks(lab, flow, 3)
        if broken >= wanted or random.random() < 0.2:
            break
        if not broken:  # that was none
            lab.become(healthy)
            trial.told = told
            trial.lines.clear()
    return broken


def asks(lab: Lab, flow: Symptom, count: int = 2) -> bool:
    """Whether all are answered."""
    order = {"proto": flow.proto, "port": flow.port, "size": flow.size}
    return lab.probe(flow.source, flow.destination, count, 0.3, **order).received == count


def _ends(seen: Snapshot, flow: Symptom) -> tuple[str, str]:
    six = ":" in flow.destination
    held = [a.address for i in seen.node(flow.source).interfaces for a in i.addresses if a.scope == "global"]
    held = [address for address in held if (":" in address) == six]
    return held[0], flow.destination


def _near(lab: Lab, seen: Snapshot, flow: Symptom) -> list[str]:
    """The nodes through which it passes."""
    with lab.capture(noise=":" in flow.destination) as recording:
        asks(lab, flow, 1)
    found = [flow.source, *(frame.point.node for frame in recording.capture.frames)]
    return sorted(set(found))


def _trace(lab: Lab, flow: Symptom) -> Verdict:
    order = {"proto": flow.proto, "port": flow.port, "size": flow.size}
    return trace(lab, flow.source, flow.destination, count=3, timeout=0.3, **order)  # type: ignore[arg-type]


def _judge_healthy(lab: Lab, trial: Trial, flow: Symptom) -> None:
    verdict = _trace(lab, flow)
    well = verdict.is_whole and not verdict.cause and not verdict.candidates
    if not well and not asks(lab, flow, 3):
        return judge(lab, trial, flow)  # broken by time: a neighbour was forgotten
    trial.outcome = "healthy" if well else "misread"
    trial.told += "" if well else f"\n{as_text(verdict)}"


def judge(lab: Lab, trial: Trial, flow: Symptom) -> None:
    """The outcome of a trace in a broken network, and of its cure."""
    verdict = _trace(lab, flow)
    trial.told += f"\n{as_text(verdict)}"
    if verdict.is_whole:
        trial.outcome = "passed"  # by itself, meanwhile
        return
    wanted = _flows(lab.snapshot())
    before = ask(lab, wanted)
    done = [lab.run(step.argv, node=step.node) for step in verdict.cure]
    refused = [" ".join(each.args) + ": " + each.stderr for each in done if each.returncode]
    healed = bool(verdict.cure) and not refused and eventually(lambda: asks(lab, flow, 3), 2.5)
    left = lab.snapshot()
    there = (flow for flow in before if any(node.owns(flow.destination) for node in left.nodes))
    wanted = tuple(there)  # whose address the cure took away, for that was what was wrong, is no flow now
    lost = frozenset(wanted) - find_working(lab, wanted)
    trial.told += f"\n    refused {refused}, healed {healed}, lost {sorted(map(str, lost))}"
    is_proved = verdict.certainty == PROVED
    if is_proved and not healed:
        trial.outcome = "false"
    elif is_proved and lost:
        trial.outcome = "harm"
    elif healed:
        trial.outcome = "cured"
    else:
        trial.outcome = "named" if verdict.cause else "open"


def _flows(seen: Snapshot) -> tuple[Flow, ...]:
    """Pings from every node to every address of every other one, and to every program."""
    found = []
    for node in seen.nodes:
        for other in seen.nodes:
            if other is not node:
                held = [a.address for i in other.interfaces for a in i.addresses if a.scope == "global"]
                found += [Flow(node.name, address) for address in held]
                ports = [each.port for each in other.listeners if each.protocol == "tcp"]
                found += [Flow(node.name, address, "tcp", port) for port in ports for address in held[:1]]
    return tuple(Random(0).sample(found, min(MOST_FLOWS, len(found))))


def table(trials: Sequence[Trial]) -> str:
    """How many came out how, and how long each took."""
    spent: dict[str, list[float]] = {}
    for trial in trials:
        spent.setdefault(trial.outcome, []).append(trial.seconds)
    lines = [f"{outcome:8} {len(s):5} {sum(s) / len(s):6.2f} s each" for outcome, s in sorted(spent.items())]
    return "\n".join(lines)


def main() -> None:
    """Play them, and tell."""
    parser = argparse.ArgumentParser(description="Random networks, broken and judged.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--all", action="store_true", help="tell of each world")
    options = parser.parse_args()
    lab, trials = Lab.up(f"worlds-{os.getpid()}"), list[Trial]()
    try:
        for seed in range(options.seed, options.seed + options.count):
            trials.append(trial := play(lab, seed))
            if options.all or trial.outcome in (*WRONG, "open", "named"):
                print(f"== seed {seed}: {trial.outcome} ({trial.seconds:.1f} s)\n{trial.told}\n", flush=True)
            if not len(trials) % 20:
                print(table(trials), flush=True)
    finally:
        lab.down()
        print(table(trials))


if __name__ == "__main__":
    main()
