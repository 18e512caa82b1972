"""The exchange folder is writable in the lab: what lies there is never followed, waited for or believed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.attacks.support import (
    PRECIOUS,
    ROOT,
    SOON,
    Lab,
    NetlabError,
    attack,
    bounded,
    broken,
    netlab,
    within,
)

SECONDS_TO_CLEAR = 20
FAULT = "docker0-down"


# What is put in the place of a file, given where it is and whom it should hit.
PLANTS = {
    "symlink": "os.symlink(victim, path)",
    "symlink to nothing": "os.symlink(victim + '.new', path)",
    "fifo": "os.mkfifo(path)",
    "folder": "os.makedirs(path + '/a/b')",
    "symlink loop": "os.symlink(path, path)",
    "socket": "socket.socket(socket.AF_UNIX).bind(path)",
    "unreadable": "open(path, 'w').close(); os.chmod(path, 0)",
    "sparse": "os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 1 << 33)",
    "deep": "open(path, 'w').write('[' * 200000)",
}
PLANT = """
def plant(path):
    import shutil
    shutil.rmtree(path, ignore_errors=True)
    if os.path.lexists(path): os.unlink(path)
    {plant}
"""


def planted(plant: str) -> str:
    return PLANT.format(plant=PLANTS[plant])


def comes_up(lab: Lab) -> None:
    """A new lab of that name, made by a process of its own, which may be left hanging."""
    done = netlab("--lab", lab.name, "up", timeout=20)
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr[-1500:]


@pytest.mark.parametrize("plant", PLANTS)
def test_a_lab_that_broke_leaves_nothing_that_the_next_falls_over(lab: Lab, victim: Path, plant: str) -> None:
    """A lab plants something in place of its keeper's log and ends without `down`; its name is used again."""
    code = planted(plant) + (
        "for name in ('keeper.log', 'log', 'fault.json', '.progress.json', 'keeper.sock'):\n"
        "    plant(place + '/' + name)\n"
    )
    with suppress(NetlabError):
        attack(lab, code, place=str(lab.exchange), victim=str(victim))
    assert broken(lab)
    comes_up(lab)


@pytest.mark.parametrize("place", ["root", "stage"])
@pytest.mark.parametrize("plant", ["symlink", "fifo", "symlink loop"])
def test_a_folder_that_the_keeper_mounts_on_is_not_the_labs_to_name(
    lab: Lab, tmp_path: Path, place: str, plant: str
) -> None:
    """Where the next lab would be built, a symbolic link leads to a folder of the machine."""
    target = tmp_path / "folder"
    target.mkdir()
    (target / "file").write_text(PRECIOUS)
    code = planted(plant) + "plant(path)\n"
    with suppress(NetlabError):
        attack(lab, code, path=f"{lab.exchange}/{place}", victim=str(target))
    assert broken(lab)
    netlab("--lab", lab.name, "up", timeout=15)
    assert [path.name for path in target.iterdir()] == ["file"]
    assert (target / "file").read_text() == PRECIOUS
    assert target.stat().st_uid == os.geteuid()


@pytest.mark.parametrize("plant", PLANTS)
def test_injecting_a_fault_does_not_write_where_the_lab_says(lab: Lab, victim: Path, plant: str) -> None:
    """`./run fault inject` writes down which one it was; in the lab somebody has prepared that place."""
    code = planted(plant) + "plant(place + '/fault.json')"
    attack(lab, code, place=str(lab.exchange), victim=str(victim))
    done = netlab("--lab", lab.name, "fault", "inject", FAULT, timeout=25)
    assert "Traceback" not in done.stderr, done.stderr[-1500:]


@pytest.mark.parametrize("plant", ["symlink", "fifo", "folder", "deep", "sparse"])
def test_curing_a_fault_does_not_read_where_the_lab_says(lab: Lab, victim: Path, plant: str) -> None:
    """`./run fault cure` asks which one it was: it neither waits, nor reads another file, nor breaks."""
    code = planted(plant) + "plant(place + '/fault.json')"
    attack(lab, code, place=str(lab.exchange), victim=str(victim))
    done = netlab("--lab", lab.name, "fault", "cure", timeout=15)
    assert "Traceback" not in done.stderr, done.stderr[-1500:]
    assert PRECIOUS.strip() not in done.stdout + done.stderr


NOTES: dict[str, object] = {
    "another's name": {"name": "\x1b]0;owned\x07", "netns": 1},
    "a table as name": {"name": {"a": 1}, "netns": 1},
    "a huge seed": {"seed": "7" * 100_000, "inside": False, "netns": 1},
    "a list as seed": {"seed": [1], "inside": False, "netns": 1},
    "infinite": {"name": FAULT, "netns": float("inf")},
    "a number": 7,
    "a list": [1],
    "null": None,
}


