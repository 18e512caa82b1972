"""Expectations about cables and bridges, addresses and routes."""

from __future__ import annotations

from dataclasses import dataclass

from netlab.checks.expectations.containers import interfaces_of, ipv4
from netlab.checks.runner import Trouble
from netlab.checks.world import CONTAINER, HOST, INTERNET, World, cable, holder, host_end, other_end
from netlab.i18n import gettext as _
from netlab.model import Interface

# Each cell is a shell of its own: where $pid is typed, it is set.
SET_PID = f"pid=$(docker inspect -f {{{{.State.Pid}}}} {CONTAINER})"


def no_cable(found: str) -> Trouble:
    """The trouble of a veth pair that is not there."""
    return Trouble(
        "no-cable",
        found,
        _("A veth cable is made with both its ends at once, and deleting one end deletes both."),
        "ip -d link show type veth",
    )


@dataclass(frozen=True, slots=True)
class VethPair:
    """A veth cable with an end on the host. The other end may be there too, or in the container already."""

    def describe(self) -> str:
        return _("a veth pair with an end on the lab host")

    def trouble(self, world: World) -> Trouble | None:
        spare, inside = self._ends(world, HOST), self._ends(world, CONTAINER)
        if spare:
            return None
        if inside:
            return Trouble(
                "both-inside",
                _("both ends of the pair ({inside}) are inside {container}").format(
                    inside=_(" and ").join(i.name for i in inside), container=CONTAINER
                ),
                _(
                    "A cable that begins and ends in the same box leads nowhere. One end "
                    "stays on the lab host."
                ),
                _("ip netns exec $pid ip link delete {name}, then on the lab host").format(
                    name=inside[0].name
                ),
            )
        impostor = world.interface(HOST, "veth_host") or world.interface(HOST, "veth_container")
        if impostor:
            return Trouble(
                "not-veth",
                _("{name} is there, and is a {kind} device").format(
                    name=impostor.name, kind=impostor.kind or _("plain")
                ),
                _("Only a device of type veth is a cable with two ends."),
                _("ip link delete {name}, then once more with type veth").format(name=impostor.name),
            )
        return no_cable(_("the lab host has no veth cable but its own uplink"))

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
    """The cable joins host and container; its inner end has that name, and was the one to go in."""

    name: str = "eth0"
    meant: str = "veth_container"
    outer: str = "veth_host"

    def describe(self) -> str:
        return _(
            "one end of the cable is inside {container} and called {name}, the other is on the lab host"
        ).format(container=CONTAINER, name=self.name)

    def trouble(self, world: World) -> Trouble | None:
        ends = cable(world.snapshot, HOST, CONTAINER)
        if ends is None:
            return self._not_inside(world)
        if ends[1].name != self.name:
            return Trouble(
                "still-called",
                _("the end inside {container} is still called {name}").format(
                    container=CONTAINER, name=ends[1].name
                ),
                _("It arrived. Programs in a container expect their interface to be called {name}.").format(
                    name=self.name
                ),
                f"{SET_PID}; ip netns exec $pid ip link set {ends[1].name} name {self.name}",
            )
        if ends[0].name == self.meant:
            return Trouble(
                "wrong-end",
                _("the end on the lab host is called {name}").format(name=ends[0].name),
                _("Both ends are alike, but the next commands look for {outer} on the lab host.").format(
                    outer=self.outer
                ),
                f"ip link set {ends[0].name} name {self.outer}",
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
                    _("{name} and {end_name} are both still on the lab host").format(
                        name=interface.name, end_name=end.name
                    ),
                    _(
                        "Renaming does not move an interface, and neither does running a "
                        "command elsewhere: `ip link set NAME netns PID` does."
                    ),
                    f"{SET_PID}; ip link set {max(interface.name, end.name, key=_inner)} netns $pid",
                )
            if end and place and place.kind != INTERNET:
                return Trouble(
                    "elsewhere",
                    _("{name} went into the namespace {place_name}, which is not {container}'s").format(
                        name=end.name, place_name=place.name, container=CONTAINER
                    ),
                    _("{container}'s namespace is the one its process is in: name it by that pid.").format(
                        container=CONTAINER
                    ),
                    f"ip netns exec {place.name} ip link set {end.name} netns $pid",
                )
        return no_cable(
            _("no cable joins the lab host and {container}, which has {interfaces_of}").format(
                container=CONTAINER, interfaces_of=interfaces_of(node)
            )
        )


def _inner(name: str) -> bool:
    return "host" not in name


