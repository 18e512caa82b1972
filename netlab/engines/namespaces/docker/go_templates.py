"""Go's templates, as `docker inspect -f` and `docker ps --format` have them: read, and filled in.

{{.State.Pid}}   {{json .NetworkSettings}}   {{range $name, $n := .Networks}}{{$name}} {{$n.IPAddress}}{{end}}
{{if eq .State.Status "running"}}up{{else}}down{{end}}   {{.Name | upper | printf "%s!"}}

Whoever types one may type anything: its length, depth, steps and output are bounded. See text/template.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from netlab.engines.namespaces.docker import go_functions as go
from netlab.engines.namespaces.docker.go_functions import Missing, TemplateError
from netlab.engines.namespaces.docker.go_parser import DEEPEST, Node, parse

MOST_STEPS = 50_000
LARGEST = 1 << 20  # characters of what comes out
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}


def render(template: str, value: Any) -> str:
    """The template filled in. TemplateError names the part that does not work, in Go's words."""
    return _Filler(value).fill(parse(template))


class _Filler:
    """Fills one in; counts what it costs."""

    def __init__(self, value: Any) -> None:
        self._root, self._steps, self._size = value, 0, 0

    def fill(self, nodes: list[Node]) -> str:
        return "".join(self._pieces(nodes, self._root, {}))

    def _pieces(self, nodes: list[Node], dot: Any, variables: dict[str, Any]) -> Iterator[str]:
        variables = dict(variables)  # one that is set in here is not known outside
        for node in nodes:
            self._step()
            if node.kind == "text":
                yield self._count(node.text)
            elif node.kind == "action":
                shown = self._pipeline(node.words, dot, variables)
                if shown is not _Nothing:
                    yield self._count(go.show(shown))
            elif node.kind == "range":
                yield from self._range(node, dot, variables)
            else:
                yield from self._choice(node, dot, dict(variables))

    def _choice(self, node: Node, dot: Any, variables: dict[str, Any]) -> Iterator[str]:
        value = self._pipeline(node.words, dot, variables, keeps=True)
        chosen = node.body if go.is_true(value) else node.otherwise
        inside = value if node.kind == "with" and chosen is node.body else dot
        yield from self._pieces(chosen, inside, variables)

    def _range(self, node: Node, dot: Any, variables: dict[str, Any]) -> Iterator[str]:
        names: list[str] = []
        words = node.words
        if any(kind == "assign" for kind, _ in words):
            at = next(number for number, (kind, _) in enumerate(words) if kind == "assign")
            names, words = [word for kind, word in words[:at] if kind == "variable"], words[at + 1 :]
        items = _items(self._pipeline(words, dot, variables))
        if not items:
            yield from self._pieces(node.otherwise, dot, variables)
        for key, item in items:
            inner = dict(variables)
            inner.update(zip(names[-2:], (key, item) if len(names) > 1 else (item,), strict=False))
            yield from self._pieces(node.body, item, inner)

    def _step(self) -> None:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise TemplateError(f"more than {MOST_STEPS} steps")

    def _count(self, text: str) -> str:
        self._size += len(text)
        if self._size > LARGEST:
            raise TemplateError(f"more than {LARGEST} characters come out")
        return text

    # -- pipelines

    def _pipeline(
        self, words: list[tuple[str, str]], dot: Any, variables: dict[str, Any], *, keeps: bool = False
    ) -> Any:
        """What it comes to; `$x := …` alone prints nothing."""
        if len(words) > 2 and words[0][0] == "variable" and words[1][0] == "assign":
            variables[words[0][1]] = self._pipeline(words[2:], dot, variables)
            return variables[words[0][1]] if keeps else _Nothing
        value: Any = _Nothing
        for command in _split(words):
            given = [] if value is _Nothing else [value]
            value = self._command(command, given, dot, variables)
        return value

    def _command(
        self, words: list[tuple[str, str]], given: list[Any], dot: Any, variables: dict[str, Any]
    ) -> Any:
        self._step()
        if not words:
            raise TemplateError("missing value for command")
        kind, name = words[0]
        if kind == "name" and name not in ("true", "false", "nil"):
            function = go.FUNCTIONS.get(name)
            if function is None:
                raise TemplateError(f'function "{name}" not defined')
            return go.call(name, function, [*self._operands(words[1:], dot, variables), *given])
        first, *others = self._operands(words, dot, variables)
        if callable(first):
            return first(*others, *given)
        if others or given:
            raise TemplateError(f"can't give argument to non-function {name}")
        return first

    def _operands(self, words: list[tuple[str, str]], dot: Any, variables: dict[str, Any]) -> list[Any]:
        found: list[Any] = []
        at = 0
        while at < len(words):
            self._step()
            kind, text = words[at]
            if (kind, text) == ("mark", "("):
                end = _end_of_bracket(words, at)
                found.append(self._pipeline(words[at + 1 : end], dot, variables))
                at = end
                if at + 1 < len(words) and words[at + 1][0] == "field":
                    found[-1], at = walk(found[-1], words[at + 1][1]), at + 1
            else:
                found.append(self._operand(kind, text, dot, variables))
            at += 1
        return found

    def _operand(self, kind: str, text: str, dot: Any, variables: dict[str, Any]) -> Any:
        if kind == "text":
            return (
                re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), text[1:-1])
                if text[0] == '"'
                else text[1:-1]
            )
        if kind == "number":
            return float(text) if "." in text else int(text[:20])
        if kind == "field":
            return walk(dot, text)
        if kind == "variable":
            name, _, path = text.partition(".")
            value = self._root if name == "$" else variables.get(name, _Nothing)
            if value is _Nothing:
                raise TemplateError(f'undefined variable "{name}"')
            return walk(value, f".{path}")
        if kind == "name" and text in ("true", "false", "nil"):
            return {"true": True, "false": False, "nil": None}[text]
        if kind == "name" and text in go.FUNCTIONS:
            return go.call(text, go.FUNCTIONS[text], [])
        raise TemplateError(f'function "{text}" not defined' if kind == "name" else f"unexpected {text!r}")


