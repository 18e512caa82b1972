"""Taking the learners' notebooks, and having them graded: for the board, beside it.

`python -m netlab.workshop.collect FOLDER`, as root with the learners' numbers on standard input, sees their
disks in a mount namespace of its own and copies each notebook that is no longer as it was given out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from netlab.address import HOME
from netlab.errors import NetlabError
from netlab.language import gettext as _
from netlab.lessons import LABS, lessons
from netlab.workshop import disk
from netlab.workshop.accounts import Accounts
from netlab.workshop.results import Results
from netlab.workshop.state import State

LARGEST = 8 << 20  # bytes of a notebook


class Collector:
    """At most one collection at a time. `said` is how far it is, for the board."""

    def __init__(self, state: State, known: Accounts, results: Results) -> None:
        self.state, self.accounts, self.results = state, known, results
        self.said = ""
        self._turn = threading.Lock()

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
            numbers = json.dumps(sorted(learners.values()))
            done = _run("netlab.workshop.collect", str(place), input=numbers)
            count = len(list(place.glob("*.ipynb")))
            self.said = _("{count} notebooks are in {place}.").format(count=count, place=place)
            if done:
                self.said += f" {done}"
            if grade and count:
                self._grade(place, {number: name for name, number in learners.items()})
        except OSError as error:
            self.said = str(error)
        finally:
            self._turn.release()

    def _grade(self, place: Path, names: dict[int, str]) -> None:
        collected = self.said
        self.said = f"{collected} " + _("Grading …")
        out = self.state / "grades" / place.name
        failed = _run("netlab", "grade", str(place), "--out", str(out), "--jobs", "2")
        best: dict[tuple[str, str], tuple[float, float]] = {}
        for number, lesson, points, most in _graded(out):
            if number in names:
                mine = (names[number], lesson)
                best[mine] = max(best.get(mine, (0.0, most)), (points, most))
        for (learner, lesson), (points, most) in best.items():
            self.results.grade(learner, lesson, points, most)
        self.said = f"{collected} " + (failed or _("Graded; all about it is in {out}.").format(out=out))


def _run(module: str, *words: str, input: str = "") -> str:
    """Run one of our own programs, out of the way of the others; its last line when it failed."""
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        input=input,
        capture_output=True,
        text=True,
        cwd=HOME,
        preexec_fn=partial(os.nice, 10),
    )
    return " ".join(done.stderr.strip().splitlines()[-1:]) if done.returncode else ""


def _graded(out: Path) -> Iterator[tuple[int, str, float, float]]:
    """(learner's number, lesson, points, of how many) of each result."""
    for file in out.glob("*/result.json"):
        with suppress(OSError, ValueError, KeyError):
            result = json.loads(file.read_text())
            number = int(file.parent.name.partition("_")[0])
            yield number, str(result["lesson"]), float(result["points"]), float(result["max_points"])


def collect(state: State, numbers: list[int], place: Path) -> None:
    """Copy what these learners changed, as NUMBER_NAME.ipynb. What is not a plain file of theirs stays."""
    disk.own_mounts()
    for number in numbers:
        if not (state.disk(number) / disk.IMAGE).exists() and disk.is_bounded():
            continue  # he has never been here
        labs = disk.mount(state.disk(number), state.settings().first_uid + number) / "labs"
        for folder, prefix in ((labs, ""), (labs / "zh", "zh_")):
            for lesson in lessons():
                name = f"{lesson.stem}.ipynb"
                content = _plain(folder / name, labs)
                given = LABS / folder.relative_to(labs) / name
                if content and (not given.is_file() or content != given.read_bytes()):
                    (place / f"{number}_{prefix}{name}").write_bytes(content)


def _plain(file: Path, top: Path) -> bytes:
    """What a learner's file holds; b"" when it or a folder on the way is something else."""
    fd = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    try:
        *folders, name = file.relative_to(top).parts
        for folder in folders:
            fd, above = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=fd), fd
            os.close(above)
        found = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=fd)
        with open(found, "rb") as opened:
            return opened.read(LARGEST + 1) if os.fstat(found).st_size <= LARGEST else b""
    except OSError:
        return b""
    finally:
        os.close(fd)


if __name__ == "__main__":
    try:
        collect(State.of_environment(), json.load(sys.stdin), Path(sys.argv[1]))
    except NetlabError as error:
        print(f"netlab: {error}", file=sys.stderr)
        sys.exit(1)
