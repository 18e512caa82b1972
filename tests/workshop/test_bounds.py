"""What a learner's lab may use is enough for all that the lessons have him do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

import pytest

from netlab import faults
from netlab.checks import verify
from netlab.faults import gym
from netlab.faults.fault import Fault
from netlab.lab import Lab, ephemeral
from netlab.lessons.content import Lesson, lessons
from netlab.linux.limits import VARIABLE, Limits
from netlab.workshop.hub.spawner import LAB_LIMITS


@pytest.fixture(scope="module")
def bounded() -> Iterator[Lab]:
    """A lab as a learner's server makes it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, json.dumps(asdict(Limits(memory=0, **LAB_LIMITS))))
        lab = Lab.up(ephemeral.name("bounds"))
    yield lab
    lab.down()


def test_the_bound_is_one(bounded: Lab) -> None:
    """More network namespaces than that there are not, and those that were made go again."""
    more = "for i in $(seq 99); do ip netns add n$i 2>/dev/null || break; done; echo $i"
    made = bounded.script(more).stdout
    bounded.script("for i in $(ip netns | cut -d' ' -f1); do ip netns del $i; done")
    assert 10 <= int(made) <= LAB_LIMITS["namespaces"]


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.id)
def test_a_lesson_fits(bounded: Lab, lesson: Lesson) -> None:
    """From its start to its end with the solutions, and every check passes."""
    assert list(verify.check_solved(bounded, lesson)) == []


@pytest.mark.parametrize("fault", faults.catalogue(), ids=lambda fault: fault.name)
def test_a_fault_of_the_gym_fits(bounded: Lab, fault: Fault) -> None:
    """One after the other in the same lab, as an instructor breaks it: each shows, each is mended."""
    gym.begin(bounded, name=fault.name)
    assert gym.mend(bounded, fault)
