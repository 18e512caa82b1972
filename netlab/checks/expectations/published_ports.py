"""Expectations about a server in a container: somebody outside opens a connection, and it ends there.

When it does not, clues look for the known causes, in the order in which the connection would meet them.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

from netlab.checks.expectations.bridge import find_chain
from netlab.checks.expectations.containers import namespace_gone
from netlab.checks.expectations.reachability import WAIT, Clue
from netlab.checks.runner import Trouble
from netlab.checks.world import HOST, World
from netlab.errors import NetlabError
from netlab.i18n import N_
from netlab.i18n import gettext as _
from netlab.model import Rule
from netlab.packets.probe import Probe


@dataclass(frozen=True, slots=True)
class Serves:
    """A TCP connection from that node to an address and port is taken by the server that is meant."""

    node: str
    address: str
    port: int
    server: str
    clues: tuple[Clue, ...] = ()

    def describe(self) -> str:
        return _("{node} opens {address}, port {port}, and {server} takes the call").format(
            node=self.node, address=self.address, port=self.port, server=self.server
        )

    def trouble(self, world: World) -> Trouble | None:
        probe = self._probe(world)
        if probe is not None and probe.received:
            return None if self._is_witnessed(world) else self._pretender()
        for clue in self.clues:
            if trouble := clue(world):
                return trouble
        if probe is not None and probe.refused:
            return Trouble(
                "refused",
                _("{address}, port {port}, was reached, and the connection refused").format(
                    address=self.address, port=self.port
                ),
                _("A refusal is an answer: the packets find a machine, and no program listens on that port."),
                _("ss -ltn, on the host and in the container, shows who listens where"),
            )
        return Trouble(
            "no-answer",
            _("{node} got no answer from {address}, port {port}").format(
                node=self.node, address=self.address, port=self.port
            ),
            _("Something on the way drops it. Watch the rules' counters while somebody tries."),
            f'lab.trace("{self.node}", "{self.address}", proto="tcp", port={self.port})',
        )

    def _probe(self, world: World) -> Probe | None:
        """What came of one try; None where the node is not there."""
        if world.node(self.node) is None:
            return None
        with suppress(NetlabError, OSError):
            return world.probe(self.node, self.address, 1, WAIT, proto="tcp", port=self.port)
        return None

    def _is_witnessed(self, world: World) -> bool:
        if world.node(self.server) is None:
            return False
        with suppress(NetlabError, OSError):
            return world.lab.is_witnessed(
                self.node, self.address, self.server, WAIT, proto="tcp", port=self.port
            )
        return False

    def _pretender(self) -> Trouble:
        return Trouble(
            "pretender",
            _("the connection was taken, and {server} has never seen it").format(server=self.server),
            _("Another program answers on port {port}, not the server in {server}.").format(
                port=self.port, server=self.server
            ),
            _("ss -ltnp shows who listens on the lab host; iptables -t nat -S, where packets are sent"),
        )


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A clue: a rule of that chain of the table nat sends the port to that server."""

    chain: str
    port: int
    target: str  # "172.17.0.2:80"

    def __call__(self, world: World) -> Trouble | None:
        chain = find_chain(world, "nat", self.chain)
        rules = [rule for rule in (chain.rules if chain else ()) if _rewrites(rule, self.port)]
        if not rules:
            return Trouble(
                "not-rewritten",
                _("no rule in the chain {chain} of the table nat rewrites port {port}").format(
                    chain=self.chain, port=self.port
                ),
                _(
                    "The packet is addressed to the lab host, and nobody tells it that "
                    "{target} is meant. {who_passes}"
                ).format(target=self.target, who_passes=_(WHO_PASSES[self.chain])),
                f"iptables -t nat -S {self.chain}",
            )
        if any(self.target in rule.text for rule in rules):
            return None
        return Trouble(
            "other-target",
            _("the rule “{text}” sends it elsewhere than to {target}").format(
                text=rules[0].text, target=self.target
            ),
            _("The packet is rewritten, and then goes to an address or a port where no server listens."),
            f"iptables -t nat -D {self.chain} {rules[0].text}",
        )


WHO_PASSES = {
    "PREROUTING": N_("What comes in from outside passes PREROUTING, before the host asks where it goes."),
    "OUTPUT": N_("What the host itself sends never passes PREROUTING: it begins in OUTPUT."),
}


def _rewrites(rule: Rule, port: int) -> bool:
    return "dnat" in f"{rule.target} {rule.text}".lower() and bool(re.search(rf"\b{port}\b", rule.text))


