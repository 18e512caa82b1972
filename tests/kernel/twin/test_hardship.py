"""Copies and undo where things go on meanwhile, where a name is taken, and where there is no room."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from netlab.errors import LabAlreadyUp, LabNotFound, NetlabError
from netlab.lab import Lab
from netlab.model.pack_changes import differences
from tests.kernel.conftest import sh
from tests.support.patience import eventually

RESTLESS = """
for n in $(seq 1 2000); do
    ip link add b$n type bridge; ip link add l$n type veth peer name r$n; ip netns add n$n
    ip link set r$n netns n$n; iptables -A FORWARD -s 10.0.0.$((n % 250)) -j DROP
    ip netns del n$n; ip link del b$n
done
"""


@pytest.fixture
def names(lab_name: str) -> Iterator[tuple[str, ...]]:
    """Of twins, which are ended after the test."""
    made = tuple(f"{lab_name}-{which}" for which in ("one", "two", "three"))
    yield made
    for each in made:
        with suppress(LabNotFound):
            Lab.find(each).down()


def test_a_copy_of_a_lab_that_changes_meanwhile_is_some_lab(lab: Lab, names: tuple[str, ...]) -> None:
    """Or it is refused in one line; nothing hangs, and the next one, in calm, is the same."""
    change = threading.Thread(target=lambda: lab.run(["timeout", "8", "bash", "-c", RESTLESS]))
    change.start()
    for _go in range(4):
        try:
            twin = lab.copy(names[0])
            assert {"host", "internet"} <= {name for name, _ in twin.status().nodes}
            twin.down()
        except NetlabError as error:
            assert "\n" not in error.what and "Traceback" not in error.what
    change.join()

    def others() -> list[str]:
        """What differs in the next one; the kernel takes a namespace's cables away after the namespace."""
        before, twin = lab.pack(), lab.copy(names[1])
        found = differences(before, twin.pack())
        twin.down()
        return found

    assert eventually(lambda: not others(), 20), others()


def test_two_copies_at_once_and_a_copy_of_a_copy(lab: Lab, names: tuple[str, ...]) -> None:
    """All of them the same; and one name goes to one of two who want it."""
    sh(lab, "docker run -d --name if-test centos:8 sleep 36000; ip link add 'ééééééé1' type bridge")
    before = lab.pack()
    with ThreadPoolExecutor() as pool:
        twins = list(pool.map(lab.copy, names[:2]))
    grandchild = twins[0].copy(names[2])
    for each in (*twins, grandchild):
        assert differences(before, each.pack()) == []
        assert "ééééééé1" in each.run(["ip", "-br", "link"]).stdout
    assert grandchild.status().about == (f"a twin of {twins[0].name}",)
    grandchild.down()
    with ThreadPoolExecutor() as pool:
        tries = [pool.submit(lab.copy, names[2]) for _ in range(2)]
        refused = [error for each in tries if (error := each.exception())]
    assert len(refused) == 1 and isinstance(refused[0], LabAlreadyUp)
    assert differences(before, Lab.find(names[2]).pack()) == []


def test_a_name_that_is_taken_stays_whose_it_is(lab: Lab, names: tuple[str, ...]) -> None:
    """The lab that has it is neither ended nor changed."""
    sh(lab, "ip link add mine type bridge")
    found = lab.pack()
    with pytest.raises(LabAlreadyUp):
        Lab.unpack(found, lab.name)
    assert differences(found, lab.pack()) == []


def test_an_undo_leaves_what_runs_alone(lab: Lab) -> None:
    """A command that goes on while the step before it is undone ends as it would have."""
    lab.mark("before")
    sh(lab, "iptables -P FORWARD ACCEPT; ip link add br7 type bridge")
    with ThreadPoolExecutor() as pool:
        words = "mkfifo /tmp/gate; read word </tmp/gate; echo got $word"
        going = pool.submit(lab.run, ["sh", "-c", words])
        assert eventually(lambda: lab.run(["test", "-p", "/tmp/gate"]).returncode == 0)
        lab.undo()
        sh(lab, "echo it >/tmp/gate")
        assert going.result().stdout == "got it\n"
    assert "br7" not in lab.run(["ip", "link"]).stdout


def test_a_pack_for_which_there_is_no_room_is_not_half_there(lab: Lab, tmp_path: Path) -> None:
    """One line says so, and what had that name before is still there."""
    if os.geteuid():
        pytest.skip("a full file system takes root")
    script = (
        f"mount -t tmpfs -o size=8k tmpfs {tmp_path} && cd {tmp_path} && echo old >lab.netpack && "
        f"head -c 100000 /dev/zero >rest 2>/dev/null; "
        f"{sys.executable} -m netlab --lab {lab.name} pack -o lab.netpack; echo $?; cat lab.netpack; ls"
    )
    done = subprocess.run(["unshare", "-m", "bash", "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["2", "old", "lab.netpack", "rest"], done.stdout + done.stderr
    assert "cannot be written" in done.stderr and "Traceback" not in done.stderr
