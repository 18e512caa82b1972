"""Taking the learners' notebooks, and having them graded: for the board, beside it.

`python -m netlab.workshop.board.collect FOLDER`, as root with the learners' numbers on standard input, sees
their disks in a mount namespace of its own and copies each notebook that is no longer as it was given out,
into a folder with the learner's name.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from netlab import display
from netlab.errors import NetlabError
from netlab.grade.table import Table
from netlab.i18n import gettext as _
from netlab.keeper.address import HOME
from netlab.lessons.content import LABS, lessons
from netlab.linux import files
from netlab.workshop import disk
from netlab.workshop.board.feedback import PLACE
from netlab.workshop.board.results import Results
from netlab.workshop.board.table import find_graded
from netlab.workshop.hub.accounts import Accounts
from netlab.workshop.state import State

LARGEST, LONGEST = 8 << 20, 300  # bytes of a notebook; letters of what went wrong


class Collector:
    """At most one collection at a time. `said` is how far it is, for the board."""

    def __init__(self, state: State, known: Accounts, results: Results) -> None:
        self.state, self.accounts, self.results = state, known, results
        self.said = ""
        self._turn = threading.Lock()

    @property
    def graded(self) -> Path | None:
        """The folder with the results of the last grading; None before the first."""
        return find_graded(self.state / "grades")

    def start(self, *, grade: bool) -> None:
        """In the background; nothing happens while one is at work."""
        if self._turn.acquire(blocking=False):
            threading.Thread(target=self._work, args=[grade], daemon=True).start()

    def _work(self, grade: bool) -> None:
        try:
            self.said = _("Collecting …")
            learners = self.accounts.learners()
            place = self.state / f"collected/{time.strftime('%Y%m%d-%H%M%S')}"
            place.mkdir(mode=0o700, parents=True)
            done = _run("netlab.workshop.board.collect", str(place), input=json.dumps(learners))
            count = len(list(place.rglob("*.ipynb")))
            self.said = _("{count} notebooks are in {place}.").format(count=count, place=place)
            if done:
                self.said += f" {done}"
            if grade and count:
                self._grade(place, learners)
        except OSError as error:
            self.said = str(error)
        finally:
            self._turn.release()

    def _grade(self, place: Path, learners: Mapping[str, int]) -> None:
        collected = self.said
        self.said = f"{collected} " + _("Grading …")
        out = self.state / "grades" / place.name
        failed = _run("netlab", "grade", str(place), "--out", str(out), "--jobs", "2")
        best: dict[tuple[str, str], tuple[float, float]] = {}
        pages: dict[str, list[str]] = {}
        for learner, lesson, name, points, most in read_results(out):
            if learner not in learners:
                continue
            pages.setdefault(learner, []).append(name)
            if lesson:
                best[learner, lesson] = max(best.get((learner, lesson), (0.0, most)), (points, most))
        for (learner, lesson), (points, most) in best.items():
            self.results.grade(learner, lesson, points, most)
        wanted = json.dumps({learners[name]: names for name, names in pages.items()})
        # Also where a notebook could not be graded: its page says so, and all others have theirs.
        given = _run("netlab.workshop.board.feedback", str(out), input=wanted)
        for learner in pages:
            told = _("Your notebooks were graded. What became of them is in the folder {folder}.")
            self.results.order(learner, "announce", told.format(folder=PLACE))
        done = _("Graded; all about it is in {out}.").format(out=out) if self.graded == out else ""
        self.said = " ".join(filter(None, (collected, done, failed, given)))


def _run(module: str, *words: str, input: str = "") -> str:
    """Run one of our own programs, out of the way of the others; its last line when it failed."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", module, *words],
        input=input,
        capture_output=True,
        text=True,
        errors="replace",
        cwd=HOME,
        preexec_fn=partial(os.nice, 10),
    )
    last = " ".join(done.stderr.strip().splitlines()[-1:])
    return display.one_line(last, LONGEST) if done.returncode else ""


def read_results(out: Path) -> Iterator[tuple[str, str, str, float, float]]:
    """(learner, lesson, the result's name, points, of how many) of each result; the lesson is "" where the
    file could not be read."""
    known, table = {"", *(lesson.id for lesson in lessons())}, Table.read(out, None)
    for name, result in table.results.items():
        points, most = float(result["points"]), float(result["max_points"])
        if result["lesson"] in known and 0 <= points <= most:
            yield table.whose[name].student, result["lesson"], name, points, most


def collect(state: State, learners: Mapping[str, int], place: Path) -> list[NetlabError]:
    """Copy what these learners changed, as NAME/NN-….ipynb; whose disks could not be seen. What is not a
    plain file of theirs stays."""
    disk.own_mounts()
    failed = []
    for learner, number in learners.items():
        if not (state.disk(number) / disk.IMAGE).exists() and disk.is_bounded():
            continue  # they have never been here
        uid = state.settings().first_uid + number
        try:
            with files.folder(disk.mount(state.disk(number), uid)) as top:
                for name, content in changed_notebooks(top, uid):
                    target = place / learner / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(content)
        except NetlabError as error:
            failed.append(error)
    return failed


def changed_notebooks(top: int, uid: int) -> Iterator[tuple[str, bytes]]:
    """The notebooks on that user's disk that are not as they were given out: a name, and what each holds."""
    for steps, given, folder_name in ((("labs",), LABS, ""), (("labs", "zh"), LABS / "zh", "zh/")):
        for lesson in lessons():
            name = f"{lesson.stem}.ipynb"
            with suppress(OSError), files.below(top, steps) as folder:
                content = files.read(folder, name, LARGEST, owner=uid)
                if not (given / name).is_file() or content != (given / name).read_bytes():
                    yield f"{folder_name}{name}", content


if __name__ == "__main__":
    troubles = collect(State.of_environment(), json.load(sys.stdin), Path(sys.argv[1]))
    for trouble in troubles:
        print(f"netlab: {display.one_line(str(trouble))}", file=sys.stderr)
    sys.exit(1 if troubles else 0)
