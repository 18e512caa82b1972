"""Guessing passwords and codes: how far one gets in a minute, and whom it keeps out."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from netlab.workshop.hub.guesses import BURST, FREE, LONGEST, Guess, Guesses, TooManyGuesses

MINUTE, STEP = 60.0, 0.5
ROOM, ELSEWHERE = "192.0.2.1", "198.51.100.7"


@dataclass
class Clock:
    """A clock that the test moves."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guesses(tmp_path: Path, clock: Clock) -> Guesses:
    return Guesses(tmp_path / "guesses.sqlite", clock)


def guess(name: str, source: str = ROOM, browser: str = "", *, code: bool = False) -> Guess:
    return Guess(name, source, source, browser, code)


def tried(guesses: Guesses, clock: Clock, seconds: float, next_guess: Callable[[int], Guess]) -> int:
    """How many wrong guesses are looked at in so many seconds by somebody who tries twice in each."""
    looked_at, end = 0, clock.now + seconds
    while clock.now < end:
        try:
            guesses.begin(next_guess(looked_at))
            looked_at += 1
        except TooManyGuesses:
            pass
        clock.now += STEP
    return looked_at


def is_let_in(guesses: Guesses, who: Guess) -> bool:
    """Whether a right password is looked at."""
    try:
        guesses.right(guesses.begin(who))
    except TooManyGuesses:
        return False
    return True


@pytest.mark.parametrize("name", ["ada", "instructor"])
def test_a_hundred_guesses_at_one_name_take_more_than_an_hour(
    guesses: Guesses, clock: Clock, name: str
) -> None:
    """A learner's password, or the instructor's, from one place."""
    assert tried(guesses, clock, MINUTE, lambda _: guess(name)) <= FREE + 5
    assert tried(guesses, clock, 19 * MINUTE, lambda _: guess(name)) <= 20


def test_a_hundred_guesses_that_are_spread_over_many_names_take_minutes(
    guesses: Guesses, clock: Clock
) -> None:
    """One password, tried at every name of the class and at others."""
    assert tried(guesses, clock, 5 * MINUTE, lambda n: guess(f"learner-{n}")) < 100


def test_a_hundred_class_codes_take_minutes(guesses: Guesses, clock: Clock) -> None:
    """Each under a name of its own, as nobody has to sign up twice."""
    assert tried(guesses, clock, 5 * MINUTE, lambda n: guess(f"new-{n}", code=True)) < 100


def test_many_guesses_at_once_are_no_more_than_one_after_the_other(guesses: Guesses) -> None:
    """Forty at the same moment: each is counted before it is looked at."""
    looked_at, start = [], threading.Barrier(40)

    def try_once() -> None:
        start.wait()
        try:
            guesses.begin(guess("ada"))
            looked_at.append(1)
        except TooManyGuesses:
            pass

    threads = [threading.Thread(target=try_once) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(looked_at) == FREE


def test_nobody_is_locked_out_from_elsewhere(guesses: Guesses, clock: Clock) -> None:
    """Whoever guesses at Ada's name from another place does not keep her out, nor the instructor."""
    for name in ("ada", "instructor"):
        tried(guesses, clock, 5 * MINUTE, lambda _, name=name: guess(name, ELSEWHERE))
        assert is_let_in(guesses, guess(name))


def test_a_class_behind_one_address_comes_in_while_somebody_there_guesses(
    guesses: Guesses, clock: Clock
) -> None:
    """Those who have come in before, those who sign up now, and forty of them at once."""
    assert is_let_in(guesses, guess("ada"))
    tried(guesses, clock, 5 * MINUTE, lambda n: guess(f"learner-{n}"))
    assert is_let_in(guesses, guess("ada"))
    assert all(is_let_in(guesses, guess(f"late-{n}", code=True)) for n in range(2 * BURST))


def test_a_browser_that_was_here_does_not_wait_for_one_that_guesses_at_the_same_name(
    guesses: Guesses, clock: Clock
) -> None:
    """Even behind the same address, and for the instructor as well."""
    for name in ("ada", "instructor"):
        tried(guesses, clock, MINUTE, lambda _, name=name: guess(name))
        assert not is_let_in(guesses, guess(name))
        assert is_let_in(guesses, guess(name, browser="0123"))


def test_a_browser_that_was_here_guesses_no_faster(guesses: Guesses, clock: Clock) -> None:
    """Who has borrowed one learns no password with it."""
    assert tried(guesses, clock, MINUTE, lambda _: guess("ada", browser="0123")) <= FREE + 5


def test_a_new_start_of_the_hub_forgets_nothing(guesses: Guesses, clock: Clock) -> None:
    """Whoever makes it fall has not won another three guesses."""
    tried(guesses, clock, MINUTE, lambda _: guess("ada"))
    assert not is_let_in(Guesses(guesses.file, clock), guess("ada"))


def test_a_wait_ends(guesses: Guesses, clock: Clock) -> None:
    """However often somebody was wrong, and however often they knock meanwhile: a minute later it counts."""
    tried(guesses, clock, 20 * MINUTE, lambda _: guess("ada"))
    clock.now += LONGEST
    assert is_let_in(guesses, guess("ada"))


def test_a_clock_that_is_put_back_locks_nobody_out(guesses: Guesses, clock: Clock) -> None:
    """A machine whose clock was a year ahead does not wait for a year."""
    tried(guesses, clock, MINUTE, lambda _: guess("ada"))
    clock.now -= 365 * 86400
    assert is_let_in(guesses, guess("ada"))


def test_own_success_buys_no_guesses_at_others(guesses: Guesses, clock: Clock) -> None:
    """A learner who comes in with their own password between two guesses guesses no more for it."""

    def in_turns(count: int) -> Guess:
        is_let_in(guesses, guess("mallory"))
        return guess(f"learner-{count}")

    assert tried(guesses, clock, MINUTE, in_turns) < 2 * BURST


def test_what_was_guessed_is_forgotten(guesses: Guesses, clock: Clock) -> None:
    """A flood of names fills no disk: what is old enough is gone."""
    dice = random.Random(1)
    for _ in range(20):
        tried(guesses, clock, MINUTE, lambda _: guess(f"{dice.random()}", code=True))
        clock.now += 3600
    with guesses._open() as db:
        (rows,) = db.execute("SELECT count(*) FROM miss").fetchone()
    assert rows <= 2 * BURST
