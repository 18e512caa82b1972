"""Many submissions, graded side by side: resumable, and none can spoil another's or stop the others.

batch = Batch(out, lesson="", key=None, jobs=8)
results = batch.run(paths)
"""

from __future__ import annotations

import os
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from netlab import faults
from netlab.display import one_line, printable
from netlab.errors import BadInput, LabError, NetlabError, SandboxRefused
from netlab.grade import bundle, formats, naming, privsep, redacted
from netlab.grade import hidden_checks as hidden
from netlab.grade.bundle import Bundle
from netlab.grade.hidden_checks import Hidden
from netlab.grade.judge import SECONDS, Grade, Order, grade
from netlab.grade.naming import Known
from netlab.grade.session import CELL_SECONDS
from netlab.grade.submission import Submission, read
from netlab.grade.supervisor import Overdue, Supervisor
from netlab.grade.table import LOG, Table, find_changes
from netlab.i18n import decide, speaking
from netlab.i18n import gettext as _
from netlab.keeper.launch import Confinement, ForkServer
from netlab.lab import Lab, ephemeral
from netlab.lessons import content
from netlab.lessons.build import learners_seed

__all__ = ["LOG", "Batch", "Finished"]

PREFIX, TWIN = "grade", "proof"  # of the labs' names: where cells run, and where proofs are tried
JOBS = 8 * (os.cpu_count() or 1)  # submissions wait most of the time: for pings that are not answered
WHOLE = 2 * SECONDS  # for all of one submission: its lab, its cells, the judge's looks

Seeds = Mapping[Path, Known]
Say = Callable[[int, int, str], None]  # how many are done, of how many, and the last one's result


@dataclass(frozen=True)
class Finished:
    """One submission's result, and what the teacher's log has to hold about it."""

    path: Path
    result: dict[str, Any]
    log: str = ""


@dataclass(frozen=True)
class _Task:
    path: Path
    name: str
    seed: str | None
    fault: str
    number: int


