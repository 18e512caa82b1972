"""How a text that may come from a lab is shown: as what it is, and never obeyed."""

from __future__ import annotations

import re

# What a terminal or a browser obeys instead of showing it, line ends and tabs aside: control characters,
# those that reverse the direction of a line, and halves of characters.
_CONTROL = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_LINES = re.compile("[\n\t]")


def printable(text: object) -> str:
    """A text that moves no cursor and turns no line around: what could is written out, as \\x1b is."""
    return _CONTROL.sub(_written_out, str(text))


def one_line(text: object) -> str:
    """The same for a name, which has no lines."""
    return _LINES.sub(_written_out, printable(text))


def _written_out(sign: re.Match[str]) -> str:
    return ascii(sign[0])[1:-1]
