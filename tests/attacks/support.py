"""All that the attacks know of netlab: its lab and its command line; its decoders are in tests.attacks.decoders."""

from __future__ import annotations

import json
import os
import pty
import re
import resource
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest

from netlab.errors import NetlabError
from netlab.keeper.launch import Confinement
from netlab.lab import Lab
from tests.support.patience import eventually
from tests.support.reaper import descendants

__all__ = ["ROOT", "Confinement", "Lab", "NetlabError", "attack", "end", "netlab", "within"]

ROOT = Path(__file__).resolve().parents[2]
INSIDE = (Path(__file__).parent / "inside.py").read_text()
MOST_MEMORY = 4 << 30
SOON = 5.0  # seconds in which a lab answers, whatever its learner does
# The ways to put a message together that are known to the attackers; add one when a codec comes.
FRAMINGS = ("length and kind", "length", "line")
SLIP = re.compile(
    r"^(NameError|SyntaxError|IndentationError|ImportError|ModuleNotFoundError)\b", re.MULTILINE
)
PRECIOUS = "precious words\n"  # in a file of the machine's
STRANGER = 61235  # another user of the machine, as whom root can go

Found = TypeVar("Found")


def attack(
    lab: Lab, code: str, *, node: str = "host", timeout: float = 20, **words: object
) -> subprocess.CompletedProcess[str]:
    """Run the attacker's lines inside of the lab; `words` are names that they know, as Python writes them."""
    done = lab.run([sys.executable, "-"], node=node, input=source(code, **words), timeout=timeout)
    assert not SLIP.search(done.stderr), f"the attack has not been made:\n{done.stderr}"
    return done


def source(code: str, **words: object) -> str:
    """An attacker's whole program."""
    known = "".join(f"{name} = {value!r}\n" for name, value in words.items())
    return f"{INSIDE}\n{known}{code}"


def bounded() -> None:
    """A file of a lab's may seem to have any size: who reads it whole fails at once, and harms nobody."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def netlab(*words: str, timeout: float = 30, **environment: str) -> subprocess.CompletedProcess[str]:
    """python -m netlab WORDS on the machine; AssertionError when it does not come back."""
    command = [sys.executable, "-m", "netlab", *words]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    try:
        return subprocess.run(
            command,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            env=env,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            timeout=timeout,
            preexec_fn=bounded,
        )
    except subprocess.TimeoutExpired:
        raise AssertionError(f"netlab {' '.join(words)} did not come back in {timeout} s") from None


def in_terminal(*words: str, seconds: float = 20) -> tuple[int, bytes]:
    """The same in a terminal of its own: its status, and all that reached the terminal."""
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execve(
            sys.executable, [sys.executable, "-m", "netlab", *words], {**os.environ, "PYTHONPATH": str(ROOT)}
        )
    shown, deadline = b"", time.monotonic() + seconds
    try:
        while (left := deadline - time.monotonic()) > 0:
            if select.select([master], [], [], min(left, 0.1))[0]:
                try:
                    shown += os.read(master, 1 << 16)
                except OSError:  # nobody has the other side open any more
                    break
        else:
            raise AssertionError(f"netlab {' '.join(words)} did not come back in {seconds} s")
    finally:
        os.close(master)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return status, shown


def within(seconds: float, ask: Callable[[], Found]) -> Found:
    """What that gives; AssertionError when it takes longer."""
    done: list[Found] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            done.append(ask())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), f"there is no answer after {seconds} s"
    if failed:
        raise failed[0]
    return done[0]


def end(lab: Lab, before: Sequence[int]) -> None:
    """End that lab in any case: by `down`, or else whatever was started since `before`, by its pid."""
    with suppress(AssertionError, Exception):
        within(10, lab.down)
        deadline = time.monotonic() + 3
        while started(before) and time.monotonic() < deadline:
            time.sleep(0.02)
    for pid in started(before):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def running() -> list[int]:
    """Every process that the tests have started."""
    return list(descendants(os.getppid()))


def started(before: Sequence[int]) -> list[int]:
    return [pid for pid in running() if pid not in before and pid != os.getpid()]


def broken(lab: Lab) -> bool:
    """Kill the keeper, as the kernel does where memory ends, behind the back of whoever would clear up; whether
    the lab is gone."""
    seeing = [pid for pid in sorted(descendants(1)) if f"{lab.exchange} " in mounts(pid)]
    os.kill(seeing[0], signal.SIGKILL)
    return ended_by_itself(lab)


def mounts(pid: int) -> str:
    """What a process sees; nothing where it is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/mountinfo").read_text()
    return ""


def ended_by_itself(lab: Lab) -> bool:
    """Whether the lab is gone; it is waited for."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            within(SOON, lab.status)
        except NetlabError:
            return True
        time.sleep(0.05)
    return False


def answers(lab: Lab) -> None:
    """The lab says what is in it, and the kernel's word is in the snapshot."""
    assert within(SOON, lab.status).name == lab.name
    seen = within(SOON, lab.snapshot)
    names = {interface.name for node in seen.nodes for interface in node.interfaces}
    assert {"docker0", "eth0", "uplink"} <= names


def freeze(lab: Lab, code: str = "") -> None:
    """Have process 1 of that lab stopped by one of its processes, and see that it is."""
    attack(lab, f"{code}\nfreeze()")
    assert eventually(lambda: any(is_traced(pid) for pid in running())), "nobody could be stopped"


def is_traced(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "t"
    except OSError:
        return False


def ends(lab: Lab) -> None:
    """`down` comes back in time, and the lab is gone."""
    within(SOON, lab.down)
    with pytest.raises(NetlabError):
        within(SOON, lab.status)


def as_stranger(code: str, timeout: float = 20, **words: object) -> subprocess.CompletedProcess[str]:
    """Run the attacker's lines as another ordinary user of the machine; only root can ask for that."""
    python = next(path for path in ("/usr/bin/python3", sys.executable) if os.access(path, os.X_OK))
    command = ["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups", "env", "-i"]
    command += ["PATH=/usr/bin:/bin", python, "-c", source(code, **words)]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", timeout=timeout)
    assert not SLIP.search(done.stderr), f"the attack has not been made:\n{done.stderr}"
    return done


def notebook(cells: Sequence[str], lesson: str = "02") -> str:
    """A submission: the lesson's start, and then these cells."""
    first = f"from netlab import notebook\nlab = notebook.start('{lesson}')"
    made: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"c{number}",
            "metadata": {},
            "outputs": [],
            "source": text,
        }
        for number, text in enumerate([first, *cells])
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
