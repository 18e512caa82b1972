"""Expectations about cables and bridges, addresses and routes."""

from __future__ import annotations

from dataclasses import dataclass

from netlab.checks.containers import interfaces_of, ipv4
from netlab.checks.story import Trouble
from netlab.checks.world import CONTAINER, HOST, INTERNET, World, cable, holder, host_end, other_end
from netlab.model import Interface


def no_cable(found: str) -> Trouble:
    return Trouble(
        "no-cable",
        found,
        "A veth cable is made with both its ends at once, and deleting one end deletes both.",
        "ip -d link show type veth",
    )


@dataclass(frozen=True, slots=True)
class VethPair:
    """A veth cable with an end on the host. The other end may be there too, or in the container already."""

    def describe(self) -> str:
        return "a veth pair with an end on the lab host"

    def trouble(self, world: World) -> Trouble | None:
        spare, inside = self._ends(world, HOST), self._ends(world, CONTAINER)
        if spare:
            return None
        if inside:
            return Trouble(
                "both-inside",
                f"both ends of the pair ({' and '.join(i.name for i in inside)}) are inside {CONTAINER}",
                "A cable that begins and ends in the same box leads nowhere. One end stays on the lab host.",
                f"ip netns exec $pid ip link delete {inside[0].name}, then on the lab host",
            )
        impostor = world.interface(HOST, "veth_host") or world.interface(HOST, "veth_container")
        if impostor:
            return Trouble(
                "not-veth",
                f"{impostor.name} is there, and is a {impostor.kind or 'plain'} device",
                "Only a device of type veth is a cable with two ends.",
                f"ip link delete {impostor.name}, then once more with type veth",
            )
        return no_cable("the lab host has no veth cable but its own uplink")

    def _ends(self, world: World, name: str) -> list[Interface]:
        node = world.node(name)
        veths = [i for i in node.interfaces if i.kind == "veth"] if node else []
        return [i for i in veths if not self._is_uplink(world, i)]

    def _is_uplink(self, world: World, interface: Interface) -> bool:
        internet, end = world.node(INTERNET), other_end(world.snapshot, interface)
        return (internet is not None and end is not None and end.netns == internet.netns) or (
            end is None and interface.name == "eth0"
        )


@dataclass(frozen=True, slots=True)
class Inside:
    """The cable joins host and container, and its inner end has that name."""

    name: str = "eth0"

    def describe(self) -> str:
        return (
            f"one end of the cable is inside {CONTAINER} and called {self.name}, the other is on the lab host"
        )

    def trouble(self, world: World) -> Trouble | None:
        ends = cable(world.snapshot, HOST, CONTAINER)
        if ends is None:
            return self._not_inside(world)
        if ends[1].name != self.name:
            return Trouble(
                "still-called",
                f"the end inside {CONTAINER} is still called {ends[1].name}",
                f"It arrived. Programs in a container expect their interface to be called {self.name}.",
                f"ip netns exec $pid ip link set {ends[1].name} name {self.name}",
            )
        return None

    def _not_inside(self, world: World) -> Trouble:
        host, node = world.node(HOST), world.node(CONTAINER)
        for interface in host.interfaces if host else ():
            end = other_end(world.snapshot, interface) if interface.kind == "veth" else None
            place = world.snapshot.by_netns(end.netns) if end else None
            if end and place and place.kind == "host":
                return Trouble(
                    "still-on-host",
                    f"{interface.name} and {end.name} are both still on the lab host",
                    "Renaming does not move an interface, and neither does running a command elsewhere: "
                    "`ip link set NAME netns PID` does.",
                    f"ip link set {max(interface.name, end.name, key=_inner)} netns $pid",
                )
            if end and place and place.kind != INTERNET:
                return Trouble(
                    "elsewhere",
                    f"{end.name} went into the namespace {place.name}, which is not {CONTAINER}'s",
                    f"{CONTAINER}'s namespace is the one its process is in: name it by that pid.",
                    f"ip netns exec {place.name} ip link set {end.name} netns $pid",
                )
        return no_cable(f"no cable joins the lab host and {CONTAINER}, which has {interfaces_of(node)}")


def _inner(name: str) -> bool:
    return "host" not in name


