"""Hand-ins that want root's rights: what is handed in, what grades it, and what comes back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat.v4 as v4
import pytest

from netlab.errors import BadInput
from netlab.grade import bundle, formats, jail, naming, privsep
from netlab.grade.batch import Batch
from netlab.grade.judge import Grade
from netlab.grade.naming import Known
from netlab.grade.privsep import Handed, Wanted
from netlab.grade.submission import read
from netlab.keeper.address import HOME
from netlab.lessons import build
from netlab.lessons.content import lesson
from netlab.linux import files

KEY = b"the teacher's own key: 0123456789"
SECRET = "nobody-hands-this-in"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's grader becomes somebody else")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "handed-in").mkdir()
    return tmp_path


def honest(file: Path, id: str = "02") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(build.notebook(lesson(id), solution=True))
    return file


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


# -- who grades -------------------------------------------------------------------------------------


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
        for pid in workers():
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
    results = Batch(place / "out", jobs=2, seconds=8.0).run(files)
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


# -- what is handed in ------------------------------------------------------------------------------


def link(place: Path, file: Path) -> None:
    file.symlink_to(place / "secret")


def linked_folder(place: Path, file: Path) -> None:
    (place / "elsewhere").mkdir()
    (place / "elsewhere" / file.name).write_text(SECRET)
    file.parent.rmdir()
    file.parent.symlink_to(place / "elsewhere")


def pipe(place: Path, file: Path) -> None:
    os.mkfifo(file)


def huge(place: Path, file: Path) -> None:
    with file.open("wb") as opened:
        opened.truncate(1 << 40)


def folder(place: Path, file: Path) -> None:
    file.mkdir()


def device(place: Path, file: Path) -> None:
    os.mknod(file, 0o666 | 0o020000, os.makedev(1, 5))  # /dev/zero


TRAPS = (link, linked_folder, pipe, huge, folder, device)


@needs_root
@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.__name__)
def test_a_trap_is_not_read_and_stops_nobody(place: Path, trap: Callable[[Path, Path], None]) -> None:
    """A link, a pipe, a device, a terabyte: said in one line, and the others' grading goes on."""
    bad = place / "handed-in/mallory/02.ipynb"
    bad.parent.mkdir()
    trap(place, bad)
    said: list[str] = []
    [found] = Batch(place / "out").run([bad], lambda done, every, text: said.append(f"{done}/{every} {text}"))
    assert "was not read" in found["error"] and "was not read" in said[0]
    taken = [file.read_bytes() for file in (place / "out").rglob("*") if file.is_file()]
    assert not any(SECRET.encode() in content for content in taken)


def test_a_file_that_is_swapped_while_it_is_read_leads_nowhere(place: Path) -> None:
    """File, link, file, link: whoever wins the race gets an error or their own file."""
    file, end = place / "handed-in/x.ipynb", threading.Event()

    def swap() -> None:
        while not end.is_set():
            for name, target in (("link", place / "secret"), ("plain", None)):
                beside = place / name
                if target:
                    beside.symlink_to(target)
                else:
                    beside.write_text("mine")
                beside.replace(file)

    thread = threading.Thread(target=swap)
    thread.start()
    read, refused = set(), 0
    for _ in range(2000):
        try:
            read.add(files.read_path(file, 100))
        except OSError:
            refused += 1
    end.set()
    thread.join()
    assert read <= {b"mine", b""} and refused


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        '{"a":' * 50_000,
        "[" + "[]," * 5_000_000 + "[]]",
        v4.writes(v4.new_notebook(cells=[v4.new_code_cell("SIGN")])).replace("SIGN", "\\ud800"),
    ],
    ids=["deep list", "deep table", "many", "half a pair of surrogates"],
)
def test_a_notebook_that_no_parser_takes_is_said_in_one_line(place: Path, text: str) -> None:
    """Not a traceback, and not the end of the batch."""
    file = place / "handed-in/02.ipynb"
    file.write_text(text)
    with pytest.raises(BadInput, match=r"02\.ipynb is not a notebook"):
        read(file, "02")


def test_nobody_gets_the_name_of_anothers_result(place: Path) -> None:
    """Neither by a link to their file, nor by a folder whose name reads the same when it is cleaned."""
    ada = honest(place / "handed-in/ada/02.ipynb")
    other = place / "handed-in/mallory/03.ipynb"
    other.parent.mkdir()
    other.symlink_to(ada)
    assert naming.names([ada, other]) == ["02", "03"]
    names = naming.names([Path("h/ada-x/02.ipynb"), Path("h/ada x/02.ipynb"), Path("h/ada_x/02.ipynb")])
    assert len(set(names)) == 3 and "ada_x-02" not in names


@needs_root
def test_a_name_does_not_speak_to_the_terminal(place: Path) -> None:
    """A file's name may hold anything but / and NUL; what is printed of it cannot move the cursor."""
    said: list[str] = []
    bad = place / "handed-in/\x1b]0;owned\x07\x9b2J.ipynb"
    bad.write_text("{")
    [found] = Batch(place / "out").run([bad], lambda done, every, text: said.append(text))
    assert all(text.isprintable() for text in said) and "\x1b" not in json.dumps(found)


