"""Grading as root, by somebody who is not: what reads a hand-in or a lab owns nothing on the machine.

The part that stays root copies what was handed in, starts the grader (netlab.grade.jail), copies the results
back and signs them. It parses nothing that a learner wrote; results, too, are data: files of known names,
opened without following a link, of bounded size, and held to the schema of result.json.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import netlab.errors
from netlab import display
from netlab.errors import LabError, NetlabError
from netlab.grade import bundle, formats, jail
from netlab.grade.bundle import MANIFEST, RESULT, SUBMISSION, Bundle
from netlab.grade.judge import Grade
from netlab.grade.naming import Known
from netlab.grade.submission import LARGEST
from netlab.i18n import LOCALES, VARIABLE
from netlab.i18n import gettext as _
from netlab.keeper.address import HOME, PATH
from netlab.lessons.content import LABS
from netlab.linux import files
from netlab.model import bounded_json

FIRST_UID = 1_800_000_000  # whom no account, no learner and no lab has; each run takes the one of its pid
STAYS = b"{}\n"  # the manifest of a result that was there before
LINE = 64 << 10  # bytes of what the grader says at once
BOUNDS = bounded_json.Bounds(size=8 << 20)

SLACK = 120.0  # seconds, in which one more submission is done, with a grader that is stopped and comes back

Taken = tuple[Path, dict[str, Any], str]


class GraderEnded(LabError):
    """It ended, or says nothing any more, before all was graded."""


@dataclass(frozen=True, slots=True)
class Handed:
    """One submission on its way: what is known of it, and why it could not be copied, if so."""

    path: Path
    known: Known
    content: bytes = b""
    error: str = ""

    @property
    def name(self) -> str:
        """What it is called among the results."""
        return self.known.name

    def failure(self, why: str) -> Grade:
        """The grade of a submission that could not be graded, and why."""
        return Grade(self.name, error=why)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a batch is graded; the key stays here. `before` is what was graded already, and is believed."""

    out: Path
    lesson: str
    key: bytes | None
    jobs: int
    cell_seconds: float
    seconds: float
    hidden: Sequence[Mapping[str, Any]]
    before: Mapping[str, dict[str, Any]] = field(default_factory=dict)


def run(wanted: Wanted, seeds: Mapping[Path, Known]) -> Iterator[Taken]:
    """Grade them as somebody else; `seeds` says of each path what is known of it. Each as it comes: its
    path, its result, and what the teacher's log holds of it. LabError when nothing can be graded here.

    A grader that ends before it is done ends nobody's grading: whom it was at work on, each of them gets one
    of their own, and whoever ends that one, too, has no grade.
    """
    left = {}
    for path, known in seeds.items():
        each = _copy(path, known)
        if each.error:
            Bundle(wanted.out / each.name).close(each.failure(each.error), None, wanted.key)
            yield path, formats.result(each.failure(each.error)), ""
        else:
            left[each.name] = each
    group, alone = list(left.values()), deque[Handed]()
    while group:
        at_work: dict[str, Handed] = {}
        try:
            for each, result, log in _grade(group, wanted, at_work):
                del left[each.name]
                yield each.path, result, log
        except GraderEnded as error:
            if not at_work:
                raise
            if len(group) == 1:
                yield group[0].path, formats.result(left.pop(group[0].name).failure(str(error))), str(error)
            else:
                alone.extend(each for each in at_work.values() if each.name in left)
        single = {each.name for each in alone}
        group = [each for each in left.values() if each.name not in single]
        if not group and alone:
            group = [alone.popleft()]


def _grade(
    group: Sequence[Handed], wanted: Wanted, at_work: dict[str, Handed]
) -> Iterator[tuple[Handed, dict[str, Any], str]]:
    """Those in one grader; `at_work` are whom it has begun with and not finished. GraderEnded, LabError."""
    uid, by_name = FIRST_UID + os.getpid(), {each.name: each for each in group}
    with tempfile.TemporaryDirectory(prefix="netlab-grade-", ignore_cleanup_errors=True) as place:
        folder = Path(place).resolve()
        for name in jail.FOLDERS:
            (folder / name).mkdir(mode=0o700)
        _stage(folder, group, wanted, uid)
        with _grader(folder, uid) as process, files.folder(folder / "out") as out:
            for said in _follow(process, wanted.seconds + SLACK):
                if (each := by_name.get(str(said.get("begun")))) is not None:
                    at_work[each.name] = each
                elif (each := by_name.pop(str(said.get("finished")), None)) is not None:
                    at_work.pop(each.name, None)
                    why, log = (display.printable(str(said.get(word, "")), 10_000) for word in ("why", "log"))
                    yield each, _result(out, each, why, wanted, uid), log
        if by_name:
            raise GraderEnded(_("The grader ended before it was done."), _("Look at: ./run doctor"))


def _copy(path: Path, known: Known) -> Handed:
    """What a learner handed in, not looked at."""
    try:
        return Handed(path, known, files.read_path(path, LARGEST))
    except OSError as error:
        why = _("{path} was not read: {why}.").format(
            path=display.one_line(str(path)), why=error.strerror or error
        )
        return Handed(path, known, error=why)


