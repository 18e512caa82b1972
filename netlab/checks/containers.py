"""Expectations about the container: that it runs, what network it has, what its namespace is called."""

from __future__ import annotations

from dataclasses import dataclass

from netlab.checks.story import Trouble
from netlab.checks.world import CONTAINER, HOST, World, cable
from netlab.model import Interface, Node


@dataclass(frozen=True, slots=True)
class ContainerRunning:
    """A container of that name runs, in a network namespace of its own."""

    name: str = CONTAINER

    def describe(self) -> str:
        return f"the container {self.name} runs"

    def trouble(self, world: World) -> Trouble | None:
        node = world.node(self.name)
        if node and node.kind == "host":
            return Trouble(
                "host-network",
                f"{self.name} runs in the lab host's own network namespace",
                "With --network host a container gets no namespace of its own: it sees the host's.",
                f"docker stop {self.name}; docker rm {self.name}, and start it again without --network host",
            )
        if node and node.kind == "container":
            return None
        others = [n.name for n in world.snapshot.nodes if n.kind == "container"]
        if others and self.name == CONTAINER:
            return Trouble(
                "other-name",
                f"a container runs, but it is called {', '.join(others)}",
                f"The lesson's other commands say {self.name}, so the container needs that name.",
                f"docker stop {others[0]}; docker rm {others[0]}, then again with --name {self.name}",
            )
        return Trouble(
            "not-running",
            f"no container {self.name} is running",
            "A container lives as long as the program in it. One that was stopped, or whose program has "
            "ended, has no network namespace any more; one with --network host never had one.",
            "docker ps -a",
        )


@dataclass(frozen=True, slots=True)
class OnBridge:
    """The container has a cable to the bridge and an address there, as Docker gives it."""

    bridge: str = "docker0"

    def describe(self) -> str:
        return f"its eth0 has an address and a cable to {self.bridge}"

    def trouble(self, world: World) -> Trouble | None:
        eth0 = world.interface(CONTAINER, "eth0")
        ends = cable(world.snapshot, HOST, CONTAINER)
        if eth0 is None or not ipv4(eth0):
            return Trouble(
                "no-network",
                f"{CONTAINER} runs, and has {interfaces_of(world.node(CONTAINER))}",
                "It was started without Docker's usual network. That comes in lesson 02; here it needs one.",
                f"docker stop {CONTAINER}; docker rm {CONTAINER}, then without --network",
            )
        if ends is None or ends[0].master != self.bridge:
            return Trouble(
                "not-a-port",
                f"{CONTAINER}'s eth0 is not connected to {self.bridge}",
                "The container sits on another network than the usual one.",
                f"ip link show master {self.bridge}",
            )
        return None


@dataclass(frozen=True, slots=True)
class OnlyLoopback:
    """The container has lo and nothing else."""

    def describe(self) -> str:
        return "it has no interface but lo"

    def trouble(self, world: World) -> Trouble | None:
        node = world.node(CONTAINER)
        if node is None or all(i.name == "lo" for i in node.interfaces):
            return None
        return Trouble(
            "has-network",
            f"{CONTAINER} has {interfaces_of(node)}",
            "This container was started with the network Docker gives by default.",
            "Remove it, and start it again with --network none",
        )


@dataclass(frozen=True, slots=True)
class Named:
    """The container's namespace has a name in /run/netns, so that `ip netns` knows it."""

    def describe(self) -> str:
        return "its network namespace has a name that `ip netns` knows"

    def trouble(self, world: World) -> Trouble | None:
        node, host = world.node(CONTAINER), world.node(HOST)
        if node and names(node):
            return None
        if host and names(host):
            return Trouble(
                "host-named",
                f"the name {names(host)[0]} leads to the lab host's own namespace",
                "The link goes to a process that is not in the container: its ns/net is the host's.",
                'ps -ef | grep "sleep 36000" shows which process is the container\'s',
            )
        loose = [n.name for n in world.snapshot.nodes if n.kind == "netns"]
        if loose:
            return Trouble(
                "unrelated-namespace",
                f"there is a namespace {loose[0]}, and it is not {CONTAINER}'s",
                "`ip netns add` makes a new, empty namespace. The container's exists: it only needs a name.",
                "link /proc/$pid/ns/net into /var/run/netns, with the pid of the container's sleep",
            )
        return Trouble(
            "no-name",
            f"no name in /var/run/netns leads to {CONTAINER}'s namespace",
            "If you made a link, it leads nowhere: every %%bash cell is a new shell, so $pid is empty unless "
            "the same cell sets it.",
            "ls -l /var/run/netns",
        )


def names(node: Node) -> tuple[str, ...]:
    """The names `ip netns` knows it by. A container's id or image is none of them."""
    return tuple(a for a in node.aliases if a != node.name)


def ipv4(interface: Interface) -> list[str]:
    return [str(a) for a in interface.addresses if a.family == 4]


def interfaces_of(node: Node | None) -> str:
    """Its interfaces with their addresses, as a phrase."""
    if node is None or not node.interfaces:
        return "no interface at all"
    return ", ".join(" ".join([i.name, *ipv4(i)]) for i in node.interfaces)
