"""Everything that is known about one trace, as frozen values, and the questions that suspects ask of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address, ip_interface, ip_network

from netlab.journey import journeys
from netlab.model import Capture, Chain, Interface, InterfaceId, Journey, Node, Route, Rule, Snapshot
from netlab.verdict import Cure, Evidence

Asked = tuple[str, str]  # a command, and what it said


@dataclass(frozen=True)
class Scene:
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

    @property
    def lost(self) -> int:
        return self.sent - self.received

    @property
    def after(self) -> Snapshot:
        return self.capture.after

    @cached_property
    def journeys(self) -> tuple[Journey, ...]:
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
        if packet.protocol != self.proto or journey.answers is not None:
            return False
        if self.ports:
            return packet.source_port in self.ports
        return packet.icmp_type == 8 and packet.payload[: len(self.tokens[0])] in self.tokens

    @cached_property
    def unanswered_arps(self) -> tuple[Journey, ...]:
        """ARP requests that nobody answered, the first of each (asker, address)."""
        answered = {
            (j.first.packet.source, j.first.packet.destination)
            for j in self.journeys
            if j.first.packet.protocol == "arp" and j.answers is not None
        }
        found: dict[tuple[int, str], Journey] = {}
        for journey in self.journeys:
            packet, frame = journey.first.packet, journey.first.frame
            if packet.protocol != "arp" or journey.answers is not None or frame.direction != "out":
                continue
            if (packet.destination, packet.source) not in answered:
                found.setdefault((frame.point.netns, packet.destination), journey)
        return tuple(found.values())

    # -- questions to the snapshots -------------------------------------------------------------

    def node(self, netns: int) -> Node:
        found = self.after.by_netns(netns) or self.capture.before.by_netns(netns)
        assert found is not None, "a captured point belongs to a namespace that was seen"
        return found

    def risen(self, node: Node, counter: str) -> int:
        """By how much a counter rose during the trace."""
        before = self.capture.before.by_netns(node.netns)
        return node.counters.get(counter, 0) - (before.counters.get(counter, 0) if before else 0)

    def moved(self, node: Node) -> list[tuple[Chain, Rule | None, int, int]]:
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
        """Every interface on the same link: over veth pairs and bridges, as they are wired, up or not."""
        found, queue = set(), [start]
        while queue:
            key = queue.pop()
            interface = self.after.interface(key)
            if key in found or interface is None:
                continue
            found.add(key)
            node = self.node(key.netns)
            if interface.kind == "veth" and interface.peer:
                queue.append(interface.peer)
            if interface.master and node.has_interface(interface.master):
                queue.append(node.interface(interface.master).id)
            queue += [port.id for port in node.ports(interface.name)]
        return found

    def holders(self, address: str) -> list[tuple[Node, Interface]]:
        """Who holds that address."""
        return [(n, i) for n, i in self.after.interfaces() if any(a.address == address for a in i.addresses)]

    def best_route(self, node: Node, address: str) -> Route | None:
        """The main table's longest match of any kind, as the kernel would choose it."""
        wanted = ip_address(address)
        fits = []
        for route in node.routes:
            text = {"default": "::/0" if wanted.version == 6 else "0.0.0.0/0"}.get(
                route.destination, route.destination
            )
            network = ip_network(text, strict=False)
            if route.table == "main" and network.version == wanted.version and wanted in network:
                fits.append((network.prefixlen, -route.metric, route))
        return max(fits, key=lambda fit: fit[:2])[2] if fits else None

    def gateway_for(self, node: Node) -> str:
        """An address on one of the node's links by which it could leave: "" if none is in sight."""
        for interface in node.interfaces:
            for own in (a for a in interface.addresses if a.family == 4 and interface.kind != "loopback"):
                network = ip_interface(str(own)).network
                for key in self.link(interface.id) - {interface.id}:
                    if key.netns == node.netns:
                        continue
                    other = self.after.interface(key)
                    is_router = self.node(key.netns).kind in ("host", "internet")
                    for address in other.addresses if other and is_router else ():
                        if address.family == 4 and ip_address(address.address) in network:
                            return address.address
        return ""


def shown(node: Node, command: str, output: str, says: str) -> Evidence:
    return Evidence(command, node.name, output, says)


def sysctl(node: Node, name: str) -> str:
    """The value of a setting of that node; "" if it was not read."""
    return node.sysctls.get(name, "")


def sysctl_shown(node: Node, name: str, says: str) -> Evidence:
    return shown(node, f"sysctl {name}", f"{name} = {sysctl(node, name)}", says)


def cure(node: Node, *commands: str) -> tuple[Cure, ...]:
    """Commands of plain words, to be run on that node. A container's own /proc/sys is read-only: its settings
    are written from the host."""
    return tuple(_step(node, command.split()) for command in commands)


def _step(node: Node, words: list[str]) -> Cure:
    if node.kind == "container" and words[0] == "sysctl":
        return Cure("host", ("nsenter", "-t", str(node.pid), "-n", *words))
    return Cure(node.name, tuple(words))
