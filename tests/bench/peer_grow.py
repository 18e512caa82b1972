"""How long it takes to read a namespace that holds more and more: interfaces, or firewall rules."""

from __future__ import annotations

import statistics

from netlab.linux import firewall, syscalls
from netlab.linux.netlink.route import RouteSocket
from tests.bench.harness import milliseconds
from tests.bench.peer import run, serve
from tests.bench.peer_build import in_a_child
from tests.bench.peer_look import by_netlab

TIMES = 5


def interfaces(count: int) -> float:
    """Milliseconds for links, addresses, routes, neighbours and rules of so many interfaces, in pairs."""

    def work() -> float:
        syscalls.unshare(syscalls.CLONE_NEWNET)
        pairs = range(count // 2)
        run(["ip", "-batch", "-"], "\n".join(f"link add a{n} type veth peer name b{n}" for n in pairs))
        with RouteSocket() as kernel:
            assert len(kernel.interfaces()) == 1 + count // 2 * 2
            return statistics.median(milliseconds(lambda: by_netlab(kernel)) for _ in range(TIMES))

    return float(in_a_child(work))


def rules(count: int) -> float:
    """Milliseconds for a chain of `count` rules, with their counters; iptables-save reads them for us."""

    def work() -> float:
        syscalls.unshare(syscalls.CLONE_NEWNET)
        lines = [f"-A INPUT -s 10.{n >> 8}.{n & 255}.1 -j DROP" for n in range(count)]
        run(["iptables-restore"], "\n".join(["*filter", ":INPUT ACCEPT [0:0]", *lines, "COMMIT", ""]))
        assert sum(len(chain.rules) for chain in firewall.chains()) == count
        return statistics.median(milliseconds(firewall.chains) for _ in range(TIMES))

    return float(in_a_child(work))


if __name__ == "__main__":
    serve({"interfaces": interfaces, "rules": rules})
