"""The checks are checked: solutions with one slip fail exactly where the slip breaks the goal."""

from __future__ import annotations

import os
import queue
from concurrent.futures import ThreadPoolExecutor

from netlab.checks.verify import begin
from netlab.lab import Lab

from .mutants import Behaviour, Mutant, some_mutants, type_it

SIDE_BY_SIDE = 6


def misjudged(lab: Lab, mutant: Mutant) -> list[str]:
    """The steps of which the check says something else than the lab does."""
    learner = begin(lab, mutant.lesson)
    for step in mutant.lesson.steps:
        commands = mutant.commands if step.id == mutant.step else step.solution
        if commands:
            type_it(lab, commands)
        learner.says(step)
    achieved = Behaviour(lab).achieved(mutant.lesson.id)
    results = {step.id: learner.checks(step, seconds=0.2) for step in mutant.lesson.steps}
    return [
        f"{mutant.slip}: {id} is {'reached' if achieved[id] else 'broken'}, and the check says {result}"
        for id, result in results.items()
        if result.passed != achieved[id]
    ]


def test_no_slip_is_misjudged() -> None:
    """At least 200 generated mutants: what breaks a goal fails, what does not passes, and behaviour decides."""
    names = [f"m{os.getpid()}-{number}" for number in range(SIDE_BY_SIDE)]
    free: queue.SimpleQueue[Lab] = queue.SimpleQueue()
    every = some_mutants()

    def judged(mutant: Mutant) -> list[str]:
        lab = free.get()
        try:
            return misjudged(lab, mutant)
        finally:
            free.put(lab)

    try:
        for name in names:
            free.put(Lab.up(name))
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            wrong = [line for lines in pool.map(judged, every) for line in lines]
    finally:
        for name in names:
            Lab.find(name).down()
    print(f"{len(every)} mutants; misjudged: {len(wrong)}")
    assert len(every) >= 200
    assert wrong == [], "\n\n".join(wrong)
