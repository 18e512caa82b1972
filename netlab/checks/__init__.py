"""What each step of each lesson must have achieved.

    result = check(lab, "03.2")
    print(result)

A check reads the lab and probes it; it never changes it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from netlab.checks import runner
from netlab.checks.runner import Check, CheckResult
from netlab.errors import UnknownName
from netlab.i18n import gettext as _
from netlab.lab.observable import Witnessed
from netlab.lessons.variant import PLAIN, Variant

if TYPE_CHECKING:
    from netlab.faults.proof import Practice

__all__ = ["CHECKS", "Check", "CheckResult", "check"]

LESSONS = ("01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12")


class _Checks(Mapping[str, Check]):
    """The checks of all lessons by the ids of their steps; a lesson's are loaded when one is wanted."""

    def __getitem__(self, id: str) -> Check:
        for check in self._of(id.partition(".")[0]):
            if check.id == id:
                return check
        raise KeyError(id)

    def __iter__(self) -> Iterator[str]:
        return (check.id for lesson in LESSONS for check in self._of(lesson))

    def __len__(self) -> int:
        return sum(1 for _id in self)

    @staticmethod
    def _of(lesson: str) -> Sequence[Check]:
        if lesson not in LESSONS:
            raise KeyError(lesson)
        found: Sequence[Check] = importlib.import_module(f"netlab.checks.lessons.lesson{lesson}").CHECKS
        return found


CHECKS: Mapping[str, Check] = _Checks()
NOTHING_SAID: Mapping[str, str] = MappingProxyType({})


def check(
    lab: Witnessed,
    step: str,
    predictions: Mapping[str, str] = NOTHING_SAID,
    answers: Mapping[str, str] = NOTHING_SAID,
    seconds: float = runner.SECONDS,
    variant: Variant = PLAIN,
    further: Sequence[Check] = (),
    practice: Practice | None = None,
) -> CheckResult:
    """Whether the lab is as that step wants it, in that variant; UnknownName if there is no such step.

    `further` are checks that are known beside those of the lessons, and are found first; none is needed by
    another. `practice` is the fault of the gym that the lab was broken with, in the lecture's words.
    """
    found = {check.id: check for check in further}.get(step) or CHECKS.get(step)
    if found is None:
        raise UnknownName(_("check"), step, [*(check.id for check in further), *CHECKS])
    said = variant.exchange_all(predictions), variant.exchange_all(answers)
    return variant.exchange_all(runner.run(variant.view(lab), found, CHECKS, *said, seconds, practice))
