"""A network is packed, built again, copied, and put back to how it was."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from netlab.diagnosis.reach.ask import reach
from netlab.keeper.launch import ForkServer
from netlab.lab import Lab
from netlab.model.pack import Listener, Pack
from tests.bench import peer_restore
from tests.bench.harness import OURS, Goal, Row, milliseconds
from tests.bench.peer import Peer
from tests.bench.rows_lab import after_a_moment

NAME, TWIN = f"bench-{os.getpid()}", f"bench-{os.getpid()}-twin"


@contextmanager
def lab() -> Iterator[Lab]:
    """The base lab."""
    made = Lab.up(NAME)
    try:
        yield made
    finally:
        made.down()


def _measured(
    row: Row, go: Callable[[], object], small: bool, before: Callable[[], object] = lambda: None
) -> Row:
    """`before` each go is not counted."""

    def once() -> float:
        before()
        return milliseconds(go)

    once()  # what is loaded then is loaded
    row.measure({OURS: once}, 1 if small else 11)
    return row


@contextmanager
def packing(small: bool) -> Iterator[Row]:
    """`lab.pack()` of a base lab: every field of every namespace, into a value."""
    with lab() as ours:
        yield _measured(Row("pack a base lab", "ms", [Goal(10)]), ours.pack, small)


@contextmanager
def unpacking(small: bool) -> Iterator[Row]:
    """`Lab.unpack` of that, with a forkserver, until the new lab is there."""
    with lab() as ours, ForkServer() as forkserver:
        found = ours.pack()

        def go() -> float:
            spent = milliseconds(lambda: Lab.unpack(found, TWIN, forkserver=forkserver))
            Lab.find(TWIN).down()
            return spent

        go()
        row = Row("unpack a base lab", "ms", [Goal(60)])
        row.measure({OURS: partial(after_a_moment, go)}, 1 if small else 11)
        yield row


@contextmanager
def copying(small: bool) -> Iterator[Row]:
    """`lab.copy()`: both in one."""
    with lab() as ours, ForkServer() as forkserver:

        def go() -> float:
            spent = milliseconds(lambda: ours.copy(TWIN, forkserver=forkserver))
            Lab.find(TWIN).down()
            return spent

        go()
        row = Row("copy a base lab", "ms", [Goal(60)])
        row.measure({OURS: partial(after_a_moment, go)}, 1 if small else 11)
        yield row


@contextmanager
def undoing(small: bool) -> Iterator[Row]:
    """`lab.undo()` of a policy, a setting, and a link that was deleted, of a lab with a container."""
    with lab() as ours:
        ours.run(["docker", "run", "-d", "--name", "if-test", "c", "sleep", "36000"])

        def step() -> None:
            ours.mark("before")
            ours.script("iptables -P FORWARD ACCEPT; sysctl -qw net.ipv4.ip_forward=1; ip link del docker0")

        yield _measured(Row("undo a step", "ms", [Goal(50)]), ours.undo, small, step)


@contextmanager
def _host(containers: int, rules: int) -> Iterator[Pack]:
    """A pack of a lab with so many containers and rules; the lab has ended."""
    with lab() as ours:
        for start in range(0, containers, 50):
            some = range(start, min(start + 50, containers))
            ours.script("\n".join(f"docker run -d --name c{n} c sleep 36000" for n in some))
        listed = ours.exchange / "rules"
        listed.write_text(peer_restore.rules(rules))
        ours.script(f"iptables-restore -n <{listed}")
        found = ours.pack()
    assert len(found.nodes) == containers + 2
    yield found


def _restoring(work: str, containers: int, rules: int, goals: list[Goal], small: bool) -> Iterator[Row]:
    if small:
        containers, rules = containers // 25, rules // 25
    with _host(containers, rules) as found, ForkServer() as forkserver, Peer("peer_restore") as peer:

        def go() -> float:
            spent = milliseconds(lambda: Lab.unpack(found, TWIN, forkserver=forkserver))
            Lab.find(TWIN).down()
            return spent

        go()
        row = Row(work, "ms", goals)
        row.measure(
            {
                OURS: partial(after_a_moment, go),
                "shell script": lambda: float(peer.ask("shell", containers, rules)),
                "pyroute2": lambda: float(peer.ask("pyroute2", containers, rules)),
            },
            1 if small else 3,
        )
        yield row


@contextmanager
def restoring(small: bool) -> Iterator[Row]:
    """`Lab.unpack` of a host with 50 containers and 500 rules. The peers make its namespaces, cables and
    rules alone: no container's processes and files, and nothing is read first."""
    yield from _restoring("restore 50 containers, 500 rules", 50, 500, [Goal(300)], small)


@contextmanager
def restoring_many(small: bool) -> Iterator[Row]:
    """The same with 400 containers and 10,000 rules: at most eight times as long as with 50 and 500."""
    yield from _restoring("restore 400 containers, 10,000 rules", 400, 10_000, [Goal(2400)], small)


@contextmanager
def becoming(small: bool) -> Iterator[Row]:
    """`lab.become(pack)` of a twin whose policy and ip_forward were changed: how an experiment ends."""
    with lab() as ours, ForkServer() as forkserver:
        found = ours.pack()
        twin = ours.copy(TWIN, forkserver=forkserver)
        try:
            change = "iptables -P FORWARD ACCEPT; sysctl -qw net.ipv4.ip_forward=1"
            row = Row("set a twin back to its pack", "ms", [Goal(50)])
            yield _measured(row, lambda: twin.become(found), small, lambda: twin.script(change))
        finally:
            twin.down()


CONTAINERS, RULES, LISTENER = 50, 500, Listener("tcp", "0.0.0.0", 5432)


def _crowd(small: bool) -> Pack:
    """Containers with a listener each, behind a host with many rules."""
    with lab() as ours:
        count, rules = (3, 10) if small else (CONTAINERS, RULES)
        lines = [f"docker run -d --name c{n} centos sleep 36000" for n in range(count)]
        ours.script("\n".join([*lines, "sysctl -qw net.ipv4.ip_forward=1", "iptables -P FORWARD DROP"]))
        for start in range(0, rules, 100):
            numbers = range(start, min(start + 100, rules))
            ends = [f"-s 10.{n % 250}.0.0/16 -d 172.17.{n % 4}.{n % 200}/32" for n in numbers]
            told = [f"-A FORWARD {each} -p tcp --dport {7000 + start} -j ACCEPT" for each in ends]
            ours.run(["iptables-restore", "-n"], input="\n".join(["*filter", *told, "COMMIT", ""]))
        found = ours.pack()
    nodes = (replace(n, listeners=(LISTENER,)) if n.kind == "container" else n for n in found.nodes)
    return replace(found, nodes=tuple(nodes))


@contextmanager
def reaching(small: bool) -> Iterator[Row]:
    """`reach(lab, "internet → *")`: the replica, the evaluation, and every packet that was sent."""
    twin = Lab.unpack(_crowd(small), TWIN)
    try:
        row = Row("reach of 50 containers and 500 rules", "ms", [Goal(500)])
        row.notes.append("most of it is reading 53 namespaces and making them once more")
        yield _measured(row, lambda: reach(twin, "internet → *"), small)
    finally:
        twin.down()
