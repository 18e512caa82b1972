"""The part of Go's templates that people use with `docker inspect -f` and `docker ps --format`.

{{.State.Pid}}   {{json .NetworkSettings}}   {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}
{{index .Args 0}}   plain text and \\t, \\n between them.
"""

from __future__ import annotations

import json
import re
from typing import Any

_TOKEN = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)


def render(template: str, value: Any) -> str:
    """The template filled in; ValueError names the part that is not known."""
    tokens = _TOKEN.split(template.replace("\\t", "\t").replace("\\n", "\n"))
    text, rest = _fill(tokens, value)
    if rest:
        raise ValueError("{{end}} without {{range}}")
    return text


def _fill(tokens: list[str], value: Any) -> tuple[str, list[str]]:
    """(the text up to the matching {{end}}, the tokens behind it).

    Text and actions alternate in `tokens`, with a text first.
    """
    output, tokens = tokens[0], tokens[1:]
    while tokens:
        action, tokens = tokens[0], tokens[1:]
        if action == "end":
            return output, tokens
        if action.startswith("range "):
            items = _evaluate(action.removeprefix("range "), value) or {}
            body, behind = _split_at_end(tokens)
            for item in items.values() if isinstance(items, dict) else items:
                output += _fill(body, item)[0]
            tokens = behind
        else:
            output += _show(_evaluate(action, value))
        output, tokens = output + tokens[0], tokens[1:]
    return output, []


def _split_at_end(tokens: list[str]) -> tuple[list[str], list[str]]:
    depth = 0
    for at, token in enumerate(tokens):
        if at % 2 == 0:
            continue  # text
        if token == "end" and depth == 0:
            return tokens[:at], tokens[at + 1 :]
        depth += token.startswith("range ") - (token == "end")
    raise ValueError("{{range}} without {{end}}")


def _evaluate(action: str, value: Any) -> Any:
    words = action.split()
    if words and words[0] == "json":
        return json.dumps(_evaluate(" ".join(words[1:]), value))
    if len(words) == 3 and words[0] == "index":
        items, key = _evaluate(words[1], value), words[2].strip('"')
        return items[int(key)] if isinstance(items, list) else items.get(key)
    if len(words) != 1 or not words[0].startswith("."):
        raise ValueError("{{" + action + "}}")
    for name in filter(None, words[0].split(".")):
        if not isinstance(value, dict) or name not in value:
            raise ValueError("{{" + action + "}}")
        value = value[name]
    return value


def _show(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict | list) else str(value)
