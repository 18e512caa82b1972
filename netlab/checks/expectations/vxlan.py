"""Expectations about a VXLAN tunnel between two hosts: its two ends, who lives behind them, and what fits."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from netlab.checks.expectations.containers import namespace_gone
from netlab.checks.expectations.reachability import WAIT
from netlab.checks.runner import Trouble
from netlab.checks.world import CONTAINER, HOST, World
from netlab.errors import NetlabError
from netlab.i18n import gettext as _
from netlab.model import Interface

OTHER_HOST, FAR, BRIDGE = "host2", "far", "br0"
ADDRESSES = {HOST: "198.51.100.1", OTHER_HOST: "198.51.100.2"}  # on the cable between the hosts
INSIDE = {CONTAINER: "10.99.0.1", FAR: "10.99.0.2"}  # in the street that the tunnel makes
EVERYBODY = "00:00:00:00:00:00"  # the entry for frames to everybody, and to MAC addresses without an entry
HEADERS = 28  # bytes of IP and ICMP before a probe's own


@dataclass(frozen=True, slots=True)
class TunnelEnds:
    """On both hosts a VXLAN is a port of the bridge and up, with one number and one UDP port."""

    def describe(self) -> str:
        return _("on both hosts a VXLAN with the same number, plugged into br0 and up")

    def trouble(self, world: World) -> Trouble | None:
        ends: list[Interface] = []
        for host in ADDRESSES:
            node = world.node(host)
            if node is None:
                return namespace_gone(host)
            found = [i for i in node.interfaces if i.kind == "vxlan"]
            end = next((i for i in found if i.master == BRIDGE), found[0] if found else None)
            trouble = _end_trouble(host, end)
            if trouble or end is None:
                return trouble
            ends.append(end)
        return _difference(*ends)


def typed_on(host: str, command: str) -> str:
    """The command of ip or bridge as it is typed on the lab host for that host."""
    tool, words = command.split(maxsplit=1)
    return command if host == HOST else f"{tool} -n {host} {words}"


def _end_trouble(host: str, end: Interface | None) -> Trouble | None:
    if end is None:
        return Trouble(
            "no-tunnel",
            _("{host} has no VXLAN").format(host=host),
            _("A tunnel has two ends, and each host makes its own."),
            typed_on(host, "ip -d link show type vxlan"),
        )
    if end.master != BRIDGE:
        return Trouble(
            "not-plugged",
            _("{name} on {host} is not a port of br0").format(name=end.name, host=host),
            _("A frame for the other host reaches the tunnel as it reaches any port: by way of the bridge."),
            typed_on(host, f"ip link set {end.name} master br0"),
        )
    if not end.is_up:
        return Trouble(
            "tunnel-down",
            _("{name} on {host} is down").format(name=end.name, host=host),
            _("New interfaces are off, tunnels too."),
            typed_on(host, f"ip link set {end.name} up"),
        )
    return None


def _difference(one: Interface, other: Interface) -> Trouble | None:
    for detail, id, hint in (
        (
            "vxlan id",
            "other-vni",
            _("The number says to which network a packet belongs. Another number is another network."),
        ),
        (
            "vxlan port",
            "other-port",
            _("Each end sends to the UDP port that it listens on itself; the other one must listen there."),
        ),
    ):
        here, there = one.details.get(detail, ""), other.details.get(detail, "")
        if here != there:
            return Trouble(
                id,
                _("{detail} is {here} on host and {there} on {host}").format(
                    detail=detail, here=here, there=there, host=OTHER_HOST
                ),
                hint,
                f"ip -d link show type vxlan; ip -n {OTHER_HOST} -d link show type vxlan",
            )
    return None


@dataclass(frozen=True, slots=True)
class Flooded:
    """A clue: what that host's tunnel has for everybody goes to the other host."""

    host: str
    other: str

    def __call__(self, world: World) -> Trouble | None:
        node = world.node(self.host)
        if node is None:
            return namespace_gone(self.host)
        wanted = ADDRESSES[self.other]
        told = [entry.address for entry in node.fdb if entry.mac == EVERYBODY]
        if wanted in told:
            return None
        if told:
            return Trouble(
                "other-end",
                _("the tunnel on {host} sends what is for everybody to {told}").format(
                    host=self.host, told=_(" and ").join(told)
                ),
                _("The other end is the other host, by its address on the cable: {wanted}.").format(
                    wanted=wanted
                ),
                typed_on(self.host, f"bridge fdb del {EVERYBODY} dev vxlan7 dst {told[0]}"),
            )
        return Trouble(
            "nobody-told",
            _("the tunnel on {host} does not know whom to send what is for everybody").format(host=self.host),
            _("The first packet is an ARP request, and that is for everybody."),
            typed_on(self.host, "bridge fdb show dev vxlan7"),
        )


