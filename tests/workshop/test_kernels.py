"""A learner's kernels, through the workshop's proxy: interrupted, restarted, in a lab that ended."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from netlab.workshop.learner.world import group_of
from tests.workshop.client import Client, Kernel
from tests.workshop.house import House, until


@pytest.fixture(scope="module")
def grace(house: House) -> Client:
    return house.learner("grace").enter()


@pytest.fixture
def kernel(grace: Client) -> Iterator[Kernel]:
    made = grace.kernel()
    yield made
    made.close()
    grace.api("DELETE", f"kernels/{made.id}")


def test_an_interrupt_ends_what_runs(grace: Client, kernel: Kernel) -> None:
    """A wait in Python, and a command of a cell; the next cell runs."""
    assert "KeyboardInterrupt" in interrupted(grace, kernel, "import threading\nthreading.Event().wait()")
    interrupted(grace, kernel, "%%bash\nping -i 0.2 39.106.233.176")
    assert "gone" in kernel.run("!pgrep -x ping || echo gone")


def interrupted(client: Client, kernel: Kernel, cell: str) -> str:
    """Run it, interrupt it until it ends; what came of it."""
    ended: list[str] = []

    def run() -> None:
        try:
            ended.append(kernel.run(cell))
        except AssertionError as error:
            ended.append(str(error))

    def has_ended() -> bool:
        client.api("POST", f"kernels/{kernel.id}/interrupt")
        thread.join(10)  # the cell ends a command of its own gently
        return not thread.is_alive()

    thread = Thread(target=run)
    thread.start()
    until(lambda: busy(client, kernel), what="the cell's begin")
    until(has_ended, what="the cell's end")
    return ended[0]


def busy(client: Client, kernel: Kernel) -> bool:
    return bool(client.api("GET", f"kernels/{kernel.id}").json()["execution_state"] == "busy")


def test_a_restart_forgets_and_keeps_the_lab(grace: Client, kernel: Kernel) -> None:
    """What was in the kernel is gone, what was built in the lab is there."""
    kernel.run("mine = 42\n!ip link add kept type bridge")
    assert grace.api("POST", f"kernels/{kernel.id}/restart").status == 200
    again = Kernel(grace, kernel.id)
    said = again.run("print('mine' in dir())\n!ip -br link")
    assert "False" in said and "kept" in said
    again.close()


def test_a_lab_that_was_ended_comes_again(house: House, grace: Client, kernel: Kernel) -> None:
    """kill -9 of its keeper: a restart of the kernel makes another."""
    os.kill(keeper(house, "grace"), signal.SIGKILL)
    until(lambda: grace.api("POST", f"kernels/{kernel.id}/restart").status == 200, what="the restart")
    again = Kernel(grace, kernel.id)
    assert "docker0" in again.run("!ip -br link")
    again.close()


def keeper(house: House, name: str) -> int:
    """The pid of the keeper of that learner's lab."""
    group = group_of(house.state / f"learners/{house.number(name)}")
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "comm").read_text() == "netlab-keeper\n" and group in (entry / "cgroup").read_text():
                return int(entry.name)
        except OSError:
            continue
    raise AssertionError(f"{name} has no lab")
