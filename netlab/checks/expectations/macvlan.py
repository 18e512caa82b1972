"""Expectations about macvlans: interfaces of their own MAC address on somebody else's cable."""

from __future__ import annotations

from dataclasses import dataclass

from netlab.checks.expectations.reachability import is_answered
from netlab.checks.runner import Trouble
from netlab.checks.world import HOST, OUTSIDE, World
from netlab.i18n import gettext as _
from netlab.model import Interface

STREET = "192.0.2."


def macvlan(world: World, node: str) -> Interface | None:
    """The macvlan of that node on the lab host's eth0."""
    found, eth0 = world.node(node), world.interface(HOST, "eth0")
    macvlans = [i for i in found.interfaces if i.kind == "macvlan"] if found else []
    return next((i for i in macvlans if eth0 and i.peer == eth0.id), None)


@dataclass(frozen=True, slots=True)
class OnCable:
    """The container has a macvlan on the lab host's eth0."""

    node: str

    def describe(self) -> str:
        return _("{node} has a macvlan on the lab host's eth0").format(node=self.node)

    def trouble(self, world: World) -> Trouble | None:
        if macvlan(world, self.node):
            return None
        found = world.node(self.node)
        others = [i for i in found.interfaces if i.kind == "macvlan"] if found else []
        if others:
            return Trouble(
                "other-parent",
                _("{name} of {node} is a macvlan on another interface than eth0").format(
                    name=others[0].name, node=self.node
                ),
                _("What sits on docker0 is on docker0's cable. The street is at the end of eth0."),
                "ip -d link",
            )
        kinds = [f"{i.name} ({i.kind})" for i in found.interfaces] if found else []
        return Trouble(
            "no-macvlan",
            _("{node} has no macvlan: {kinds}").format(node=self.node, kinds=", ".join(kinds) or "–"),
            _("A macvlan is made on the lab host, on its eth0, and moved into the container's namespace."),
            "ip -d link",
        )


@dataclass(frozen=True, slots=True)
class Settled:
    """A clue: that node's macvlan is up, has an address of the street, and its node a way out."""

    node: str

    def __call__(self, world: World) -> Trouble | None:
        found, link = world.node(self.node), macvlan(world, self.node)
        if found is None or link is None:
            return None
        if not link.is_up:
            return Trouble(
                "down",
                _("{name} of {node} is down").format(name=link.name, node=self.node),
                _("Moving an interface into another namespace sets it down. It has to be set up there."),
                f"nsenter -t $pid -n ip link set {link.name} up",
            )
        held = [str(a) for a in link.addresses if a.family == 4]
        if not any(address.startswith(STREET) for address in held):
            return Trouble(
                "other-street",
                _("{name} of {node} holds {held}").format(
                    name=link.name, node=self.node, held=", ".join(held) or _("no address")
                ),
                _("It is in the lab host's street now, 192.0.2.0/24, beside it, and needs an address there."),
                "nsenter -t $pid -n ip -br addr",
            )
        if not any(r.destination == "default" and r.gateway == "192.0.2.1" for r in found.routes):
            return Trouble(
                "no-default",
                _("{node} has no default route via 192.0.2.1").format(node=self.node),
                _("Its gateway is no longer docker0: it is the provider's router, as the lab host's is."),
                "nsenter -t $pid -n ip route",
            )
        return None


def shim(world: World) -> Trouble | None:
    """The lab host has no macvlan of its own, or does not use it."""
    link, host = macvlan(world, HOST), world.node(HOST)
    if link is None or host is None:
        return Trouble(
            "no-shim",
            _("the lab host has no macvlan on eth0 itself"),
            _("From eth0 down to its own macvlans there is no way. Beside them there is one."),
            "ip link add shim link eth0 type macvlan mode bridge",
        )
    if link.details.get("macvlan mode") != "bridge":
        return Trouble(
            "shim-apart",
            _("the lab host's {name} is a macvlan of mode {mode}").format(
                name=link.name, mode=link.details.get("macvlan mode")
            ),
            _("Only macvlans of mode bridge pass frames to each other."),
            f"ip link set {link.name} type macvlan mode bridge",
        )
    if not any(r.device == link.name and "192.0.2.101" in r.destination for r in host.routes):
        return Trouble(
            "no-route",
            _("the lab host has no route to 192.0.2.101 by way of {name}").format(name=link.name),
            _("192.0.2.0/24 leads to eth0. A route to one address is more exact, and wins."),
            "ip route get 192.0.2.101",
        )
    return None


@dataclass(frozen=True, slots=True)
class Apart:
    """Two nodes on one cable reach the internet, and not each other; and no switch could change that."""

    one: str
    other: str
    address: str  # of the other

    def describe(self) -> str:
        return _("{one} and {other} reach the internet, and not each other").format(
            one=self.one, other=self.other
        )

    def trouble(self, world: World) -> Trouble | None:
        for node in (self.one, self.other):
            if not is_answered(world, node, OUTSIDE):
                return Settled(node)(world) or Trouble(
                    "cut-off",
                    _("{node} gets no answer from {outside}").format(node=node, outside=OUTSIDE),
                    _("Apart from each other, and not from the world."),
                    "ip -d link",
                )
        if is_answered(world, self.one, self.address):
            return Trouble(
                "together",
                _("{one} gets answers from {address}").format(one=self.one, address=self.address),
                _("Both are of mode bridge. One of them has to be private."),
                f"ip -n {self.one} -d link show eth0",
            )
        link = macvlan(world, self.one)
        if link and link.details.get("macvlan mode") == "vepa":
            return Trouble(
                "vepa",
                _("{one}'s macvlan is of mode vepa").format(one=self.one),
                _("It leaves that to the switch at the other end. Ours throws nothing back; another might."),
                f"ip -n {self.one} link set eth0 type macvlan mode private",
            )
        return None
