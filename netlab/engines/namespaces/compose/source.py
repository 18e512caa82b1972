"""A compose file's pieces: texts, lists, mappings, each with its line where it is not what it should be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from netlab.engines.namespaces.compose.project import BadCompose
from netlab.engines.namespaces.compose.yaml import Node

VARIABLE = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)(?::?([-?+])([^}]*))?\})")
MOST = 64  # services, and containers of one
LARGEST_ENV = 1 << 16


class Source:
    """One file's; variables are filled in from the environment."""

    def __init__(self, path: Path, environment: Mapping[str, str]) -> None:
        self.path, self._environment = path, environment

    def fail(self, line: int, message: str) -> BadCompose:
        """The error, with the place."""
        return BadCompose(f"{self.path.name}:{line}: {message}")

    def fields(self, node: Node, what: str) -> dict[str, Node]:
        """The fields of a mapping; none where nothing stands. BadCompose."""
        if node.is_empty:
            return {}
        if node.fields is None:
            raise self.fail(node.line, f"{what} must be a mapping")
        return node.fields

    def text(self, node: Node, what: str) -> str:
        """A text, with the variables in it filled in. BadCompose."""
        if node.is_empty:
            return ""
        if node.text is None:
            raise self.fail(node.line, f"{what} must be a text")
        return VARIABLE.sub(lambda found: self._variable(found, node.line), node.text)

    def _variable(self, found: re.Match[str], line: int) -> str:
        if found[1]:
            return "$"
        name, kind, word = found[2] or found[3], found[4], found[5] or ""
        value = self._environment.get(name, "")
        if kind == "?" and not value:
            raise self.fail(line, f"required variable {name} is missing a value: {word}")
        return (word if value else "") if kind == "+" else value or (word if kind == "-" else "")

    def texts(self, node: Node, what: str) -> list[str]:
        """A list of texts, or one of them. BadCompose."""
        if node.items is not None:
            return [self.text(item, what) for item in node.items]
        return [self.text(node, what)] if not node.is_empty else []

    def pairs(self, node: Node, what: str, between: str = "=") -> list[str]:
        """NAME=VALUE of a list or a mapping. BadCompose."""
        if node.fields is None:
            return self.texts(node, what)
        return [
            name
            if value.is_empty and what == "environment" and not value.is_quoted
            else f"{name}{between}{self.text(value, name)}"
            for name, value in node.fields.items()
        ]

    def is_true(self, node: Node, what: str) -> bool:
        """true or false. BadCompose."""
        word = self.text(node, what).lower()
        if word not in ("true", "false", "yes", "no", "on", "off"):
            raise self.fail(node.line, f"{what} must be true or false")
        return word in ("true", "yes", "on")

    def number(self, node: Node, what: str) -> int:
        """A whole number that is not large. BadCompose."""
        word = self.text(node, what)
        if not word.isascii() or not word.isdigit() or int(word[:6]) > MOST:
            raise self.fail(node.line, f"{what} must be a number up to {MOST}")
        return int(word)

    def only(self, node: Node, what: str, known: set[str]) -> dict[str, Node]:
        """The fields, of which there are no others. BadCompose."""
        fields = self.fields(node, what)
        for key in fields:
            if key not in known and not key.startswith("x-"):
                raise self.fail(
                    node.lines_of[key], f"{what}.{key}: not in the lab's compose; real Docker has it"
                )
        return fields

    def beside(self, path: str) -> Path:
        """A path that is meant from where the file lies."""
        return Path(path).expanduser() if path.startswith("~") else self.path.resolve().parent / path
