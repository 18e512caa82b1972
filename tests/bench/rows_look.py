"""A lab is looked at: once, and whenever it changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench.harness import OURS, Goal, Row
from tests.bench.peer import Peer


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
