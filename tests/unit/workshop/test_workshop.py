"""A workshop's quick pieces: who comes in, what is counted, what is kept."""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from netlab.cli import workshop
from netlab.errors import BadInput
from netlab.linux.limits import Limits
from netlab.notebook import outbox
from netlab.workshop import disk, sizing, systemd_unit
from netlab.workshop.board import collect, results
from netlab.workshop.board.results import Results
from netlab.workshop.cgroups import Bounds
from netlab.workshop.hub.accounts import Accounts, read_roll
from netlab.workshop.learner import reporter, warnings
from netlab.workshop.learner.warnings import Complaints
from netlab.workshop.learner.world import Order, group_of
from netlab.workshop.state import State

STEPS = frozenset(("01.1", "01.2", "02.1"))


@pytest.fixture
def board(tmp_path: Path) -> Results:
    made = Results(tmp_path / "board.sqlite", STEPS)
    made.prepare()
    made.seen("ada")
    return made


def event(id: str, step: str = "01.1", **words: Any) -> dict[str, Any]:
    return {"id": id, "kind": "checked", "lesson": step[:2], "step": step, "time": time.time(), **words}


# -- what is counted --------------------------------------------------------------------------------


def test_an_event_that_is_sent_twice_counts_once(board: Results) -> None:
    """Whether in one request or in two, before a restart or after."""
    assert board.add("ada", [event("a"), event("a")]) == 1
    again = Results(board.file, STEPS)
    again.prepare()
    assert again.add("ada", [event("a")]) == 0
    assert again.board()["ada"]["steps"]["01.1"]["tries"] == 1


def test_two_learners_may_have_the_same_id(board: Results) -> None:
    """An id is a learner's own: nobody takes another one's event away by guessing it."""
    board.seen("bob")
    assert board.add("bob", [event("a")]) == board.add("ada", [event("a")]) == 1


def test_a_late_event_does_not_undo_a_newer_one(board: Results) -> None:
    """A failure from before the success, which waited in a queue, is counted and changes nothing else."""
    now = time.time()
    board.add("ada", [event("new", passed=True, time=now)])
    board.add("ada", [event("old", passed=False, hint="no-cable", time=now - 60)])
    step = board.board()["ada"]["steps"]["01.1"]
    assert step["passed"] == now and step["failing"] is None and step["tries"] == 2


def test_the_board_says_where_somebody_is_stuck(board: Results) -> None:
    """Which hint the last check gave, how many hints were asked for, and how often it was tried."""
    board.add("ada", [event(str(n), passed=False, hint="no-cable") for n in range(3)])
    board.add("ada", [event("h", kind="hint", number=2)])
    step = board.board()["ada"]["steps"]["01.1"]
    assert (step["failing"], step["tries"], step["hints"]) == ("no-cable", 3, 2)
    assert "solution" not in step
    board.add("ada", [event("s", kind="solution")])
    assert board.board()["ada"]["steps"]["01.1"]["solution"] is True


@pytest.mark.parametrize(
    "words",
    [
        {"kind": "graded"},
        {"step": "99.1"},
        {"lesson": "99"},
        {"time": float("nan")},
        {"time": "soon"},
        {"number": "many"},
        {"id": ""},
    ],
)
def test_what_is_no_event_is_left_out(board: Results, words: dict[str, Any]) -> None:
    """A learner's server is not believed: unknown steps, kinds and times are not taken down."""
    assert board.add("ada", [{**event("x"), **words}]) == 0
    assert board.add("ada", [event("good")]) == 1