@dataclass(frozen=True, slots=True)
class HasAddress:
    """The container's eth0 has that address with that prefix length."""

    address: str
    prefixlen: int

    def describe(self) -> str:
        return f"{CONTAINER}'s eth0 has the address {self.address}/{self.prefixlen}"

    def trouble(self, world: World) -> Trouble | None:
        eth0, wanted = world.interface(CONTAINER, "eth0"), f"{self.address}/{self.prefixlen}"
        if eth0 is None:
            return no_cable(f"{CONTAINER} has no eth0, only {interfaces_of(world.node(CONTAINER))}")
        if wanted in ipv4(eth0):
            return None
        same = [a for a in eth0.addresses if a.address == self.address]
        if same:
            return Trouble(
                "prefix",
                f"the address is {same[0]}, wanted {wanted}",
                f"The number after the slash says how far the street reaches. With /{same[0].prefixlen}, "
                "172.17.0.1 may not be in it.",
                f"ip netns exec $pid ip addr delete {same[0]} dev eth0, then add {wanted}",
            )
        return self._none_here(world, eth0, wanted)

    def _none_here(self, world: World, eth0: Interface, wanted: str) -> Trouble:
        place = holder(world.snapshot, self.address)
        if place:
            node, interface = place
            return Trouble(
                "address-elsewhere",
                f"{self.address} is on {interface.name} of {node.name}",
                "The container's address belongs to the end that is inside. Without `ip netns exec $pid` "
                "a command acts on the lab host.",
                f"ip addr delete {self.address}/{self.prefixlen} dev {interface.name}, then in the container",
            )
        if ipv4(eth0):
            return Trouble(
                "other-address",
                f"eth0 has {', '.join(ipv4(eth0))}, wanted {wanted}",
                "The steps that follow count on this very address.",
                f"ip netns exec $pid ip addr delete {ipv4(eth0)[0]} dev eth0, then add {wanted}",
            )
        return Trouble(
            "no-address",
            f"{CONTAINER}'s eth0 has no address",
            "A cable alone carries frames. To be spoken to by IP, the interface needs an address.",
            "ip netns exec $pid ip addr",
        )


@dataclass(frozen=True, slots=True)
class IsUp:
    """The container's eth0 is switched on."""

    def describe(self) -> str:
        return f"{CONTAINER}'s eth0 is up"

    def trouble(self, world: World) -> Trouble | None:
        eth0 = world.interface(CONTAINER, "eth0")
        if eth0 is None:
            return no_cable(f"{CONTAINER} has no eth0, only {interfaces_of(world.node(CONTAINER))}")
        if eth0.is_up:
            return None
        return Trouble(
            "down",
            f"eth0 is in {CONTAINER}, but it is down",
            "A new interface is always down, and moving one takes it down as well.",
            "ip netns exec $pid ip link set eth0 up",
        )


@dataclass(frozen=True, slots=True)
class DefaultRoute:
    """The container sends what it knows no better way for to that gateway."""

    gateway: str

    def describe(self) -> str:
        return f"{CONTAINER}'s default route leads to {self.gateway}"

    def trouble(self, world: World) -> Trouble | None:
        node, host = world.node(CONTAINER), world.node(HOST)
        routes = [r for r in node.routes if r.destination == "default"] if node else []
        if any(r.gateway == self.gateway for r in routes):
            return None
        again = f"ip netns exec $pid ip route replace default via {self.gateway}"
        if routes and routes[0].gateway:
            return Trouble(
                "other-gateway",
                f"its default route leads to {routes[0].gateway}, wanted {self.gateway}",
                "The gateway is who carries the packets on: docker0, the lab host's own address.",
                again,
            )
        if routes:
            return Trouble(
                "no-gateway",
                f"its default route is “{routes[0]}”, without a gateway",
                "It says: the whole internet is in this street. eth0 would ask by ARP for each address.",
                again,
            )
        on_host = [r for r in host.routes if r.destination == "default"] if host else []
        if any(r.gateway == self.gateway for r in on_host):
            return Trouble(
                "route-on-host",
                f"the lab host's own default route leads to {self.gateway} now",
                "The command acted on the lab host, which has just lost its way to the internet.",
                f"ip route replace default via 192.0.2.1, then in the container: {again}",
            )
        return Trouble(
            "no-default",
            f"{CONTAINER} has no default route; it knows {', '.join(_main(world)) or 'no route at all'}",
            "A packet for an address that no route covers is not sent: Network is unreachable.",
            "ip netns exec $pid ip route",
        )


def _main(world: World) -> list[str]:
    node = world.node(CONTAINER)
    return [str(r) for r in node.routes if r.table == "main" and ":" not in r.destination] if node else []


@dataclass(frozen=True, slots=True)
class HostEnd:
    """The host's end of the cable is up and holds that address."""

    address: str

    def describe(self) -> str:
        return f"the host's end of the cable is up and has {self.address}"

    def trouble(self, world: World) -> Trouble | None:
        end = host_end(world.snapshot)
        if end is None:
            return no_cable(f"no cable joins the lab host and {CONTAINER}")
        if not end.is_up:
            return end_down(end)
        if any(a.address == self.address for a in end.addresses):
            return None
        place = holder(world.snapshot, self.address)
        if place:
            return Trouble(
                "address-elsewhere",
                f"{self.address} is on {place[1].name} of {place[0].name}, not on {end.name}",
                "This address is for the host's end of the cable.",
                f"ip addr delete {self.address}/16 dev {place[1].name}",
            )
        return Trouble(
            "no-host-address",
            f"{end.name} is up and has {', '.join(ipv4(end)) or 'no address'}",
            "The container's neighbour on this cable needs an address to be pinged at.",
            f"ip addr show dev {end.name}",
        )


def end_down(end: Interface) -> Trouble:
    return Trouble(
        "host-end-down",
        f"{end.name}, the host's end of the cable, is down",
        "A cable carries nothing until both its ends are up: eth0 in the container shows NO-CARRIER.",
        f"ip link set {end.name} up",
    )
