"""Rules and counters of every table of the namespace we are in, into the model.

iptables' own tables are read with the iptables-save of the backend that holds them, so that rules read as
the learner wrote them; all others (nft's own, and ebtables') are read with `nft -a list ruleset`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from netlab.linux.netlink.netfilter import Netfilter
from netlab.model import Chain, Rule

_RULE = re.compile(r"^(?:\[(\d+):(\d+)\] )?-A (.*)$")
_POLICY = re.compile(r"^:(.+?) (\S+)(?: \[(\d+):(\d+)\])?$")
_NFT_COUNTER = re.compile(r"counter packets (\d+) bytes (\d+)")
_NFT_VERDICTS = ("accept", "drop", "reject", "jump", "goto", "return", "masquerade", "dnat", "snat", "queue")
FAMILIES = {"iptables": "ip", "ip6tables": "ip6"}


def chains() -> tuple[Chain, ...]:
    """Every chain of the network namespace of this thread, with rules and counters."""
    with read_chains() as rules:
        return rules()


@contextmanager
def read_chains() -> Iterator[Callable[[], tuple[Chain, ...]]]:
    """`chains` in two steps: what is yielded waits for processes that run since the block began."""
    there = nft_chains()
    with ExitStack() as stack:
        saving = [
            (stack.enter_context(_start([f"{command}-nft-save", "-c"])), family)
            for command, family in FAMILIES.items()
            if any(chain[0] == family for chain in there) and shutil.which(f"{command}-nft-save")
        ]
        yield lambda: _all_chains(there, saving)


def _all_chains(
    there: set[tuple[str, str, str]], saving: list[tuple[subprocess.Popen[str], str]]
) -> tuple[Chain, ...]:
    found: list[Chain] = []
    for process, family in saving:
        found += parse_save(process.communicate()[0], family, "nft")
    saved = {(chain.family, chain.table, chain.name) for chain in found}
    if there - saved:
        with _start(["nft", "-a", "list", "ruleset"]) as process:
            native = native_chains(process.communicate()[0])
        found += [chain for chain in native if (chain.family, chain.table, chain.name) not in saved]
    for command in legacy_tables():
        if shutil.which(f"{command}-legacy-save"):
            with _start([f"{command}-legacy-save", "-c"]) as process:
                found += parse_save(process.communicate()[0], FAMILIES[command], "legacy")
    return tuple(found)


def _start(argv: list[str]) -> subprocess.Popen[str]:
    """What it prints may hold any bytes: names and comments are the learner's."""
    return subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8", errors="backslashreplace"
    )


def legacy_tables() -> list[str]:
    """Which of "iptables" and "ip6tables" have tables of the old kind here, whose changes notify nobody."""
    folder = Path("/proc/thread-self/net")
    files = {"iptables": folder / "ip_tables_names", "ip6tables": folder / "ip6_tables_names"}
    return [name for name, file in files.items() if file.exists() and file.read_text().strip()]


def nft_chains() -> set[tuple[str, str, str]]:
    """(family, table, name) of every chain here: over netlink, 20 µs where each process takes 10 ms."""
    try:
        with Netfilter() as netfilter:
            return netfilter.chains()
    except OSError:
        return set()


def parse_save(text: str, family: str, backend: str) -> list[Chain]:
    """The chains in what `iptables-save -c` printed."""
    found: dict[tuple[str, str], Chain] = {}
    rules: dict[tuple[str, str], list[Rule]] = {}
    table = ""
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:].strip()
        elif policy := _POLICY.match(line):
            name, word, packets, size = policy.groups()
            key = (table, name)
            rules[key] = []
            found[key] = Chain(
                family,
                table,
                name,
                "" if word == "-" else word,
                int(packets or 0),
                int(size or 0),
                (),
                backend,
            )
        elif rule := _RULE.match(line):
            packets, size, words = rule.groups()
            name, words = _of_chain(words, [name for in_table, name in rules if in_table == table])
            if (table, name) in rules:
                rules[table, name].append(Rule(words, _target(words), int(packets or 0), int(size or 0)))
    return [
        Chain(c.family, c.table, c.name, c.policy, c.packets, c.bytes, tuple(rules[key]), backend)
        for key, c in found.items()
    ]


def _of_chain(words: str, names: list[str]) -> tuple[str, str]:
    """Whose rule that is, and what it says: over netlink a chain may be given a name with spaces in it."""
    first, _, rest = words.partition(" ")
    if first in names:
        return first, rest
    name = max((name for name in names if words.startswith(f"{name} ")), key=len, default=first)
    return name, words[len(name) + 1 :]


def _target(words: str) -> str:
    match = re.search(r"(?:^| )-[jg] (\S+)", words)
    return match[1] if match else ""


def native_chains(text: str) -> list[Chain]:
    """The chains in what `nft list ruleset` printed; among them iptables' own, seen through nft's eyes."""
    found: list[Chain] = []
    family = table = name = policy = hook = ""
    rules: list[Rule] = []
    for line in (raw.strip() for raw in text.splitlines()):
        words = line.split()
        if words[:1] == ["table"] and len(words) > 2:
            family, table = words[1], words[2]
        elif words[:1] == ["chain"] and len(words) > 1:
            name, policy, hook, rules = words[1], "", "", []
        elif words[:1] == ["type"] and name:
            hook = line.partition(" hook ")[2].partition(" ")[0]
            policy = line.partition("policy ")[2].rstrip(";").upper() or "ACCEPT"
        elif line == "}":
            if name:
                found.append(Chain(family, table, name, policy, 0, 0, tuple(rules), "native", hook))
            name = ""
        elif name and line and not line.startswith("#"):
            rules.append(_native_rule(line))
    return found


def _native_rule(line: str) -> Rule:
    line, _, handle = line.partition(" # handle ")
    counter = _NFT_COUNTER.search(line)
    words = line.split()
    target = next((word for word in words if word in _NFT_VERDICTS), "")
    if target in ("jump", "goto"):
        target = next(iter(words[words.index(target) + 1 :]), "")
    packets, size = (int(n) for n in counter.groups()) if counter else (0, 0)
    target = target.upper() if target in _NFT_VERDICTS else target
    return Rule(line, target, packets, size, int(handle or 0), counter is not None)
