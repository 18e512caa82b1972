"""JSON from somebody whom one does not trust: its size and depth are looked at before it is parsed.

    loads(body, Bounds(size=256 << 10))

What comes back can be written out again, put into a database and counted with: no NaN, no number that a
64-bit integer or a float cannot hold, no half of a surrogate pair.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from functools import partial
from typing import Any

# A text in quotes, to its end or the end of all: so each byte is looked at once, whatever is sent.
TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{},]', re.DOTALL)
NO_BRACKETS = bytes(sign for sign in range(256) if sign not in b"[]{}")
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
DIGITS = 20  # of an integer: enough for 64 bits and a sign
LEAST = -(1 << 63)


class NotJson(ValueError):
    """That is no JSON, or more of it than is read."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is read. `values` counts the places that a value can stand in: a short text can hold millions."""

    size: int = 256 << 10  # bytes
    depth: int = 32
    values: int = 50_000
    most: int = (1 << 63) - 1  # the largest whole number
    halves: bool = False  # whether half a surrogate pair may stand in a text


def loads(body: bytes | str, bounds: Bounds | None = None) -> Any:
    """The value that the text holds. NotJson, and nothing else, whatever the text is."""
    bounds = bounds or Bounds()
    if len(body) > bounds.size:
        raise NotJson(f"more than {bounds.size} bytes")
    try:
        text = body if isinstance(body, str) else body.decode("utf-8-sig")
        measure(text, bounds)
        value = json.loads(
            text, parse_constant=_no_number, parse_int=partial(_integer, most=bounds.most), parse_float=_real
        )
        if not bounds.halves and (not text.isascii() or SURROGATE.search(text)):
            json.dumps(value, ensure_ascii=False).encode()  # half a pair of surrogates is no text
    except NotJson:
        raise
    except (ValueError, RecursionError) as error:
        raise NotJson(type(error).__name__) from error
    return value


def table(body: bytes | str, bounds: Bounds | None = None) -> dict[str, Any]:
    """The same, where only an object has a meaning. NotJson."""
    value = loads(body, bounds)
    if not isinstance(value, dict):
        raise NotJson("not an object")
    return value


def measure(text: str, bounds: Bounds) -> None:
    """NotJson when a parser would go deeper, or make more, than is allowed."""
    if sum(map(text.count, ",[]{}")) <= bounds.values and _is_shallow(text, bounds.depth):
        return  # as most are; told apart in a fraction of the time
    depth = values = 0
    for found in TOKEN.finditer(text):
        sign = text[found.start()]
        if sign == '"':
            continue
        if sign in "[{":
            depth += 1
        elif sign in "]}":
            depth -= 1
        values += 1
        if depth > bounds.depth:
            raise NotJson(f"deeper than {bounds.depth}")
        if values > bounds.values:
            raise NotJson(f"more than {bounds.values} values")


def _is_shallow(text: str, depth: int) -> bool:
    """Whether it surely has no more levels than that: each round takes the innermost one away. A bracket in a
    quoted text has no partner, so this may be wrong in the one direction."""
    left = text.encode("utf-8", "replace").translate(None, NO_BRACKETS)
    for _ in range(depth):
        if not left:
            return True
        left = left.replace(b"[]", b"").replace(b"{}", b"")
    return not left


def _no_number(word: str) -> Any:
    raise NotJson(f"{word} is no number")


def _integer(digits: str, most: int) -> int:
    if len(digits) > DIGITS or not LEAST <= (number := int(digits)) <= most:
        raise NotJson("a number of more than 64 bits")
    return number


def _real(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise NotJson("a number that no float can hold")
    return number
