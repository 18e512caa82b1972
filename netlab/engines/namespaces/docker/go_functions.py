"""The functions of Go's templates, those that Docker adds included, and how Go prints a value."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

LONGEST_PADDING = 512  # of a field of printf's
LARGEST = 1 << 20  # characters that a function gives


class TemplateError(ValueError):
    """What is wrong with a template, in Go's words."""


class Missing:
    """What a map has not."""


def is_true(value: Any) -> bool:
    """Whether Go takes it for true: what is not empty, not 0, not nil."""
    return value is not Missing and bool(value)


def show(value: Any) -> str:
    """As Go prints it."""
    if value is None or value is Missing:
        return "<no value>"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        if set(value) == {"HostIp", "HostPort"}:  # a structure of Go's, not a map
            return f"{{{value['HostIp']} {value['HostPort']}}}"
        return "map[" + " ".join(f"{key}:{show(item)}" for key, item in sorted(value.items())) + "]"
    if isinstance(value, list | tuple):
        return "[" + " ".join(map(show, value)) + "]"
    return str(value)


def call(name: str, function: Callable[..., Any], words: list[Any]) -> Any:
    """The function of these values. TemplateError where they do not fit it."""
    try:
        result = function(*words)
        if isinstance(result, str | list) and len(result) > LARGEST:
            raise TemplateError(f"error calling {name}: more than {LARGEST} characters come out")
        return result
    except TemplateError:
        raise
    except (TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise TemplateError(f"error calling {name}: {error}") from None


def _json(value: Any) -> str:
    plain = (
        {key: item for key, item in value.items() if not callable(item)}
        if isinstance(value, Mapping)
        else value
    )
    return json.dumps(None if plain is Missing else plain, separators=(",", ":"), ensure_ascii=False)


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if isinstance(value, Mapping):
            if str(key) in value:
                value = value[str(key)]
            else:
                value = "" if all(isinstance(item, str) for item in value.values()) else Missing
        elif isinstance(value, list | tuple | str) and isinstance(key, int):
            if not 0 <= key < len(value):
                raise TemplateError(f"error calling index: index out of range: {key}")
            value = value[key]
        elif value is None or value is Missing:
            raise TemplateError("error calling index: index of untyped nil")
        else:
            raise TemplateError(f"error calling index: can't index item of type {type(value).__name__}")
    return value


def _slice(value: Any, *bounds: int) -> Any:
    if any(not isinstance(bound, int) or not 0 <= bound <= len(value) for bound in bounds):
        raise TemplateError(f"error calling slice: index out of range: {bounds}")
    return value[slice(*bounds[:2])] if len(bounds) > 1 else value[bounds[0] if bounds else 0 :]


def _printf(pattern: str, *words: Any) -> str:
    found, rest, at = "", list(words), 0
    while at < len(pattern):
        if pattern[at] != "%":
            found, at = found + pattern[at], at + 1
            continue
        end = at + 1
        while end < len(pattern) and pattern[end] in "-+ 0123456789.#":
            end += 1
        verb, flags = pattern[end : end + 1], pattern[at + 1 : end]
        at = end + 1
        if verb == "%":
            found += "%"
        elif not rest:
            found += f"%!{verb}(MISSING)"
        else:
            found += _pad(_verb(verb, rest.pop(0)), flags)
    return found + (f"%!(EXTRA {', '.join(map(show, rest))})" if rest else "")


def _verb(verb: str, value: Any) -> str:
    if verb == "q":
        return json.dumps(show(value), ensure_ascii=False)
    if verb in "dxXob" and isinstance(value, int) and not isinstance(value, bool):
        return format(value, verb)
    if verb == "f" and isinstance(value, int | float):
        return f"{value:f}"
    return show(value) if verb in ("s", "v", "t") else f"%!{verb}({show(value)})"


def _pad(text: str, flags: str) -> str:
    width = flags.lstrip("-+ 0#").partition(".")[0]
    wide = min(int(width[:4] or 0), LONGEST_PADDING)
    if "-" in flags:
        return text.ljust(wide)
    return text.zfill(wide) if flags.startswith("0") else text.rjust(wide)


def _equal(first: Any, *others: Any) -> bool:
    if not others:
        raise TemplateError("error calling eq: missing argument for comparison")
    if any(isinstance(first, str) != isinstance(other, str) for other in others):
        raise TemplateError("error calling eq: incompatible types for comparison")
    return any(first == other for other in others)


def _and(*values: Any) -> Any:
    return next((value for value in values if not is_true(value)), values[-1])


def _or(*values: Any) -> Any:
    return next((value for value in values if is_true(value)), values[-1])


def _join(values: Any, between: str) -> str:
    if not isinstance(values, list | tuple):
        raise TemplateError("wrong type for value; expected []string")
    return between.join(map(show, values))


def _print(*values: Any) -> str:
    """Go puts a blank between two that are no texts."""
    found = ""
    for number, value in enumerate(values):
        if number and not isinstance(value, str) and not isinstance(values[number - 1], str):
            found += " "
        found += show(value)
    return found


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "json": _json,
    "index": _index,
    "slice": _slice,
    "len": len,
    "printf": _printf,
    "print": _print,
    "println": lambda *values: " ".join(map(show, values)) + "\n",
    "join": _join,
    "split": lambda text, between: text.split(between) if between else list(text),
    "upper": lambda text: text.upper(),
    "lower": lambda text: text.lower(),
    "title": lambda text: text.title(),
    "trim": lambda text: text.strip(),
    "truncate": lambda text, length: text[:length],
    "pad": lambda text, before, after: (
        " " * min(before, LONGEST_PADDING) + text + " " * min(after, LONGEST_PADDING)
    ),
    "not": lambda value: not is_true(value),
    "and": _and,
    "or": _or,
    "eq": _equal,
    "ne": lambda first, second: not _equal(first, second),
    "lt": lambda first, second: first < second,
    "le": lambda first, second: first <= second,
    "gt": lambda first, second: first > second,
    "ge": lambda first, second: first >= second,
    "html": lambda *values: _print(*values).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
}
