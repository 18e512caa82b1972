"""Rules of iptables(8), ip6tables(8) and ebtables(8): what their -save prints, as values, and back.

Before a rule is handed to iptables-restore it is taken apart and put together anew; see `words`.
"""

from __future__ import annotations

import os
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


class Restore:
    """Makes these the tables of the namespace we are in, which has none of them. It goes on by itself until
    `finish` is called there.

    iptables takes all or nothing up to a COMMIT: the line that it names is left out, and the rest is tried
    again.
    """

    def __init__(self, tables: Sequence[pack.Table], family: str, backend: str) -> None:
        self._refused: list[str] = []
        # Those of the old kind are waited for: of several at a time one has the lock.
        how = () if family == "bridge" else ("--noflush", "--wait")
        self._argv = [f"{COMMANDS[family]}-{backend}-restore", *how]
        lines = restore_text(tables, self._refused).splitlines()
        self._parts = [lines] if family == "bridge" else _parts(lines)
        self._process: subprocess.Popen[bytes] | None = None
        if shutil.which(self._argv[0]):
            self._start()
        else:
            self._refused = [f"{self._argv[0]} is not installed"]

    def _start(self) -> None:
        # Files, not pipes: neither of the two waits for the other.
        self._said = os.memfd_create("netlab-refusal")
        given = os.memfd_create("netlab-rules")
        with os.fdopen(given, "w+", encoding="utf-8") as file:
            file.write("\n".join([*(line for part in self._parts for line in part), ""]))
            file.seek(0)
            self._process = subprocess.Popen(
                self._argv, stdin=file, stdout=subprocess.DEVNULL, stderr=self._said
            )

    def finish(self) -> list[str]:
        """Wait until they are there; what was refused, each with a reason."""
        for _ in range(MOST_REFUSED):
            if self._process is None:
                return self._refused
            status = self._process.wait()
            self._process = None
            with os.fdopen(self._said, encoding="utf-8", errors="replace") as file:
                file.seek(0)
                said = file.read()
            if status and self._leave_out(said):
                self._start()
        return [*self._refused, f"more than {MOST_REFUSED} rules"]

    def _leave_out(self, said: str) -> bool:
        """Whether the rest may be tried: all but the line that it complains of, and what is there already."""
        lines = [line for part in self._parts for line in part]
        number = _failed_line(said, len(lines))
        if number is None or not lines[number].startswith("-A "):
            self._refused.append(" ".join(said.split())[:200])
            return False
        self._refused.append(f"{lines[number][:200]}: {' '.join(said.split())[:120]}")
        while number >= len(self._parts[0]):
            number -= len(self._parts.pop(0))
        del self._parts[0][number]
        return True


def _parts(lines: Iterable[str]) -> list[list[str]]:
    """Up to a COMMIT each, which is there as a whole or not at all; a message holds only so many rules."""
    parts: list[list[str]] = []
    part: list[str] = []
    table, rules = "", 0
    for line in lines:
        if line.startswith("*"):
            table, rules = line, 0
        if line.startswith("-A "):
            if rules == MOST_AT_ONCE:
                parts.append([*part, "COMMIT"])
                part, rules = [table], 0
            rules += 1
        part.append(line)
        if line == "COMMIT":
            parts.append(part)
            part = []
    return parts


def _failed_line(said: str, most: int) -> int | None:
    """The number, from 0, of the line that a complaint names."""
    for groups in _FAILED.findall(said):
        for number in filter(None, groups):
            if 0 < int(number) <= most:
                return int(number) - 1
    return None
