"""Which fault the gym gives next, and how far somebody has come."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from netlab import faults
from netlab.diagnosis.causes import CAUSES
from netlab.faults import levels, training
from netlab.faults.training import Attempt

EVERY = [*faults.drawable(inside=True), *faults.pairs()]


def attempt(name: str, right: bool) -> Attempt:
    """One exercise with that fault."""
    fault = faults.find(name)
    return Attempt(name, fault.cause, levels.of(fault), right)


def train(knows: dict[str, float], exercises: int, seed: int = 1) -> list[Attempt]:
    """What a learner does who knows each cause that often, and learns nothing meanwhile."""
    dice, attempts = random.Random(seed), list[Attempt]()
    for _number in range(exercises):
        fault = training.choose(attempts, EVERY, dice)
        right = dice.random() < knows[fault.cause]
        attempts.append(Attempt(fault.name, fault.cause, levels.of(fault), right))
    return attempts


def test_each_fault_has_a_level_and_each_level_enough_faults() -> None:
    """None is forgotten, none is listed that is not there, and three in a row need at least three."""
    names = {fault.name for fault in faults.catalogue()}
    assert set(levels._LEVELS) == names
    for level in range(1, levels.LAST + 1):
        assert len([fault for fault in EVERY if levels.of(fault) == level]) > training.IN_A_ROW


def test_a_number_stands_for_the_fault_without_its_name() -> None:
    """Whatever is to come next can be given as a number, and is found again by it; pairs by large ones."""
    dice = random.Random(3)
    for fault in EVERY:
        number = faults.number_of(fault, dice, inside=True)
        assert faults.pick(number, inside=True) == fault
        assert (number >= faults.TWO) == ("+" in fault.name)


def test_three_in_a_row_are_the_next_level() -> None:
    """One that was missed begins the row again; an easier one in between does not count."""
    one = [attempt("veth-down", True), attempt("docker0-down", True)]
    assert (training.level(one), training.row(one)) == (1, 2)
    missed = [*one, attempt("uplink-down", False), attempt("veth-down", True)]
    assert (training.level(missed), training.row(missed)) == (1, 1)
    up = [*one, attempt("uplink-down", True)]
    assert (training.level(up), training.row(up)) == (2, 0)
    repeated = [*up, attempt("ip-forward-off", True), attempt("veth-down", False)]
    assert (training.level(repeated), training.row(repeated)) == (2, 1)


def test_a_missed_cause_comes_back_and_then_less_often() -> None:
    """After two others first; when it is known then, after four, then after eight."""
    others = ["veth-down", "docker0-without-address", "wrong-netmask", "container-no-default-route"] * 3
    attempts = [attempt("ip-forward-off", False)]
    for right in (2, 4, 8):
        for name in others[: right - 1]:
            assert not training.is_due(attempts, "forwarding-off")
            attempts.append(attempt(name, True))
        attempts.append(attempt(others[right], True))
        assert training.is_due(attempts, "forwarding-off")
        attempts.append(attempt("ip-forward-off", True))
    assert not training.is_due(attempts, "no-route"), "what was never missed is not repeated"


@pytest.mark.parametrize("seed", range(3))
def test_who_knows_gets_through_and_who_guesses_does_not(seed: int) -> None:
    """Thirty exercises: the ratings order three learners, and only who knows reaches the last level."""
    ratings = []
    for often in (0.1, 0.4, 0.97):
        attempts = train(dict.fromkeys(CAUSES, often), 30, seed)
        ratings.append(training.rate(attempts).learner)
        assert (training.level(attempts) == levels.LAST) == (often > 0.9)
    assert ratings == sorted(ratings) and ratings[2] - ratings[0] > 200


def test_what_somebody_never_knows_comes_more_often() -> None:
    """Of sixty exercises the one weak cause takes several times the share it has for who knows it; and its
    rating rises above the others'."""
    strong = dict.fromkeys(CAUSES, 1.0)
    weak = strong | {"no-neighbour": 0.0}
    shares = [[each.cause for each in train(knows, 60)].count("no-neighbour") for knows in (strong, weak)]
    assert shares[1] >= 3 * shares[0] and shares[1] >= 8
    causes = training.rate(train(weak, 60)).causes
    assert causes["no-neighbour"] > training.strength(4) > causes["no-route"], "it began with that of level 2"


def test_no_fault_comes_twice_in_a_row_nor_again_before_the_others() -> None:
    """A learner who knows nothing yet sees every fault of the first level before one of them comes again."""
    attempts = train(dict.fromkeys(CAUSES, 0.0), 60)
    names = [each.fault for each in attempts]
    assert all(a != b for a, b in pairwise(names))
    first = {fault.name for fault in EVERY if levels.of(fault) == 1}
    assert set(names) == first
