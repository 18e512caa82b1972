"""The same commands on both engines: they print the same, and leave the same in the kernel.

What may differ is in netlab/engines/DIFFERENCES.md, with its reason.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from netlab import engines
from netlab.lab import Lab
from netlab.lessons.content import lessons
from netlab.model import Interface, Node, Snapshot
from tests.worlds.docker_words import TUTORIALS, WORDS

LECTURE = Path(__file__).parents[1] / "labs/lecture.sh"
TABLE = Path(engines.__file__).parent / "DIFFERENCES.md"
# What is drawn by lot or by the clock, in this order.
NORMAL = (
    (r"\b[0-9a-f]{64}\b|\b[0-9a-f]{12}\b", "ID"),
    (r"\bveth[0-9a-f]{7}\b", "vethID"),
    (r"\b(?!02:42|ff:ff|00:00)([0-9a-f]{2}:){5}[0-9a-f]{2}\b", "MAC"),
    (r"^\d+: (?=\S+:)|@if\d+|link-netnsid \d+|index \d+", "N "),
    (r"\b[1-9]\d* packets? (?=captured|received)", "some packets "),
    (r"time[= ]\d+(\.\d+)? ?ms|\d\d:\d\d:\d\d\.\d+|\bid \d+|(rtt|round-trip) .*", "T"),
    (r"(?<=[/ ])\d{2,5}(?=/ns|\b.*sleep)", "PID"),
)
BOTH = ("namespaces", "docker")
MARK = "@@ "


@dataclass(frozen=True)
class Difference:
    """A row of the table."""

    where: str
    namespaces: str
    docker: str


def differences() -> list[Difference]:
    rows = [line.strip("|") for line in TABLE.read_text().splitlines() if line.startswith("|")][2:]
    cells = [re.split(r"(?<!\\)\|", row)[:3] for row in rows]  # a bar in a cell is written \|
    return [Difference(*(cell.strip().strip("`").replace("\\|", "|") for cell in row)) for row in cells]


@pytest.fixture(scope="module")
def both() -> Iterator[dict[str, Lab]]:
    """A lab of each engine."""
    labs = {name: Lab.up(f"p{os.getpid()}-{name}", engine=name) for name in BOTH}
    labs["namespaces"].reset()  # the child that does it stays, and no test has left it behind
    yield labs
    for lab in labs.values():
        lab.down()


def blocks() -> dict[str, list[str]]:
    """{what: scripts that follow each other from a fresh lab}: each lesson, and the lecture as printed."""
    found = {f"lesson {one.id}": [one.start, *(step.solution for step in one.steps)] for one in lessons()}
    return {
        **found,
        "the lecture": [LECTURE.read_text()],
        "docker's words": [WORDS],
        "tutorials": [TUTORIALS],
    }


BLOCKS = blocks()


@pytest.mark.parametrize("what", BLOCKS)
def test_both_engines_print_and_leave_the_same(both: dict[str, Lab], what: str) -> None:
    """Every command of it, in order, with what it says on standard output and error; the kernel's state."""
    seen: dict[str, list[str]] = {}
    for name, lab in both.items():
        lab.reset()
        seen[name] = essence(lab.snapshot())
        for script in filter(None, BLOCKS[what]):
            seen[name] += printed(lab, script) + essence(lab.snapshot())
        lab.reset()
    expected = [d for d in differences() if d.where in (what, "everywhere")]
    left = {name: without(seen[name], [getattr(d, name) for d in expected]) for name in seen}
    assert left["namespaces"] == left["docker"]
    for difference in expected:
        for name, lines in seen.items():
            pattern = getattr(difference, name)
            assert not pattern or any(re.search(pattern, line) for line in lines), f"not seen: {difference}"


def without(lines: list[str], patterns: list[str]) -> list[str]:
    return [line for line in lines if not any(p and re.search(p, line) for p in patterns)]


def printed(lab: Lab, script: str) -> list[str]:
    """What each command of a script prints, one after the other, normalised.

    Commands that run side by side are one, up to their `wait`: each line of standard output counts once, in
    no order. Standard error is left out there: tcpdump writes its lines in pieces, and those of four mix.
    """
    commands = batch(script)
    marked = "".join(f"echo '{MARK}{n}'; echo '{MARK}{n}' >&2\n{c}\n" for n, c in enumerate(commands))
    done = lab.run(["bash"], input=marked, timeout=120)
    lines = []
    out, err = sections(done.stdout), sections(done.stderr)
    for number, command in enumerate(commands):
        if "&\n" in command:
            said = sorted(set(out.get(number, [])))
        else:
            said = out.get(number, []) + [f"stderr: {line}" for line in err.get(number, [])]
        lines += [f"$ {command}: {line}" for line in said]
    return lines


def batch(script: str) -> list[str]:
    """The lines of a script, but those in the background in one piece with the line that waits for them."""
    found: list[str] = []
    for line in script.splitlines():
        if found and found[-1].endswith("&"):
            found[-1] += f"\n{line}"
        elif line and not line.startswith("#"):
            found.append(line)
    return found


def sections(text: str) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    number = -1
    for line in text.splitlines():
        if line.startswith(MARK):
            number = int(line.removeprefix(MARK))
        elif not line.startswith("(lab:"):
            found.setdefault(number, []).append(normal(line))
    return found


def normal(line: str) -> str:
    for pattern, word in NORMAL:
        line = re.sub(pattern, word, line)
    return line.rstrip()


def essence(snapshot: Snapshot) -> list[str]:
    """A snapshot in lines: without IPv6, whose addresses come by themselves, without counters, and without
    a bridge's carrier, which the kernel notes up to a second later."""
    lines = []
    for node in snapshot.nodes:
        name = node.name if node.kind != "process" else "process"
        lines.append(normal(f"{name} ({node.kind})"))
        lines += sorted(normal(f"{name}: {line}") for line in describe(node, snapshot))
    return lines


def describe(node: Node, snapshot: Snapshot) -> list[str]:
    lines = [link(i, snapshot) for i in node.interfaces]
    lines += [f"route {r}".removesuffix(" linkdown") for r in node.routes if ":" not in str(r)]
    for chain in node.chains:
        lines.append(f"chain {chain.table} {chain.name} {chain.policy}")
        lines += [f"rule {chain.table} {chain.name} {rule.text}" for rule in chain.rules]
    return lines + [f"{name} = {value}" for name, value in node.sysctls.items() if "conntrack" not in name]


def link(i: Interface, snapshot: Snapshot) -> str:
    held = [str(address) for address in i.addresses if address.family == 4]
    peer = snapshot.interface(i.peer) if i.peer else None
    other = peer.name if peer else ""
    flaps = "veth_shop" in (i.name, other)  # as it is to: lesson 09
    up, carrier = i.is_up or flaps, i.kind == "bridge" or i.has_carrier or flaps
    drawn = i.kind == "bridge" and i.name != "docker0"  # Docker draws the last four bytes, as we do
    mac = i.mac[:5] if drawn and i.mac.startswith("02:42:") else i.mac  # else the kernel has drawn it all
    return f"link {i.name} {i.kind} {mac} {held} up={up} carrier={carrier} {i.master} ⇄ {other}"
