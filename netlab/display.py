"""How a text that may come from a lab is shown: as what it is, and never obeyed."""

from __future__ import annotations

import re
from typing import Any

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