@pytest.mark.parametrize("name", NOTES)
def test_a_forged_note_of_a_fault_is_no_fault(lab: Lab, name: str) -> None:
    """The note that `./run fault cure` reads was written by the learner: nonsense is no note."""
    attack(
        lab, "open(path, 'w').write(text)", path=f"{lab.exchange}/fault.json", text=json.dumps(NOTES[name])
    )
    done = netlab("--lab", lab.name, "fault", "cure", timeout=15)
    assert "Traceback" not in done.stderr, done.stderr[-1500:]
    assert "\x1b" not in done.stdout + done.stderr


LEFT = {
    "a deep tree": ("os.chdir(place)\nfor _ in range(5000):\n    os.mkdir('d'); os.chdir('d')\n"),
    "a folder nobody may enter": "os.makedirs(place + '/a/b/c'); os.chmod(place + '/a/b', 0); os.chmod(place + '/a', 0)",
    "many files": "os.mkdir(place + '/m')\nfor n in range(20000): open(f'{place}/m/{n}', 'w').close()",
    "bytes that are no text": "os.mkdir(os.fsencode(place) + b'/\\xff\\xfe\\n'); open(os.fsencode(place) + b'/\\xff\\xfe\\n/x', 'w')",
    "the longest names": "os.makedirs(place + '/' + 'n' * 255 + '/' + 'm' * 255)",
    "a name as of a lab that ends": "os.makedirs(place + '/.ended-x-y/.ended-z'); os.mkdir(place + '/.ended-' + 'x' * 200)",
    "a symlink out": "os.symlink(victim, place + '/out'); os.symlink('/', place + '/root-of-all')",
}


@pytest.mark.parametrize("name", LEFT)
def test_whatever_is_in_the_folder_down_removes_it(lab: Lab, victim: Path, name: str) -> None:
    """A learner leaves oddities behind: `down` is quick, all of it goes, and the next `up` works."""
    attack(lab, LEFT[name], place=str(lab.exchange), victim=str(victim), timeout=60)
    folder = lab.folder.parent
    done = netlab("--lab", lab.name, "down", timeout=SECONDS_TO_CLEAR)
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr[-1500:]
    deadline = time.monotonic() + SECONDS_TO_CLEAR
    while (left := os.listdir(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []
    comes_up(lab)


def test_what_one_lab_left_keeps_no_other_from_coming_up(lab: Lab, folder: Path) -> None:
    """The files of a lab whose end was interrupted are removed by the next `up`: a deep tree, too."""
    with suppress(NetlabError):
        attack(lab, LEFT["a deep tree"], place=str(lab.exchange))
    assert broken(lab)
    lab.folder.rename(lab.folder.with_name(f".ended-{lab.name}-1"))
    comes_up(lab)


def test_a_symlink_swapped_in_while_down_runs_leads_nowhere(lab: Lab, victim: Path, tmp_path: Path) -> None:
    """A process of the lab exchanges a folder for a link to the machine's, over and over, to the end."""
    (tmp_path / "target").mkdir()
    (tmp_path / "target/file").write_text(PRECIOUS)
    code = (
        "def work(ready):\n"
        "    os.chdir(place)\n"
        "    for n in range(300): os.makedirs(f't/{n}/u')\n"
        "    os.symlink(target, 'link')\n"
        "    ready()\n"
        "    while True:\n"
        "        LIBC.renameat2(-100, b't', -100, b'link', 2)\n"
        "detach(work)\n"
    )
    attack(lab, code, place=str(lab.exchange), target=str(tmp_path / "target"))
    netlab("--lab", lab.name, "down", timeout=SECONDS_TO_CLEAR)
    assert (tmp_path / "target/file").read_text() == PRECIOUS


@pytest.mark.parametrize("plant", ["symlink", "fifo", "deep", "sparse", "folder"])
def test_the_record_of_progress_that_the_machine_reads_is_a_plain_file_or_nothing(
    lab: Lab, victim: Path, plant: str
) -> None:
    """Whoever starts JupyterLab, or looks where they are, reads a file that the lab can exchange."""
    attack(lab, planted(plant) + "plant(place)", place=f"{lab.exchange}/p.json", victim=str(victim))
    code = "from netlab.jupyter.server import first_page; print(first_page())"
    env = {**os.environ, "NETLAB_PROGRESS": f"{lab.exchange}/p.json", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    try:
        done = subprocess.run(
            command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=20, preexec_fn=bounded
        )
    except subprocess.TimeoutExpired:
        raise AssertionError("it waits for a file of the lab's") from None
    assert "RecursionError" not in done.stderr and "MemoryError" not in done.stderr, done.stderr[-1500:]
    assert PRECIOUS.strip() not in done.stdout + done.stderr


def test_status_of_a_user_with_a_planted_folder_answers(lab: Lab) -> None:
    """Whatever lies in the exchange folder, `status` and `down` do not look at it."""
    code = "for name in ('a', 'b.json', 'kernel-1.json', 'lab.sock'):\n    os.mkfifo(f'{place}/{name}')\n"
    attack(lab, code, place=str(lab.exchange))
    assert within(SOON, lab.status).name == lab.name
    assert netlab("--lab", lab.name, "status", timeout=SOON + 3).returncode == 0
    assert netlab("--lab", lab.name, "down", timeout=SOON + 3).returncode == 0
