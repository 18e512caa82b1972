"""Everything that is known about one trace, as frozen values, and the questions that suspects ask of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from netlab.diagnosis.verdict import Cure, Evidence
from netlab.model import (
    Address,
    Capture,
    Chain,
    Interface,
    InterfaceId,
    Journey,
    Node,
    Route,
    Rule,
    Snapshot,
)
from netlab.packets.forwarding.routing import Decision, decide
from netlab.packets.journeys.assemble import journeys

Asked = tuple[str, str]  # a command, and what it said
OF_THE_HOST = ("sysctl", "iptables", "ip6tables", "nft")  # what a container cannot do for itself


@dataclass(frozen=True)
class Observation:
    """One trace: what was sent, what came back, what was seen, what is set.

    `route` asks a node's kernel for a route: (node, words of `ip route get`) → (command, answer).
    """

    source: str
    destination: str
    proto: str
    size: int
    sent: int
    received: int
    refused: int
    errors: tuple[str, ...]
    tokens: tuple[bytes, ...]
    ports: tuple[int, ...]
    capture: Capture
    route: Callable[..., Asked]
    port: int = 0
    whole: bool = True  # the snapshots hold all nodes that there are; not so on a machine in the real world

    @property
    def lost(self) -> int:
        return self.sent - self.received

    @property
    def family(self) -> int:
        """4 or 6: of the addresses that this trace is about."""
        return 6 if ":" in self.destination else 4

    @property
    def protocol(self) -> str:
        """As the packets have it: "icmp", "icmpv6", "udp" or "tcp"."""
        return "icmpv6" if self.proto == "icmp" and self.family == 6 else self.proto

    @property
    def ip(self) -> str:
        """The command that shows and changes routes of that family."""
        return "ip -6" if self.family == 6 else "ip"

    @property
    def after(self) -> Snapshot:
        return self.capture.after

    @cached_property
    def journeys(self) -> Sequence[Journey]:
        """Those of every packet in the capture."""
        return journeys(self.capture)

    @cached_property
    def requests(self) -> tuple[Journey, ...]:
        """The journeys of the probes themselves, as they left."""
        return tuple(j for j in self.journeys if self._is_probe(j))

    @cached_property
    def answers(self) -> tuple[Journey, ...]:
        """What came back for them."""
        numbers = {number for number, j in enumerate(self.journeys) if self._is_probe(j)}
        return tuple(j for j in self.journeys if j.answers in numbers)

    def _is_probe(self, journey: Journey) -> bool:
        packet = journey.first.packet
        if packet.protocol != self.protocol or journey.answers is not None:
            return False
        if self.ports:
            return packet.source_port in self.ports
        return packet.icmp_type in (8, 128) and packet.payload[: len(self.tokens[0])] in self.tokens

    # -- questions to the snapshots -------------------------------------------------------------

    def node(self, netns: int) -> Node:
        """The node with that namespace, also one that has gone since."""
        found = self.after.by_netns(netns) or self.capture.before.by_netns(netns)
        assert found is not None, "a captured point belongs to a namespace that was seen"
        return found

    def increase(self, node: Node, counter: str) -> int:
        """By how much a counter rose during the trace."""
        before = self.capture.before.by_netns(node.netns)
        return node.counters.get(counter, 0) - (before.counters.get(counter, 0) if before else 0)

    def counted_rules(self, node: Node) -> list[tuple[Chain, Rule | None, int, int]]:
        """(chain, rule or None for the policy, number of the rule from 1, by how many packets it rose)."""
        before = self.capture.before.by_netns(node.netns)
        known = {(c.backend, c.family, c.table, c.name): c for c in before.chains} if before else {}
        found: list[tuple[Chain, Rule | None, int, int]] = []
        for chain in node.chains:
            old = known.get((chain.backend, chain.family, chain.table, chain.name))
            if old is None or [r.target for r in old.rules] != [r.target for r in chain.rules]:
                continue
            for number, (was, now) in enumerate(zip(old.rules, chain.rules, strict=True), 1):
                if now.packets > was.packets:
                    found.append((chain, now, number, now.packets - was.packets))
            if chain.policy and chain.packets > old.packets:
                found.append((chain, None, 0, chain.packets - old.packets))
        return found

    def link(self, start: InterfaceId) -> set[InterfaceId]:
        """Every interface on the same link: over veth pairs, bridges and macvlans, as wired, up or not."""
        found, queue = set(), [start]
        while queue:
            key = queue.pop()
            interface = self.after.interface(key)
            if key in found or interface is None:
                continue
            found.add(key)
            node = self.node(key.netns)
            if interface.kind in ("veth", "macvlan") and interface.peer:
                queue.append(interface.peer)
            queue += self._macvlans.get(key, ())
            if interface.master and node.has_interface(interface.master):
                queue.append(node.interface(interface.master).id)
            queue += [port.id for port in node.ports(interface.name)]
        return found

    @cached_property
    def _macvlans(self) -> dict[InterfaceId, list[InterfaceId]]:
        """Those that lie on each interface."""
        found: dict[InterfaceId, list[InterfaceId]] = {}
        for _node, each in self.after.interfaces():
            if each.kind == "macvlan" and each.peer is not None:
                found.setdefault(each.peer, []).append(each.id)
        return found

    def holders(self, address: str) -> list[tuple[Node, Interface]]:
        """Who holds that address; who takes it by a route has it at lo."""
        ends = self.after.interfaces()
        found = [(n, i) for n, i in ends if any(a.address == address for a in i.addresses)]
        return found or [(n, n.interface("lo")) for n in self.after.nodes if n.takes(address)]

    def decide(self, node: Node, address: str, source: str = "", iif: str = "") -> Decision:
        """Rule and route for a packet to that address, by all tables but the one of own addresses."""
        return decide(node, address, source, iif, self.mark(node), local=False)

    def best_route(self, node: Node, address: str, source: str = "", iif: str = "") -> Route | None:
        """The route for a packet to that address; None without one. See `decide`."""
        return self.decide(node, address, source, iif).route

    def mark(self, node: Node) -> int:
        """The mark that a rule has put on these packets there; 0 without one."""
        for _, rule, _, _ in self.counted_rules(node):
            found = re.search(r"--set-x?mark (0x[0-9a-f]+|\d+)", rule.text) if rule else None
            if found:
                return int(found[1], 0)
        return 0

    def own(self, interface: Interface) -> list[Address]:
        """Its addresses of the family that matters, without those that every link has."""
        found = [a for a in interface.addresses if a.family == self.family and a.scope == "global"]
        return found if interface.kind != "loopback" else []


def show(node: Node, command: str, output: str, says: str) -> Evidence:
    """The evidence of a command on a node: what it printed, and what that says."""
    return Evidence(command, node.name, output, says)


def sysctl(node: Node, name: str) -> str:
    """The value of a setting of that node; "" if it was not read."""
    return node.sysctls.get(name, "")


def show_sysctl(node: Node, name: str, says: str) -> Evidence:
    """The evidence of a setting of that node."""
    return show(node, f"sysctl {name}", f"{name} = {sysctl(node, name)}", says)


def cure(node: Node, *commands: str) -> tuple[Cure, ...]:
    """Commands of plain words, to be run on that node."""
    return tuple(step(node, *command.split()) for command in commands)


def step(node: Node, *words: str) -> Cure:
    """One command for that node. In a container /proc/sys is read-only, and most images have no firewall's
    command: such things are done to it from the host."""
    if node.kind == "container" and (words[0].startswith(OF_THE_HOST) or words[-2:] == ("flush", "cache")):
        return Cure("host", ("nsenter", "-t", str(node.pid), "-n", *words), node.name)
    return Cure(node.name, words)
