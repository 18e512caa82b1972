"""A lab is looked at: once, and whenever it changes."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from netlab.lab import Lab
from netlab.linux.netlink.notifications import Notice
from tests.bench.harness import OURS, Goal, Row
from tests.bench.peer import ROOT, Peer
from tests.bench.rows_lab import lab


@contextmanager
def looking(small: bool) -> Iterator[Row]:
    """Links, addresses, routes, neighbours and rules of the lab host, into values.

    The kernel is asked each time; what it says in the same bytes as the last time is not parsed again. "The
    first time" parses all.
    """
    row = Row("snapshot of a namespace", "ms", [Goal(50, "ip -j"), Goal(15, "pyroute2")])
    with Peer("peer_look") as peer:
        contenders = {
            OURS: lambda: float(peer.ask("netlab")),
            "netlab, the first time": lambda: float(peer.ask("first")),
            "ip -j": lambda: float(peer.ask("ip")),
            "pyroute2": lambda: float(peer.ask("pyroute2")),
        }
        yield row.measure(contenders, 1 if small else 15)


@contextmanager
def hearing(small: bool) -> Iterator[Row]:
    """From asking for a change to a callback in Python: `lab.monitor` and a subscriber of pyroute2's.

    netlab's callback is on the machine and gets the message as a value; pyroute2's is in the lab host and
    gets its. The floor is a thread that does nothing but recv. Beside them `lab.watch`, which reads the lab
    again, compares, and tells in words what differs, with the snapshots before and after. An address more on
    lo, ten times a second.
    """
    row = Row("change to Python callback", "ms", [Goal(0.2), Goal(4, "pyroute2 subscriber")])
    count = 4 if small else 40
    with lab() as ours:
        notices: list[int] = []

        def note(notice: Notice) -> None:
            if notice.kind == "address":
                notices.append(time.monotonic_ns())

        with ours.monitor(note):
            row.samples[OURS] = taken(inside(ours, "blink", count), notices)
        heard: list[int] = []
        with ours.watch(lambda change: heard.append(time.monotonic_ns())) as watch:
            began = inside(ours, "blink", count, "10.7.0")
            last, deadline = f"10.7.0.{count - 1}", time.monotonic() + 10
            while not watch.snapshot.node("host").owns(last) and time.monotonic() < deadline:
                time.sleep(0.01)
        row.samples["netlab, in words"] = taken(began, heard)
        row.samples["pyroute2 subscriber"] = inside(ours, "pyroute2", count)
        row.samples["a bare recv in Python"] = inside(ours, "recv", count)
        floor = row.figures["a bare recv in Python"]
        row.notes.append(
            f"of it {floor:.2f} ms until any Python wakes; the rest reads the message, in cold caches"
        )
        yield row


def taken(began: list[float], heard: list[int]) -> list[float]:
    """Milliseconds from each change to the first that was heard after it."""
    return [(next(at for at in heard if at > was) - was) / 1e6 for was in began]


def inside(lab: Lab, *words: object) -> list[float]:
    """What tests.bench.inside_watch prints in the lab host."""
    line = shlex.join([sys.executable, "-m", "tests.bench.inside_watch", *map(str, words)])
    done = lab.run(["bash", "-c", f"cd {shlex.quote(str(ROOT))} && exec {line}"], timeout=100)
    assert done.returncode == 0, done.stderr
    found: list[float] = json.loads(done.stdout)
    return found