def _stage(folder: Path, handed: Sequence[Handed], wanted: Wanted, uid: int) -> None:
    """What the grader may see, and what was graded before, so that it is not graded again."""
    submissions = []
    for number, each in enumerate(handed):
        file = Path(str(number), each.path.name)
        (folder / "in" / file).parent.mkdir(mode=0o755)
        (folder / "in" / file).write_bytes(each.content)
        (folder / "in" / file).chmod(0o444)
        submissions.append({"file": str(file), **each.known._asdict()})
        if each.name in wanted.before:
            _stage_before(folder / "out" / each.name, wanted.before[each.name], uid)
    (folder / "in" / jail.ORDER).write_text(
        json.dumps({
            "submissions": submissions,
            "lesson": wanted.lesson,
            "jobs": wanted.jobs,
            "cell_seconds": wanted.cell_seconds,
            "seconds": wanted.seconds,
            "before": {each.name: wanted.before[each.name] for each in handed if each.name in wanted.before},
            "hidden": list(wanted.hidden),
        })
    )  # fmt: skip
    for file in LABS.glob("lessons*.toml"):
        (folder / "labs" / file.name).write_bytes(file.read_bytes())
    for file in (folder / "in" / jail.ORDER, *(folder / "labs").iterdir()):
        file.chmod(0o444)
    for name in ("in", "labs"):
        (folder / name).chmod(0o755)
    for name in ("out", "home"):
        os.chown(folder / name, uid, uid)


def _stage_before(target: Path, before: Mapping[str, Any], uid: int) -> None:
    target.mkdir(mode=0o700)
    (target / RESULT).write_bytes(bundle.encode(json.dumps(before)))
    (target / MANIFEST).write_bytes(STAYS)
    for path in (target, *target.iterdir()):
        os.chown(path, uid, uid)


@contextmanager
def _grader(folder: Path, uid: int) -> Iterator[subprocess.Popen[bytes]]:
    """It ends with the block, and all of its processes have ended then."""
    spoken = {name: os.environ[name] for name in LOCALES if name in os.environ}
    environment = {**spoken, VARIABLE: os.environ.get(VARIABLE, ""), "PATH": PATH, "PYTHONPATH": str(HOME)}
    words = [sys.executable, "-P", "-m", "netlab.grade.jail", str(folder), str(uid)]
    with (folder / "log").open("w+b") as log, subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        cwd="/",
        env=environment,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            yield process
            if process.wait():
                log.seek(max(0, log.seek(0, os.SEEK_END) - LINE))
                last = log.read(LINE).decode(errors="replace").strip().splitlines()[-1:]
                raise GraderEnded(
                    _("The grader ended before it was done: {last}").format(
                        last=display.one_line(" ".join(last), 300)
                    ),
                    _("Look at: ./run doctor"),
                )
        finally:
            with suppress(ProcessLookupError):
                process.terminate()


def _follow(process: subprocess.Popen[bytes], seconds: float) -> Iterator[dict[str, Any]]:
    """What it says, line by line, for as long as it says something within so many seconds. LabError."""
    assert process.stdout
    said, deadline = bytearray(), time.monotonic() + seconds
    while select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]:
        part = os.read(process.stdout.fileno(), LINE)
        if not part:
            return
        *lines, rest = (bytes(said) + part).split(b"\n")
        said = bytearray(rest[-LINE:])
        for line in lines:
            with suppress(bounded_json.NotJson):
                words = bounded_json.table(line)
                if "error" in words:
                    raise _rebuilt(words)
                deadline = time.monotonic() + seconds
                yield words
    process.kill()
    raise GraderEnded(
        _("The grader has said nothing for {seconds:.0f} seconds.").format(seconds=seconds),
        _("Look at: ./run doctor"),
    )


def _rebuilt(words: Mapping[str, Any]) -> NetlabError:
    """Its error as the one of the same name here, if it is one of a lab as a whole."""
    kind = getattr(netlab.errors, str(words["error"]), LabError)
    kind = kind if isinstance(kind, type) and issubclass(kind, LabError) else LabError
    said = (display.printable(str(words.get(name, "")), 1000) for name in ("what", "next"))
    error: NetlabError = kind(*said)
    return error


def _result(out: int, each: Handed, failed: str, wanted: Wanted, uid: int) -> dict[str, Any]:
    """One result, copied and signed; one that does not hold is none, and is graded again the next time."""
    if failed:
        return formats.result(each.failure(failed))
    before = wanted.before.get(each.name)
    try:
        with files.below(out, [each.name]) as folder:
            stays = files.read(folder, MANIFEST, BOUNDS.size, uid) == STAYS
            if before and stays:
                return before
            taken = bundle.files_in(folder, uid)
        result = _parse(taken.get(RESULT, b""), each)
    except (OSError, ValueError) as error:
        why = _("the grader's result was not taken: {error}").format(error=display.one_line(str(error), 200))
        return formats.result(each.failure(why))
    if result["digest"]:
        taken[SUBMISSION] = each.content
    made = Bundle(wanted.out / each.name)
    made.put(taken)
    made.seal(wanted.key)
    return result


def _parse(content: bytes, each: Handed) -> dict[str, Any]:
    """A result that says what it is about, and whose sums are right. ValueError."""
    result = bundle.parse(content)
    digest = hashlib.sha256(each.content).hexdigest()
    if result["name"] != each.name or result["digest"] not in ("", digest):
        raise ValueError(_("it is another one's"))
    for sum_, part in (("points", "points"), ("max_points", "max_points")):
        if result[sum_] != sum(step[part] for step in result["steps"]):
            raise ValueError(_("its points do not add up"))
    return result
