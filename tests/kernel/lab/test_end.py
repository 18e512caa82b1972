"""A lab goes without a trace, whoever ends it and however."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from netlab.errors import LabDied, LabNotFound
from netlab.keeper import address, protocol
from netlab.lab import Lab
from tests.bench.remains import Remains
from tests.kernel.conftest import sh
from tests.support.patience import eventually


def processes_of(name: str) -> list[int]:
    """The keeper of the lab of that name and all that descends from it, as the machine numbers them."""
    found: list[int] = []
    for pid in sorted(int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()):
        try:
            mounts = Path(f"/proc/{pid}/mountinfo").read_text()
            parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent in found or (f"netlab-{os.geteuid()}/{name}/exchange " in mounts and "/.lower" in mounts):
            found.append(pid)
    return found


@pytest.mark.parametrize("whom", ["keeper", "init", "container"])
def test_kill_9_of_any_process_leaves_nothing_behind(whom: str) -> None:
    """The kernel takes the whole lab back when its keeper or its host's init is killed."""
    name = f"k{os.getpid()}"
    lab = Lab.up(name)
    sh(lab, "docker run -d --name c x sleep 1000")
    pids = processes_of(name)
    assert len(pids) >= 3
    victim = {"keeper": pids[0], "init": pids[1], "container": pids[-1]}[whom]
    os.kill(victim, signal.SIGKILL)
    if whom == "container":
        assert eventually(lambda: sh(lab, "docker ps -q") == "")
        lab.down()
    assert eventually(lambda: not processes_of(name))
    assert eventually(lambda: name not in address.names())
    with pytest.raises(LabNotFound):
        lab.snapshot()


def test_down_frees_the_name_at_once_and_leaves_nothing(lab_name: str) -> None:
    """A new lab of the name finds nothing of the old one, which goes with all its processes and files."""
    is_root = os.geteuid() == 0  # else the other end of a cable cannot be in reach
    old = Lab.up(lab_name)
    sh(old, "docker run -d --name c x sleep 1000; sleep 1000 >/dev/null 2>&1 & disown")
    (old.exchange / "mine").write_text("the old lab's")
    with Remains([old]) as remains:
        before = remains.left()
        assert before["processes"] and before["files"] and bool(before["network namespaces"]) == is_root
        old.down()
        assert lab_name not in address.names()
        new = Lab.up(lab_name)
        assert [node.name for node in new.snapshot().nodes] == ["host", "internet"]
        assert not (new.exchange / "mine").exists()
        new.down()
        remains.seconds()


def test_an_interrupted_down_is_made_good_by_the_next_up(lab_name: str) -> None:
    """Whoever asked for the end was killed before he had removed the files: the lab is gone all the same."""
    lab = Lab.up(lab_name)
    with Remains([lab]) as remains, address.connect(lab_name) as sock:
        protocol.send(sock, {"op": "down"})
        answer, ends = protocol.receive(sock)
        for end in ends:
            os.close(end)
        assert answer == {"ok": True}
        assert lab_name not in address.names()
        left = lab.folder.rename(lab.folder.with_name(f"{address.ENDED}{lab_name}-1"))
        assert eventually(lambda: remains.left()["processes"] == [])
    Lab.up(lab_name).down()
    assert not left.exists()


def test_a_lab_that_dies_while_it_is_used_says_so() -> None:
    """The client is told that the lab went away, not left waiting."""
    lab = Lab.up(f"d{os.getpid()}")
    pid = processes_of(lab.name)[0]
    threading.Timer(0.2, os.kill, (pid, signal.SIGKILL)).start()
    with pytest.raises(LabDied, match="up"):
        lab.run(["sleep", "100"])


def test_the_folder_of_a_lab_that_was_killed_goes_with_the_next_up(
    lab_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody ended it, and nobody uses its name again: its files do not stay for good."""
    lab = Lab.up(f"{lab_name}-k")
    os.kill(processes_of(lab.name)[0], signal.SIGKILL)
    assert eventually(lambda: lab.name not in address.names())
    monkeypatch.setattr("netlab.keeper.folders.OLD", 0.0)
    Lab.up(lab_name).down()
    assert not lab.folder.exists()
