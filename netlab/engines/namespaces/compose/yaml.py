"""The part of YAML that compose files are written in: mappings, sequences, texts.

Every value knows its line. Anchors, tags, directives and several documents are refused by line; so are tabs
and whatever is too long or too deep. Nothing is guessed: what is no text, mapping or sequence is an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

LARGEST = 1 << 18  # characters
DEEPEST = 24
KEY = re.compile(
    r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#'"\[\]{},&*!|>%@`?:-][^#\[\]{}]*?|-[^\s:][^:]*?)\s*:(?=\s|$)"""
)
ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "/": "/", "0": "\0", "r": "\r", "$": "$"}


class BadYaml(ValueError):
    """What is wrong, and in which line."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass
class Node:
    """A value: a text, a list or a mapping, whichever is not None; all None where nothing stands."""

    line: int
    text: str | None = None
    items: list[Node] | None = None
    fields: dict[str, Node] | None = None
    is_quoted: bool = False
    lines_of: dict[str, int] = field(default_factory=dict)  # of the fields' names

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands there."""
        plain = not self.is_quoted and self.text in ("", "~", "null")
        return self.items is None and self.fields is None and (self.text is None or plain)


@dataclass(frozen=True)
class Line:
    """One that says something."""

    number: int
    indent: int
    text: str


def parse(content: str) -> Node:
    """The one document. BadYaml."""
    if len(content) > LARGEST:
        raise BadYaml(1, f"more than {LARGEST} characters")
    reader = _Reader(content.splitlines())
    if not reader.lines:
        return Node(1)
    node = reader.block(reader.lines[0].indent, 0)
    if reader.at < len(reader.lines):
        line = reader.lines[reader.at]
        raise BadYaml(line.number, f"is indented otherwise than what stands above it: {line.text[:40]}")
    return node


class _Reader:
    """Goes through the lines."""

    def __init__(self, raw: list[str]) -> None:
        self._raw = raw
        self.lines: list[Line] = []
        self.at = 0
        for number, text in enumerate(raw, 1):
            bare = text.lstrip(" ")
            if text.strip() in ("---",) and not self.lines:
                continue
            if bare.startswith("\t"):
                raise BadYaml(number, "a tab where there should be blanks")
            if bare.strip() and not bare.startswith("#"):
                self.lines.append(Line(number, len(text) - len(bare), bare.rstrip()))

    def _line(self) -> Line | None:
        return self.lines[self.at] if self.at < len(self.lines) else None

    def block(self, indent: int, depth: int) -> Node:
        """What stands at that indent, from this line on."""
        if depth > DEEPEST:
            raise BadYaml(self.lines[self.at].number, f"deeper than {DEEPEST} levels")
        line = self.lines[self.at]
        if line.text.startswith("- ") or line.text == "-":
            return self._read_sequence(indent, depth)
        if KEY.match(line.text):
            return self._read_fields(indent, depth)
        self.at += 1
        return _scalar(self._whole_value(line, indent), line.number)

    def _read_sequence(self, indent: int, depth: int) -> Node:
        node = Node(self.lines[self.at].number, items=[])
        while (
            (line := self._line())
            and line.indent == indent
            and (line.text == "-" or line.text.startswith("- "))
        ):
            rest = line.text[1:].lstrip()
            inner = line.indent + len(line.text) - len(rest)
            assert node.items is not None
            if not rest or rest.startswith("#"):
                self.at += 1
                node.items.append(self._below(indent, line.number, depth))
            elif KEY.match(rest) or rest.startswith("- "):
                self.lines[self.at] = Line(line.number, inner, rest)
                node.items.append(self.block(inner, depth + 1))
            else:
                self.at += 1
                node.items.append(self._value(rest, line, indent))
        return node

    def _below(self, indent: int, number: int, depth: int, *, sequences_too: bool = False) -> Node:
        """What stands below, further in; nothing where there is nothing."""
        line = self._line()
        if line and (
            line.indent > indent or (sequences_too and line.indent == indent and line.text[:2] in ("- ", "-"))
        ):
            return self.block(line.indent, depth + 1)
        return Node(number)

    def _read_fields(self, indent: int, depth: int) -> Node:
        node = Node(self.lines[self.at].number, fields={})
        while (line := self._line()) and line.indent == indent and (found := KEY.match(line.text)):
            name = _unquote(found[1], line.number)
            assert node.fields is not None
            if name in node.fields:
                raise BadYaml(line.number, f"{name} stands there twice")
            if name == "<<":
                raise BadYaml(line.number, "<<: anchors and merges are not read here")
            rest = line.text[found.end() :].strip()
            self.at += 1
            node.lines_of[name] = line.number
            if not rest or rest.startswith("#"):
                node.fields[name] = self._below(indent, line.number, depth, sequences_too=True)
            else:
                node.fields[name] = self._value(rest, line, indent)
        return node

    def _value(self, rest: str, line: Line, indent: int) -> Node:
        if rest[0] in "|>":
            return Node(line.number, self._literal(rest, line.number, indent), is_quoted=True)
        return _scalar(self._whole_value(Line(line.number, line.indent, rest), indent + 1), line.number)

    def _whole_value(self, line: Line, indent: int) -> str:
        """With the lines that belong to it: further in, or up to the bracket or quote that ends it."""
        text = line.text
        while _is_open(text) or not text.startswith(("[", "{", '"', "'")):
            more = self._line()
            if more is None or (more.indent < indent and not _is_open(text)):
                break
            if not _is_open(text) and (KEY.match(more.text) or more.text.startswith("- ")):
                break
            text = f"{_without_comment(text)} {more.text}"
            self.at += 1
        if _is_open(text):
            raise BadYaml(line.number, f"has no end: {text[:40]}")
        return text

    def _literal(self, head: str, number: int, indent: int) -> str:
        """A block behind | or >."""
        if not re.fullmatch(r"[|>][+-]?(\s+#.*)?", head):
            raise BadYaml(number, f"{head[:10]}: not read here")
        found: list[str] = []
        for text in self._raw[number:]:
            if text.strip() and len(text) - len(text.lstrip(" ")) <= indent:
                break
            found.append(text)
        while (line := self._line()) and line.number <= number + len(found):
            self.at += 1
        inner = min((len(t) - len(t.lstrip(" ")) for t in found if t.strip()), default=0)
        lines = [text[inner:] for text in found]
        while lines and not lines[-1].strip():
            lines.pop()
        joined = "\n".join(lines) if head[0] == "|" else " ".join(line.strip() for line in lines)
        return joined + ("" if "-" in head[:2] else "\n")


