"""Signing up more than there is room for."""

from __future__ import annotations

import re
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from netlab.errors import BadInput
from netlab.i18n import speaking
from netlab.workshop import sizing
from netlab.workshop.hub import names
from netlab.workshop.hub.accounts import Accounts


def workshop(folder: Path, most: int, **roll: str) -> Accounts:
    return Accounts(folder / "learners.sqlite", "kelp", "teachers-word", roll or None, most)


def test_a_full_workshop_says_so_in_both_languages(tmp_path: Path) -> None:
    """The first two are in, and stay in; the third is told."""
    known = workshop(tmp_path, 2)
    assert known.sign_in("ada", "long-enough", "kelp") and known.sign_in("bob", "long-enough", "kelp")
    with pytest.raises(BadInput, match="full: 2 learners"):
        known.sign_in("carol", "long-enough", "kelp")
    with speaking("zh"), pytest.raises(BadInput, match=r"[\u4e00-\u9fff]") as refused:
        known.sign_in("carol", "long-enough", "kelp")
    assert not re.search("[a-z]{5}", refused.value.what)
    assert known.sign_in("ada", "long-enough") and set(known.learners()) == {"ada", "bob"}


def test_a_stranger_does_not_learn_that_it_is_full(tmp_path: Path) -> None:
    """Without the code there is one answer."""
    known = workshop(tmp_path, 0)
    with pytest.raises(BadInput, match="not the code"):
        known.sign_in("carol", "long-enough", "guessed")


def test_many_at_once_are_not_more_than_there_is_room_for(tmp_path: Path) -> None:
    """Twenty at the same moment, for five places; and none of them twice."""
    known, start, came_in = workshop(tmp_path, 5), threading.Barrier(20), []
    known.learners()

    def sign_up(number: int) -> None:
        start.wait()
        with suppress(BadInput):
            came_in.append(known.sign_in(f"learner{number}", "long-enough", "kelp"))

    threads = [threading.Thread(target=sign_up, args=[2 * n]) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert came_in == [True] * 5 and len(known.learners()) == 5


def test_two_who_look_at_the_same_moment_do_not_both_find_the_last_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has seen that there is room holds the door until they have it."""
    known, both, came_in = workshop(tmp_path, 1), threading.Barrier(2), []

    def meet(name: str, taken: object) -> None:
        with suppress(threading.BrokenBarrierError):
            both.wait(0.5)  # they meet only if both have looked

    monkeypatch.setattr(names, "check_free", meet)

    def sign_up(name: str) -> None:
        with suppress(BadInput):
            came_in.append(known.sign_in(name, "long-enough", "kelp"))

    threads = [threading.Thread(target=sign_up, args=[name]) for name in ("ada", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert came_in == [True] and len(known.learners()) == 1


def test_a_list_is_its_own_bound(tmp_path: Path) -> None:
    """Whoever stands on it may come, however many they are."""
    known = workshop(tmp_path, 1, ada="", bob="")
    assert known.sign_in("ada", "long-enough", "kelp") and known.sign_in("bob", "long-enough", "kelp")


def test_the_usual_bound_is_what_the_machine_is_good_for() -> None:
    """A class always fits, a village never."""
    assert sizing.signing_up(1, 1000) == sizing.FEWEST and sizing.signing_up(512, 1 << 30) == sizing.MOST
    assert sizing.FEWEST <= sizing.signing_up(4, 16_000) < sizing.signing_up(16, 64_000) < sizing.MOST
    assert sizing.FEWEST <= sizing.usual() <= sizing.MOST
