"""JSON that is there to be parsed: too deep, too long, too many, and values that are none."""

from __future__ import annotations

import json
import time
import tracemalloc

import pytest

from netlab.model.bounded_json import Bounds, NotJson, loads, table
from netlab.workshop.board import reports

ABSURD = {
    "deep lists": b"[" * 200_000,
    "deep lists that end": b"[" * 5000 + b"]" * 5000,
    "deep tables": b'{"a":' * 40_000,
    "deep behind a text": b'{"a": "]]]]", "b": ' + b"[" * 100 + b"]" * 100 + b"}",
    "too long": b'"' + b"x" * (300 << 10) + b'"',
    "too many": b"[" + b"0," * 100_000 + b"0]",
    "a long number": b"9" * 5000,
    "more than 64 bits": str(1 << 63).encode(),
    "no float": b"1e999",
    "below any float": b"-1e999",
    "NaN": b"[NaN]",
    "Infinity": b"-Infinity",
    "half a pair": b'"\\ud800"',
    "half a pair as a key": b'{"\\udfff": 1}',
    "no UTF-8": b'"\xff"',
    "UTF-8 of half a pair": b'"\xed\xa0\x80"',
    "nothing": b"",
    "two values": b"1 2",
    "an open text": b'"' + b'\\"' * 100_000,
    "a backslash": b'"\\',
}


@pytest.mark.parametrize("how", ABSURD)
def test_absurd_json_is_refused_in_no_time(how: str) -> None:
    """With one kind of error, and without a large part of the machine's memory."""
    tracemalloc.start()
    began = time.process_time()
    try:
        with pytest.raises(NotJson):
            loads(ABSURD[how])
        assert time.process_time() - began < 2 and tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "value",
    [{"a": [1, -2.5, True, None, "]]]]{{{{", '\\"[', "张三", "😀"]}, [], 0, "", (1 << 63) - 1, -(1 << 63)],
    ids=repr,
)
def test_what_is_meant_comes_back(value: object) -> None:
    """Brackets in texts are no depth, escaped quotes no end, a whole pair of surrogates a sign."""
    assert loads(json.dumps(value)) == value == loads(json.dumps(value, ensure_ascii=False).encode())


def test_bounds_are_where_they_are_said_to_be() -> None:
    """One more is too much, and what is there is not."""
    bounds = Bounds(size=20, depth=3, values=9)
    assert loads(b"[[[1]]]", bounds) == [[[1]]] and loads(b"[1,2,3,4,5,6]", bounds)
    for body in (b"[[[[1]]]]", b"[1,2,3,4,5,6,7,8,9]", b" " * 20 + b"1"):
        with pytest.raises(NotJson):
            loads(body, bounds)
    with pytest.raises(NotJson, match="object"):
        table(b"[]")


@pytest.mark.parametrize(
    "text",
    ['{"held": -1}', '{"held": true}', '{"held": "1"}', '{"after": 1.5}', '{"after": null}', '{"events": {}}',
     '{"events": [[]]}', '{"picture": []}', '{"outcome": 7}', '{"outcome": {"number": 1}}',
     '{"outcome": {"number": -1, "said": ""}}', '{"outcome": {"number": 1, "said": 2}}', '{"more": 1}', "[]"],
)  # fmt: skip
def test_a_report_of_another_kind_is_none(text: str) -> None:
    """Each field has its own kind, and there are no others."""
    with pytest.raises(NotJson):
        reports.parse(text.encode())


def test_a_report_speaks_to_no_terminal_and_turns_no_page() -> None:
    """Control characters, directions and invisible signs are written out before anybody keeps the text."""
    words = {
        "events": [{"id": "\x1b[2J", "hint": "a\u202eb"}],
        "picture": {"a\x07": ["\u200b", {"b": "\x9b1m"}]},
        "outcome": {"number": 1, "said": "one\r\n\x1b]0;two\x07" + "x" * 900},
        "held": 1e9,
    }
    report = reports.parse(json.dumps(words).encode())
    said = json.dumps([report.events, report.picture, report.outcome], ensure_ascii=False)
    assert said.isprintable()
    assert report.outcome and len(report.outcome[1]) == reports.SAID and report.held == reports.HELD