@dataclass(frozen=True, slots=True)
class Learned:
    """Each host has found out by itself behind which other end the other one's container is."""

    def describe(self) -> str:
        return _("both hosts have learned where the other one's container is")

    def trouble(self, world: World) -> Trouble | None:
        # What this check's own probes have taught the tunnel is not in the snapshot before them.
        world = replace(world, snapshot=world.lab.snapshot())
        for host, other, container in ((HOST, OTHER_HOST, FAR), (OTHER_HOST, HOST, CONTAINER)):
            node, card = world.node(host), world.interface(container, "eth0")
            if node is None or card is None:
                return namespace_gone(host if node is None else container)
            entries = [e for e in node.fdb if e.mac == card.mac and e.address == ADDRESSES[other]]
            if any("PERMANENT" not in entry.state for entry in entries):
                continue
            if entries:
                return Trouble(
                    "entered",
                    _("the entry for {mac} on {host} was typed, not learned").format(mac=card.mac, host=host),
                    _(
                        "What somebody enters stays, even when the container moves. Take it out, and switch "
                        "learning on."
                    ),
                    typed_on(host, f"bridge fdb del {card.mac} dev vxlan7 dst {ADDRESSES[other]}"),
                )
            if any(i.details.get("vxlan learning") == "off" for i in node.interfaces if i.kind == "vxlan"):
                return Trouble(
                    "learning-off",
                    _("the tunnel on {host} does not learn").format(host=host),
                    _("It was made with nolearning. Each end has a switch of its own."),
                    typed_on(host, "ip link set vxlan7 type vxlan learning"),
                )
            return Trouble(
                "nothing-heard",
                _("{host} has no entry for {mac}, the card of {container}").format(
                    host=host, mac=card.mac, container=container
                ),
                _("An end learns from what comes out of the tunnel. Let somebody speak."),
                f"docker exec if-test ping -c 1 {INSIDE[FAR]}",
            )
        return None


@dataclass(frozen=True, slots=True)
class FullSizeFits:
    """The largest packet that a container's card allows arrives at the other end of the tunnel, unbroken."""

    node: str
    other: str

    def describe(self) -> str:
        return _("the largest packets of {node} reach {other}").format(node=self.node, other=self.other)

    def trouble(self, world: World) -> Trouble | None:
        card = world.interface(self.node, "eth0")
        if card is None:
            return namespace_gone(self.node)
        with suppress(NetlabError, OSError):
            probe = world.probe(self.node, INSIDE[self.other], 1, WAIT, size=card.mtu - HEADERS, df=True)
            if probe.received:
                return None
        return Trouble(
            "too-big",
            _("{node}'s eth0 sends packets of up to {mtu} bytes, and those are lost in the tunnel").format(
                node=self.node, mtu=card.mtu
            ),
            _(
                "The tunnel puts 50 bytes around each. Who does not leave room for them loses large packets, "
                "and large ones only."
            ),
            _("ip link set eth0 mtu …, in {node}").format(node=self.node),
        )


@dataclass(frozen=True, slots=True)
class RouteTo:
    """A clue: that host has a route to the other one's network, by way of the other one."""

    host: str
    network: str
    gateway: str

    def __call__(self, world: World) -> Trouble | None:
        node = world.node(self.host)
        routes = [route for route in node.routes if route.destination == self.network] if node else []
        if any(route.gateway == self.gateway for route in routes):
            return None
        if routes:
            return Trouble(
                "other-gateway",
                _("{host} has the route “{route}”").format(host=self.host, route=routes[0]),
                _("That network is behind the other host, whose address on the cable is {gateway}.").format(
                    gateway=self.gateway
                ),
                typed_on(self.host, f"ip route del {self.network}"),
            )
        return Trouble(
            "no-route",
            _("{host} has no route to {network}").format(host=self.host, network=self.network),
            _("Both hosts need one: the answer has to find its way as well."),
            typed_on(self.host, "ip route"),
        )
