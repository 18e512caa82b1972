"""What each step of each lesson must have achieved.

    result = check(lab, "03.2")
    print(result)

A check reads the lab and probes it; it never changes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from netlab.checks import lesson01, lesson02, lesson03, lesson04, lesson05, story
from netlab.checks.story import Check, CheckResult
from netlab.checks.world import Observable

__all__ = ["CHECKS", "Check", "CheckResult", "check"]

CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        found.id: found
        for lesson in (lesson01, lesson02, lesson03, lesson04, lesson05)
        for found in lesson.CHECKS
    }
)
NOTHING_SAID: Mapping[str, str] = MappingProxyType({})


def check(
    lab: Observable,
    step: str,
    predictions: Mapping[str, str] = NOTHING_SAID,
    answers: Mapping[str, str] = NOTHING_SAID,
    seconds: float = story.SECONDS,
) -> CheckResult:
    """Whether the lab is as that step wants it; UnknownName if there is no such step."""
    return story.run(lab, step, CHECKS, predictions, answers, seconds)
