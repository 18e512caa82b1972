"""Expectations about the container: that it runs, what network it has, what its namespace is called."""

from __future__ import annotations

from dataclasses import dataclass

from netlab.checks.runner import Trouble
from netlab.checks.world import CONTAINER, HOST, World, cable
from netlab.i18n import gettext as _
from netlab.model import Interface, Node


def namespace_gone(name: str) -> Trouble:
    """What the lesson began with is not there any more."""
    return Trouble(
        "namespace-gone",
        _("there is no namespace called {name} any more").format(name=name),
        _("It was made when the lesson began; run the notebook's first cell again."),
    )


@dataclass(frozen=True, slots=True)
class ContainerRunning:
    """A container of that name runs, in a network namespace of its own."""

    name: str = CONTAINER

    def describe(self) -> str:
        return _("the container {name} runs").format(name=self.name)

    def trouble(self, world: World) -> Trouble | None:
        node = world.by_name(self.name)
        if node and node.kind == "host":
            return Trouble(
                "host-network",
                _("{name} runs in the lab host's own network namespace").format(name=self.name),
                _("With --network host a container gets no namespace of its own: it sees the host's."),
                _("docker stop {name}; docker rm {name}, and start it again without --network host").format(
                    name=self.name
                ),
            )
        if node and node.kind == "container" and node.name == self.name:
            return None
        others = [n.name for n in world.snapshot.nodes if n.kind == "container"]
        if others and self.name == CONTAINER:
            return Trouble(
                "other-name",
                _("a container runs, but it is called {others}").format(others=", ".join(others)),
                _("The lesson's other commands say {name}, so the container needs that name.").format(
                    name=self.name
                ),
                _("docker stop {others}; docker rm {others}, then again with --name {name}").format(
                    others=others[0], name=self.name
                ),
            )
        return Trouble(
            "not-running",
            _("no container {name} is running").format(name=self.name),
            _(
                "A container lives as long as the program in it. One that was stopped, or "
                "whose program has ended, has no network namespace any more; one with "
                "--network host never had one."
            ),
            "docker ps -a",
        )


@dataclass(frozen=True, slots=True)
class OnBridge:
    """The container has a cable to the bridge and an address there, as Docker gives it."""

    bridge: str = "docker0"

    def describe(self) -> str:
        return _("its eth0 has an address and a cable to {bridge}").format(bridge=self.bridge)

    def trouble(self, world: World) -> Trouble | None:
        eth0 = world.interface(CONTAINER, "eth0")
        ends = cable(world.snapshot, HOST, CONTAINER)
        if eth0 is None or not ipv4(eth0):
            return Trouble(
                "no-network",
                _("{container} runs, and has {interfaces_of}").format(
                    container=CONTAINER, interfaces_of=interfaces_of(world.node(CONTAINER))
                ),
                _(
                    "It was started without Docker's usual network. That comes in lesson 02; "
                    "here it needs one."
                ),
                _("docker stop {container}; docker rm {container}, then without --network").format(
                    container=CONTAINER
                ),
            )
        if ends is None or ends[0].master != self.bridge:
            return Trouble(
                "not-a-port",
                _("{container}'s eth0 is not connected to {bridge}").format(
                    container=CONTAINER, bridge=self.bridge
                ),
                _("The container sits on another network than the usual one."),
                f"ip link show master {self.bridge}",
            )
        return None


@dataclass(frozen=True, slots=True)
class OnlyLoopback:
    """The container has lo and nothing else."""

    def describe(self) -> str:
        return _("it has no interface but lo")

    def trouble(self, world: World) -> Trouble | None:
        node = world.node(CONTAINER)
        if node is None or all(i.name == "lo" for i in node.interfaces):
            return None
        return Trouble(
            "has-network",
            _("{container} has {interfaces}").format(container=CONTAINER, interfaces=interfaces_of(node)),
            _("This container was started with the network Docker gives by default."),
            _("Remove it, and start it again with --network none"),
        )


@dataclass(frozen=True, slots=True)
class Named:
    """The container's namespace has a name in /run/netns, so that `ip netns` knows it."""

    def describe(self) -> str:
        return _("its network namespace has a name that `ip netns` knows")

    def trouble(self, world: World) -> Trouble | None:
        node, host = world.node(CONTAINER), world.node(HOST)
        if node and names(node):
            return None
        if host and names(host):
            return Trouble(
                "host-named",
                _("the name {names} leads to the lab host's own namespace").format(names=names(host)[0]),
                _("The link goes to a process that is not in the container: its ns/net is the host's."),
                _('ps -ef | grep "sleep 36000" shows which process is the container\'s'),
            )
        loose = [n.name for n in world.snapshot.nodes if n.kind == "netns"]
        if loose:
            return Trouble(
                "unrelated-namespace",
                _("there is a namespace {loose}, and it is not {container}'s").format(
                    loose=loose[0], container=CONTAINER
                ),
                _(
                    "`ip netns add` makes a new, empty namespace. The container's exists: it "
                    "only needs a name."
                ),
                _("link /proc/$pid/ns/net into /var/run/netns, with the pid of the container's sleep"),
            )
        return Trouble(
            "no-name",
            _("no name in /var/run/netns leads to {container}'s namespace").format(container=CONTAINER),
            _(
                "If you made a link, it leads nowhere: every %%bash cell is a new shell, so "
                "$pid is empty unless the same cell sets it."
            ),
            "ls -l /var/run/netns",
        )


def names(node: Node) -> tuple[str, ...]:
    """The names `ip netns` knows it by. A container's id or image is none of them."""
    return tuple(a for a in node.aliases if a != node.name)


def ipv4(interface: Interface) -> list[str]:
    """Its IPv4 addresses, without their prefix lengths."""
    return [str(a) for a in interface.addresses if a.family == 4]


def interfaces_of(node: Node | None) -> str:
    """Its interfaces with their addresses, as a phrase."""
    if node is None or not node.interfaces:
        return _("no interface at all")
    return ", ".join(" ".join([i.name, *ipv4(i)]) for i in node.interfaces)
