"""The watches of conftest.py see what they are there for: an unseen change would make every test pass."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import leaks
from tests.support.leaks import Belongings, left_behind
from tests.support.need import need

TESTS = Path(__file__).parent.parent

# A machine of our own to touch: a network namespace in which we are root.
WATCHED_CHANGES = """
import subprocess, threading
from tests.support.machine import MachineWatch
with MachineWatch() as watch:
    assert watch.seen() == [], watch.seen()
    for command in {commands}:
        subprocess.run(command, check=True)
    pause = threading.Event()
    for _ in range(500):
        if all(any(word in event for event in watch.seen()) for word in {words}):
            break
        pause.wait(0.01)
    print(watch.seen())
"""


def watched(commands: list[list[str]], words: list[str]) -> str:
    code = WATCHED_CHANGES.format(commands=commands, words=words)
    done = subprocess.run(
        [need("unshare"), "-Urn", sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_link_that_comes_and_goes_is_seen() -> None:
    """The watch would notice an interface, were it there for an instant only."""
    add, delete = "ip link add seen type bridge", "ip link del seen"
    assert "Deleted" in watched([add.split(), delete.split()], ["Deleted"])


def test_a_firewall_rule_is_seen() -> None:
    """The watch would notice a rule."""
    assert "add table ip seen" in watched([["nft", "add", "table", "ip", "seen"]], ["seen"])


def test_a_sysctl_is_seen() -> None:
    """The watch would notice a changed setting."""
    write = ["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]
    assert "ip_forward: 0 → 1" in watched([write], ["ip_forward"])


def test_a_detached_process_is_seen(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The leak check would notice a process that nobody waits for."""
    monkeypatch.setattr(leaks, "SECONDS_TO_SETTLE", 0.2)
    above = os.getppid()
    before = Belongings.now(above)
    detached = "import os\nif os.fork() == 0:\n os.setsid()\n print(os.getpid(), flush=True)\n input()"
    with subprocess.Popen(
        [sys.executable, "-c", detached], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as p:
        assert p.stdout is not None
        pid = p.stdout.readline().decode().strip()
        left = left_behind(before, above)
    assert any(f"pid {pid}" in name for name in left["processes"])


def test_an_open_file_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The leak check would notice a descriptor."""
    monkeypatch.setattr(leaks, "SECONDS_TO_SETTLE", 0.2)
    before = Belongings.now(os.getppid())
    with open(tmp_path / "kept", "w"):
        assert any("kept" in name for name in left_behind(before, os.getppid())["descriptors"])
