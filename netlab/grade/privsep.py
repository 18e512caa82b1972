"""Grading as root, by somebody who is not: what reads a hand-in or a lab owns nothing on the machine.

The part that stays root copies what was handed in, starts the grader (netlab.grade.jail), copies the results
back and signs them. It parses nothing that a learner wrote; results, too, are data: files of known names,
opened without following a link, of bounded size, and held to the schema of result.json.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import netlab.errors
from netlab import display
from netlab.errors import LabError, NetlabError
from netlab.grade import bundle, formats, jail
from netlab.grade.bundle import MANIFEST, RESULT, SUBMISSION, Bundle
from netlab.grade.judge import Grade
from netlab.grade.submission import LARGEST
from netlab.i18n import LOCALES, VARIABLE
from netlab.i18n import gettext as _
from netlab.keeper.address import HOME, PATH
from netlab.lessons.content import LABS
from netlab.linux import files
from netlab.model import bounded_json

FIRST_UID = 1_800_000_000  # whom no account, no learner and no lab has; each run takes the one of its pid
STAYS = b"{}\n"  # the manifest of a result that was there before
KEPT = re.compile(r"(executed\.ipynb|result\.json|results\.json|feedback\.html|\d\d\.h?\d+\.(json|pcapng))")
FILES, FILE, ALL = 500, 256 << 20, 1 << 30  # of one result: how many, and bytes of one and of all
LINE = 64 << 10  # bytes of what the grader says at once
BOUNDS = bounded_json.Bounds(size=8 << 20)

Say = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Handed:
    """One submission on its way: its name among the results, and why it could not be copied, if so."""

    path: Path
    name: str
    seed: str | None
    content: bytes = b""
    error: str = ""

    def failure(self, why: str) -> Grade:
        return Grade(self.name, error=why)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a batch is graded; the key stays here."""

    out: Path
    lesson: str
    key: bytes | None
    jobs: int
    cell_seconds: float
    hidden: Sequence[Mapping[str, Any]]


def run(wanted: Wanted, seeds: Mapping[Path, tuple[str, str | None]], say: Say) -> list[dict[str, Any]]:
    """Grade them as somebody else; `seeds` says of each path its name and its variant. The results, in order.
    LabError when nothing can be graded here."""
    uid = FIRST_UID + os.getpid()
    with tempfile.TemporaryDirectory(prefix="netlab-grade-", ignore_cleanup_errors=True) as place:
        folder = Path(place).resolve()
        for name in jail.FOLDERS:
            (folder / name).mkdir(mode=0o700)
        handed = [_copy(path, name, seed) for path, (name, seed) in seeds.items()]
        readable = [each for each in handed if not each.error]
        for count, each in enumerate((each for each in handed if each.error), 1):
            say(count, len(handed), formats.summary(formats.result(each.failure(each.error))))
        _stage(folder, readable, wanted, uid)
        failed: dict[str, str] = {}
        if readable:
            with _grader(folder, uid) as process:
                failed = _follow(process, len(handed), len(handed) - len(readable), say)
        with files.folder(folder / "out") as out:
            return [_result(out, each, failed.get(each.name, ""), wanted, uid) for each in handed]


def _copy(path: Path, name: str, seed: str | None) -> Handed:
    """What a learner handed in, not looked at."""
    try:
        return Handed(path, name, seed, files.read_path(path, LARGEST))
    except OSError as error:
        why = _("{path} was not read: {why}.").format(
            path=display.one_line(str(path)), why=error.strerror or error
        )
        return Handed(path, name, seed, error=why)


