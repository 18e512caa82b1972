"""Expectations about the bridge docker0, its port, and the firewall of the lab host."""

from __future__ import annotations

from dataclasses import dataclass

from netlab.checks.expectations.containers import ipv4
from netlab.checks.expectations.links import end_down, no_cable
from netlab.checks.runner import Trouble
from netlab.checks.world import CONTAINER, HOST, World, host_end
from netlab.i18n import gettext as _
from netlab.model import Chain, Rule


@dataclass(frozen=True, slots=True)
class NoAddress:
    """The host's end of the cable has no IPv4 address, and the cable is still there."""

    def describe(self) -> str:
        return _("the host's end of the cable has no IPv4 address")

    def trouble(self, world: World) -> Trouble | None:
        end = host_end(world.snapshot)
        if end is None:
            return no_cable(
                _("no cable joins the lab host and {container} any more").format(container=CONTAINER)
            )
        if not ipv4(end):
            return None
        return Trouble(
            "still-there",
            _("{name} still has {ipv4}").format(name=end.name, ipv4=", ".join(ipv4(end))),
            _("An address stays on an interface that is switched off. It has to be deleted."),
            f"ip addr show dev {end.name}",
        )


@dataclass(frozen=True, slots=True)
class BridgeAddress:
    """docker0 holds the address that the container uses as its gateway."""

    address: str = "172.17.0.1"

    def describe(self) -> str:
        return _("docker0 keeps {address}").format(address=self.address)

    def trouble(self, world: World) -> Trouble | None:
        bridge = world.interface(HOST, "docker0")
        if bridge and any(a.address == self.address for a in bridge.addresses):
            return None
        return Trouble(
            "docker0-lost",
            _("docker0 has no {address}").format(address=self.address)
            if bridge
            else _("the lab host has no docker0"),
            _("It is the container's gateway: without it, nobody answers when the container asks the way."),
            "ip addr add 172.17.0.1/16 dev docker0",
        )


@dataclass(frozen=True, slots=True)
class PortOf:
    """The host's end of the cable is a port of that bridge, and up."""

    bridge: str = "docker0"

    def describe(self) -> str:
        return _("the host's end of the cable is a port of {bridge}, and up").format(bridge=self.bridge)

    def trouble(self, world: World) -> Trouble | None:
        end = host_end(world.snapshot)
        if end is None:
            return no_cable(
                _("no cable joins the lab host and {container} any more").format(container=CONTAINER)
            )
        if end.master and end.master != self.bridge:
            return Trouble(
                "other-bridge",
                _("{name} is a port of {master}, wanted {bridge}").format(
                    name=end.name, master=end.master, bridge=self.bridge
                ),
                _("It is plugged in, but into a switch on which nobody has {container}'s gateway.").format(
                    container=CONTAINER
                ),
                f"ip link set {end.name} master {self.bridge}",
            )
        if not end.master:
            return Trouble(
                "not-a-port",
                _("{name} is not a port of {bridge}").format(name=end.name, bridge=self.bridge),
                _("Frames that arrive there go to the lab host itself, not into the bridge."),
                _("bridge link, or: ip link show master {bridge}").format(bridge=self.bridge),
            )
        return None if end.is_up else end_down(end)


@dataclass(frozen=True, slots=True)
class ForwardAccepts:
    """The firewall lets forwarded packets through by default, be it by policy or by a rule for everything."""

    def describe(self) -> str:
        return _("the chain FORWARD lets through what no rule forbids")

    def trouble(self, world: World) -> Trouble | None:
        chain = find_chain(world, "filter", "FORWARD")
        if chain is None or chain.policy == "ACCEPT" or any(_accepts_all(rule) for rule in chain.rules):
            return None
        if not chain.rules:
            return Trouble(
                "flushed",
                _("FORWARD has no rules left, and the policy {policy}").format(policy=chain.policy),
                _(
                    "-F deletes rules and leaves the policy: now every forwarded packet is "
                    "dropped, and Docker's own rules are gone."
                ),
                "iptables -P FORWARD ACCEPT",
            )
        return Trouble(
            "policy",
            _("the policy of FORWARD is {policy}").format(policy=chain.policy),
            _("There is one policy for each chain. What is forwarded passes FORWARD, not INPUT or OUTPUT."),
            "iptables -S FORWARD",
        )


def _accepts_all(rule: Rule) -> bool:
    return rule.text.strip() == "-j ACCEPT"


@dataclass(frozen=True, slots=True)
class Masquerades:
    """Something rewrites the source address of what containers send out."""

    def describe(self) -> str:
        return _("the NAT rule for containers is in place")

    def trouble(self, world: World) -> Trouble | None:
        return None if masquerades(world) else no_masquerade(world)


def masquerades(world: World) -> bool:
    """Whether any rule of the host's, of whichever table or backend, rewrites source addresses."""
    host = world.node(HOST)
    rules = [rule for chain in host.chains for rule in chain.rules] if host else []
    words = ("MASQUERADE", "SNAT", "masquerade", "snat to")
    return any(word in f"{rule.target} {rule.text}" for rule in rules for word in words)


def no_masquerade(world: World) -> Trouble | None:
    """The trouble with NAT; None where there is a rule."""
    if masquerades(world):
        return None
    return Trouble(
        "no-masquerade",
        _("no rule in the chain POSTROUTING of the table nat rewrites a source address"),
        _("Packets leave with the container's address, which nobody outside knows: no answer comes back."),
        "iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
    )


def find_chain(world: World, table: str, name: str) -> Chain | None:
    """That chain of the lab host, whichever backend holds it; None where there is none."""
    host = world.node(HOST)
    found = [c for c in host.chains if (c.table, c.name) == (table, name)] if host else []
    return next((c for c in found if c.family in ("ip", "inet")), None)