@dataclass(frozen=True, slots=True)
class LetThrough:
    """A clue: the chain FORWARD, whose policy is DROP, has a rule for what goes out by that device."""

    source: str  # the device by which it comes in
    device: str  # and by which it goes out

    def __call__(self, world: World) -> Trouble | None:
        chains = [find_chain(world, "filter", name) for name in ("DOCKER-USER", "FORWARD")]
        rules = [rule for chain in chains if chain for rule in chain.rules]
        forward = chains[1]
        if forward is None or forward.policy == "ACCEPT" or any(self._accepts(rule) for rule in rules):
            return None
        return Trouble(
            "not-let-through",
            _(
                "no rule accepts what comes in by {source} and goes out by {device}, and "
                "FORWARD's policy is DROP"
            ).format(source=self.source, device=self.device),
            _("It is passed on, so it meets the chain FORWARD; a stranger who speaks first is not let in."),
            f"iptables -I DOCKER-USER -i {self.source} -o {self.device} -j ACCEPT",
        )

    def _accepts(self, rule: Rule) -> bool:
        if rule.target not in ("ACCEPT", "accept") or "ESTABLISHED" in rule.text:
            return False
        named = dict(re.findall(r"(! -[io]|-[io]) (\S+)", rule.text))
        return self._fits(named, "-i", self.source) and self._fits(named, "-o", self.device)

    def _fits(self, named: dict[str, str], flag: str, device: str) -> bool:
        if flag in named:
            return named[flag] == device
        return named.get(f"! {flag}") != device


def no_way_in(world: World) -> Trouble | None:
    """The office's machine has no route to the containers."""
    office = world.node("office")
    if office is None:
        return namespace_gone("office")
    if any(r.destination.startswith("172.17.") or r.destination == "default" for r in office.routes):
        return None
    return Trouble(
        "no-way-in",
        _("office has no route to 172.17.0.0/16"),
        _("Its kernel refuses at once: it does not know whom to hand the packet to."),
        "ip -n office route",
    )


def raw_drop(world: World) -> Trouble | None:
    """Docker 28 and later drop, in the table raw, what comes for a container past its bridge."""
    chain = find_chain(world, "raw", "PREROUTING")
    for rule in chain.rules if chain else ():
        if rule.target == "DROP":
            return Trouble(
                "raw-drop",
                _("the chain PREROUTING of the table raw holds “{text}”").format(text=rule.text),
                _(
                    "This Docker lets nobody in by a container's own address. Its rule comes "
                    "before all others."
                ),
                f"iptables -t raw -D PREROUTING {rule.text}",
            )
    return None


def no_proxy_arp(world: World) -> Trouble | None:
    """Nobody answers when the container asks for its gateway, an address that nobody has."""
    if world.interface(HOST, "cali0") is None:
        return Trouble(
            "no-cali0",
            _("the lab host has no interface called cali0"),
            _("The cable's outer end needs that name: the rules and the route name it."),
            "ip -br link",
        )
    if world.sysctl(HOST, "net.ipv4.conf.cali0.proxy_arp") == "1":
        return None
    return Trouble(
        "no-proxy-arp",
        _("net.ipv4.conf.cali0.proxy_arp is 0 on the lab host"),
        _("The container asks who has 169.254.1.1: nobody. With proxy ARP the host answers for others."),
        "echo 1 > /proc/sys/net/ipv4/conf/cali0/proxy_arp",
    )


@dataclass(frozen=True, slots=True)
class RouteBack:
    """A clue: the lab host's route to an address leads to that device."""

    address: str
    device: str

    def __call__(self, world: World) -> Trouble | None:
        host = world.node(HOST)
        if host and any(r.destination == self.address and r.device == self.device for r in host.routes):
            return None
        return Trouble(
            "no-way-back",
            _("the lab host has no route to {address} by way of {device}").format(
                address=self.address, device=self.device
            ),
            _("Packets leave, and answers go where 172.17.0.0/16 goes: to docker0, where nobody knows it."),
            f"ip route get {self.address}",
        )


def not_forwarding(world: World) -> Trouble | None:
    """The lab host does not pass anything on."""
    if world.sysctl(HOST, "net.ipv4.ip_forward") != "0":
        return None
    return Trouble(
        "forwarding-off",
        _("net.ipv4.ip_forward is 0 on the lab host"),
        _("Inwards as outwards: it has to pass on what is not for itself."),
        "echo 1 > /proc/sys/net/ipv4/ip_forward",
    )
