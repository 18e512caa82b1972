"""Text of somebody whom one does not trust, on its way to a terminal, a log or a page."""

from __future__ import annotations

import unicodedata
from typing import Any

INSTEAD = "�"
# Control characters; signs that turn the direction of what follows, or that nobody sees; halves of surrogate
# pairs; and what means nothing to everybody.
UNSEEN = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))


def plain(text: str, longest: int = 0, keep: str = "") -> str:
    """The text without signs that a terminal or a page would obey instead of showing. `keep` names those
    that may stay, `longest` how many signs are left."""
    kept = text[:longest] if longest else text
    if kept.isascii() and kept.isprintable():
        return kept
    return "".join(_sign(each, keep) for each in kept)


def line(text: str, longest: int = 0) -> str:
    """The same as one line: a sign that begins another one is a blank."""
    return " ".join(plain(text[: 2 * longest] if longest else text, keep="\n\t").split())[: longest or None]


def tree(value: Any) -> Any:
    """All texts in a value of JSON, keys as well."""
    if isinstance(value, str):
        return plain(value, keep="\n\t")
    if isinstance(value, dict):
        return {plain(str(key)): tree(each) for key, each in value.items()}
    return [tree(each) for each in value] if isinstance(value, list) else value


def _sign(sign: str, keep: str) -> str:
    return INSTEAD if sign not in keep and unicodedata.category(sign) in UNSEEN else sign
