"""What each step of each lesson must have achieved.

    result = check(lab, "03.2")
    print(result)

A check reads the lab and probes it; it never changes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from netlab.checks import (
    lesson01,
    lesson02,
    lesson03,
    lesson04,
    lesson05,
    lesson06,
    lesson07,
    lesson08,
    lesson09,
    lesson10,
    story,
)
from netlab.checks.story import Check, CheckResult
from netlab.checks.world import Observable
from netlab.variant import PLAIN, Variant

__all__ = ["CHECKS", "Check", "CheckResult", "check"]

LESSONS = (lesson01, lesson02, lesson03, lesson04, lesson05, lesson06, lesson07, lesson08, lesson09, lesson10)
CHECKS: Mapping[str, Check] = MappingProxyType(
    {found.id: found for lesson in LESSONS for found in lesson.CHECKS}
)
NOTHING_SAID: Mapping[str, str] = MappingProxyType({})


def check(
    lab: Observable,
    step: str,
    predictions: Mapping[str, str] = NOTHING_SAID,
    answers: Mapping[str, str] = NOTHING_SAID,
    seconds: float = story.SECONDS,
    variant: Variant = PLAIN,
    further: Sequence[Check] = (),
) -> CheckResult:
    """Whether the lab is as that step wants it, in that variant; UnknownName if there is no such step.

    `further` are checks that are known beside those of the lessons.
    """
    said = variant.exchanged(predictions), variant.exchanged(answers)
    every = {**CHECKS, **{check.id: check for check in further}}
    return variant.exchanged(story.run(variant.view(lab), step, every, *said, seconds))
