"""What machine a workshop of so many learners needs: from what was measured, and said so."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

from netlab.errors import BadInput
from netlab.i18n import gettext as _
from netlab.workshop.disk import MEBIBYTES

MOST = 1000
FEWEST = 40  # learners who may sign up, on however small a machine


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of tests/workshop/load.py, and what the workshop itself takes. Memory in MiB."""

    learners: int
    processors: int
    answer: float  # seconds, of a check, at the 95th percentile
    learner: int  # memory of each, with his kernel at work
    workshop: int  # memory of Hub, board, proxy and the system
    disk: int  # MiB of each learner's, as it begins


MEASURED = Measured(learners=40, processors=2, answer=1.5, learner=104, workshop=1000, disk=10)
SPARE = 1.25  # a quarter more: nobody's figures are those of another machine
SYSTEM = 2  # GiB of disk for the checkout and its environment


def describe(learners: int) -> str:
    """The plan in words. BadInput."""
    if not 1 <= learners <= MOST:
        raise BadInput(
            _("A plan for {learners} learners makes no sense.").format(learners=learners),
            _("From 1 to {most}; more need several machines.").format(most=MOST),
        )
    need = estimate(learners)
    lines = [
        _("For {n} learners at once:").format(n=learners),
        "  " + _("processors   {n}").format(n=need[0]),
        "  " + _("memory       {n} GiB").format(n=need[1]),
        "  "
        + _("disk         {low} GiB, and {high} GiB if all fill theirs").format(low=need[2], high=need[3]),
        "",
        _(
            "Measured: {learners} learners in lessons 01 to 05 on {processors} processors, checks answered "
            "in {answer} s (95th percentile), {memory} MiB for each. A quarter is added for safety."
        ).format(
            learners=MEASURED.learners,
            processors=MEASURED.processors,
            answer=MEASURED.answer,
            memory=MEASURED.learner,
        ),
    ]
    return "\n".join(lines)


def usual() -> int:
    """How many may sign up where nobody has said it: twice those whom this machine carries at once."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    return signing_up(os.cpu_count() or 1, pages)


def signing_up(processors: int, memory: int) -> int:
    """The same for a machine of so many processors, with so many MiB."""
    by_processors = processors * MEASURED.learners / MEASURED.processors / SPARE
    by_memory = (memory - MEASURED.workshop) / MEASURED.learner / SPARE
    return min(max(int(2 * min(by_processors, by_memory)), FEWEST), MOST)


def estimate(learners: int) -> tuple[int, int, int, int]:
    """(processors, GiB of memory, GiB of disk at first, GiB of disk at most)."""
    processors = math.ceil(SPARE * learners * MEASURED.processors / MEASURED.learners)
    memory = math.ceil((MEASURED.workshop + SPARE * learners * MEASURED.learner) / 1024)
    first = SYSTEM + math.ceil(learners * MEASURED.disk / 1024)
    return max(processors, 1), memory, first, SYSTEM + math.ceil(learners * MEBIBYTES / 1024)
