"""`./run test` as a whole: no test is lost when its parts run side by side, and no failure either."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.__main__ import INTERRUPTED, Run, side_by_side
from tests.conftest import TIERS
from tests.support import ordinary, parts
from tests.support.parts import Part

ENDED = """
======================== 3 passed, 1 skipped in 2.50s =========================
"""
FAILED = """
=================== 1 failed, 20 passed, 2 rerun in 61.00s (0:01:01) ===================
"""


@pytest.mark.parametrize("elsewhere", [(), ("kernel/faults/test_catalogue.py",), ordinary.ALONE])
def test_every_file_is_in_one_part(elsewhere: tuple[str, ...]) -> None:
    """All files of all tiers, but for those that somebody else runs; of a shared one each share once."""
    files = {
        str(file.relative_to(parts.TESTS))
        for tier in TIERS
        for file in (parts.TESTS / tier).rglob("test_*.py")
        if not {tier, str(file.relative_to(parts.TESTS))} & set(elsewhere)
    }
    found = parts.of(list(TIERS), elsewhere)
    run = sorted((file, part.share) for part in found for file in part.files)
    shared = {name: count for name, count in parts.APART.items() if name.endswith(".py")}
    wanted = ((file, shared.get(file, 1)) for file in files)
    assert run == sorted((file, f"{n}/{count}") for file, count in wanted for n in range(1, count + 1))


def test_the_shares_of_a_file_are_all_of_its_tests() -> None:
    """Each test in one of them."""
    shares = [parts.deal(range(7), f"{number}/3") for number in (1, 2, 3)]
    assert [list(share) for share in shares] == [[0, 3, 6], [1, 4], [2, 5]]
    assert list(parts.deal(range(7), "1/1")) == list(range(7))


def test_what_somebody_else_runs_is_nobodys_who_does_not_run_its_tier() -> None:
    """Where an ordinary user does not try Docker, root does all of it."""
    assert [name for name in ordinary.alone(["unit", "kernel"]) if name.startswith("docker")] == []
    assert ordinary.alone(ordinary.ROLE) == ordinary.ALONE and ordinary.alone([]) == ()
    assert [name for name in ordinary.ALONE if not (parts.TESTS / name).exists()] == []


def test_what_runs_apart_is_there() -> None:
    """A file that was renamed would run twice as long beside the rest of its tier."""
    assert [name for name in parts.APART if not (parts.TESTS / name).exists()] == []


def test_the_last_line_is_that_of_all_reports_together() -> None:
    """Counts are added up, for who reads the end alone."""
    assert "1 failed, 23 passed, 2 rerun, 1 skipped in 70.00s" in parts.total([ENDED, FAILED, "nothing"], 70)


def test_parts_run_at_the_same_time_and_each_tells_how_it_ended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each waits for the other; what one prints stays together, and its status is known."""
    meet = f"cd {tmp_path}; touch $0; until [ -e $1 ]; do :; done; echo met $1; exit $2"
    waiting = [
        (Part("one", ()), ["sh", "-c", meet, "a", "b", "0"]),
        (Part("other", ()), ["sh", "-c", meet, "b", "a", "3"]),
    ]
    done = {run.name: run for run in side_by_side(waiting, [])}
    assert {name: (run.status, run.report) for name, run in done.items()} == {
        "one": (0, "met b\n"),
        "other": (3, "met a\n"),
    }
    assert "ended: other, status 3" in capsys.readouterr().out


def test_what_counts_for_two_leaves_room_for_the_others_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the virtual machine is at work, fewer parts are; nothing waits for ever, though."""
    monkeypatch.setattr("tests.__main__.AT_ONCE", 3)
    most: list[int] = []

    class Counted(Run):
        def __init__(self, name: str, words: Sequence[str], weight: int = 1) -> None:
            super().__init__(name, words, weight)
            at_work.append(weight)
            most.append(sum(at_work))

        def end(self) -> None:
            super().end()
            at_work.remove(self.weight)

    at_work: list[int] = []
    monkeypatch.setattr("tests.__main__.Run", Counted)
    waiting = [(Part(name, ()), ["sleep", "0.2"]) for name in ("vm", "one", "two", "three", "vm")]
    assert len(list(side_by_side(waiting, []))) == 5
    assert max(most) == 3 and at_work == []
    assert (Part("vm", ()).weight, Part("unit", ()).weight) == (2, 1)


def test_ctrl_c_ends_every_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """None goes on by itself."""
    sleeping = Run("sleeping", ["sleep", "100"])

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.waitid", interrupted)
    with pytest.raises(SystemExit) as ended:
        list(side_by_side([], [sleeping]))
    assert (ended.value.code, sleeping.status) == (INTERRUPTED, -2)
