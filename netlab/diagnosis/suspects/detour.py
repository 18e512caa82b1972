"""The way to an address hop by hop, as the cables lead there, and the routes that it takes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_interface

from netlab.diagnosis.observation import Observation, cure
from netlab.diagnosis.suspects.addressing import neighbours_on, passes_on
from netlab.diagnosis.verdict import Cure
from netlab.model import Node


@dataclass(frozen=True, slots=True)
class Hop:
    """From a node to the next one: by which address of that one, and by which interface."""

    node: Node
    gateway: str
    device: str
    next: Node


def detour(scene: Observation, start: Node, address: str) -> tuple[Cure, ...]:
    """A route for that address alone on each node that would send it elsewhere; () where no way leads there,
    or none of them has to."""
    steps: tuple[Cure, ...] = ()
    whole = 128 if scene.family == 6 else 32
    for hop in _path(scene, start, address):
        route = scene.best_route(hop.node, address)
        if route is None or route.gateway != hop.gateway:
            words = f"{scene.ip} route add {address}/{whole} via {hop.gateway} dev {hop.device}"
            steps += cure(hop.node, words)
    return steps


def _path(scene: Observation, start: Node, address: str) -> list[Hop]:
    """The shortest one, over nodes that pass packets on."""
    homes = {node.netns for node, _ in scene.holders(address)}
    queue, seen = deque([(start, list[Hop]())]), {start.netns}
    while queue:
        node, behind = queue.popleft()
        for hop in _hops(scene, node):
            if hop.next.netns in seen:
                continue
            if hop.next.netns in homes:
                return [*behind, hop] if hop.gateway != address else behind
            seen.add(hop.next.netns)
            if passes_on(scene, hop.next):
                queue.append((hop.next, [*behind, hop]))
    return []


def _hops(scene: Observation, node: Node) -> Iterator[Hop]:
    for interface in node.interfaces:
        networks = [ip_interface(str(own)).network for own in scene.own(interface)]
        for other, _there, held in neighbours_on(scene, interface) if networks else ():
            if any(ip_address(held.address) in network for network in networks):
                yield Hop(node, held.address, interface.name, other)