def _is_open(text: str) -> bool:
    """Whether a bracket or a quote at its beginning is not closed yet."""
    if text[:1] in ('"', "'"):
        return not re.match(r'"(?:[^"\\]|\\.)*"' if text[0] == '"' else r"'(?:[^']|'')*'", text)
    if text[:1] not in ("[", "{"):
        return False
    depth, quote, escapes = 0, "", False
    for letter in text:
        if escapes:
            escapes = False
        elif quote:
            escapes = letter == "\\" and quote == '"'
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        else:
            depth += (letter in "[{") - (letter in "]}")
    return depth > 0 or bool(quote)


def _without_comment(text: str) -> str:
    return re.sub(r"\s+#.*", "", text)


def _scalar(text: str, number: int) -> Node:
    if text[0] in "[{":
        node, rest = _flow(text, number, 0)
        if _without_comment(f" {rest}").strip():
            raise BadYaml(number, f"unexpected {rest.strip()[:20]}")
        return node
    if text[0] in "\"'":
        found = re.match(r'"(?:[^"\\]|\\.)*"' if text[0] == '"' else r"'(?:[^']|'')*'", text)
        assert found
        if _without_comment(f" {text[found.end() :]}").strip():
            raise BadYaml(number, f"unexpected {text[found.end() :].strip()[:20]}")
        return Node(number, _unquote(found[0], number), is_quoted=True)
    plain = _without_comment(text).strip()
    if plain[:1] in tuple("&*!%@`"):
        raise BadYaml(number, f"{plain[:20]}: anchors, tags and the like are not read here")
    return Node(number, plain)


def _unquote(text: str, number: int) -> str:
    if text.startswith('"'):
        return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), text[1:-1])
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    return text.strip()


def _flow(text: str, number: int, depth: int) -> tuple[Node, str]:
    """(a value in brackets or before a comma, what follows it)."""
    if depth > DEEPEST:
        raise BadYaml(number, f"deeper than {DEEPEST} levels")
    text = text.lstrip()
    if text[:1] == "[":
        return _flow_items(text[1:], number, depth)
    if text[:1] == "{":
        return _flow_fields(text[1:], number, depth)
    found = re.match(r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^,\[\]{}]*?(?=\s*(?:[,\]}]|:\s|$)))""", text)
    if not found:
        raise BadYaml(number, f"unexpected {text[:20]}")
    quoted = found[0][:1] in ("'", '"')
    if not quoted and found[0][:1] in tuple("&*!%@`"):
        raise BadYaml(number, f"{found[0][:20]}: anchors, tags and the like are not read here")
    return Node(number, _unquote(found[0], number), is_quoted=quoted), text[found.end() :]


def _flow_items(text: str, number: int, depth: int) -> tuple[Node, str]:
    items: list[Node] = []
    while not (text := text.lstrip()).startswith("]"):
        item, text = _flow(text, number, depth + 1)
        items.append(item)
        text = text.lstrip()
        if text[:1] not in (",", "]"):
            raise BadYaml(number, f"unexpected {text[:20] or 'end'}")
        text = text[1:] if text[0] == "," else text
    return Node(number, items=items), text[1:]


def _flow_fields(text: str, number: int, depth: int) -> tuple[Node, str]:
    node = Node(number, fields={})
    while not (text := text.lstrip()).startswith("}"):
        name, text = _flow(text, number, depth + 1)
        value = Node(number)
        if text.lstrip().startswith(":"):
            value, text = _flow(text.lstrip()[1:], number, depth + 1)
        if name.text is None:
            raise BadYaml(number, "a name that is none")
        assert node.fields is not None
        node.fields[name.text], node.lines_of[name.text] = value, number
        text = text.lstrip()
        if text[:1] not in (",", "}"):
            raise BadYaml(number, f"unexpected {text[:20] or 'end'}")
        text = text[1:] if text[0] == "," else text
    return node, text[1:]
