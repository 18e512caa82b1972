"""Many submissions, graded side by side: resumable, and none can spoil another's.

batch = Batch(out, lesson="", key=None, jobs=8)
results = batch.run(paths)
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from netlab.errors import BadInput, NetlabError, SandboxRefused
from netlab.grade import bundle, formats, privsep, redacted
from netlab.grade import hidden_checks as hidden
from netlab.grade.bundle import Bundle
from netlab.grade.hidden_checks import Hidden
from netlab.grade.judge import Grade, Order, grade
from netlab.grade.session import CELL_SECONDS
from netlab.grade.submission import Submission, read
from netlab.i18n import decide, speaking
from netlab.i18n import gettext as _
from netlab.keeper.launch import ForkServer
from netlab.lab import ephemeral
from netlab.lessons.build import learners_seed

PREFIX = "grade"
LONGEST = 120  # letters of a result's name: with what is put behind it, it has to be a file's
JOBS = 8 * (os.cpu_count() or 1)  # submissions wait most of the time: for pings that are not answered

Seeds = Mapping[
    Path, tuple[str, str | None]
]  # of each submission: its name, and its variant if that is known
Say = Callable[[int, int, str], None]  # how many are done, of how many, and the last one's result


@dataclass(frozen=True)
class _Place:
    """Where the submissions of one batch are graded."""

    editions: Path  # a folder for what the learners see as labs/
    forkserver: ForkServer


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
        seeds = {path: (names[path], self.seed_of(path)) for path in paths}
        try:
            self.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(
                _("{out} cannot be made: {strerror}.").format(out=self.out, strerror=error.strerror),
                _("Choose another --out."),
            ) from error
        side_by_side = self._as_somebody_else if os.geteuid() == 0 else self.side_by_side
        results = side_by_side(seeds, say)
        self._tables(results)
        return results

    def _as_somebody_else(self, seeds: Seeds, say: Say) -> list[dict[str, Any]]:
        entries = [each.entry for each in self.hidden]
        wanted = privsep.Wanted(self.out, self.lesson, self.key, self.jobs, self.cell_seconds, entries)
        return privsep.run(wanted, seeds, say)

    def side_by_side(self, seeds: Seeds, say: Say) -> list[dict[str, Any]]:
        """Grade them in this process, which had better not be root's. LabError."""
        ephemeral.sweep(PREFIX)
        with tempfile.TemporaryDirectory(prefix="netlab-grade-") as editions:
            os.chmod(editions, 0o755)
            with ForkServer() as forkserver, ThreadPoolExecutor(self.jobs) as pool:
                place = _Place(Path(editions), forkserver)
                waiting = {
                    pool.submit(self._one, path, *seed, number, place): path
                    for number, (path, seed) in enumerate(seeds.items())
                }
                try:
                    done = {}
                    for count, future in enumerate(as_completed(waiting), 1):
                        done[waiting[future]] = found = future.result()
                        say(count, len(seeds), formats.summary(found))
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    ephemeral.sweep(PREFIX, os.getpid())
                    raise
        return [done[path] for path in seeds]

    def _one(self, path: Path, name: str, seed: str | None, number: int, place: _Place) -> dict[str, Any]:
        """Grade one, unless that is done already."""
        try:
            submission = read(path, self.lesson)
            seed = submission.seed if seed is None else seed
            submission = replace(submission, seed=seed, hidden=hidden.digest(self.hidden))
        except NetlabError as error:
            unreadable = Grade(name, error=str(error))
            Bundle(self.out / name).close(unreadable, None, self.key)
            return formats.result(unreadable)
        with speaking(decide(os.environ, submission.language)):
            return self._judge(submission, name, number, place)

    def _judge(self, submission: Submission, name: str, number: int, place: _Place) -> dict[str, Any]:
        """In the submission's own language, unless the teacher has chosen one."""
        before = bundle.result(self.out / name)
        wanted = {name: getattr(submission, name) for name in ("digest", "lesson", "seed", "hidden")}
        if before and wanted.items() <= before.items():
            return before
        folder = Bundle(self.out / name)
        shown = redacted.write(submission.lesson, place.editions / f"{number}")
        lab = ephemeral.name(PREFIX, number)
        try:
            further = tuple(each.check for each in self.hidden if each.lesson == submission.lesson)
            order = Order(submission, name, lab, shown, self.cell_seconds, further, place.forkserver)
            given = grade(order, folder.saw)
            folder.close(given, submission, self.key)
        except SandboxRefused:
            raise
        except Exception as error:  # whatever it is: not written, so graded again, and the others go on
            why = (
                str(error) if isinstance(error, NetlabError | OSError) else f"{type(error).__name__}: {error}"
            )
            return formats.result(Grade(name, **wanted, error=why))
        return formats.result(given)

    def seed_of(self, path: Path) -> str | None:
        """The teacher knows whose notebook it is; what stands in it, which counts otherwise, is the learner's
        word."""
        before = bundle.result(path.parent) if path.name == bundle.SUBMISSION else None
        if before:
            return str(before["seed"])
        return learners_seed(self.seed, Path(os.path.abspath(path)).parent.name) if self.seed else None

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
            f"{folder.name}: {what}" for folder in folders for what in bundle.find_tampering(folder, self.key)
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
    """A name for each file, from where it is: alike ones are told apart by the folders they are in.

    Where a file is a link to does not count. Of two that would have one name neither gets it: whoever chose
    theirs so as to be taken for the other is not.
    """
    resolved = [Path(os.path.abspath(path)) for path in paths]
    if len({path.stem for path in resolved}) == len(resolved):
        parts = [[path.stem] for path in resolved]
    else:
        common = Path(os.path.commonpath([path.parent for path in resolved]))
        parts = [list(path.relative_to(common).with_suffix("").parts) for path in resolved]
    names = [
        re.sub(r"[^\w.-]+", "_", "-".join(words)).lstrip(".")[:LONGEST] or "submission" for words in parts
    ]
    count = Counter(names)
    return [
        name if count[name] == 1 else f"{name}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:8]}"
        for name, path in zip(names, resolved, strict=True)
    ]
