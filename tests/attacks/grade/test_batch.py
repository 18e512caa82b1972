"""Hand-ins that want to stop a batch: each becomes a result of its own, and the others are graded rightly."""

from __future__ import annotations

import csv
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from netlab.cli import main
from netlab.grade import batch, bundle
from netlab.grade.batch import Batch
from netlab.grade.submission import find
from netlab.grade.supervisor import Supervisor
from tests.attacks.grade.handed_in import KEY, honest, notebook

HONEST = 9
CELL_SECONDS = 6.0
LONG = "长" * 66  # 198 bytes: 200 letters and more in some scripts are no file's name any more

# The kernel's own line, forged; then the pipe of orders is not read any more.
FORGED = """
import json, os, time
line = json.dumps({'cell': 2, 'error': '', 'predictions': {}, 'answers': {}}).encode() + b'\\n'
for fd in range(3, 30):
    try:
        if 'pipe' in os.readlink(f'/proc/self/fd/{fd}'):
            os.write(fd, line)
    except OSError:
        pass
while True:
    time.sleep(1)
"""
HALF = FORGED.replace("'error': ''", "'error': '\\ud800', 'answers': {'\\ud800': '\\udfff'}").replace(
    "'answers': {}}", "}"
)
# A byte now and then on every pipe that the kernel has, for ever.
DRIP = """
import os, time
while True:
    for fd in range(3, 30):
        try:
            if 'pipe' in os.readlink(f'/proc/self/fd/{fd}'):
                os.write(fd, b'x')
        except OSError:
            pass
    time.sleep(0.2)
"""
# Somebody else takes what the grader has been told is there.
THIEF = """
import os, subprocess, sys
steal = '''
import os, threading
def take(path):
    fd = os.open(path, os.O_RDONLY)
    while os.read(fd, 1 << 16): pass
for fd in os.listdir("/proc/%d/fd" % PID):
    path = f"/proc/%d/fd/{fd}" % PID
    try:
        if 'pipe' in os.readlink(path): threading.Thread(target=take, args=[path]).start()
    except OSError: pass
'''.replace('PID', str(os.getpid()))
subprocess.Popen([sys.executable, '-c', steal], stdin=-3, stdout=-3, stderr=-3)
print('x' * 5_000_000)
"""
# Process 1's sockets, taken from it, and written to.
BRACES = """
import ctypes, os
libc = ctypes.CDLL(None)
held = libc.syscall(434, 1, 0)
for fd in range(3, 64):
    mine = libc.syscall(438, held, fd, 0)
    if mine >= 0 and 'socket' in os.readlink(f'/proc/self/fd/{mine}'):
        os.write(mine, b'{{{')
"""
IN_A_LAB: dict[str, tuple[str, ...]] = {
    "a name of no letters": ("!ip netns add $'\\xff\\xfe'", "lab.check('02.1')"),
    "bytes in bash": (
        "%%bash\nip netns add $'\\xff\\xfe'; ip netns add $'\\xed\\xa0\\x80'",
        "lab.check('02.1')",
    ),
    "braces": (BRACES, "lab.check('02.1')", "print(1)"),
    "a forged end": (FORGED, f"x = '{'y' * 300_000}'", "print(1)"),
    "half a letter": (HALF, "print(1)"),
    "a drip": (DRIP, "print(1)"),
    "a thief": (THIEF, "print(1)"),
}
FILES: dict[str, Callable[[Path], Path]] = {}


def file(make: Callable[[Path], Path]) -> Callable[[Path], Path]:
    FILES[make.__name__] = make
    return make


@file
def a_half_in_a_cell(place: Path) -> Path:
    made = notebook(place / "half/02.ipynb", "02", ["SIGN"])
    made.write_text(made.read_text().replace("SIGN", "\\ud800"))
    return made


@file
def a_half_in_a_seed(place: Path) -> Path:
    made = notebook(place / "seed/02.ipynb", "02", [], seed="SIGN")
    made.write_text(made.read_text().replace("SIGN", "\\ud800"))
    return made


@file
def the_tables_name(place: Path) -> Path:
    return honest(place / "grades.csv.ipynb")


@file
def a_long_name(place: Path) -> Path:
    return honest(place / LONG / f"{LONG}.ipynb")


@file
def a_circle(place: Path) -> Path:
    made = place / "circle/02.ipynb"
    made.parent.mkdir()
    made.symlink_to(made)
    return made


@file
def another_ones_result(place: Path) -> Path:
    made = honest(place / "result" / bundle.SUBMISSION)
    (made.parent / bundle.RESULT).write_text('{"a":1}')
    (made.parent / bundle.MANIFEST).write_text("{}")
    return made


@file
def a_fifo(place: Path) -> Path:
    made = place / "fifo/02.ipynb"
    made.parent.mkdir()
    os.mkfifo(made)
    return made


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, Any], list[str]]]:
    """All of them in one batch with honest ones between: the folder, the results, what was said."""
    place = tmp_path_factory.mktemp("batch") / "handed-in"
    for number in range(HONEST):
        honest(place / f"honest-{number}/02.ipynb")
    for name, cells in IN_A_LAB.items():
        notebook(place / f"{name}/02.ipynb", "02", cells)
    for make in FILES.values():
        make(place)
    said: list[str] = []
    out = place.parent / "out"
    grading = Batch(out, key=KEY, jobs=8, cell_seconds=CELL_SECONDS)
    results = grading.run(find([place]), lambda done, every, text: said.append(text))
    yield out, {each["name"]: each for each in results}, said


def of(results: dict[str, Any], start: str) -> dict[str, Any]:
    [found] = [each for name, each in results.items() if name.startswith(start)]
    return dict(found)


