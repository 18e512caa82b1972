"""The base lab by way of Mininet's Python API (Debian's package, so run by Debian's Python)."""

from __future__ import annotations

import sys
import time

sys.path.append("/usr/lib/python3/dist-packages")  # where Debian has it, whichever Python runs this
from mininet.link import Link
from mininet.net import Mininet
from mininet.node import Node

from tests.bench import base_lab
from tests.bench.harness import milliseconds
from tests.bench.peer import run, serve


def _nodes() -> list[Node]:
    return [Node("internet"), Node("host")]


def _fill(internet: Node, host: Node) -> None:
    """The cable by Mininet's Link, the rest as commands, which is how Mininet does it, too."""
    Link(internet, host, intfName1="uplink", intfName2="eth0")
    _commands(internet, host)


def _commands(internet: Node, host: Node) -> None:
    for line in [line for line in base_lab.internet() if "veth" not in line]:
        internet.cmd(line)
    for line in base_lab.host():
        host.cmd(line)


def _end(nodes: list[Node]) -> None:
    """As Mininet.stop ends its hosts."""
    for node in nodes:
        node.deleteIntfs()
        node.terminate()


def build() -> float:
    nodes = _nodes()
    taken = milliseconds(lambda: _fill(*nodes))
    _end(nodes)
    return taken


def up() -> float:
    nodes: list[Node] = []

    def all_of_it() -> None:
        nodes.extend(_nodes())
        _fill(*nodes)
        nodes[1].cmd("true")

    taken = milliseconds(all_of_it)
    _end(nodes)
    return taken


def down() -> float:
    """By the network's own stop, with its nodes and cables registered as its API does it."""
    net = Mininet(controller=None, build=False)
    nodes = [net.addHost(name, ip=None) for name in ("internet", "host")]
    net.addLink(*nodes, intfName1="uplink", intfName2="eth0")
    _commands(*nodes)
    return milliseconds(net.stop)


def crowd(count: int) -> tuple[list[float], float]:
    """Milliseconds that each of so many labs takes, and MiB of memory for each."""
    before, labs, taken = _available(), [], []
    for _ in range(count):
        began = time.perf_counter()
        labs.append(_nodes())
        _fill(*labs[-1])
        taken.append((time.perf_counter() - began) * 1000)
    memory = (before - _available()) / count
    for nodes in labs:
        _end(nodes)
    return taken, memory


def _available() -> float:
    with open("/proc/meminfo") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("MemAvailable")) / 1024


def rules() -> str:
    """What has been built, for a look: the host's rules."""
    nodes = _nodes()
    _fill(*nodes)
    found = str(nodes[1].cmd("iptables -S"))
    _end(nodes)
    return found


if __name__ == "__main__":
    run(["ip", "link", "set", "lo", "up"])
    serve({"build": build, "up": up, "down": down, "crowd": crowd, "rules": rules})
