"""A host with many containers' namespaces, restored by a shell script, and by pyroute2 with iptables-restore.

What both make: a bridge, and for each namespace a cable into it, an address and a default route; and rules.
Neither makes containers (process trees and file systems), nor reads back what it made.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from tests.bench.harness import milliseconds
from tests.bench.peer import run, serve

GATEWAY = "172.17.0.1"


def address(number: int) -> str:
    """Of a container."""
    return f"172.17.{number // 250 + 1}.{number % 250 + 1}"


def rules(count: int) -> str:
    """What iptables-restore takes: so many rules."""
    lines = [f"-A INPUT -s 10.{n >> 16}.{n >> 8 & 255}.{n & 255}/32 -j DROP" for n in range(count)]
    return "\n".join(["*filter", *lines, "COMMIT", ""])


def script(containers: int) -> str:
    """Of ip(8), as one would write it."""

    def lines() -> Iterator[str]:
        yield "ip link add docker0 type bridge; ip addr add 172.17.0.1/16 dev docker0; ip link set docker0 up"
        for n in range(containers):
            yield f"ip netns add c{n}; ip link add v{n} type veth peer name eth0 netns c{n}"
            yield f"ip link set v{n} master docker0; ip link set v{n} up; ip -n c{n} link set lo up"
            yield f"ip -n c{n} addr add {address(n)}/16 dev eth0; ip -n c{n} link set eth0 up"
            yield f"ip -n c{n} route add default via {GATEWAY}"

    return "\n".join(lines())


def by_shell(containers: int, count: int) -> float:
    """Milliseconds."""

    def work() -> None:
        run(["bash", "-e"], script(containers))
        run(["iptables-restore", "-n"], rules(count))

    return _measure(work, containers)


def by_pyroute2(containers: int, count: int) -> float:
    """The same, one call at a time, in one process."""
    from pyroute2 import IPRoute, NetNS

    def work() -> None:
        with IPRoute() as host:
            host.link("add", ifname="docker0", kind="bridge")
            bridge = host.link_lookup(ifname="docker0")[0]
            host.addr("add", index=bridge, address=GATEWAY, prefixlen=16)
            host.link("set", index=bridge, state="up")
            for n in range(containers):
                with NetNS(f"c{n}", flags=os.O_CREAT) as inside:
                    peer = {"ifname": "eth0", "net_ns_fd": f"c{n}"}
                    host.link("add", ifname=f"v{n}", kind="veth", peer=peer)
                    port = host.link_lookup(ifname=f"v{n}")[0]
                    host.link("set", index=port, master=bridge, state="up")
                    eth0 = inside.link_lookup(ifname="eth0")[0]
                    inside.link("set", index=1, state="up")
                    inside.addr("add", index=eth0, address=address(n), prefixlen=16)
                    inside.link("set", index=eth0, state="up")
                    inside.route("add", dst="default", gateway=GATEWAY)
        run(["iptables-restore", "-n"], rules(count))

    return _measure(work, containers)


def _measure(work: object, containers: int) -> float:
    taken = milliseconds(work)  # type: ignore[arg-type]
    names = " ".join(f"c{n}" for n in range(containers))
    run(["bash", "-e"], f"iptables -F; ip link del docker0; for n in {names}; do ip netns del $n; done")
    return taken


if __name__ == "__main__":
    run(["mount", "-t", "tmpfs", "tmpfs", "/run"])
    run(["mkdir", "-p", "/run/netns", "/run/lock"])
    serve({"shell": by_shell, "pyroute2": by_pyroute2})
