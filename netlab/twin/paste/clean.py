"""Pasted text as the lines that a program printed: without fences, prompts, line numbers and colours.

What stands behind a prompt says which listing follows, and is kept apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_FENCE = re.compile(r"^\s*(```|~~~)")
_QUOTE = re.compile(r"^\s*(?:>+ ?)+")
_PROMPT = re.compile(
    r"^\s*(?:\[?[\w.-]+@[\w.-]+[^$#\n]{0,60}\]?|\[[\w.-]+ [^\]]*\]|[\w.-]{0,20}|\([\w.-]+\)\s*\S*)"
    r"\s*[$#%>❯]\s+"
)
_COMMANDS = (
    *("ip", "iptables", "iptables-save", "ip6tables", "ip6tables-save", "nft", "sysctl", "docker"),
    *("podman", "brctl", "route", "bridge", "cat", "ifconfig", "iptables-nft-save", "iptables-legacy-save"),
)
_NUMBER = re.compile(r"^\s*(\d{1,5})(?:[|\t] ?|: {2}| {2}|$)")
ENOUGH = 4  # lines with consecutive numbers


@dataclass(frozen=True, slots=True)
class Line:
    """One line; of a command that was typed, what it is."""

    text: str
    command: str = ""


def lines(text: str) -> list[Line]:
    """The lines, cleaned."""
    raw = [_COLOUR.sub("", line).rstrip("\r\n") for line in text.splitlines()]
    raw = ["" if _FENCE.match(line) else line for line in raw]
    return list(map(_line, _without_numbers(_without_quotes(raw))))


def _without_quotes(raw: list[str]) -> list[str]:
    """Where most lines are quoted, as in a mail."""
    quoted = sum(line.lstrip().startswith(">") for line in raw)
    return [_QUOTE.sub("", line) for line in raw] if quoted > len(raw) / 2 else raw


def _without_numbers(raw: list[str]) -> list[str]:
    """Where an editor has numbered them one after the other, as no listing of links does."""
    numbers = [int(found[1]) if (found := _NUMBER.match(line)) else None for line in raw]
    consecutive = sum(a is not None and b == a + 1 for a, b in pairwise(numbers))
    if consecutive < ENOUGH or consecutive < len([line for line in raw if line.strip()]) / 2:
        return raw
    return [_NUMBER.sub("", line) for line in raw]


def _line(text: str) -> Line:
    prompt = _PROMPT.match(text)
    rest = text[prompt.end() :] if prompt else text
    words = [word for word in rest.split() if word != "sudo"]
    is_command = (
        bool(words) and words[0].rpartition("/")[2] in _COMMANDS and (bool(prompt) or rest == text.strip())
    )
    if is_command and _is_bare_command(words, bool(prompt)):
        return Line("", " ".join(words))
    return Line(text)


def _is_bare_command(words: list[str], has_prompt: bool) -> bool:
    """Without a prompt only what no listing prints: a line of few words, the first a program's name."""
    return has_prompt or (len(words) <= 6 and not any(sign in words[-1] for sign in "{:="))


def blocks(found: list[Line]) -> Iterator[tuple[str, list[str]]]:
    """(command or "", lines) between one command and the next."""
    command, collected = "", list[str]()
    for line in found:
        if line.command:
            if any(each.strip() for each in collected):
                yield command, collected
            command, collected = line.command, []
        else:
            collected.append(line.text)
    if any(each.strip() for each in collected):
        yield command, collected