@dataclass(frozen=True)
class _Place:
    """Where the submissions of one batch are graded, and what stands there already."""

    editions: Path  # a folder for what the learners see as labs/
    package: Path  # what they see as netlab
    forkserver: ForkServer
    before: Mapping[str, dict[str, Any]]


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
    seconds: float = WHOLE
    own: Mapping[Path, tuple[str, str]] = field(default_factory=dict)  # variant and fault, where known

    def run(self, paths: Sequence[Path], say: Say = lambda done, every, text: None) -> list[dict[str, Any]]:
        """Grade them all; what result.json holds of each, in the order of `paths`.

        A submission that has been graded into `out` already is not graded again, if the statement there
        vouches for it. After each, all that is known is written. BadInput, or the LabError that keeps labs
        from being made here at all.
        """
        names = naming.names(paths)
        seeds = {path: self.known(path, name) for path, name in zip(paths, names, strict=True)}
        try:
            self.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(
                _("{out} cannot be made: {strerror}.").format(out=self.out, strerror=error.strerror),
                _("Choose another --out."),
            ) from error
        table, done = Table.read(self.out, self.key), {}
        table.whose |= dict(zip(names, naming.whose(paths, self.lesson), strict=True))
        for told in naming.collisions(paths):
            table.log(told)
        graded = self._as_somebody_else if os.geteuid() == 0 else self.side_by_side
        for count, each in enumerate(graded(seeds, dict(table.results)), 1):
            done[each.path] = each.result
            if each.log:
                table.log(each.log)
            table.add(each.result)
            table.write()
            say(count, len(seeds), formats.summary(each.result))
        return [done[path] for path in seeds]

    def _as_somebody_else(self, seeds: Seeds, before: Mapping[str, dict[str, Any]]) -> Iterator[Finished]:
        entries = [each.entry for each in self.hidden]
        limits = (self.jobs, self.cell_seconds, self.seconds)
        wanted = privsep.Wanted(self.out, self.lesson, self.key, *limits, entries, before)
        for path, result, log in privsep.run(wanted, seeds):
            yield Finished(path, result, log)

    def side_by_side(
        self,
        seeds: Seeds,
        before: Mapping[str, dict[str, Any]],
        begun: Callable[[str], object] = lambda name: None,
    ) -> Iterator[Finished]:
        """Grade them in this process, which had better not be root's. LabError."""
        for prefix in (PREFIX, TWIN):
            ephemeral.sweep(prefix)
        tasks = [_Task(path, *seed, number) for number, (path, seed) in enumerate(seeds.items())]
        with tempfile.TemporaryDirectory(prefix="netlab-grade-") as editions, ForkServer() as forkserver:
            os.chmod(editions, 0o755)
            package = redacted.package(Path(editions, "netlab"))
            place = _Place(Path(editions), package, forkserver, before)

            def work(task: _Task) -> Finished:
                begun(task.name)
                return Finished(task.path, self._one(task, place))

            supervisor = Supervisor(
                self.jobs, self.seconds, work, _end, self._report, fatal=(SandboxRefused,)
            )
            try:
                for _task, finished in supervisor.run(tasks):
                    yield finished
            except BaseException:
                for prefix in (PREFIX, TWIN):
                    ephemeral.sweep(prefix, os.getpid())
                raise

    def _one(self, task: _Task, place: _Place) -> dict[str, Any]:
        """Grade one, unless that is done already."""
        try:
            submission = read(task.path, self.lesson)
        except NetlabError as error:
            return self._without_points(Grade(task.name, error=printable(error)))
        gym = content.lesson(submission.lesson).gym
        seed = self._variant(submission) if task.seed is None else task.seed
        fault = (task.fault or faults.FIRST) if gym else ""
        submission = replace(submission, seed=seed, fault=fault, hidden=hidden.digest(self.hidden))
        with speaking(decide(os.environ, submission.language)):
            return self._judge(submission, task, place)

    @staticmethod
    def _variant(submission: Submission) -> str:
        """The notebook's own word, where the teacher has none. It chooses names, and never a fault."""
        return "" if content.lesson(submission.lesson).gym else submission.seed

    def _judge(self, submission: Submission, task: _Task, place: _Place) -> dict[str, Any]:
        """In the submission's own language, unless the teacher has chosen one."""
        before = place.before.get(task.name)
        wanted = {name: getattr(submission, name) for name in ("digest", "lesson", "seed", "fault", "hidden")}
        if before and not before["error"] and wanted.items() <= before.items():
            return before
        folder = Bundle(self.out / task.name)
        report = str(faults.find(submission.fault).symptom) if submission.fault else ""
        shown = redacted.write(submission.lesson, place.editions / f"{task.number}", report)
        further = tuple(each.check for each in self.hidden if each.lesson == submission.lesson)
        labs, confined = _labs(task), Confinement(shown, place.package)
        order = Order(submission, task.name, *labs, confined, self.cell_seconds, further, place.forkserver)
        given = grade(order, folder.saw)
        folder.close(given, submission, self.key)
        return formats.result(given)

    def _report(self, task: _Task, error: BaseException) -> Finished:
        """What was raised, whatever it is: no points, graded again the next time, and told to the teacher."""
        known = isinstance(error, NetlabError | OSError | Overdue)
        why = one_line(str(error) if known else f"{type(error).__name__}: {error}", 500)
        result = self._without_points(Grade(task.name, error=why))
        told = "".join(traceback.format_exception(error, limit=-20))[-8000:]
        return Finished(task.path, result, f"{task.name}: {told}")

    def _without_points(self, given: Grade) -> dict[str, Any]:
        with suppress(OSError):  # no room: then it is in the table alone
            Bundle(self.out / given.name).close(given, None, self.key)
        return formats.result(given)

    def known(self, path: Path, name: str) -> Known:
        """What the teacher says of a submission: whose notebook it is, and which fault of the gym is drawn.

        What lies beside it was handed in, too: no word of ours. The fault follows from the key, so it is
        nowhere in what a learner has, whose seed names the variant alone.
        """
        if path in self.own:
            return Known(name, *self.own[path])
        if not self.seed:
            return Known(name, None)
        seed = learners_seed(self.seed, Path(os.path.abspath(path)).parent.name)
        return Known(name, seed, faults.draw(self.key or self.seed.encode(), seed).name)

    def verify(self, say: Say = lambda done, every, text: None) -> list[str]:
        """Compare all in `out` with its statement, and grade it again: what differs, in words."""
        folders = sorted(result.parent for result in self.out.glob(f"*/{bundle.RESULT}"))
        if not folders:
            raise BadInput(
                _("{out} holds no graded submission.").format(out=self.out),
                _("Name the folder that --out named."),
            )
        troubles = list(find_changes(self.out, self.key))
        before = Table.read(self.out, self.key).results
        files = [f for name in before if (f := self.out / name / bundle.SUBMISSION).is_file()]
        with tempfile.TemporaryDirectory(prefix="netlab-verify-") as place:
            own = {f: (before[f.parent.name]["seed"], before[f.parent.name]["fault"]) for f in files}
            again = replace(self, out=Path(place), seed="", own=own)
            for file, found in zip(files, again.run(files, say), strict=True):
                troubles += list(_differences(before[file.parent.name], found))
        return troubles


def _labs(task: _Task) -> tuple[str, str]:
    return ephemeral.name(PREFIX, task.number), ephemeral.name(TWIN, task.number)


def _end(task: _Task) -> None:
    """Take away what a submission's grading waits for."""
    for lab in _labs(task):
        with suppress(LabError):
            Lab(lab).down()


def _differences(before: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    name = before["name"]
    if before["hidden"] != found["hidden"]:
        yield _("{name}: was graded with other hidden checks; name the file: --hidden FILE").format(name=name)
        return
    was, now = ({step["id"]: step["points"] for step in each["steps"]} for each in (before, found))
    for step in dict.fromkeys((*was, *now)):
        if was.get(step) != now.get(step):
            yield _("{name}: {step} had {was} points, and gets {now} now").format(
                name=name, step=step, was=was.get(step), now=now.get(step)
            )
