"""A lab comes, is put back, goes; beside a shell script and Mininet."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import pairwise
from typing import TypeVar

from netlab.keeper import address, protocol
from netlab.keeper.launch import ForkServer
from netlab.lab import Lab
from netlab.lessons.content import Lesson, lessons
from netlab.lessons.ip_batch import batch
from netlab.lessons.start import goto
from tests.bench import phases
from tests.bench.harness import OURS, Goal, Row, milliseconds
from tests.bench.peer import Peer
from tests.bench.remains import Remains

NAME = f"bench-{os.getpid()}"
COMMANDS = {"docker": "docker", "ip": "ip", "nsenter": "ip", "iptables": "iptables"}  # of a lesson's start
Value = TypeVar("Value")
MOMENT = 0.2  # seconds
TWO_LEVELS = 2 * ["unshare", "-U", "-r", "-n", "-m", "-p", "-i", "-u", "-C", "-f", "--mount-proc"] + ["true"]
DEBIANS_PYTHON = "/usr/bin/python3"  # Mininet is a package of Debian's


def shell() -> Peer:
    return Peer("peer_shell")


def mininet() -> Peer:
    return Peer("peer_mininet", python=DEBIANS_PYTHON)


@contextmanager
def building(small: bool) -> Iterator[Row]:
    """The base lab into two namespaces that are there already: links, addresses, routes, Docker's rules.

    The replay sends the bytes that netlab sends, from a program in C.
    """
    goals = [Goal(25, "shell script"), Goal(20, "Mininet"), Goal(1.3, "replay in C", floor=True)]
    row = Row("build the lab", "ms", goals)
    with shell() as script, mininet() as other, Peer("peer_build") as ours:
        contenders: dict[str, Callable[[], float]] = {
            OURS: lambda: ours.ask("netlab"),
            "replay in C": lambda: ours.ask("replay"),
            "shell script": lambda: script.ask("build"),
            "Mininet": lambda: other.ask("build"),
        }
        row.measure(contenders, 1 if small else 15)
        once = [ours.ask("phases") for _ in range(1 if small else 15)]
        row.notes.append(phases.told(once))
        yield row


def after_a_moment(go: Callable[[], Value]) -> Value:
    threading.Event().wait(MOMENT)
    return go()


@contextmanager
def coming(small: bool) -> Iterator[Row]:
    """`Lab.up` of a process that has netlab and a forkserver, until a command has run in the lab host.

    Two levels of namespaces with nothing in them, made by unshare(1), are the floor. Each go begins a moment
    after the one before, of whichever contender, since the kernel takes apart in the background what that one
    has made, and nobody gets new namespaces meanwhile.
    """
    row = Row("up, to a usable shell", "ms", [Goal(60)])

    def up(forkserver: ForkServer) -> tuple[float, float, float]:
        """When it began, when the lab was there, and when the command had run."""
        began = time.perf_counter()
        lab = Lab.up(NAME, forkserver=forkserver)
        there = time.perf_counter()
        lab.run(["true"])
        ended = time.perf_counter()
        lab.down()
        return began, there, ended

    def ours() -> float:
        began, _, ended = up(forkserver)
        return (ended - began) * 1000

    def lap() -> dict[str, float]:
        began, there, ended = up(timed)
        return phases.steps(began, {**stamps(), "up": there, "run": ended})

    with (
        shell() as script,
        mininet() as other,
        ForkServer() as forkserver,
        phases.stopwatch() as (timed, stamps),
    ):
        for _ in range(2):  # the forkservers are ready then: asked a second time, they load what labs share
            ours()
            lap()
        contenders = {
            OURS: ours,
            "shell script": lambda: script.ask("up"),
            "Mininet": lambda: other.ask("up"),
            "unshare(1) twice": lambda: milliseconds(lambda: subprocess.run(TWO_LEVELS, check=True)),
        }
        times = 1 if small else 11
        row.measure({name: partial(after_a_moment, go) for name, go in contenders.items()}, times)
        row.notes.append(phases.told([after_a_moment(lap) for _ in range(times)]))
        yield row


@contextmanager
def putting_back(small: bool) -> Iterator[Row]:
    """A base lab that is there: `Lab.reset`, or ended and built anew by the shell script."""
    row = Row("reset of a base lab", "ms", [Goal(100, "rebuild by shell")])
    with shell() as script, lab() as ours:
        parts: list[dict[str, float]] = []

        def reset() -> float:
            began = time.perf_counter()
            laps = ours.put_back()["laps"]
            taken = (time.perf_counter() - began) * 1000
            parts.append({**laps, "there and back": taken - sum(laps.values())})
            return taken

        ours.reset()  # the first one opens what the others have open
        contenders = {OURS: reset, "rebuild by shell": lambda: script.ask("rebuild")}
        row.measure(contenders, 1 if small else 11)
        row.notes.append(phases.told(parts))
        yield row


@contextmanager
def going(small: bool) -> Iterator[Row]:
    """`Lab.goto` of each lesson in turn, from where the one before left the lab; the slowest one counts."""
    row = Row("goto, the slowest lesson", "ms", [Goal(150)])
    chosen = lessons()[:2] if small else lessons()
    with lab() as ours:
        taken: dict[str, list[float]] = {lesson.id: [] for lesson in chosen}
        for _ in range(1 if small else 5):
            for name in taken:
                taken[name].append(milliseconds(lambda name=name: goto(ours, name)))  # type: ignore[misc]
        medians = {name: sorted(values)[len(values) // 2] for name, values in taken.items()}
        row.samples[OURS] = taken[max(medians, key=lambda name: medians[name])]
        row.notes.append(", ".join(f"{name}: {value:.0f}" for name, value in medians.items()) + " ms")
        for lesson in chosen:
            parts = [where_it_goes(ours, lesson) for _ in range(1 if small else 3)]
            row.notes.append(f"{lesson.id}: {phases.told(parts)}")
        yield row


def where_it_goes(lab: Lab, lesson: Lesson) -> dict[str, float]:
    """What of a goto takes how long (ms): the reset's parts, then the commands as a shell that tells the time
    before each has them; telling takes a little, too."""
    parts = {f"reset's {part}": taken for part, taken in lab.put_back()["laps"].items()}
    told = lab.script(f"PS4='+$EPOCHREALTIME '; set -x\n{batch(lesson.start)}\n:").stderr
    times = [(float(time), word) for time, word in re.findall(r"^\++(\d+\.\d+) (\S+)", told, re.MULTILINE)]
    for (began, word), (ended, _) in pairwise(times):
        name = COMMANDS.get(word, "others")
        parts[name] = parts.get(name, 0.0) + (ended - began) * 1000
    return parts


@contextmanager
def ending(small: bool) -> Iterator[Row]:
    """Until `Lab.down`, or Mininet's `stop`, returns, for a lab of the same content."""
    row = Row("down returns", "ms", [Goal(50, "Mininet")])
    parts = {
        "connect": (address, "connect"),
        "ask": (protocol, "send"),
        "the keeper, which takes the processor": (threading.Thread, "start"),  # a thread could wait elsewhere
        "until the keeper says so": (protocol, "receive"),
    }

    def ready() -> Callable[[], None]:
        return Lab.up(NAME, forkserver=forkserver).down

    with mininet() as other, ForkServer() as forkserver:
        contenders = {OURS: lambda: milliseconds(ready()), "Mininet": lambda: other.ask("down")}
        times = 1 if small else 11
        row.measure(contenders, times)
        row.notes.append(phases.told([phases.laps_of(ready(), parts) for _ in range(times)]))
        yield row


@contextmanager
def leaving(small: bool) -> Iterator[Row]:
    """Labs are ended, one right behind the other: until nothing of them is left, for each of them.

    Processes, control groups, files, and network namespaces: that those are gone is seen by a cable out of
    each lab host, which ends with it.
    """
    row = Row("nothing is left after down, for each lab", "ms", [Goal(20)])
    labs = 2 if small else 10
    goes: list[dict[str, float]] = []

    def leave() -> float:
        made = [Lab.up(f"{NAME}-{number}", forkserver=forkserver) for number in range(labs)]
        with Remains(made) as remains:
            for each in made:
                each.down()
            goes.append({kind: taken * 1000 / labs for kind, taken in remains.seconds().items()})
        return max(goes[-1].values())

    with ForkServer() as forkserver:
        row.measure({OURS: leave}, 1 if small else 5)
        row.notes.append(phases.told(goes))
        yield row


@contextmanager
def lab() -> Iterator[Lab]:
    with ExitStack() as stack:
        made = Lab.up(NAME)
        stack.callback(made.down)
        yield made