def _stage(folder: Path, handed: Sequence[Handed], wanted: Wanted, uid: int) -> None:
    """What the grader may see, and what was graded before, so that it is not graded again."""
    submissions = []
    for number, each in enumerate(handed):
        file = Path(str(number), each.path.name)
        (folder / "in" / file).parent.mkdir(mode=0o755)
        (folder / "in" / file).write_bytes(each.content)
        (folder / "in" / file).chmod(0o444)
        submissions.append({"file": str(file), "name": each.name, "seed": each.seed})
        _stage_before(folder / "out" / each.name, wanted.out / each.name, uid)
    (folder / "in" / jail.ORDER).write_text(
        json.dumps({
            "submissions": submissions,
            "lesson": wanted.lesson,
            "jobs": wanted.jobs,
            "cell_seconds": wanted.cell_seconds,
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


def _stage_before(target: Path, before: Path, uid: int) -> None:
    if bundle.result(before) is None:
        return
    target.mkdir(mode=0o700)
    (target / RESULT).write_bytes(files.read_in(before / RESULT, BOUNDS.size))
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
                raise LabError(
                    _("The grader ended before it was done: {last}").format(
                        last=display.one_line(" ".join(last), 300)
                    ),
                    _("Look at: ./run doctor"),
                )
        finally:
            with suppress(ProcessLookupError):
                process.terminate()


def _follow(process: subprocess.Popen[bytes], every: int, before: int, say: Say) -> dict[str, str]:
    """Pass on how far it is, `before` of them done already; why what has no result has none. LabError."""
    assert process.stdout
    failed: dict[str, str] = {}
    while line := process.stdout.readline(LINE):
        try:
            words = bounded_json.table(line)
        except bounded_json.NotJson:
            continue
        if "error" in words:
            raise _rebuilt(words)
        done, text = words.get("done"), words.get("text")
        if isinstance(done, int) and 0 < done <= every - before and isinstance(text, str):
            say(before + done, every, display.one_line(text, 500))
        if "failed" in words and len(failed) < every:
            failed[str(words["failed"])] = display.printable(str(words.get("why", "")), 2000)
    return failed


def _rebuilt(words: Mapping[str, Any]) -> NetlabError:
    """Its error as the one of the same name here, if it is one of a lab as a whole."""
    kind = getattr(netlab.errors, str(words["error"]), LabError)
    kind = kind if isinstance(kind, type) and issubclass(kind, LabError) else LabError
    said = (display.printable(str(words.get(name, "")), 1000) for name in ("what", "next"))
    error: NetlabError = kind(*said)
    return error


def _result(out: int, each: Handed, failed: str, wanted: Wanted, uid: int) -> dict[str, Any]:
    """One result, copied and signed; one that does not hold is none, and is graded again the next time."""
    if each.error:
        Bundle(wanted.out / each.name).close(each.failure(each.error), None, wanted.key)
    if each.error or failed:
        return formats.result(each.failure(each.error or failed))
    try:
        with files.below(out, [each.name]) as folder:
            if files.read(folder, MANIFEST, BOUNDS.size, uid) == STAYS and (
                before := bundle.result(wanted.out / each.name)
            ):
                return before
            taken = _files(folder, uid)
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


def _files(folder: int, uid: int) -> dict[str, bytes]:
    """The files of a result that have a name that a result has."""
    taken: dict[str, bytes] = {}
    left = ALL
    for name in files.entries(folder, FILES):
        if KEPT.fullmatch(name):
            taken[name] = files.read(folder, name, min(FILE, left), uid)
            left -= len(taken[name])
    return taken


def _parse(content: bytes, each: Handed) -> dict[str, Any]:
    """A result that says what it is about, and whose sums are right. ValueError."""
    from jsonschema import ValidationError, validate

    result = bounded_json.table(content, BOUNDS)
    try:
        validate(result, _schema())
    except ValidationError as error:
        raise ValueError(error.message) from error
    digest = hashlib.sha256(each.content).hexdigest()
    if result["name"] != each.name or result["digest"] not in ("", digest):
        raise ValueError(_("it is another one's"))
    for sum_, part in (("points", "points"), ("max_points", "max_points")):
        if result[sum_] != sum(step[part] for step in result["steps"]):
            raise ValueError(_("its points do not add up"))
    return result


@cache
def _schema() -> Any:
    return json.loads(Path(__file__).with_name("result.schema.json").read_text())
