"""Many submissions, graded side by side: resumable, and none can spoil another's.

batch = Batch(out, lesson="", key=None, jobs=8)
results = batch.run(paths)
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from netlab import owned
from netlab.build_lessons import learners_seed
from netlab.errors import BadInput, NetlabError, SandboxRefused
from netlab.grade import bundle, edition, formats, hidden
from netlab.grade.bundle import Bundle
from netlab.grade.hidden import Hidden
from netlab.grade.judge import Grade, Order, grade
from netlab.grade.session import CELL_SECONDS
from netlab.grade.submission import Submission, read
from netlab.keeper import Nursery
from netlab.language import decided, speaking
from netlab.language import gettext as _

PREFIX = "grade"
JOBS = 8 * (os.cpu_count() or 1)  # submissions wait most of the time: for pings that are not answered

Say = Callable[[int, int, str], None]  # how many are done, of how many, and the last one's result


@dataclass(frozen=True)
class _Place:
    """Where the submissions of one batch are graded."""

    editions: Path  # a folder for what the learners see as labs/
    nursery: Nursery


@dataclass(frozen=True)
class Batch:
    """Where results go and how they are reached. Without a key they are not signed."""

    out: Path
    lesson: str = ""
    key: bytes | None = None
    jobs: int = JOBS
    cell_seconds: float = CELL_SECONDS
    seed: str = ""
    hidden: tuple[Hidden, ...] = ()

    def run(self, paths: Sequence[Path], say: Say = lambda done, every, text: None) -> list[dict[str, Any]]:
        """Grade them all; what result.json holds of each, in the order of `paths`.

        A submission that has been graded into `out` already is not graded again. BadInput, or the LabError
        that keeps labs from being made here at all.
        """
        names = dict(zip(paths, _names(paths), strict=True))
        owned.sweep(PREFIX)
        try:
            self.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(
                _("{out} cannot be made: {strerror}.").format(out=self.out, strerror=error.strerror),
                _("Choose another --out."),
            ) from error
        with tempfile.TemporaryDirectory(prefix="netlab-grade-") as editions:
            os.chmod(editions, 0o755)
            with Nursery() as nursery, ThreadPoolExecutor(self.jobs) as pool:
                place = _Place(Path(editions), nursery)
                waiting = {
                    pool.submit(self._one, path, names[path], number, place): path
                    for number, path in enumerate(paths)
                }
                try:
                    done = {}
                    for count, future in enumerate(as_completed(waiting), 1):
                        done[waiting[future]] = found = future.result()
                        say(count, len(paths), summary(found))
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    owned.sweep(PREFIX, os.getpid())
                    raise
        results = [done[path] for path in paths]
        self._tables(results)
        return results

    def _one(self, path: Path, name: str, number: int, place: _Place) -> dict[str, Any]:
        """Grade one, unless that is done already."""
        try:
            submission = read(path, self.lesson)
            seed = self._seed(path, submission.seed)
            submission = replace(submission, seed=seed, hidden=hidden.digest(self.hidden))
        except NetlabError as error:
            unreadable = Grade(name, error=str(error))
            Bundle(self.out / name).close(unreadable, None, self.key)
            return formats.result(unreadable)
        with speaking(decided(os.environ, submission.language)):
            return self._judged(submission, name, number, place)

    def _judged(self, submission: Submission, name: str, number: int, place: _Place) -> dict[str, Any]:
        """In the submission's own language, unless the teacher has chosen one."""
        before = bundle.result(self.out / name)
        wanted = {name: getattr(submission, name) for name in ("digest", "lesson", "seed", "hidden")}
        if before and wanted.items() <= before.items():
            return before
        folder = Bundle(self.out / name)
        shown = edition.write(submission.lesson, place.editions / f"{number}")
        lab = owned.name(PREFIX, number)
        try:
            further = tuple(each.check for each in self.hidden if each.lesson == submission.lesson)
            order = Order(submission, name, lab, shown, self.cell_seconds, further, place.nursery)
            given = grade(order, folder.saw)
        except SandboxRefused:
            raise
        except (
            NetlabError,
            OSError,
        ) as error:  # it is not the submission's fault: not written, so graded again
            return formats.result(Grade(name, **wanted, error=str(error)))
        folder.close(given, submission, self.key)
        return formats.result(given)

    def _seed(self, path: Path, said: str) -> str:
        """The teacher knows whose notebook it is; what stands in it is the learner's word."""
        before = bundle.result(path.parent) if path.name == bundle.SUBMISSION else None
        if before:
            return str(before["seed"])
        return learners_seed(self.seed, path.resolve().parent.name) if self.seed else said

    def _tables(self, results: Sequence[dict[str, Any]]) -> None:
        (self.out / "grades.csv").write_text(formats.csv_table(results), encoding="utf-8")
        (self.out / "junit.xml").write_text(formats.junit(results), encoding="utf-8")

    def verify(self, say: Say = lambda done, every, text: None) -> list[str]:
        """Look at every bundle in `out`, grade it again, and say what differs; empty if nothing does."""
        folders = sorted(manifest.parent for manifest in self.out.glob(f"*/{bundle.MANIFEST}"))
        if not folders:
            raise BadInput(
                _("{out} holds no graded submission.").format(out=self.out),
                _("Name the folder that --out named."),
            )
        troubles = [
            f"{folder.name}: {what}" for folder in folders for what in bundle.tampered(folder, self.key)
        ]
        with tempfile.TemporaryDirectory(prefix="netlab-verify-") as place:
            again = replace(self, out=Path(place), seed="")
            files = [f for folder in folders if (f := folder / bundle.SUBMISSION).is_file()]
            for file, found in zip(files, again.run(files, say), strict=True):
                troubles += list(_differences(file.parent, found))
        return troubles


def _differences(folder: Path, found: dict[str, Any]) -> Iterator[str]:
    before = bundle.result(folder) or found
    if before["hidden"] != found["hidden"]:
        yield _("{name}: was graded with other hidden checks; name the file: --hidden FILE").format(
            name=folder.name
        )
        return
    was, now = ({step["id"]: step["points"] for step in each["steps"]} for each in (before, found))
    for step in dict.fromkeys((*was, *now)):
        if was.get(step) != now.get(step):
            yield _("{name}: {step} had {was} points, and gets {now} now").format(
                name=folder.name, step=step, was=was.get(step), now=now.get(step)
            )


def _names(paths: Sequence[Path]) -> list[str]:
    """A name for each file, from where it is: alike ones are told apart by the folders they are in."""
    resolved = [path.resolve() for path in paths]
    if len({path.stem for path in resolved}) == len(resolved):
        parts = [[path.stem] for path in resolved]
    else:
        common = Path(os.path.commonpath([path.parent for path in resolved]))
        parts = [list(path.relative_to(common).with_suffix("").parts) for path in resolved]
    return [re.sub(r"[^\w.-]+", "_", "-".join(words)).lstrip(".") or "submission" for words in parts]


def summary(found: dict[str, Any]) -> str:
    """One line for each result."""
    if found["error"]:
        return _("{name}: not graded: {error}").format(
            name=found["name"], error=found["error"].splitlines()[0]
        )
    failed = [step["id"] for step in found["steps"] if not step["passed"]]
    rest = _(", not passed: {failed}").format(failed=", ".join(failed)) if failed else ""
    end = f" ({found['end']})" if found["end"] else ""
    return _("{name}: lesson {lesson}, {points} of {max_points}{rest}{end}").format(
        name=found["name"],
        lesson=found["lesson"],
        points=found["points"],
        max_points=found["max_points"],
        rest=rest,
        end=end,
    )
