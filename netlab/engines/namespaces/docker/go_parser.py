"""Go's templates as trees: what stands in double braces, and what is a block of which."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from netlab.engines.namespaces.docker.go_functions import FUNCTIONS, TemplateError

LONGEST = 1 << 14  # characters of a template
DEEPEST = 32
NOT_HERE = ("define", "template", "block", "break", "continue")
KEYWORDS = {"if", "else", "end", "range", "with", "true", "false", "nil", *NOT_HERE}
_ACTION = re.compile(r"\{\{(- )?\s*(.*?)\s*( -)?\}\}", re.DOTALL)
_WORD = re.compile(
    r"""\s+ | (?P<text>"(?:[^"\\\n]|\\.)*"|`[^`]*`) | (?P<number>-?\d+(?:\.\d+)?) | (?P<assign>:=|=)
    | (?P<mark>[|(),]) | (?P<field>\.[\w.-]*) | (?P<variable>\$\w*(?:\.[\w.-]+)?) | (?P<name>\w+)""",
    re.VERBOSE,
)


@dataclass
class Node:
    """A piece: text, an action, or a block with what is done else."""

    kind: str  # text, action, if, with, range
    words: list[tuple[str, str]] = field(default_factory=list)
    text: str = ""
    body: list[Node] = field(default_factory=list)
    otherwise: list[Node] = field(default_factory=list)


def parse(template: str) -> list[Node]:
    """The template's pieces. TemplateError."""
    if len(template) > LONGEST:
        raise TemplateError(f"longer than {LONGEST} characters")
    tokens = list(_tokens(template))
    nodes, rest = _block(tokens, 0, 0)
    if rest < len(tokens):
        raise TemplateError(f"unexpected {{{{{tokens[rest].text}}}}}")
    return nodes


def _tokens(template: str) -> Iterator[Node]:
    at, trims = 0, False
    for found in _ACTION.finditer(template):
        text = template[at : found.start()]
        text = text.lstrip() if trims else text
        yield Node("text", text=text.rstrip() if found[1] else text)
        at, trims = found.end(), bool(found[3])
        if not found[2].startswith("/*"):
            yield Node("action", _check(_words(found[2])), found[2])
    rest = template[at:]
    if "{{" in rest:
        raise TemplateError("unclosed action")
    yield Node("text", text=rest.lstrip() if trims else rest)


def _check(words: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The words, if every name among them is known. TemplateError."""
    for kind, name in words:
        if kind == "name" and name not in FUNCTIONS and name not in KEYWORDS:
            raise TemplateError(f'function "{name}" not defined')
    return words


def _words(action: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while at < len(action):
        match = _WORD.match(action, at)
        if match is None:
            raise TemplateError(f"unexpected {action[at]!r} in {{{{{action}}}}}")
        at = match.end()
        if match.lastgroup:
            found.append((match.lastgroup, match[match.lastgroup]))
    if not found:
        raise TemplateError("missing value for command")
    return found


def _block(tokens: Sequence[Node], at: int, depth: int) -> tuple[list[Node], int]:
    """(the pieces up to an {{end}} or {{else}}, where that stands)."""
    if depth > DEEPEST:
        raise TemplateError(f"deeper than {DEEPEST} levels")
    nodes: list[Node] = []
    while at < len(tokens):
        token, at = tokens[at], at + 1
        word = token.words[0][1] if token.kind == "action" else ""
        if word in ("end", "else"):
            return nodes, at - 1
        if word in ("if", "with", "range"):
            made, at = _control(tokens, at, depth, word, token.words[1:])
            nodes.append(made)
        elif word in NOT_HERE:
            raise TemplateError(f"{{{{{word}}}}} is not in the lab's docker")
        else:
            nodes.append(token)
    if depth:
        raise TemplateError("unexpected EOF")
    return nodes, at


def _control(
    tokens: Sequence[Node], at: int, depth: int, kind: str, words: list[tuple[str, str]]
) -> tuple[Node, int]:
    if not words:
        raise TemplateError(f"missing value for {kind}")
    body, at = _block(tokens, at, depth + 1)
    made, end = Node(kind, words, body=body), tokens[at].words
    if end[0][1] == "else" and len(end) > 1:  # else if …
        nested, at = _control(tokens, at + 1, depth + 1, end[1][1], end[2:])
        made.otherwise = [nested]
        return made, at
    if end[0][1] == "else":
        made.otherwise, at = _block(tokens, at + 1, depth + 1)
    return made, at + 1
