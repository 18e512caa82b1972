"""Rules of iptables(8), ip6tables(8) and ebtables(8): what their -save prints, as values, and back.

Before a rule is handed to iptables-restore it is taken apart and put together anew; see `words`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from netlab.linux import firewall
from netlab.linux.ruleset import words
from netlab.linux.wiring.fields import Unfit
from netlab.model import pack

COMMANDS = {"ip": "iptables", "ip6": "ip6tables", "bridge": "ebtables"}
OF_A_BRIDGE = ("filter", "nat", "broute")  # the tables of ebtables
BACKENDS = ("nft", "legacy")
MOST_AT_ONCE = 200  # rules that go to the kernel in one message of iptables', whose room is bounded
MOST_REFUSED = 100  # rules that are left out one by one before all are
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_CHAIN = re.compile(r"[^\s\"'!/-][^\s\"'/]{0,27}")
VALUES = {
    **dict.fromkeys(("-s", "-d"), re.compile(r"[0-9A-Fa-f.:/,]+")),  # no name that is looked up
    "-p": re.compile(r"[a-z0-9-]+"),
}
BRIDGE_VALUES = {
    **dict.fromkeys(("-s", "-d"), re.compile(r"[0-9A-Fa-f:/]+|Unicast|Multicast|Broadcast|BGA")),
    "-p": re.compile(r"[A-Za-z0-9_]+"),
}
_FAILED = re.compile(r"line:? (\d+)|line (\d+) failed|^(?:.*): (\d+)", re.MULTILINE)
_TOKEN = re.compile(r"[A-Za-z0-9+/_-]{24,}=*|(?i:passw|secret|token|api.?key|bearer)")
SECRET = "left-out"  # in a comment's place


def start_save(family: str, backend: str) -> subprocess.Popen[str] | None:
    """The program that lists them in the namespace we are in; None where it is not installed."""
    program = f"{COMMANDS[family]}-{backend}-save"
    if not shutil.which(program):
        return None
    return subprocess.Popen(
        [program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8", errors="replace"
    )


def parse(text: str, family: str, backend: str) -> tuple[pack.Table, ...]:
    """The tables in what iptables-save printed, without what was counted."""
    tables: dict[str, list[pack.Chain]] = {}
    for chain in firewall.parse_save(text, family, backend):
        rules = tuple(_without_secrets(rule.text) for rule in chain.rules)
        tables.setdefault(chain.table, []).append(pack.Chain(chain.name, chain.policy, rules))
    return tuple(pack.Table(family, backend, name, tuple(chains)) for name, chains in tables.items())


def _without_secrets(rule: str) -> str:
    """A comment that looks like a token is nobody else's business."""
    if "--comment" not in rule and "prefix" not in rule:
        return rule
    parts, text_follows = [], False
    for found in _WORD.finditer(rule):
        word = found[0]
        parts.append(f'"{SECRET}"' if text_follows and _TOKEN.search(word) else word)
        text_follows = word in ("--comment", "--log-prefix", "--nflog-prefix")
    return " ".join(parts)


def split(rule: str) -> list[str]:
    """The words of a rule, as iptables-restore takes them apart. Unfit."""
    if not rule.isprintable():
        raise Unfit("a rule is one line of text")
    found = []
    for quoted, plain in _WORD.findall(rule):
        if plain and '"' in plain:
            raise Unfit(f"quotes in {plain!r}")
        found.append(plain if plain else re.sub(r"\\(.)", r"\1", quoted))
    return found


@dataclass(frozen=True, slots=True)
class _Language:
    """The words of one of the programs."""

    general: frozenset[str]
    options: frozenset[str]
    matches: frozenset[str]
    targets: frozenset[str]
    values: Mapping[str, re.Pattern[str]]


_IP = _Language(words.GENERAL, words.OPTIONS, words.MATCHES, words.TARGETS, VALUES)
_BRIDGE = _Language(
    *(words.BRIDGE_GENERAL, words.BRIDGE_OPTIONS, frozenset(), words.BRIDGE_TARGETS, BRIDGE_VALUES)
)


