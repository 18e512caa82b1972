"""Who grades: a user that owns nothing, ends with the grader, and gives no grade when it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat.v4 as v4
import pytest

from netlab.grade import bundle, jail, privsep
from netlab.grade.batch import Batch
from netlab.keeper.address import HOME
from tests.attacks.workshop.grading import KEY, SECRET, honest, needs_root


def workers(root: int = 0) -> list[int]:
    """The pids of the graders that work for that process of root's, or for this one."""
    found, uid = [], privsep.FIRST_UID + (root or os.getpid())
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if entry.stat().st_uid == uid and b"netlab.grade.worker" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


def processes(root: int) -> list[int]:
    """The pids of all processes of that grader's, its labs' included."""
    found, uid = [], privsep.FIRST_UID + root
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"Uid:\t{uid}" in (entry / "status").read_text():
                found.append(int(entry.name))
    return found


def memory(pid: int) -> Iterator[bytes]:
    """All that a process can write to, piece by piece."""
    with open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            places, rights, *_ = line.split()
            first, last = (int(word, 16) for word in places.split("-"))
            if rights.startswith("rw"):
                try:
                    mem.seek(first)
                    yield mem.read(last - first)
                except OSError:
                    continue


@needs_root
def test_whoever_reads_a_hand_in_owns_nothing_and_sees_no_key(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The grader at work: its user, its rights, its environment, its files, its memory."""
    monkeypatch.setenv("TEACHERS_TOKEN", SECRET)
    (place / "teacher.key").write_bytes(KEY)
    files = [honest(place / f"handed-in/{name}/02.ipynb") for name in ("ada", "bob")]
    seen: list[dict[str, Any]] = []

    def look(done: int, every: int, text: str) -> None:
        for pid in workers() if done == 1 else []:  # after the last hand-in it ends
            status = Path(f"/proc/{pid}/status").read_text()
            seen.append({
                "uids": set(next(line for line in status.splitlines() if line.startswith("Uid")).split()[1:]),
                "status": status,
                "environment": Path(f"/proc/{pid}/environ").read_text(),
                "key": Path(f"/proc/{pid}/root/{place}").exists(),
                "homes": os.listdir(f"/proc/{pid}/root/home"),
                "checkout": sorted(os.listdir(f"/proc/{pid}/root/{HOME}")),
                "knows": any(KEY in part for part in memory(pid)),
                "network": os.readlink(f"/proc/{pid}/ns/net") == os.readlink("/proc/self/ns/net"),
            })  # fmt: skip

    results = Batch(place / "out", key=bundle.read_key(place / "teacher.key"), jobs=1).run(files, look)
    assert [each["points"] for each in results] == [4, 4]
    first = seen[0]
    assert first["uids"] == {str(privsep.FIRST_UID + os.getpid())}
    for right in ("CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "NoNewPrivs:\t1"):
        assert right in first["status"]
    assert SECRET not in first["environment"] and not first["key"] and not first["knows"]
    assert first["homes"] == ["grader"] and not first["network"]
    assert set(first["checkout"]) <= {"labs", "netlab", Path(sys.prefix).name}
    assert bundle.find_tampering(place / "out/ada-02", KEY) == [] and workers() == []


@needs_root
def test_nobody_is_left_when_the_grader_is_ended(place: Path) -> None:
    """Ctrl-C, SIGTERM or kill -9 of root's part, in the middle: the grader and its labs end with it."""
    file = place / "handed-in/02.ipynb"
    cells = ("from netlab import notebook\nlab = notebook.start('02')", "!sleep 50")
    file.write_text(v4.writes(v4.new_notebook(cells=[v4.new_code_cell(source) for source in cells])))
    for number in (signal.SIGINT, signal.SIGKILL):
        words = [sys.executable, "-m", "netlab", "grade", str(file), "--out", str(place / "out")]
        process = subprocess.Popen(
            words,
            cwd=HOME,
            env={**os.environ, "TMPDIR": str(place)},  # what kill -9 leaves of it
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        pid = process.pid
        assert wait(lambda pid=pid: workers(pid) and len(processes(pid)) > 3)
        process.send_signal(number)
        process.wait(30)
        assert wait(lambda pid=pid: not processes(pid), 10)


def wait(true: Callable[[], Any], seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


@needs_root
@pytest.mark.parametrize(("number", "times"), [(signal.SIGKILL, 1), (signal.SIGKILL, 9), (signal.SIGSTOP, 9)])
def test_a_grader_that_dies_is_an_error_and_no_grade(
    place: Path, monkeypatch: pytest.MonkeyPatch, number: int, times: int
) -> None:
    """Whoever ends or stops it from inside a hand-in gets no points by that, and nobody beside them loses any."""
    files = [honest(place / f"handed-in/{name}/02.ipynb") for name in ("ada", "mallory", "bob")]
    follow, struck = privsep._follow, 0

    def struck_down(process: Any, seconds: float) -> Iterator[dict[str, Any]]:
        nonlocal struck
        for said in follow(process, seconds):
            if said.get("begun") == "mallory-02" and struck < times:
                struck += 1
                for pid in workers():
                    os.kill(pid, number)
            yield said

    monkeypatch.setattr(privsep, "_follow", struck_down)
    monkeypatch.setattr(privsep, "SLACK", 0.0)
    results = Batch(place / "out", jobs=2, seconds=15.0).run(files)
    assert [each["points"] for each in results] == [4, 4 if times == 1 else 0, 4]
    assert [bool(each["error"]) for each in results] == [False, times > 1, False]
    assert times == 1 or "The grader" in (place / "out/grade.log").read_text()


def test_a_module_in_the_folder_that_one_is_in_is_none_of_ours(place: Path) -> None:
    """`cd handed-in/mallory; sudo ./run grade .` does not run what lies there."""
    if not (HOME / ".venv/.ready").exists():
        pytest.skip("this checkout is not set up: ./run setup")
    for name in ("argparse", "json", "signal", "netlab"):
        (place / f"handed-in/{name}.py").write_text(f"open({str(place / 'owned')!r}, 'w')\n")
    done = subprocess.run([HOME / "run", "grade", "none.ipynb"], cwd=place / "handed-in", capture_output=True)
    assert b"none.ipynb" in done.stderr and not (place / "owned").exists()


def test_the_jail_is_made_for_one_user_alone() -> None:
    """Whose number is no account's, no learner's and no lab's."""
    from netlab.linux.sandbox.unshare import ROOTS_COUNT, ROOTS_UID
    from netlab.workshop.state import UIDS

    most = privsep.FIRST_UID + (1 << 22)  # the largest pid there can be
    assert ROOTS_UID + ROOTS_COUNT < privsep.FIRST_UID < most < UIDS
    assert jail.OWN.startswith("/home/")