def test_nobody_fills_the_database(board: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is an end to what one learner may send."""
    monkeypatch.setattr(results, "MOST_EVENTS", 3)
    assert board.add("ada", [event(str(n)) for n in range(9)]) == 3
    assert board.add("ada", [event("more")]) == 0


def test_a_time_from_the_future_is_now(board: Results) -> None:
    """Nobody is at work tomorrow."""
    board.add("ada", [event("a", passed=True, time=time.time() + 86400)])
    assert board.board()["ada"]["steps"]["01.1"]["passed"] <= time.time()


# -- orders -----------------------------------------------------------------------------------------


def test_an_order_for_all_is_for_those_who_are_there(board: Results) -> None:
    """Who comes later does not find his lab broken by what was ordered before."""
    number = board.order("", "inject", "veth-down")
    board.seen("late")
    assert [order["number"] for order in board.orders("ada", 0)] == [number]
    assert board.orders("late", 0) == []
    assert board.orders("ada", number) == []


def test_an_order_for_one_is_for_no_other(board: Results) -> None:
    """Ada's lab is put back, not Bob's."""
    board.seen("bob")
    board.order("ada", "reset", "")
    assert [order["what"] for order in board.orders("ada", 0)] == ["reset"] and board.orders("bob", 0) == []


def test_an_old_order_is_not_carried_out(board: Results) -> None:
    """Who comes back the next morning keeps what he has."""
    board.order("ada", "reset", "")
    with sqlite3.connect(board.file) as db:
        db.execute("UPDATE instruction SET time = time - ?", (results.FRESH + 1,))
    db.close()
    assert board.orders("ada", 0) == []


def test_lessons_that_are_open(board: Results) -> None:
    """All of them, unless the instructor opens one after the other."""
    assert board.unlocked() is None
    board.unlock(["01"])
    assert Results(board.file, STEPS).unlocked() == ["01"]


# -- a learner's bounds -----------------------------------------------------------------------------


def test_a_learner_is_told_once_what_he_met(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That his disk is full, again only after there was room; how many processes the kernel ended since."""
    free = {"blocks": 0}
    monkeypatch.setattr(
        os, "statvfs", lambda _: SimpleNamespace(f_bavail=free["blocks"], f_frsize=4096, f_blocks=65536)
    )
    events = tmp_path / "memory.events"
    events.write_text("low 0\noom 4\noom_kill 3\noom_group_kill 0\n")
    with events.open() as file:
        his = Complaints(tmp_path, 640 << 20, file.fileno())
        (said,) = his.new()
        assert "(256 MiB) is full" in said and list(his.new()) == []
        for blocks in (500, 0):  # a little room is none
            free["blocks"] = blocks
            assert list(his.new()) == []
        free["blocks"] = 5000
        assert list(his.new()) == []
        events.write_text("low 0\noom 9\noom_kill 5\noom_group_kill 0\n")
        (said,) = his.new()
        assert "640 MiB" in said and "ended 2 of them" in said
        free["blocks"] = 0
        assert len(list(his.new())) == 1


def test_without_a_group_only_the_disk_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody counts then, and nobody says anything."""
    monkeypatch.delenv(warnings.VARIABLE, raising=False)
    assert list(Complaints.of_environment(tmp_path).new()) == []


# -- the outbox -------------------------------------------------------------------------------------


def test_outside_of_a_workshop_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever learns alone leaves no events."""
    monkeypatch.delenv(outbox.VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    outbox.put("checked", "01", "01.1", passed=True)
    assert list(tmp_path.iterdir()) == []


def test_an_event_waits_in_a_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order, whole, under a name that is its id; taken off when the board has it."""
    monkeypatch.setenv(outbox.VARIABLE, str(tmp_path / "out"))
    for number in range(3):
        outbox.put("hint", "01", "01.1", number=number)
    waiting = reporter.waiting(tmp_path / "out")
    assert [event["number"] for event in waiting.values()] == [0, 1, 2]
    assert len({event["id"] for event in waiting.values()}) == 3
    reporter._forget(waiting)
    assert reporter.waiting(tmp_path / "out") == {}


def test_a_trap_in_the_outbox_is_no_event(tmp_path: Path) -> None:
    """Links, pipes and rubbish: nothing outside is read, and nobody waits for good."""
    (tmp_path / "secret").write_text('{"kind": "secret"}')
    out = tmp_path / "out"
    out.mkdir()
    (out / "1.json").symlink_to(tmp_path / "secret")
    os.mkfifo(out / "2.json")
    (out / "3.json").write_text("[1, 2")
    (out / "4.json").write_text("[1]")
    assert all(set(event) == {"id"} for event in reporter.waiting(out).values())


def test_a_full_outbox_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lesson goes on without it."""
    monkeypatch.setenv(outbox.VARIABLE, str(tmp_path))
    monkeypatch.setattr(outbox, "MOST", 2)
    for _ in range(5):
        outbox.put("visited", "01")
    assert len(list(tmp_path.iterdir())) == 2


# -- who comes in -----------------------------------------------------------------------------------


def accounts(folder: Path, **roll: str) -> Accounts:
    return Accounts(folder / "learners.sqlite", "kelp", "teachers-word", roll or None)


def test_a_name_belongs_to_whom_took_it_first(tmp_path: Path) -> None:
    """With the class code once; then with his password, and with no other."""
    known = accounts(tmp_path)
    assert known.sign_in("ada", "adas-word", "kelp")
    assert known.sign_in("ada", "adas-word") and not known.sign_in("ada", "bobs-word", "kelp")
    assert known.sign_in("张三", "张三的密码啊", "kelp")
    assert known.learners() == {"ada": 1, "张三": 2} and known.number("ada") == 1


@pytest.mark.parametrize("name", ["", "a/b", "../x", "x" * 33, "a b", ".hidden"])
def test_what_is_no_name(tmp_path: Path, name: str) -> None:
    """Names become parts of addresses; it says so."""
    with pytest.raises(BadInput, match="name"):
        accounts(tmp_path).sign_in(name, "long-enough", "kelp")


def test_a_prepared_list_is_who_may_come(tmp_path: Path) -> None:
    """Each with his own code, or the class's where the list has none; nobody else."""
    known = accounts(tmp_path, ada="adas-code", bob="")
    for name, code in (("ada", "kelp"), ("carol", "kelp"), ("bob", "adas-code")):
        with pytest.raises(BadInput, match="not the code"):
            known.sign_in(name, "long-enough", code)
    assert known.sign_in("ada", "long-enough", "adas-code") and known.sign_in("bob", "long-enough", "kelp")


def test_the_instructor_is_in_no_list(tmp_path: Path) -> None:
    """His password is the one that was made at the first start."""
    known = accounts(tmp_path)
    assert known.sign_in("instructor", "teachers-word")
    assert not known.sign_in("instructor", "guessed", "kelp") and "instructor" not in known.learners()


def test_a_list_is_read_and_its_mistakes_named(tmp_path: Path) -> None:
    """Commas or tabs, comments, empty lines; a name twice is told with its line."""
    file = tmp_path / "names"
    file.write_text("# autumn\nAda,one\n\n张三\ttwo\nbob\n", encoding="utf-8")
    assert read_roll(file) == {"ada": "one", "张三": "two", "bob": ""}
    file.write_text("ada\nADA\n")
    with pytest.raises(BadInput, match="line 2"):
        read_roll(file)
    with pytest.raises(BadInput, match="cannot be read"):
        read_roll(tmp_path / "none")


# -- what is kept -----------------------------------------------------------------------------------


def test_the_folder_is_made_once_and_is_roots(tmp_path: Path) -> None:
    """Ports and secrets last; a new class code takes the place of the old one."""
    place = State(tmp_path / "workshop")
    first = place.prepare()
    assert place.prepare() == first and place.folder.stat().st_mode & 0o777 == 0o700
    assert State(tmp_path / "other").prepare().first_uid != first.first_uid
    assert place.prepare("tide").code == "tide" and place.settings().board_token == first.board_token
    (place / "settings.json").write_text("{")
    with pytest.raises(BadInput, match="cannot be read"):
        place.settings()


def test_an_order_to_make_a_world_is_the_same_at_the_other_end(tmp_path: Path) -> None:
    """It goes through a pipe as text."""
    order = Order(7, 1_900_000_007, str(tmp_path / "learners/7"), Bounds(memory=1 << 28), Limits(memory=0))
    assert Order.parse(order.text()) == order
    assert group_of(tmp_path / "a/7") != group_of(tmp_path / "b/7")


@pytest.mark.parametrize(
    ("version", "controller", "expected"),
    [
        (2, "pids", {"pids.max": "9"}),
        (2, "memory", {"memory.max": "4096", "memory.swap.max": "0", "memory.oom.group": "0"}),
        (2, "cpu", {"cpu.max": "50000 100000"}),
        (1, "pids", {"pids.max": "9"}),
        (1, "memory", {"memory.limit_in_bytes": "4096"}),
        (1, "cpu", {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "50000"}),
    ],
)
def test_bounds_in_the_kernels_own_files(version: int, controller: str, expected: dict[str, str]) -> None:
    """Of control groups of both versions."""
    assert Bounds(processes=9, memory=4096, cpus=0.5).files(version, controller) == expected


def test_a_learners_folder_gets_what_is_open_and_keeps_what_is_his(tmp_path: Path) -> None:
    """Closed lessons do not come, changed notebooks stay, the rest is brought up to date."""
    source, labs = tmp_path / "source", tmp_path / "labs"
    for name in (
        "00-here.ipynb",
        "01-one.ipynb",
        "02-two.ipynb",
        "lessons.toml",
        "src/01.md",
        ".hidden",
        "zh/01-one.ipynb",
    ):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("given")
    labs.mkdir()
    disk.lay_out(labs, source, frozenset({"01"}))
    found = {str(file.relative_to(labs)) for file in labs.rglob("*") if file.is_file()}
    assert found == {"00-here.ipynb", "01-one.ipynb", "lessons.toml", "zh/01-one.ipynb"}
    (labs / "01-one.ipynb").write_text("mine")
    (labs / "lessons.toml").write_text("mine")
    disk.lay_out(labs, source, None)
    assert (labs / "01-one.ipynb").read_text() == "mine" and (labs / "02-two.ipynb").exists()
    assert (labs / "lessons.toml").read_text() == "given"


def test_results_of_a_grading_find_their_learner(tmp_path: Path) -> None:
    """By the number in front of the file's name."""
    for name, points in (("3_01-the-problem", 4), ("12_zh_01-the-problem", 5), ("unknown", 1)):
        (tmp_path / name).mkdir()
        words = {"lesson": "01", "points": points, "max_points": 6}
        (tmp_path / name / "result.json").write_text(json.dumps(words))
    assert sorted(collect._graded(tmp_path)) == [(3, "01", 4.0, 6.0), (12, "01", 5.0, 6.0)]


# -- the plan ---------------------------------------------------------------------------------------


def test_a_plan_grows_with_the_class_and_says_what_it_rests_on() -> None:
    """Twice the learners need about twice as much; the measured figures stand in it."""
    small, large = sizing.needed(30), sizing.needed(60)
    assert all(a <= b for a, b in zip(small, large, strict=True)) and large[0] >= 2 * small[0] - 1
    enough = sizing.MEASURED.learners * sizing.MEASURED.learner + sizing.MEASURED.workshop
    assert sizing.needed(sizing.MEASURED.learners)[1] * 1024 >= enough
    said = sizing.said(30)
    assert f"Measured: {sizing.MEASURED.learners} learners" in said and f"{sizing.MEASURED.answer} s" in said
    for count in (0, sizing.MOST + 1):
        with pytest.raises(BadInput, match="makes no sense"):
            sizing.said(count)


# -- the command line -------------------------------------------------------------------------------


def asked(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    workshop.options(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--cert", "a.pem"], "belong together"),
        (["--cert", "none.pem", "--key", "none.pem"], "cannot be used"),
        (["--listen", "everywhere"], "not an address"),
        (["--listen", "0.0.0.0"], "could read the learners' passwords"),
        (["--port", "0"], "no port"),
        (["--open", "01,99"], "no lesson '99'"),
    ],
)
def test_what_makes_no_sense_is_said_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    """Each with what to do instead."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(BadInput, match=said):
        workshop._check(asked(*words))


def test_as_a_service_it_has_the_same_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each word quoted as systemd reads it; paths from the root; the language; bounds for learners alone."""
    monkeypatch.setenv("NETLAB_LANG", "zh")
    parser = argparse.ArgumentParser()
    workshop.options(parser)
    words = ["--cert", "room.pem", "--plain", "--code", '50% "off" for $you', "--cpus", "1.5", "unit"]
    lines = systemd_unit.text(parser.parse_args(words)).splitlines()
    [start] = [line for line in lines if line.startswith("ExecStart=")]
    assert start.startswith(
        f'ExecStart="{systemd_unit.HOME}/run" "workshop" "--state" "/var/lib/netlab-workshop"'
    )
    assert f'"--cert" "{Path.cwd()}/room.pem" "--plain" "--code" "50%% \\"off\\" for $$you"' in start
    assert start.endswith('"--cpus" "1.5"') and "unit" not in start
    assert {action.dest for action in parser._actions} - {"help", "action"} == set(systemd_unit.OPTIONS)
    assert {"Environment=NETLAB_LANG=zh", "Delegate=pids memory cpu", "OOMPolicy=continue"} <= set(lines)


def test_a_workshop_needs_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only root can give each learner a user of his own; it says so, and what else to do."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(BadInput, match="only root can"):
        workshop.run(asked())
