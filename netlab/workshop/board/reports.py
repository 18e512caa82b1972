"""What a learner's server may tell the board: each field's kind, and how much of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from netlab import display
from netlab.model import bounded_json
from netlab.model.bounded_json import NotJson

EVENTS = 100  # of one report
HELD = 30.0  # seconds for which a learner's server may wait for an order
SAID = 300  # letters of what became of an order
FIELDS = frozenset(("events", "picture", "outcome", "held", "after", "open", "watched", "mended"))
BOUNDS = bounded_json.Bounds(size=256 << 10, depth=24)


@dataclass(frozen=True, slots=True)
class Report:
    """One, as it may be believed: of the right kinds, and short."""

    events: tuple[Mapping[str, Any], ...]
    picture: Mapping[str, Any] | None
    outcome: tuple[int, str] | None  # of the order of that number
    held: float
    after: int  # the last order that was carried out
    open: Any  # the lessons that the server knows of as open
    watched: bool
    mended: int  # the order whose fault is gone; 0: none


def parse(body: bytes) -> Report:
    """NotJson for all that is no report."""
    words = bounded_json.table(body, BOUNDS)
    if not words.keys() <= FIELDS:
        raise NotJson("fields")
    events, picture = words.get("events", []), words.get("picture")
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise NotJson("events")
    if picture is not None and not isinstance(picture, dict):
        raise NotJson("picture")
    held = words.get("held", 0)
    if isinstance(held, bool) or not isinstance(held, int | float) or held < 0:
        raise NotJson("held")
    return Report(
        tuple(display.printable_tree(events[:EVENTS])),
        None if picture is None else display.printable_tree(picture),
        _outcome(words.get("outcome")),
        min(float(held), HELD),
        _number(words.get("after", 0)),
        words.get("open", 0),
        words.get("watched") is True,
        _number(words.get("mended", 0)),
    )


def _outcome(words: Any) -> tuple[int, str] | None:
    if not words and not isinstance(words, list):
        return None
    if not isinstance(words, dict) or not isinstance(said := words.get("said"), str):
        raise NotJson("outcome")
    return _number(words.get("number")), display.one_line(said, SAID)


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise NotJson("number")
    return value
