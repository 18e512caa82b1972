"""./run grade: the options, and what is printed."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from netlab.errors import BadInput, UnknownName
from netlab.i18n import gettext as _
from netlab.i18n import ngettext

BAR = 30  # characters


def options(command: argparse.ArgumentParser) -> None:
    """What `./run grade` takes."""
    command.add_argument("notebooks", nargs="*", type=Path, metavar="NOTEBOOK", help=_("or folders of them"))
    command.add_argument("--lesson", default="", help=_("which lesson (default: what the notebook says)"))
    command.add_argument("--out", type=Path, default=Path("grades"), help=_("folder for the results"))
    command.add_argument(
        "--key", type=Path, help=_("file with the teacher's key: results are signed with it")
    )
    command.add_argument("--cell-seconds", type=float, default=60, help=_("how long one cell may take"))
    command.add_argument(
        "--seed", default="", help=_("seed of the variants; each folder is named after its learner")
    )
    command.add_argument("--hidden", type=Path, metavar="FILE", help=_("checks that learners do not get"))
    command.add_argument("--jobs", type=int, default=0, help=_("how many at once"))
    command.add_argument(
        "--verify", type=Path, metavar="DIR", help=_("judge the submissions of that folder again and compare")
    )


def run(chosen: argparse.Namespace) -> int:
    """Exit status 0; 1 when a submission could not be graded, or --verify finds a difference."""
    from netlab.grade import hidden_checks
    from netlab.grade.batch import JOBS, LOG, Batch
    from netlab.grade.bundle import read_key
    from netlab.grade.submission import find

    if chosen.jobs < 0 or chosen.jobs > 64:
        raise BadInput(
            _("--jobs {jobs} makes no sense.").format(jobs=chosen.jobs),
            _("1 to 64; leave it out for a good number."),
        )
    if not 1 <= chosen.cell_seconds <= 3600:
        raise BadInput(
            _("--cell-seconds {seconds} makes no sense.").format(seconds=chosen.cell_seconds), "1 to 3600."
        )
    key = read_key(chosen.key) if chosen.key else None
    place, jobs = chosen.verify or chosen.out, chosen.jobs or JOBS
    further = hidden_checks.read(chosen.hidden) if chosen.hidden else ()
    batch = Batch(place, chosen.lesson, key, jobs, chosen.cell_seconds, chosen.seed, further)
    if chosen.verify:
        troubles = batch.verify(Teller(sys.stderr))
        print("\n".join(troubles) or _("Everything is as it was graded."))
        return 1 if troubles else 0
    results = batch.run(find(chosen.notebooks), Teller(sys.stderr))
    kind = _("Signed results") if key else _("Results (not signed: without a --key this is a self-check)")
    print(
        _("{kind} are in {out}: grades.csv, junit.xml, and a folder for each submission.").format(
            kind=kind, out=batch.out
        )
    )
    if not (failed := sum(bool(each["error"]) for each in results)):
        return 0
    said = ngettext("{count} submission was not graded", "{count} submissions were not graded", failed)
    why = _("{said}; {log} says more where the fault may be ours.")
    print(why.format(said=said.format(count=failed), log=batch.out / LOG), file=sys.stderr)
    return 1


def assignment_options(command: argparse.ArgumentParser) -> None:
    """What `./run assignment` takes."""
    command.add_argument("lesson")
    command.add_argument("--format", default="nbgrader", help=_("nbgrader (the default), or otter"))
    command.add_argument("--course", type=Path, default=Path("course"), help=_("the folder to write into"))
    command.add_argument("--hidden", type=Path, metavar="FILE", help=_("checks that learners do not get"))


def assignment(chosen: argparse.Namespace) -> None:
    """Write a lesson as another grader's assignment, and say where. UnknownName, BadInput."""
    from netlab.grade import hidden_checks, nbgrader, otter
    from netlab.lessons.content import lesson

    formats = {"nbgrader": nbgrader.write, "otter": otter.write}
    if chosen.format not in formats:
        raise UnknownName(_("format"), chosen.format, formats)
    further = hidden_checks.read(chosen.hidden) if chosen.hidden else ()
    mine = [each for each in further if each.lesson == chosen.lesson]
    print(formats[chosen.format](lesson(chosen.lesson), chosen.course, mine))


class Teller:
    """Says how far it is: a line for each submission, and on a terminal a bar below them."""

    def __init__(self, out: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self.out, self.clock, self.began = out, clock, clock()

    def __call__(self, done: int, every: int, text: str) -> None:
        """`done` of `every` are graded, and that is the last one's result."""
        if not self.out.isatty():
            print(f"{done}/{every} {text}", file=self.out, flush=True)
            return
        left = (self.clock() - self.began) / done * (every - done)
        full = BAR * done // every
        time_left = f"{left // 60:.0f}:{left % 60:02.0f}"
        so_far = _("{done} of {every}, {time} left").format(done=done, every=every, time=time_left)
        bar = f"[{'#' * full}{'.' * (BAR - full)}] {so_far}"
        end = "\n" if done == every else ""
        print(f"\r\033[K{text}\n{bar}", end=end, file=self.out, flush=True)
