"""Looking at a namespace: what netlab, `ip -j` and pyroute2 take to read the lab host of the base lab.

All read the same: links, addresses, routes, neighbours, rules. netlab and pyroute2 keep their socket open.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable

from pyroute2 import IPRoute

from netlab.linux.netlink import messages as rt
from netlab.linux.netlink import parse
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.netns import enter
from tests.bench.harness import milliseconds
from tests.bench.peer import run, serve
from tests.bench.peer_build import build, two_namespaces

LISTS = (("link",), ("addr",), ("route", "show", "table", "all"), ("neigh",), ("rule",))


def by_netlab(kernel: RouteSocket) -> int:
    interfaces = kernel.interfaces()
    names = {interface.index: interface.name for interface in interfaces}
    return len(interfaces) + len(kernel.routes(names) + kernel.neighbours(names) + kernel.policies())


def forget() -> None:
    """As if nothing had been read before."""
    for kind in (parse.link, parse.address, parse.leaves_by, parse.route, parse.policy, rt.ip, rt.mac):
        kind.cache_clear()


def by_ip() -> int:
    """One process for each list, its JSON read; the rules of IPv6 are one more."""
    lists = [*LISTS, ("-6", "rule"), ("-6", "route", "show", "table", "all")]
    return sum(len(json.loads(run(["ip", "-d", "-j", *words]) or "[]")) for words in lists)


def by_pyroute2(ipr: IPRoute) -> int:
    every = (ipr.get_links(), ipr.get_addr(), ipr.get_routes(), ipr.get_neighbours(), ipr.get_rules())
    return sum(len(list(each)) for each in every)


def median(work: Callable[[], object], times: int) -> float:
    """One go is many: a single one is as short as a hiccup of the machine."""
    return statistics.median(milliseconds(work) for _ in range(times))


if __name__ == "__main__":
    with two_namespaces() as host:
        build(host)
        with enter(host), RouteSocket() as kernel, IPRoute() as ipr:
            serve(
                {
                    "netlab": lambda: median(lambda: by_netlab(kernel), 20),
                    "first": lambda: median(lambda: (forget(), by_netlab(kernel)), 5),
                    "ip": lambda: median(by_ip, 1),
                    "pyroute2": lambda: median(lambda: by_pyroute2(ipr), 3),
                }
            )