@dataclass(frozen=True, slots=True)
class HasAddress:
    """The container's eth0 has that address with that prefix length."""

    address: str
    prefixlen: int

    def describe(self) -> str:
        return _("{container}'s eth0 has the address {address}/{prefixlen}").format(
            container=CONTAINER, address=self.address, prefixlen=self.prefixlen
        )

    def trouble(self, world: World) -> Trouble | None:
        eth0, wanted = world.interface(CONTAINER, "eth0"), f"{self.address}/{self.prefixlen}"
        if eth0 is None:
            return no_cable(
                _("{container} has no eth0, only {interfaces_of}").format(
                    container=CONTAINER, interfaces_of=interfaces_of(world.node(CONTAINER))
                )
            )
        if wanted in ipv4(eth0):
            return None
        same = [a for a in eth0.addresses if a.address == self.address]
        if same:
            return Trouble(
                "prefix",
                _("the address is {same}, wanted {wanted}").format(same=same[0], wanted=wanted),
                _(
                    "The number after the slash says how far the street reaches. With "
                    "/{prefixlen}, 172.17.0.1 may not be in it."
                ).format(prefixlen=same[0].prefixlen),
                _("ip netns exec $pid ip addr delete {same} dev eth0, then add {wanted}").format(
                    same=same[0], wanted=wanted
                ),
            )
        return self._none_here(world, eth0, wanted)

    def _none_here(self, world: World, eth0: Interface, wanted: str) -> Trouble:
        place = holder(world.snapshot, self.address)
        if place:
            node, interface = place
            return Trouble(
                "address-elsewhere",
                _("{address} is on {name} of {node_name}").format(
                    address=self.address, name=interface.name, node_name=node.name
                ),
                _(
                    "The container's address belongs to the end that is inside. Without `ip "
                    "netns exec $pid` a command acts on the lab host."
                ),
                _("ip addr delete {address}/{prefixlen} dev {name}, then in the container").format(
                    address=self.address, prefixlen=self.prefixlen, name=interface.name
                ),
            )
        if ipv4(eth0):
            return Trouble(
                "other-address",
                _("eth0 has {ipv4}, wanted {wanted}").format(ipv4=", ".join(ipv4(eth0)), wanted=wanted),
                _("The steps that follow count on this very address."),
                _("ip netns exec $pid ip addr delete {ipv4} dev eth0, then add {wanted}").format(
                    ipv4=ipv4(eth0)[0], wanted=wanted
                ),
            )
        return Trouble(
            "no-address",
            _("{container}'s eth0 has no address").format(container=CONTAINER),
            _("A cable alone carries frames. To be spoken to by IP, the interface needs an address."),
            "ip netns exec $pid ip addr",
        )


@dataclass(frozen=True, slots=True)
class IsUp:
    """The container's eth0 is switched on."""

    def describe(self) -> str:
        return _("{container}'s eth0 is up").format(container=CONTAINER)

    def trouble(self, world: World) -> Trouble | None:
        eth0 = world.interface(CONTAINER, "eth0")
        if eth0 is None:
            return no_cable(
                _("{container} has no eth0, only {interfaces_of}").format(
                    container=CONTAINER, interfaces_of=interfaces_of(world.node(CONTAINER))
                )
            )
        if eth0.is_up:
            return None
        return Trouble(
            "down",
            _("eth0 is in {container}, but it is down").format(container=CONTAINER),
            _("A new interface is always down, and moving one takes it down as well."),
            "ip netns exec $pid ip link set eth0 up",
        )


@dataclass(frozen=True, slots=True)
class HostEnd:
    """The host's end of the cable is up and holds that address."""

    address: str

    def describe(self) -> str:
        return _("the host's end of the cable is up and has {address}").format(address=self.address)

    def trouble(self, world: World) -> Trouble | None:
        end = host_end(world.snapshot)
        if end is None:
            return no_cable(_("no cable joins the lab host and {container}").format(container=CONTAINER))
        if not end.is_up:
            return end_down(end)
        if any(a.address == self.address for a in end.addresses):
            return None
        place = holder(world.snapshot, self.address)
        if place:
            return Trouble(
                "address-elsewhere",
                _("{address} is on {name} of {place_name}, not on {end_name}").format(
                    address=self.address, name=place[1].name, place_name=place[0].name, end_name=end.name
                ),
                _("This address is for the host's end of the cable."),
                f"ip addr delete {self.address}/16 dev {place[1].name}",
            )
        return Trouble(
            "no-host-address",
            _("{name} is up and has {ipv4}").format(
                name=end.name, ipv4=", ".join(ipv4(end)) or _("no address")
            ),
            _("The container's neighbour on this cable needs an address to be pinged at."),
            f"ip addr show dev {end.name}",
        )


def end_down(end: Interface) -> Trouble:
    """The trouble of a veth pair whose end in the lab host is down."""
    return Trouble(
        "host-end-down",
        _("{name}, the host's end of the cable, is down").format(name=end.name),
        _("A cable carries nothing until both its ends are up: eth0 in the container shows NO-CARRIER."),
        f"ip link set {end.name} up",
    )
