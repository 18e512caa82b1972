"""A workshop as a service of systemd, on an emulated Debian with control groups of version 2.

One machine for all of these, in this order: they follow the service's life.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.support.need import missing, need
from tests.workshop.client import Client
from tests.workshop.house import CODE, until
from tests.workshop.systemd import SECONDS, Machine, booted

UNIT = "/etc/systemd/system/netlab-workshop.service"
GROUP = "/sys/fs/cgroup/system.slice/netlab-workshop.service"
HOG = "subprocess.run(['python3', '-c', 'x = bytes([1]) * (900 << 20)']).returncode"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    if os.geteuid() != 0:
        missing("Only root can furnish the machine's disk.")
    for tool in ("qemu-system-x86_64", "qemu-img", "mmdebstrap"):
        need(tool)
    with booted(tmp_path_factory.mktemp("machine")) as running:
        yield running


def is_open(machine: Machine) -> bool:
    """Whether the Hub answers."""
    try:
        return Client(machine.url, "nobody").get("/hub/login").status == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def learner(machine: Machine) -> Client:
    """The service runs, and somebody has come in."""
    words = f"--listen 0.0.0.0 --plain --code {CODE} --memory 500"
    machine.run(f"/opt/netlab/run workshop {words} unit > {UNIT}")
    assert machine.run(f"systemd-analyze verify {UNIT} 2>&1") == ""
    machine.run("systemctl daemon-reload && systemctl enable --now netlab-workshop")
    until(lambda: is_open(machine), SECONDS, "the workshop")
    client = Client(machine.url, "ada", code=CODE)
    client.log_in()
    until(lambda: _is_served(client), SECONDS, "ada's server")
    return client


def _is_served(client: Client) -> bool:
    try:
        client.start_server()
    except AssertionError:  # it takes longer than on a machine that is not emulated
        return False
    return True


def test_a_learners_bounds_are_of_version_2(machine: Machine, learner: Client) -> None:
    """Below the service's own group, which was handed over: processes, memory, the processor."""
    files = ("pids.max", "memory.max", "cpu.max")
    found = machine.run(f"cd {GROUP}/netlab-workshop/*/ && head -v -n 1 {' '.join(files)}")
    assert [line for line in found.splitlines() if line and "==>" not in line] == [
        "300",
        str(500 << 20),
        "100000 100000",
    ]
    said = machine.run("journalctl --no-pager -u netlab-workshop -o cat")
    assert "as a group: pids, memory, cpu" in said


def test_whose_memory_runs_out_ends_nobody_else(machine: Machine, learner: Client) -> None:
    """The kernel ends the hog; the learner's kernel, and the service, go on."""
    kernel = learner.kernel()
    before = machine.run("systemctl show -P MainPID netlab-workshop")
    assert kernel.run(f"import subprocess; print({HOG})", SECONDS).strip() == "-9"
    assert kernel.run("print(6 * 7)", SECONDS).strip() == "42"
    kernel.close()
    events = machine.run(f"cat {GROUP}/netlab-workshop/*/memory.events")
    assert "oom_kill 0" not in events.splitlines()
    assert machine.run("systemctl show -P MainPID netlab-workshop") == before


def test_a_fork_bomb_stays_within_its_group(machine: Machine, learner: Client) -> None:
    """Three hundred processes and no more; the machine answers, and so does the Hub."""
    kernel = learner.kernel()
    bomb = "for n in range(400): subprocess.Popen(['sleep', '60'])"
    said = kernel.run(
        f"import subprocess\ntry:\n    {bomb}\nexcept OSError as e:\n    print(type(e).__name__)", SECONDS
    )
    assert said.strip() == "BlockingIOError"
    assert int(machine.run(f"cat {GROUP}/netlab-workshop/*/pids.current")) <= 300
    assert is_open(machine)
    kernel.close()


def test_killed_it_is_started_again_and_knows_its_people(machine: Machine, learner: Client) -> None:
    """kill -9 of the service's first process: systemd begins anew, and the learner's account is there."""
    before = machine.run("systemctl show -P MainPID netlab-workshop").strip()
    machine.run(f"kill -9 {before}")
    until(
        lambda: machine.run("systemctl show -P MainPID netlab-workshop").strip() not in ("0", before), SECONDS
    )
    until(lambda: is_open(machine), SECONDS, "the workshop, again")
    again = Client(machine.url, "ada")
    assert "/hub/login" not in again.log_in().url
    until(lambda: _is_served(again), SECONDS, "ada's server, again")


def test_stopped_it_leaves_nothing(machine: Machine, learner: Client) -> None:
    """No process, no group, no mount; and at the machine's next start it is there by itself."""
    machine.run("systemctl stop netlab-workshop", SECONDS)
    assert machine.run("systemctl is-active netlab-workshop || true").strip() == "inactive"
    assert machine.run("ps -eo args | grep -c '[/]opt/netlab' || true").strip() == "0"
    assert machine.run(f"ls -d {GROUP} 2>/dev/null || true") == ""
    assert machine.run("grep -c netlab-workshop /proc/mounts || true").strip() == "0"
    machine.attempt("systemctl reboot")
    until(lambda: machine.attempt("true").returncode != 0, SECONDS, "the end of the first start")
    machine.awaken()
    until(lambda: is_open(machine), SECONDS, "the workshop, by itself")