# -- what comes back --------------------------------------------------------------------------------


@pytest.fixture
def back(place: Path) -> Callable[..., dict[str, Any]]:
    """Have a result taken back from a grader's folder that somebody has prepared."""
    out = place / "theirs"
    out.mkdir()
    wanted = Wanted(place / "out", "", KEY, 1, 60.0, 600.0, ())
    (place / "out").mkdir()

    def take(name: str = "02", content: bytes = b"{}") -> dict[str, Any]:
        each = Handed(place / "02.ipynb", Known(name, None), content)
        with files.folder(out) as fd:
            return privsep._result(fd, each, "", wanted, os.geteuid())

    return take


def result(**words: Any) -> str:
    plain = formats.result(Grade("02", "02", bundle.hashlib.sha256(b"{}").hexdigest()))
    return json.dumps({**plain, **words})


def written(place: Path, text: str, name: str = "02") -> Path:
    folder = place / "theirs" / name
    folder.mkdir()
    (folder / "manifest.json").write_text("{ }")
    (folder / "result.json").write_text(text)
    return folder


def test_an_honest_result_is_taken_and_signed(place: Path, back: Callable[..., dict[str, Any]]) -> None:
    """The way that the attacks below leave."""
    written(place, result())
    assert back()["error"] == "" and bundle.find_tampering(place / "out/02", KEY) == []


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "",
        "7",
        result(points=7),
        result(points=float("nan")),
        result(points=10**30),
        result(max_points=-1),
        result(name="ada"),
        result(digest="0" * 64),
        result(more=1),
        result(steps=[{"id": "../../x"}]),
    ],
    ids=lambda text: text[:20] + text[-20:],
)
def test_a_forged_result_is_not_taken(place: Path, back: Callable[..., dict[str, Any]], text: str) -> None:
    """Not the schema's, another one's, points that do not add up: nothing is written, nothing is signed."""
    written(place, text)
    assert "was not taken" in back()["error"] and not (place / "out/02").exists()


@pytest.mark.parametrize("trap", [link, pipe, huge, folder], ids=lambda trap: trap.__name__)
@pytest.mark.parametrize("name", ["result.json", "feedback.html", "manifest.json"])
def test_a_trap_among_the_results_is_not_taken(
    place: Path, back: Callable[..., dict[str, Any]], trap: Callable[[Path, Path], None], name: str
) -> None:
    """A link to the teacher's files would be a way to read them: the pages go to the learner."""
    made = written(place, result())
    (made / name).unlink(missing_ok=True)
    trap(place, made / name)
    assert "was not taken" in back()["error"] and not (place / "out/02").exists()


def test_a_hard_link_to_anothers_file_is_not_taken(place: Path, back: Callable[..., dict[str, Any]]) -> None:
    """Nor what has two names."""
    made = written(place, result())
    os.link(place / "secret", made / "feedback.html")
    assert "was not taken" in back()["error"]


def test_a_result_that_is_a_link_is_not_taken(place: Path, back: Callable[..., dict[str, Any]]) -> None:
    """The folder as a whole leads elsewhere."""
    written(place, result(), "other")
    (place / "theirs/02").symlink_to("other")
    assert "was not taken" in back()["error"]


def test_a_file_that_no_result_has_stays_behind(place: Path, back: Callable[..., dict[str, Any]]) -> None:
    """Only known names are copied; what was handed in is root's own copy."""
    made = written(place, result())
    for name in ("run.sh", "..x", "submission.ipynb", "02.1.pcapng"):
        (made / name).write_text("theirs")
    back()
    kept = {file.name: file.read_bytes() for file in (place / "out/02").iterdir()}
    assert set(kept) == {"manifest.json", "result.json", "submission.ipynb", "02.1.pcapng"}
    assert kept["submission.ipynb"] == b"{}"


def test_a_grader_cannot_say_that_nothing_had_to_be_graded(
    place: Path, back: Callable[..., dict[str, Any]]
) -> None:
    """The sign for "as it was before" means nothing where there was nothing before."""
    made = written(place, result())
    (made / "manifest.json").write_bytes(privsep.STAYS)
    assert back()["error"] == "" and bundle.find_tampering(place / "out/02", KEY) == []


def test_the_jail_is_made_for_one_user_alone() -> None:
    """Whose number is no account's, no learner's and no lab's."""
    from netlab.linux.sandbox.unshare import ROOTS_COUNT, ROOTS_UID
    from netlab.workshop.state import UIDS

    most = privsep.FIRST_UID + (1 << 22)  # the largest pid there can be
    assert ROOTS_UID + ROOTS_COUNT < privsep.FIRST_UID < most < UIDS
    assert jail.OWN.startswith("/home/")
