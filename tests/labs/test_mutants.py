"""The checks are checked: solutions with one slip fail exactly where the slip breaks the goal."""

from __future__ import annotations

import os
import queue
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from netlab.checks import CHECKS, CheckResult
from netlab.checks.verify import Learner, begin
from netlab.lab import Lab
from netlab.lessons.content import Lesson

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
    results = judged(learner, mutant.lesson)
    return [
        f"{mutant.slip}: {id} is {'reached' if achieved[id] else 'broken'}, and the check says {result}"
        for id, result in results.items()
        if result.passed != achieved[id]
    ]


def judged(learner: Learner, lesson: Lesson) -> dict[str, CheckResult]:
    """What the check of each step says. A check looks first at the steps that it stands on, one after the other:
    where it passes they do, and where it waits for one that one fails, and with it all that stand on it. So each
    is looked at once, although a lesson's last check looks at the whole lesson."""
    results: dict[str, CheckResult] = {}
    for step in reversed(lesson.steps):
        if step.id in results:
            continue
        result = learner.checks(step, seconds=0.2)
        failed, passed = result.waiting_for.partition(",")[0], below(step.id)
        if failed:
            passed = passed[: passed.index(failed)]
        waiting = (each.id for each in lesson.steps if failed in (each.id, *below(each.id)))
        known = {id: replace(result, passed=True) for id in passed} | dict.fromkeys(waiting, result)
        results = {**known, step.id: result, **results}
    return results


def below(id: str) -> list[str]:
    """The steps that a check looks at before its own, in order."""
    return list(dict.fromkeys(each for need in CHECKS[id].needs for each in (*below(need), need)))


def test_no_slip_is_misjudged() -> None:
    """At least 200 generated mutants: what breaks a goal fails, what does not passes, and behaviour decides."""
    names = [f"m{os.getpid()}-{number}" for number in range(SIDE_BY_SIDE)]
    free: queue.SimpleQueue[Lab] = queue.SimpleQueue()
    every = some_mutants()

    def work(mutant: Mutant) -> list[str]:
        lab = free.get()
        try:
            return misjudged(lab, mutant)
        finally:
            free.put(lab)

    try:
        for name in names:
            free.put(Lab.up(name))
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            wrong = [line for lines in pool.map(work, every) for line in lines]
    finally:
        for name in names:
            Lab.find(name).down()
    print(f"{len(every)} mutants; misjudged: {len(wrong)}")
    assert len(every) >= 200
    assert wrong == [], "\n\n".join(wrong)
