"""Whatever a lab does, its keeper answers: `status` and `down` within five seconds, and truly."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.attacks.support import (
    SOON,
    Confinement,
    Lab,
    NetlabError,
    answers,
    attack,
    end,
    ends,
    freeze,
    netlab,
    running,
    within,
)

FROZEN: dict[str, Callable[[Lab], object]] = {
    "status": lambda lab: lab.status(),
    "snapshot": lambda lab: lab.snapshot(),
}


@pytest.mark.parametrize("ask", FROZEN)
def test_a_frozen_process_1_keeps_no_answer_back(lab: Lab, ask: str) -> None:
    """The learner traces process 1, which stops: what the keeper knows of itself, it goes on telling."""
    freeze(lab)
    within(SOON, lambda: FROZEN[ask](lab))
    ends(lab)


def test_a_reset_of_a_frozen_lab_comes_back(lab: Lab) -> None:
    """Process 1 cannot tidy up: the reset says so in ten seconds, and the lab still answers and ends."""
    freeze(lab)
    with suppress(NetlabError):
        within(30, lab.reset)
    answers(lab)
    ends(lab)


def test_a_command_in_a_frozen_lab_keeps_to_its_time(lab: Lab) -> None:
    """Nobody starts it; the caller's limit holds all the same."""
    freeze(lab)
    with suppress(NetlabError, subprocess.TimeoutExpired):
        within(10, lambda: lab.run(["true"], timeout=2))
    answers(lab)
    ends(lab)


def test_what_a_frozen_process_1_does_not_read_blocks_nobody(lab: Lab) -> None:
    """Large requests pile up before a process 1 that takes none of them; the keeper waits for none."""
    code = (
        "def work(ready):\n"
        "    ready(); time.sleep(1); socks = []\n"
        "    for n in range(60):\n"
        "        try: socks.append(asked(op='exec', node='host', argv=['true', 'x' * 100000], env={}, cwd='/'))\n"
        "        except OSError: pass\n"
        "    time.sleep(60)\n"
        "detach(work)\n"
    )
    freeze(lab, code)
    time.sleep(3)
    answers(lab)
    ends(lab)


def test_a_frozen_lab_ends_by_the_command_line(lab: Lab) -> None:
    """`./run down` of a lab whose every process is stopped."""
    code = (
        "def sleeper(ready):\n    ready(); time.sleep(60)\n"
        "for _ in range(5): detach(sleeper)\n"
        "for name in os.listdir('/proc'):\n"
        "    if name.isdigit() and int(name) not in (1, os.getpid(), os.getppid()): freeze(int(name))\n"
    )
    freeze(lab, code)
    done = netlab("--lab", lab.name, "down", timeout=15)
    assert done.returncode == 0, done.stderr


def test_a_lab_full_of_processes_is_looked_at_and_ended(lab: Lab) -> None:
    """A thousand processes that do nothing, in fifty namespaces."""
    code = (
        "for n in range(1000):\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        for fd in range(3): os.close(fd)\n"
        "        if n < 50: LIBC.unshare(0x40000000)\n"
        "        time.sleep(100); os._exit(0)\n"
    )
    attack(lab, code, timeout=30)
    assert within(SOON, lab.status).name == lab.name
    within(SOON * 3, lab.snapshot)
    ends(lab)


def test_a_full_disk_of_the_labs_own_stops_nobody(lab: Lab) -> None:
    """The lab host's root file system is full, in a lab with limits: it is seen and ended."""
    before = running()
    name = f"{lab.name}-c"
    small = Lab.up(name, confined=Confinement(Path("/usr/share")))
    try:
        code = "os.system('head -c 300M /dev/zero >/root/full; head -c 300M /dev/zero >/run/full')"
        with suppress(NetlabError, subprocess.TimeoutExpired):
            attack(small, code)
        assert within(SOON, small.status).name == name
        within(SOON, small.snapshot)
        within(SOON, small.down)
    finally:
        end(small, before)


def test_an_endless_output_does_not_fill_the_machine(lab: Lab) -> None:
    """A command that prints for ever, run with a limit of time: what is kept of it has a limit, too."""
    with suppress(NetlabError, subprocess.TimeoutExpired):
        done = within(20, lambda: lab.run(["head", "-c", "1G", "/dev/zero"], timeout=15))
        assert len(done.stdout) <= 64 << 20


def test_the_keeper_outlives_a_lab_that_talks_nonsense_to_it(lab: Lab) -> None:
    """What process 1 would say to its keeper, somebody else says on the same sockets; `down` still works."""
    code = (
        "for body in (b'[' * 100000, b'{\"ready\": false, \"error\": \"x\"}', b'{\"done\": 1e999}', b'', b'null', b'\\xff'):\n"
        "    for framing in ('length and kind', 'length', 'line'):\n"
        "        tell_all(framed(body, framing))\n"
        "tell_all(struct.pack('!IB', 1 << 31, 1) + b'x' * 65536)\n"
        "time.sleep(0.3)\n"
    )
    with suppress(Exception):
        within(20, lambda: attack(lab, code))
    answers(lab)
    ends(lab)


def test_a_down_that_is_interrupted_by_the_lab_is_a_down(lab: Lab) -> None:
    """A process of the lab's ends process 1 at the moment at which `down` is asked."""
    code = "def work(ready):\n    ready(); time.sleep(0.3); break_process_1()\ndetach(work)\n"
    attack(lab, code)
    time.sleep(0.28)
    with suppress(NetlabError):
        within(SOON + 5, lab.down)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            within(SOON, lab.status)
        except NetlabError:
            break
        time.sleep(0.05)
    else:
        raise AssertionError("the lab goes on")
