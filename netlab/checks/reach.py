"""Expectations about behaviour: a probe with a payload of our own is answered, or is not.

When it is not, clues look for the known causes, in the order in which a packet would meet them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from netlab.checks.bridge import find_chain, no_masquerade
from netlab.checks.story import Trouble
from netlab.checks.world import CONTAINER, HOST, INTERNET, OUTSIDE, World, host_end
from netlab.errors import NetlabError
from netlab.model import Route

FORWARD = "net.ipv4.ip_forward"
LINKDOWN = "net.ipv4.conf.docker0.ignore_routes_with_linkdown"
WAIT = 0.6  # seconds for one answer; inside a lab it takes well under a millisecond

Clue = Callable[[World], Trouble | None]


@dataclass(frozen=True, slots=True)
class Reaches:
    """A probe from that node is answered by the one node that may hold the address."""

    node: str
    destination: str
    owner: str = INTERNET
    clues: tuple[Clue, ...] = ()

    def describe(self) -> str:
        return f"{self.node} gets answers from {self.destination}"

    def trouble(self, world: World) -> Trouble | None:
        impostor = self._impostor(world)
        if impostor:
            return impostor
        if answered(world, self.node, self.destination):
            return self._pretender(world)
        for clue in self.clues:
            if trouble := clue(world):
                return trouble
        return Trouble(
            "no-answer",
            f"a probe from {self.node} to {self.destination} was not answered",
            "Something on the way drops it. Look at each device on the path, then sysctls, routes, firewall.",
        )

    def _pretender(self, world: World) -> Trouble | None:
        with suppress(NetlabError, OSError):
            if world.lab.witnessed(self.node, self.destination, self.owner, WAIT):
                return None
        return Trouble(
            "pretender",
            f"answers came back, and {self.owner} has never seen the requests",
            f"Something on the way answers in the name of {self.destination}.",
            "iptables -t nat -S shows rules that redirect; ss -wap shows programs that listen to raw packets",
        )

    def _impostor(self, world: World) -> Trouble | None:
        for node in world.snapshot.nodes:
            if node.name != self.owner and node.owns(self.destination):
                return Trouble(
                    "impostor",
                    f"{node.name} itself holds {self.destination}",
                    f"An answer from there proves nothing: the address belongs to {self.owner}.",
                    f"ip -br addr | grep {self.destination} shows where; ip addr delete takes it away",
                )
        return None


@dataclass(frozen=True, slots=True)
class DoesNotReach:
    """A probe from that node is lost, and the same probe from another node is answered.

    The second half comes first: without it, a broken probe would look like a lost packet.
    """

    node: str
    destination: str
    control: str = HOST

    def describe(self) -> str:
        return f"{self.control} gets answers from {self.destination}, and {self.node} does not"

    def trouble(self, world: World) -> Trouble | None:
        if not answered(world, self.control, self.destination):
            return Trouble(
                "control-failed",
                f"not even {self.control} gets answers from {self.destination}",
                "While nobody reaches it, this experiment says nothing about the container.",
                "ip -br link show eth0; ip route show default",
            )
        if not answered(world, self.node, self.destination):
            return None
        return Trouble(
            "reaches-already",
            f"{self.node} gets answers from {self.destination}",
            f"In this lesson it is not meant to, yet: something has cured it ({FORWARD} is "
            f"{world.sysctl(HOST, FORWARD) or 'not known'}). The lesson is about finding out what.",
            "echo 0 > /proc/sys/net/ipv4/ip_forward, or run the notebook's first cell again",
        )


def answered(world: World, node: str, destination: str) -> bool:
    """Whether at least one probe came back. A node that is not there gets no answers."""
    if world.node(node) is None:
        return False
    try:
        return world.lab.probe(node, destination, count=1, timeout=WAIT).received > 0
    except (NetlabError, OSError):
        return False


def two_routes(world: World) -> Trouble | None:
    """Two equal connected routes, and the one that wins leads to a bridge without a port."""
    host, end = world.node(HOST), host_end(world.snapshot)
    if host is None or end is None:
        return None
    same = [r for r in host.routes if r.destination == "172.17.0.0/16" and r.table == "main"]
    devices = [r.device for r in sorted(same, key=_metric)]
    if not {"docker0", end.name} <= set(devices) or world.sysctl(HOST, LINKDOWN) == "1":
        return None
    return Trouble(
        "two-routes",
        f"the lab host has {len(same)} routes to 172.17.0.0/16, and {devices[0]}'s comes first",
        f"The request arrives on {end.name}; the answer follows the first route, into a bridge with nothing "
        "plugged in.",
        "ip route get 172.17.1.2 shows where the answers go",
    )


def _metric(route: Route) -> int:
    return route.metric


def route_to_port(world: World) -> Trouble | None:
    """A route that leads to the bridge's port instead of the bridge."""
    host, end = world.node(HOST), host_end(world.snapshot)
    if host is None or end is None or not end.master:
        return None
    for route in host.routes:
        if route.device == end.name and route.table == "main" and ":" not in route.destination:
            return Trouble(
                "route-to-port",
                f"the lab host has the route “{route}”, past the bridge",
                f"{end.name} is a port of {end.master} now: what comes in there belongs to the bridge, "
                "so answers must leave by the bridge too.",
                f"ip route delete {route.destination} dev {end.name}",
            )
    return None


def forwarding_off(world: World) -> Trouble | None:
    """The lab host does not forward."""
    if world.sysctl(HOST, FORWARD) != "0":
        return None
    if world.sysctl(CONTAINER, FORWARD) == "1":
        return Trouble(
            "forwarding-in-container",
            f"{FORWARD} is 1 inside {CONTAINER}, and 0 on the lab host",
            "Every namespace has its own switch. The packet has to be passed on by the lab host.",
            "cat /proc/sys/net/ipv4/ip_forward, without ip netns exec",
        )
    return Trouble(
        "forwarding-off",
        f"a probe from {CONTAINER} was not answered, and {FORWARD} is 0 on the lab host",
        "The lab host throws away what is not for itself before its firewall even sees it.",
        "cat /proc/sys/net/ipv4/ip_forward",
    )


def forward_drop(world: World) -> Trouble | None:
    """A rule, or the policy with nothing before it, drops what is forwarded."""
    for name in ("DOCKER-USER", "FORWARD"):
        chain = find_chain(world, "filter", name)
        for rule in chain.rules if chain else ():
            if rule.target in ("DROP", "REJECT"):
                return Trouble(
                    "forward-drop",
                    f"the chain {name} holds the rule “{rule.text}”",
                    "The packet is forwarded now, so it meets the firewall, and this rule throws it away.",
                    f"iptables -D {name} {rule.text}",
                )
        if chain and chain.policy == "DROP" and not chain.rules:
            return Trouble(
                "forward-drop",
                f"the chain {name} has no rules, and the policy DROP",
                "The packet is forwarded now, so it meets the firewall, and no rule lets it through.",
                f"iptables -P {name} ACCEPT",
            )
    return None


def to_the_outside() -> Reaches:
    """The container reaches the lecture's address on the internet."""
    return Reaches(CONTAINER, OUTSIDE, clues=(forwarding_off, forward_drop, no_masquerade, route_to_port))
