"""What gets through in a network, flow by flow: to see what a cure opens, and what it stops."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice

from netlab.lab.observable import Observable, Replicated
from netlab.model import Interface, Node, Snapshot
from netlab.packets.flight import Flight

MOST, FEW = 120, 2
SECONDS = 0.1  # that an answer may take
AT_MOST = 0.06  # in a replica
AT_ONCE = 8
_PUBLISHED = re.compile(r"-p (tcp|udp) .*--dport (\d+)\b")


@dataclass(frozen=True, slots=True)
class Flow:
    """Who asks whom, and how."""

    source: str  # a node
    destination: str  # an address
    proto: str = "icmp"
    port: int = 0

    def __str__(self) -> str:
        port = f" {self.proto} {self.port}" if self.port else ""
        return f"{self.source} → {self.destination}{port}"


def flows(snapshot: Snapshot) -> tuple[Flow, ...]:
    """Pings from every node to every other one, connections to what listens and to published ports; at most
    MOST, of which few to each node come first."""
    found = dict.fromkeys((*_to_published_ports(snapshot), *_to_listeners(snapshot), *_pings(snapshot)))
    return tuple(islice(found, MOST))


def _pings(snapshot: Snapshot) -> Iterator[Flow]:
    """To two addresses of each, and then to all others: of a router each may be reached by another cable."""
    for first, last in ((0, FEW), (FEW, None)):
        for node in snapshot.nodes:
            for other in snapshot.nodes:
                if other is not node:
                    yield from (Flow(node.name, a) for a in islice(_addresses(other), first, last))


def _to_listeners(snapshot: Snapshot) -> Iterator[Flow]:
    for node in snapshot.nodes:
        ports = {each.port for each in node.listeners if each.protocol == "tcp"}
        others = [other.name for other in snapshot.nodes if other is not node][:2]
        for port in sorted(ports):
            for other in others:
                yield from (Flow(other, address, "tcp", port) for address in islice(_addresses(node), 1))


def _to_published_ports(snapshot: Snapshot) -> Iterator[Flow]:
    """Ports that a DNAT rule leads elsewhere, asked for from all other nodes."""
    for node in snapshot.nodes:
        rules = [rule for chain in node.chains for rule in chain.rules if rule.target == "DNAT"]
        ports = {match.groups() for rule in rules if (match := _PUBLISHED.search(rule.text))}
        for proto, port in sorted(ports):
            for other in snapshot.nodes:
                if other is not node and proto == "tcp":
                    yield from (Flow(other.name, a, proto, int(port)) for a in islice(_addresses(node), 1))


def _addresses(node: Node) -> Iterator[str]:
    """The global ones, those of cards before those of lo."""
    interfaces: Sequence[Interface] = sorted(node.interfaces, key=lambda each: each.kind == "loopback")
    for interface in interfaces:
        yield from (a.address for a in interface.addresses if a.scope == "global")


def find_working(
    network: Observable, wanted: Sequence[Flow], before: frozenset[Flow] = frozenset()
) -> frozenset[Flow]:
    """Those that are answered; what was `before`, and is not now, is asked a second time. LabError."""
    first = ask(network, wanted)
    return first | ask(network, [flow for flow in wanted if flow in before - first])


def find_working_at_once(
    replica: Replicated, wanted: Sequence[Flow], before: frozenset[Flow] = frozenset()
) -> frozenset[Flow]:
    """As `find_working`, where many can be asked in one go. LabError."""
    first = _burst(replica, wanted)
    return first | _burst(replica, [flow for flow in wanted if flow in before - first])


def _burst(replica: Replicated, wanted: Sequence[Flow]) -> frozenset[Flow]:
    flights = [Flight(flow.source, flow.destination, flow.proto, flow.port) for flow in wanted]
    landings = replica.burst(flights, AT_MOST) if flights else ()
    return frozenset(flow for flow, landing in zip(wanted, landings, strict=True) if landing.answered)


def ask(network: Observable, wanted: Sequence[Flow]) -> frozenset[Flow]:
    """Those that are answered at once. LabError."""
    if not wanted:
        return frozenset()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = pool.map(partial(_is_answered, network), wanted)
        return frozenset(flow for flow, answered in zip(wanted, results, strict=True) if answered)


def _is_answered(network: Observable, flow: Flow) -> bool:
    probe = network.probe(flow.source, flow.destination, 1, SECONDS, proto=flow.proto, port=flow.port)
    return probe.reached
