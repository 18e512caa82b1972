"""Equal rows of bytes are found among many."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from netlab.packets.columns import Array
from netlab.packets.journeys.columnar import grouping


def agrees(table: Array, rows: Array) -> int:
    """How many different rows there are: `number` tells those apart that a comparison of all does."""
    numbers, firsts = grouping.number(rows, lambda part: table[part].T, table.shape[1])
    known: dict[bytes, int] = {}
    for row, found in zip(rows.tolist(), numbers.tolist(), strict=True):
        assert known.setdefault(table[row].tobytes(), found) == found
    assert sorted(known.values()) == list(range(len(firsts)))
    assert [known[table[row].tobytes()] for row in firsts.tolist()] == list(range(len(firsts)))
    return len(firsts)


@pytest.mark.parametrize("together", [1, 100, 1 << 20])
@pytest.mark.parametrize("width", [1, 2, 9])
def test_rows_are_told_apart_however_many_are_worked_on_at_once(
    monkeypatch: pytest.MonkeyPatch, width: int, together: int
) -> None:
    """Some differ in one bit alone, the highest or the lowest."""
    monkeypatch.setattr(grouping, "TOGETHER", together)
    random = Random(width)
    table = np.array([[random.getrandbits(64) for _ in range(width)] for _ in range(40)], np.uint64)
    table = table[[random.randrange(20) for _ in range(300)]]
    for row in range(0, 300, 7):
        table[row, random.randrange(width)] ^= np.uint64(random.choice((1, 1 << 63)))
    rows = np.array(random.sample(range(300), 250))
    assert 20 < agrees(table, rows) < 150
    assert agrees(table, rows[:1]) == 1 and agrees(table, rows[:0]) == 0


@pytest.mark.parametrize("hashes", [1, 3])
def test_what_has_one_hash_is_told_apart_nevertheless(monkeypatch: pytest.MonkeyPatch, hashes: int) -> None:
    """Somebody may have made packets for it; or it happens."""
    monkeypatch.setattr(grouping, "_hash", lambda words: words[0] % np.uint64(hashes))
    random = Random(hashes)
    table = np.array([[random.randrange(5), random.randrange(5)] for _ in range(500)], np.uint64)
    assert agrees(table, np.arange(500)) == 25


def test_rows_are_put_in_the_order_of_their_numbers_and_else_left() -> None:
    """As many as may be captured at once; and none."""
    random = np.random.default_rng(5)
    for count in (0, 1, 5000):
        numbers = random.integers(0, 2 * count + 1, count)
        assert np.array_equal(grouping.by_number(numbers), np.argsort(numbers, kind="stable"))
