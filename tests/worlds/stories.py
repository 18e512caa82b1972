"""Snapshots by hand, and a lab that only pretends: what the tests of lessons and checks stand on.

`World` is changed by methods named after what a learner types; `snapshot()` freezes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from subprocess import CompletedProcess

from netlab.errors import UnknownName
from netlab.model import Address, Chain, Interface, InterfaceId, Node, Route, Rule, Snapshot
from netlab.packets.dns import Told

INTERNET, HOST, CONTAINER = 100, 200, 300
OUTSIDE = "39.106.233.176"


@dataclass
class Answer:
    """A probe's answer."""

    sent: int
    received: int
    errors: tuple[str, ...] = ()
    refused: int = 0
    round_trips_ms: tuple[float, ...] = ()
    outcomes: tuple[bool, ...] = ()


def interface(netns: int, index: int, name: str, kind: str = "veth", *addresses: str) -> Interface:
    """An interface that is up, with addresses given as "172.17.1.2/16"."""
    flags = frozenset(("UP", "LOWER_UP"))
    split = [text.split("/") for text in addresses]
    held = tuple(Address(address, int(length)) for address, length in split)
    return Interface(netns, index, name, kind, flags, "UP", addresses=held)


def base() -> dict[str, Node]:
    """The lab as it is when it has just come up: internet and host, no container."""
    up = interface(INTERNET, 2, "uplink", "veth", "192.0.2.1/24")
    out = interface(HOST, 2, "eth0", "veth", "192.0.2.10/24")
    bridge = interface(HOST, 3, "docker0", "bridge", "172.17.0.1/16")
    lo = interface(INTERNET, 1, "lo", "loopback", f"{OUTSIDE}/32")
    routes = (Route("default", "eth0", "192.0.2.1"), Route("172.17.0.0/16", "docker0"))
    forward = Chain("ip", "filter", "FORWARD", "DROP", rules=(Rule("-j DOCKER-USER", "DOCKER-USER"),))
    nat = Chain("ip", "nat", "POSTROUTING", "ACCEPT", rules=(Rule("-j MASQUERADE", "MASQUERADE"),))
    return {
        "internet": Node(
            INTERNET, "internet", "internet", interfaces=(lo, replace(up, peer=InterfaceId(HOST, 2)))
        ),
        "host": Node(
            HOST,
            "host",
            "host",
            interfaces=(replace(out, peer=InterfaceId(INTERNET, 2)), bridge),
            routes=routes,
            chains=(forward, nat),
            sysctls={"net.ipv4.ip_forward": "0"},
        ),
    }


@dataclass
class World:
    """A lab under construction."""

    nodes: dict[str, Node] = field(default_factory=base)

    def container(self, name: str = "if-test") -> World:
        """docker run --network none."""
        lo = interface(CONTAINER, 1, "lo", "loopback", "127.0.0.1/8")
        self.nodes[name] = Node(CONTAINER, name, "container", pid=43, interfaces=(lo,))
        return self

    def cable(self, inside: str = "eth0", outside: str = "veth_host", master: str = "") -> World:
        """A veth pair between the lab host and if-test."""
        outer = replace(interface(HOST, 9, outside, "veth"), peer=InterfaceId(CONTAINER, 8), master=master)
        self.add("host", outer)
        self.add("if-test", replace(interface(CONTAINER, 8, inside, "veth"), peer=InterfaceId(HOST, 9)))
        return self

    def spare_cable(self, node: str = "host") -> World:
        """A veth pair with both ends in one place."""
        netns = self.nodes[node].netns
        self.add(node, replace(interface(netns, 8, "veth_container"), peer=InterfaceId(netns, 9)))
        self.add(node, replace(interface(netns, 9, "veth_host"), peer=InterfaceId(netns, 8)))
        return self

    def add(self, node: str, *new: Interface) -> World:
        found = self.nodes[node]
        self.nodes[node] = replace(found, interfaces=(*found.interfaces, *new))
        return self

    def change(self, node: str, which: str, **values: object) -> World:
        """Replace fields of an interface."""
        found = self.nodes[node]
        changed = tuple(replace(i, **values) if i.name == which else i for i in found.interfaces)
        self.nodes[node] = replace(found, interfaces=changed)
        return self

    def address(self, node: str, name: str, *addresses: str) -> World:
        """The addresses that an interface has from now on."""
        return self.change(node, name, addresses=interface(0, 0, "", "", *addresses).addresses)

    def down(self, node: str, name: str) -> World:
        return self.change(node, name, flags=frozenset(), operstate="DOWN")

    def route(self, node: str, *routes: Route) -> World:
        found = self.nodes[node]
        self.nodes[node] = replace(found, routes=(*found.routes, *routes))
        return self

    def sysctl(self, node: str, name: str, value: str) -> World:
        found = self.nodes[node]
        self.nodes[node] = replace(found, sysctls={**found.sysctls, name: value})
        return self

    def chain(self, chain: Chain) -> World:
        """Put a chain in the place of the one of the same name."""
        host = self.nodes["host"]
        kept = tuple(c for c in host.chains if (c.table, c.name) != (chain.table, chain.name))
        self.nodes["host"] = replace(host, chains=(*kept, chain))
        return self

    def snapshot(self) -> Snapshot:
        return Snapshot(0, "test", tuple(self.nodes.values()))


@dataclass
class PretendLab:
    """A lab that shows a world and answers the probes it is told to. It remembers what was asked."""

    world: World
    reaches: Callable[[str, str], bool] = lambda node, destination: node == "host"
    asked: list[tuple[str, str]] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    pretends: bool = False  # somebody on the way answers in the destination's name

    def snapshot(self) -> Snapshot:
        return self.world.snapshot()

    def run(
        self, argv: Sequence[str], node: str = "host", input: str = "", timeout: float = 30
    ) -> CompletedProcess[str]:
        """Whatever is run has nothing to say."""
        return CompletedProcess(list(argv), 0, "", "")

    def probe(
        self, node: str, destination: str, count: int = 2, timeout: float = 1.0, **order: object
    ) -> Answer:
        self.asked.append((node, destination))
        if not self.world.snapshot().has_node(node):
            raise UnknownName("node", node, self.world.nodes)
        return Answer(count, count if self.reaches(node, destination) else 0)

    def is_witnessed(
        self, node: str, destination: str, witness: str, timeout: float = 1.0, **order: object
    ) -> bool:
        return not self.pretends and self.reaches(node, destination)

    def etc(self, node: str, file: str) -> str:
        """No file says anything."""
        return ""

    def ask(self, node: str, server: str, name: str, witness: str = "", timeout: float = 1.0) -> Told:
        """No name server answers."""
        return Told()

    def script(self, text: str, node: str = "host", timeout: float = 60) -> None:
        self.typed.append(text)
