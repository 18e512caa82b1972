"""Rules as people paste them: iptables-save, iptables -S, iptables -L -n -v, nft -j."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from netlab.linux.ruleset import iptables
from netlab.linux.ruleset import native as nft
from netlab.linux.ruleset.words import TARGETS
from netlab.model.pack import Chain, Table

_HEAD = re.compile(r"^Chain (\S+) \((?:policy (ACCEPT|DROP)[^)]*|\d+ references?)\)")
_BUILT_IN = {"INPUT", "FORWARD", "OUTPUT", "PREROUTING", "POSTROUTING"}
_TABLE = re.compile(r"(?:^|\s)-t\s+(\w+)")
_COUNT = re.compile(r"^\d+[KMGT]?$")
_OPTIONS = {
    r"(tcp|udp|sctp) dpt:(\S+)": r"-m \1 --dport \2",
    r"(tcp|udp|sctp) spt:(\S+)": r"-m \1 --sport \2",
    r"(tcp|udp|sctp) dpts:(\S+)": r"-m \1 --dport \2",
    r"(?:ctstate|state) (\S+)": r"-m conntrack --ctstate \1",
    r"ADDRTYPE match dst-type (\w+)": r"-m addrtype --dst-type \1",
    r"to:(\S+)": r"--to-destination \1",
    r"multiport dports (\S+)": r"-m multiport --dports \1",
    r"/\* (.*?) \*/": "",
    r"reject-with (\S+)": r"--reject-with \1",
    r"icmptype (\d+)": r"-m icmp --icmp-type \1",
    r"mark match (0x[0-9a-f]+(?:/0x[0-9a-f]+)?)": r"-m mark --mark \1",
}


def tables(command: str, block: list[str]) -> tuple[tuple[Table, ...], tuple[str, ...]]:
    """(tables, rules that could not be read) of a block, whichever of the listings it is."""
    family = "ip6" if "ip6tables" in command else "ip"
    text = [line.strip() for line in block]
    if any(re.fullmatch(r"\*\w+", line) for line in text):
        lines = [line for line in text if re.match(r"[*:]|\[\d+:\d+\] -A|-A|COMMIT", line)]
        return iptables.parse("\n".join(lines) + "\n", family, "nft"), ()
    table = found[1] if (found := _TABLE.search(command)) else "filter"
    if any(re.match(r"-(P|N|A) \S+", line) for line in text):
        return _of_dash_s(text, family, table), ()
    if any(_HEAD.match(line) for line in text):
        return _of_dash_l(text, family, table)
    return (), ()


def _of_dash_s(lines: list[str], family: str, table: str) -> tuple[Table, ...]:
    save = [f"*{table}"]
    for letter, form in (("P", ":{} {} [0:0]"), ("N", ":{} - [0:0]")):
        for line in lines:
            if found := re.match(rf"-{letter} (\S+)(?: (\S+))?$", line):
                save.append(form.format(found[1], found[2] or "-"))
    save += [line for line in lines if line.startswith("-A ")]
    return iptables.parse("\n".join([*save, "COMMIT", ""]), family, "nft")


def _of_dash_l(lines: list[str], family: str, table: str) -> tuple[tuple[Table, ...], tuple[str, ...]]:
    chains: dict[str, tuple[str, list[str]]] = {}
    names = [head[1] for line in lines if (head := _HEAD.match(line))]
    unread, name, verbose = [], "", False
    if {"PREROUTING", "POSTROUTING"} & set(names) and "FORWARD" not in names:
        table = "nat"
    for line in lines:
        if head := _HEAD.match(line):
            name = head[1]
            chains[name] = head[2] or "", []
        elif line.startswith(("pkts", "num")) or line.startswith("target"):
            verbose = "pkts" in line
        elif name and line:
            rule = _rule(line.split(), verbose, set(names))
            if rule is None:
                unread.append(line[:120])
            else:
                chains[name][1].append(rule)
    made = tuple(Chain(name, policy, tuple(rules)) for name, (policy, rules) in chains.items())
    return (Table(family, "nft", table, made),), tuple(unread)


def _rule(words: list[str], verbose: bool, chains: set[str]) -> str | None:
    """A row as a rule; None where a part of it is not understood."""
    while words and _COUNT.match(words[0]) and verbose:
        words = words[1:]
    if words and words[0].isdigit():
        words = words[1:]
    target = words[0] if words and (words[0] in TARGETS or words[0] in chains) else ""
    words = words[1:] if target else words
    least = 6 if verbose else 4
    if len(words) < least:
        return None
    protocol, __, *ends = words[:least]
    devices, (source, destination) = (ends[:2], ends[2:]) if verbose else (["*", "*"], ends)
    parts = list(_end("-s", source)) + list(_end("-d", destination))
    for option, device in zip(("-i", "-o"), devices, strict=True):
        if device not in ("*", "any"):
            parts += ["!", option, device[1:]] if device.startswith("!") else [option, device]
    if protocol not in ("all", "0", "--"):
        parts += ["-p", {"1": "icmp", "6": "tcp", "17": "udp"}.get(protocol, protocol)]
    rest = " ".join(words[least:])
    options: list[str] = []
    for pattern, form in _OPTIONS.items():
        while found := re.search(pattern, rest):
            is_target = form.startswith(("--to", "--reject"))
            (options if is_target else parts).append(found.expand(form))
            rest = rest[: found.start()] + rest[found.end() :]
    if rest.replace("tcp", "").replace("udp", "").strip():
        return None
    return " ".join(filter(None, [*parts, *(["-j", target] if target else []), *options]))


def _end(option: str, text: str) -> Iterator[str]:
    if text not in ("0.0.0.0/0", "::/0", "anywhere"):
        yield from ("!", option, text[1:]) if text.startswith("!") else (option, text)


def native(document: dict[str, Any]) -> tuple[str, ...]:
    """nft's own tables in `nft -j list ruleset`."""
    return nft.parse(json.dumps(document), (), {})
