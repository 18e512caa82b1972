"""What is shown: texts, which a terminal or a page never obeys; columns of a terminal; cards and pictures.

A text may come from a lab, so it is shown as what it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any, Protocol
from unicodedata import east_asian_width

# What a terminal or a browser obeys instead of showing it, line ends and tabs aside: control characters,
# those that reverse the direction of a line or that nobody sees, and halves of characters.
_CONTROL = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff0-\ufffb"
    "\ud800-\udfff\ue000-\uf8ff\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
_LINES = re.compile("[\n\t]")


def printable(text: object, longest: int = 0) -> str:
    """A text that moves no cursor and turns no line around: what could is written out, as \\x1b is.

    `longest` is how many characters of it are shown, where that is not all.
    """
    shown = str(text)[: longest or None]
    return shown if shown.isprintable() else _CONTROL.sub(_written_out, shown)[: longest or None]


def one_line(text: object, longest: int = 0) -> str:
    """The same for a name, which has no lines."""
    shown = printable(text, longest)
    return shown if shown.isprintable() else _LINES.sub(_written_out, shown)[: longest or None]


def printable_tree(value: Any) -> Any:
    """The same for all texts in plain JSON, keys as well."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {one_line(key): printable_tree(each) for key, each in value.items()}
    return [printable_tree(each) for each in value] if isinstance(value, list) else value


def _written_out(sign: re.Match[str]) -> str:
    return ascii(sign[0])[1:-1]


def columns(text: str) -> int:
    """How many columns of a terminal the text takes; a Chinese character takes two."""
    return sum(1 + (east_asian_width(sign) in "WF") for sign in text) if not text.isascii() else len(text)


def pad(text: str, width: int) -> str:
    """The text with blanks up to that many columns of a terminal."""
    return text + " " * (width - columns(text))


class Printer(Protocol):
    """What IPython hands to `_repr_pretty_`."""

    def text(self, text: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Card:
    """A title, and lines of text under it; code lines are set in the typeface of commands."""

    title: str
    lines: tuple[str, ...] = ()
    code: str = ""

    def __str__(self) -> str:
        indented = [f"  {line}" for line in (*self.lines, *self.code.splitlines())]
        return "\n".join([self.title, *indented])

    def _repr_pretty_(self, printer: Printer, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        lines = "".join(f"<div>{escape(line)}</div>" for line in self.lines)
        code = f"<pre style='margin:.3em 0'>{escape(self.code)}</pre>" if self.code else ""
        return (
            "<div style='border-left:.4em solid #5b6b7b;padding:.2em 1em'>"
            f"<strong>{escape(self.title)}</strong>{lines}{code}</div>"
        )


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure for the page, made when a page shows it, with the text that says the same without eyes."""

    html: Callable[[], str]
    alt: str

    def __str__(self) -> str:
        return self.alt

    def _repr_pretty_(self, printer: Printer, cycle: bool) -> None:
        printer.text(self.alt)

    def _repr_html_(self) -> str:
        return self.html()