def test_the_honest_are_graded_rightly(graded: tuple[Path, dict[str, Any], list[str]]) -> None:
    """Whatever else is in the batch, each of them has all of its points, in the table, too."""
    out, results, _ = graded
    points = [of(results, f"honest-{number}")["points"] for number in range(HONEST)]
    assert points == [4] * HONEST
    rows = list(csv.DictReader((out / "grades.csv").open(encoding="utf-8")))
    assert len(rows) == len(results) == HONEST + len(IN_A_LAB) + len(FILES)
    assert [row["score"] for row in rows if row["student_id"].startswith("honest")] == ["4"] * HONEST


@pytest.mark.parametrize("name", IN_A_LAB)
def test_each_of_them_has_a_result(graded: tuple[Path, dict[str, Any], list[str]], name: str) -> None:
    """It ends by itself or is ended, and nothing that it did is worth a point."""
    found = of(graded[1], name.replace(" ", "_"))
    assert found["points"] == 0
    assert len(found["steps"]) == 3 or found["error"]
    assert (graded[0] / found["name"] / bundle.RESULT).exists()


def test_files_that_no_notebook_is_are_said(graded: tuple[Path, dict[str, Any], list[str]]) -> None:
    """Half a letter, a circle and a FIFO are one sentence each; names that cannot be files are shortened."""
    out, results, said = graded
    for start in ("half-", "seed-", "circle-", "fifo-"):
        assert of(results, start)["error"], start
    assert of(results, "grades.csv")["points"] == of(results, "长")["points"] == 4
    assert of(results, "result-")["points"] == 4
    assert all(text.isprintable() for text in said)
    assert (out / "grades.csv").is_file()


def test_again_it_is_the_same(graded: tuple[Path, dict[str, Any], list[str]], tmp_path: Path) -> None:
    """A rerun into the same folder meets all that the first one has left, and is none the worse."""
    out, _results, _ = graded
    place = out.parent / "handed-in"
    some = [place / f"honest-{number}/02.ipynb" for number in range(2)] + [place / "grades.csv.ipynb"]
    found = Batch(out, key=KEY, jobs=4, cell_seconds=CELL_SECONDS).run(some)
    assert [each["points"] for each in found] == [4, 4, 4]


# -- the supervisor, without a lab ------------------------------------------------------------------


def supervised(work: Callable[[str], str], stop: Callable[[str], object] = str) -> dict[str, str]:
    def failed(item: str, error: BaseException) -> str:
        return f"{type(error).__name__}: {error}"

    made: Supervisor[str, str] = Supervisor(3, 0.4, work, stop, failed, grace=0.4)
    return dict(made.run([f"{number}" for number in range(10)]))


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), MemoryError(), KeyboardInterrupt()])
def test_whatever_is_raised_becomes_a_result(error: BaseException) -> None:
    """Nine are graded rightly."""

    def work(item: str) -> str:
        if item == "4":
            raise error
        return item

    found = supervised(work)
    assert found.pop("4").startswith(type(error).__name__)
    assert found == {item: item for item in found} and len(found) == 9


@pytest.mark.parametrize("listens", [True, False])
def test_whoever_hangs_is_stopped_at_the_deadline(listens: bool) -> None:
    """What it waits for is taken away; if it goes on all the same, nobody waits for it any more."""
    taken, never = threading.Event(), threading.Event()

    def work(item: str) -> str:
        if item == "4":
            (taken if listens else never).wait(60)
        return item

    began = time.monotonic()
    found = supervised(work, lambda item: taken.set())
    never.set()
    assert time.monotonic() - began < 20 and len(found) == 10
    assert (found["4"] == "4") is listens
    assert [item for item, said in found.items() if item != said] == ([] if listens else ["4"])


# -- what the teacher gets --------------------------------------------------------------------------


def test_an_error_of_ours_is_in_the_teachers_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its traceback, and without anything that a terminal obeys; the others are graded, the status tells."""
    if os.geteuid() == 0:
        pytest.skip("root's grader is another process: this patch does not reach it")
    files = [honest(tmp_path / f"in/{name}/02.ipynb") for name in ("ada", "bob")]
    grade = batch.grade

    def broken(order: Any, *words: Any) -> Any:
        if order.name.startswith("ada"):
            raise RuntimeError("\x1b]0;owned\x07")
        return grade(order, *words)

    monkeypatch.setattr(batch, "grade", broken)
    found = Batch(tmp_path / "out").run(files)
    assert found[0]["error"] and found[1]["points"] == 4
    log = (tmp_path / "out" / batch.LOG).read_text()
    assert "RuntimeError" in log and "Traceback" in log and "\\x1b" in log and "\x1b" not in log


def test_the_exit_status_tells(tmp_path: Path) -> None:
    """1 where there is one without a grade, 0 where there is none."""
    good, bad = honest(tmp_path / "good/02.ipynb"), tmp_path / "bad/02.ipynb"
    bad.parent.mkdir()
    bad.write_text("{")
    assert main.main(["grade", str(good), "--out", str(tmp_path / "out")]) == 0
    assert main.main(["grade", str(good), str(bad), "--out", str(tmp_path / "out")]) == 1


def test_results_are_written_after_each(tmp_path: Path) -> None:
    """Whoever interrupts the batch keeps what was done: folder and line of the table."""
    files = [honest(tmp_path / f"in/{name}/02.ipynb") for name in ("ada", "bob")]
    rows: list[int] = []

    def look(done: int, every: int, text: str) -> None:
        with (tmp_path / "out/grades.csv").open() as table:
            rows.append(len(list(csv.DictReader(table))))
        folders = list((tmp_path / "out").glob(f"*/{bundle.RESULT}"))
        assert len(folders) == done and json.loads(folders[0].read_text())["points"] == 4

    Batch(tmp_path / "out", jobs=1).run(files, look)
    assert rows == [1, 2]
