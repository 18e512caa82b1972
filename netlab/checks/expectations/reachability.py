"""Expectations about behaviour: a probe with a payload of our own is answered, or is not.

When it is not, clues look for the known causes, in the order in which a packet would meet them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from netlab.checks.expectations.bridge import find_chain, no_masquerade
from netlab.checks.runner import Trouble
from netlab.checks.world import CONTAINER, HOST, INTERNET, OUTSIDE, World, host_end
from netlab.errors import NetlabError
from netlab.i18n import gettext as _
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
        return _("{node} gets answers from {destination}").format(
            node=self.node, destination=self.destination
        )

    def trouble(self, world: World) -> Trouble | None:
        if found := impostor(world, self.destination, self.owner):
            return found
        if is_answered(world, self.node, self.destination):
            return None if self._is_witnessed(world) else pretender(self.destination, self.owner)
        for clue in self.clues:
            if trouble := clue(world):
                return trouble
        return Trouble(
            "no-answer",
            _("a probe from {node} to {destination} was not answered").format(
                node=self.node, destination=self.destination
            ),
            _(
                "Something on the way drops it. Look at each device on the path, then "
                "sysctls, routes, firewall."
            ),
        )

    def _is_witnessed(self, world: World) -> bool:
        with suppress(NetlabError, OSError):
            there = (self.node, self.destination, self.owner)
            return world.node(self.owner) is not None and world.lab.is_witnessed(*there, WAIT)
        return False


def pretender(destination: str, owner: str) -> Trouble:
    """Somebody else answers in the name of whoever has that address."""
    return Trouble(
        "pretender",
        _("answers came back, and {owner} has never seen the requests").format(owner=owner),
        _("Something on the way answers in the name of {destination}.").format(destination=destination),
        _("iptables -t nat -S shows rules that redirect; ss -wap shows programs that listen to raw packets"),
    )


def impostor(world: World, destination: str, owner: str) -> Trouble | None:
    """Another node holds the address of the one who may."""
    for node in world.snapshot.nodes:
        if node.name != owner and node.owns(destination):
            return Trouble(
                "impostor",
                _("{name} itself holds {destination}").format(name=node.name, destination=destination),
                _("An answer from there proves nothing: the address belongs to {owner}.").format(owner=owner),
                _("ip -br addr | grep {destination} shows where; ip addr delete takes it away").format(
                    destination=destination
                ),
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
        return _("{control} gets answers from {destination}, and {node} does not").format(
            control=self.control, destination=self.destination, node=self.node
        )

    def trouble(self, world: World) -> Trouble | None:
        if not is_answered(world, self.control, self.destination):
            return Trouble(
                "control-failed",
                _("not even {control} gets answers from {destination}").format(
                    control=self.control, destination=self.destination
                ),
                _("While nobody reaches it, this experiment says nothing about the container."),
                "ip -br link show eth0; ip route show default",
            )
        if not is_answered(world, self.node, self.destination):
            return None
        return Trouble(
            "reaches-already",
            _("{node} gets answers from {destination}").format(node=self.node, destination=self.destination),
            _(
                "In this lesson it is not meant to, yet: something has cured it ({forward} "
                "is {sysctl}). The lesson is about finding out what."
            ).format(forward=FORWARD, sysctl=world.sysctl(HOST, FORWARD) or _("not known")),
            _("echo 0 > /proc/sys/net/ipv4/ip_forward, or run the notebook's first cell again"),
        )


def is_answered(world: World, node: str, destination: str) -> bool:
    """Whether at least one probe came back. A node that is not there gets no answers."""
    if world.node(node) is None:
        return False
    try:
        return world.probe(node, destination, count=1, timeout=WAIT).received > 0
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
        _("the lab host has {same} routes to 172.17.0.0/16, and {devices}'s comes first").format(
            same=len(same), devices=devices[0]
        ),
        _(
            "The request arrives on {name}; the answer follows the first route, into a "
            "bridge with nothing plugged in."
        ).format(name=end.name),
        _("ip route get 172.17.1.2 shows where the answers go"),
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
                _("the lab host has the route “{route}”, past the bridge").format(route=route),
                _(
                    "{name} is a port of {master} now: what comes in there belongs to the "
                    "bridge, so answers must leave by the bridge too."
                ).format(name=end.name, master=end.master),
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
            _("{forward} is 1 inside {container}, and 0 on the lab host").format(
                forward=FORWARD, container=CONTAINER
            ),
            _("Every namespace has its own switch. The packet has to be passed on by the lab host."),
            "cat /proc/sys/net/ipv4/ip_forward, without ip netns exec",
        )
    return Trouble(
        "forwarding-off",
        _("a probe from {container} was not answered, and {forward} is 0 on the lab host").format(
            container=CONTAINER, forward=FORWARD
        ),
        _("The lab host throws away what is not for itself before its firewall even sees it."),
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
                    _("the chain {name} holds the rule “{text}”").format(name=name, text=rule.text),
                    _("The packet is forwarded now, so it meets the firewall, and this rule throws it away."),
                    f"iptables -D {name} {rule.text}",
                )
        if chain and chain.policy == "DROP" and not chain.rules:
            return Trouble(
                "forward-drop",
                _("the chain {name} has no rules, and the policy DROP").format(name=name),
                _("The packet is forwarded now, so it meets the firewall, and no rule lets it through."),
                f"iptables -P {name} ACCEPT",
            )
    return None


def to_the_outside() -> Reaches:
    """The container reaches the lecture's address on the internet."""
    return Reaches(CONTAINER, OUTSIDE, clues=(forwarding_off, forward_drop, no_masquerade, route_to_port))
