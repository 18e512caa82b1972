"""The command line as a user types it: what it does, and what it says to the wrong key."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from netlab.lab import Lab


def netlab(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """python -m netlab WORDS, as a user would."""
    command = [sys.executable, "-m", "netlab", *words]
    env = {**os.environ, **environment}
    return subprocess.run(
        command, capture_output=True, text=True, env=env, stdin=subprocess.DEVNULL, timeout=60
    )


def test_a_lab_from_up_to_down(lab_name: str, tmp_path: Path) -> None:
    """up, status, exec, goto, draw, reset, down: each says what it did, and the next finds it done."""
    with_lab = ("--lab", lab_name)
    assert "is up" in netlab(*with_lab, "up").stdout
    status = netlab(*with_lab, "status")
    assert "docker0" in status.stdout and "39.106.233.176" in status.stdout
    assert netlab(*with_lab, "exec", "--", "sh", "-c", "exit 9").returncode == 9
    assert netlab(*with_lab, "goto", "03").returncode == 0
    assert "sleep 36000" in netlab(*with_lab, "exec", "--node", "if-test", "--", "ps", "-ef").stdout
    for name in ("lab.svg", "lab.png"):
        assert netlab(*with_lab, "draw", "-o", str(tmp_path / name)).returncode == 0
        assert (tmp_path / name).stat().st_size > 10_000
    assert "if-test" in (tmp_path / "lab.svg").read_text()
    assert netlab(*with_lab, "reset").returncode == 0
    assert f"{lab_name}: up, engine namespaces, nodes: host, internet\n" in netlab(*with_lab, "status").stdout
    assert "is down" in netlab(*with_lab, "down").stdout
    assert netlab(*with_lab, "down").returncode == 1


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("--lab", "nosuch", "status-of"), 2, "Did you mean status?"),
        (("--lab", "nosuch", "down"), 1, "No lab named 'nosuch' is up"),
        (("--lab", "nosuch", "exec", "--", "true"), 1, "./run --lab nosuch up"),
        (("--lab", "no such", "up"), 2, "letters, digits"),
        (("--engine", "podman", "up"), 2, "namespaces"),
        (("--lang", "tlh", "status"), 2, "Languages: en"),
        (("exec",), 2, "needs a command"),
        (("goto",), 2, "lesson"),
        (("assignment", "04", "--format", "word"), 1, "Known: nbgrader, otter"),
        (("check-lessons", "44"), 1, "There is no lesson '44'"),
        (("grade", "x.ipynb", "--hidden", "/nosuch.toml"), 2, "/nosuch.toml cannot be read"),
        (("tour", "--pictures", "/proc/nowhere"), 1, "--pictures"),
    ],
)
def test_the_wrong_key_gets_one_clear_message(words: tuple[str, ...], status: int, says: str) -> None:
    """What, why, what next; never a traceback; a status that is not 0."""
    done = netlab(*words)
    assert (done.returncode, done.stdout) == (status, "")
    assert says in done.stderr
    assert "Next: " in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("goto", "99"), "Known: 01, 02, 03, 04, 05"),
        (("exec", "--node", "if-tset", "--", "true"), "if-tset"),
        (("up",), "is up already"),
        (("try", "--ping", "host", "nowhere", "--", "true"), "'nowhere' is not an IP address"),
        (("trace", "192.0.2.1", "--proto", "tcp", "--port", "99999"), "99999 is no port"),
        (("trace", "192.0.2.1", "--size", "-1"), "No packet has a payload of -1 bytes"),
        (("fault", "random", "--seed", "-1"), "No fault has that number"),
        (("draw", "-o", "/proc/lab.svg"), "/proc/lab.svg"),
        (("draw", "-o", "lab.docx"), "svg"),
    ],
)
def test_the_wrong_name_in_a_lab_gets_one_clear_message(lab: Lab, words: tuple[str, ...], says: str) -> None:
    """The names that there are, or the file that cannot be written."""
    done = netlab("--lab", lab.name, *words)
    assert done.returncode in (1, 2)
    assert says in done.stderr
    assert "Next: " in done.stderr and "Traceback" not in done.stderr


def test_the_tour_plays_to_its_end(tmp_path: Path) -> None:
    """Each command, the death of the packet, the cure, and eight pictures."""
    done = netlab("tour", "--pictures", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "# ip link set veth_host master docker0" in done.stdout
    assert "last seen on host docker0, never on host eth0" in done.stdout
    assert "✔ every request was answered" in done.stdout
    assert len(list(tmp_path.glob("*.png"))) == 8


def test_labs_that_come_and_go_leave_nothing(lab_name: str) -> None:
    """Up and down, over and over: the leak fixture compares before and after."""
    for _ in range(20):
        lab = Lab.up(lab_name)
        assert not lab.folder.joinpath("keeper.log").read_text()
        lab.down()
        assert not lab.folder.exists()


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    """Where the exchange folder cannot be made, the message says where and what to do."""
    script = 'mount -t tmpfs -o size=4k,nr_inodes=2 none "$2" && '
    script += 'NETLAB_EXCHANGE=$2/x exec "$1" -m netlab --lab full up'
    words = ["unshare", "-Urm", "sh", "-c", script, "sh", sys.executable, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "No space left" in done.stderr and "Next: " in done.stderr and "Traceback" not in done.stderr


def test_the_doctor_makes_a_lab_to_be_sure() -> None:
    """Every tool is found, a lab is made and ended."""
    done = netlab("doctor", PATH="/usr/bin:/bin")
    assert (done.returncode, done.stderr) == (0, "")
    assert "was made, reached its internet, and ended" in done.stdout