def _items(value: Any) -> list[tuple[Any, Any]]:
    """(key, item) of all that a range goes through. TemplateError."""
    if isinstance(value, Mapping):
        return sorted(value.items(), key=lambda pair: str(pair[0]))
    if isinstance(value, list | tuple):
        return list(enumerate(value))
    if value is None or value is Missing:
        return []
    raise TemplateError(f"range can't iterate over {go.show(value)[:80]}")


class _Nothing:
    """No value at all, which is not even printed."""


def _split(words: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """The commands between the bars, of which those in brackets do not count."""
    commands: list[list[tuple[str, str]]] = [[]]
    depth = 0
    for word in words:
        depth += (word == ("mark", "(")) - (word == ("mark", ")"))
        if depth < 0 or depth > DEEPEST:
            raise TemplateError("unexpected ')'" if depth < 0 else f"deeper than {DEEPEST} levels")
        if word == ("mark", "|") and not depth:
            commands.append([])
        else:
            commands[-1].append(word)
    if depth:
        raise TemplateError("unclosed left paren")
    return commands


def _end_of_bracket(words: list[tuple[str, str]], at: int) -> int:
    depth = 0
    for number in range(at, len(words)):
        depth += (words[number] == ("mark", "(")) - (words[number] == ("mark", ")"))
        if depth == 0:
            return number
    raise TemplateError("unclosed left paren")


def walk(value: Any, path: str) -> Any:
    """ ".State.Pid" of a value. TemplateError."""
    for name in filter(None, path.split(".")):
        if isinstance(value, Mapping) and name in value:
            value = value[name]
        elif isinstance(value, Mapping) and name == "ID" and "Id" in value:
            value = value["Id"]
        elif isinstance(value, Mapping):
            raise TemplateError(f'executing "" at <{path}>: map has no entry for key "{name}"')
        elif value is None or value is Missing:
            raise TemplateError(f'executing "" at <{path}>: nil data; no entry for key "{name}"')
        else:
            raise TemplateError(f'executing "" at <{path}>: can\'t evaluate field {name}')
    return value


def rows(
    template: str, values: Sequence[Mapping[str, Any]], heads: Mapping[str, str], columns: Callable[..., str]
) -> str:
    """What `--format` prints of a list: a line each; "table …" with heads above; "json"."""
    template = template.replace("\\t", "\t").replace("\\n", "\n")
    if template == "json":
        template = "{{json .}}"
    if not template.startswith("table"):
        nodes = parse(template)
        return "".join(f"{_Filler(value).fill(nodes)}\n" for value in values)
    nodes = parse(template.removeprefix("table").lstrip())
    lines = [_Filler(value).fill(nodes).split("\t") for value in (heads, *values)]
    width = max(map(len, lines))
    return columns([(*line, *[""] * (width - len(line))) for line in lines])