def check(rule: str, chains: Iterable[str], family: str = "ip") -> str:
    """The rule, put together anew of known words. Unfit with the word that is not known."""
    known = _BRIDGE if family == "bridge" else _IP
    parts: list[str] = []
    before = ""
    for word in split(rule):
        if before in words.TEXTS:
            _check_text(word)
        elif word.startswith("-") and not re.fullmatch(r"-?\d+(:-?\d+)?", word):
            if word not in known.general and word not in known.options:
                raise Unfit(f"{word!r} is no option of a rule")
        elif before == "-m" and word not in known.matches:
            raise Unfit(f"there is no match {word!r}")
        elif before in known.values and not known.values[before].fullmatch(word):
            raise Unfit(f"{before} cannot be {word!r}")
        elif before in ("-j", "-g") and word not in known.targets and word not in chains:
            raise Unfit(f"there is no target {word!r}")
        parts.append(_quote(word))
        before = word
    return " ".join(parts)


def _check_text(word: str) -> None:
    if len(word) > 256:
        raise Unfit("a text of more than 256 characters")


def _quote(word: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_.,:/!@%+=*-]+", word):
        return word
    return '"' + re.sub(r'(["\\])', r"\\\1", word) + '"'


def restore_text(tables: Sequence[pack.Table], refused: list[str]) -> str:
    """What iptables-restore takes. Rules that it is not handed are put into `refused`, with the reason."""
    lines = []
    for table in tables:
        if table.name not in words.TABLES:
            refused.append(f"table {table.name}")
            continue
        chains = [chain for chain in table.chains if _is_chain(chain, refused)]
        names = {chain.name for chain in chains}
        lines.append(f"*{table.name}")
        is_bridges = table.family == "bridge"
        lines += [f":{c.name} {c.policy or '-'}{'' if is_bridges else ' [0:0]'}" for c in chains]
        for chain in chains:
            for rule in chain.rules:
                try:
                    lines.append(f"-A {chain.name} {check(rule, names, table.family)}")
                except Unfit as error:
                    refused.append(f"-A {chain.name} {rule[:200]}: {error}")
        lines += [] if is_bridges else ["COMMIT"]
    return "\n".join([*lines, ""])


def _is_chain(chain: pack.Chain, refused: list[str]) -> bool:
    if _CHAIN.fullmatch(chain.name) and chain.policy in ("", "ACCEPT", "DROP", "RETURN"):
        return True
    refused.append(f"chain {chain.name[:40]!r}")
    return False


def restore(tables: Sequence[pack.Table], family: str, backend: str) -> list[str]:
    """Make these the tables of the namespace we are in; what was refused, each with a reason.

    iptables takes all or nothing: the line that it names is left out, and the rest is tried again.
    """
    refused: list[str] = []
    program = f"{COMMANDS[family]}-{backend}-restore"
    if not shutil.which(program):
        return [f"{program} is not installed"]
    lines = restore_text(tables, refused).splitlines()
    for number, part in enumerate([lines] if family == "bridge" else _parts(lines)):
        if not _restore_part([program, *(["--noflush"] if number else [])], part, refused):
            break
    return refused


def _parts(lines: Sequence[str]) -> list[list[str]]:
    """All chains, and then their rules, if these are many: a message holds only so many."""
    head = [line for line in lines if not line.startswith("-A ")]
    parts, table = [head], ""
    rules: list[tuple[str, str]] = []
    for line in lines:
        table = line if line.startswith("*") else table
        if line.startswith("-A "):
            rules.append((table, line))
    if len(rules) <= MOST_AT_ONCE:
        return [list(lines)]
    for start in range(0, len(rules), MOST_AT_ONCE):
        part: list[str] = []
        for table, line in rules[start : start + MOST_AT_ONCE]:
            if table not in part:
                part += ["COMMIT", table] if part else [table]
            part.append(line)
        parts.append([*part, "COMMIT"])
    return parts


def _restore_part(argv: Sequence[str], lines: list[str], refused: list[str]) -> bool:
    """Whether the rest may follow: all of it is there, but for lines that were refused."""
    for _ in range(MOST_REFUSED):
        done = subprocess.run(
            argv, input="\n".join([*lines, ""]), capture_output=True, encoding="utf-8", errors="replace"
        )
        if done.returncode == 0:
            return True
        number = _failed_line(done.stderr, len(lines))
        if number is None or not lines[number].startswith("-A "):
            refused.append(" ".join(done.stderr.split())[:200])
            return False
        refused.append(f"{lines.pop(number)[:200]}: {' '.join(done.stderr.split())[:120]}")
    refused.append(f"more than {MOST_REFUSED} rules")
    return False


def _failed_line(said: str, most: int) -> int | None:
    """The number, from 0, of the line that a complaint names."""
    for groups in _FAILED.findall(said):
        for number in filter(None, groups):
            if 0 < int(number) <= most:
                return int(number) - 1
    return None
