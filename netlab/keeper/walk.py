"""Probes whose walk through the rules is watched: in a replica, where a mark may be set.

In every namespace that has rules a table of ours marks what is like the probe, before all others; the kernel
then tells of each rule that such a packet meets (netlab.linux.netlink.rule_trace). Then the table goes.
"""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from itertools import islice
from typing import Any

from netlab.keeper import probe
from netlab.keeper.places import Place
from netlab.linux.netlink import rule_trace
from netlab.linux.netlink.netfilter import Netfilter
from netlab.linux.netns import enter
from netlab.packets.probe import Order
from netlab.packets.walk import MOST, Met, Walk

TABLE = "netlab_walk"
FIRST = -2_000_000_000  # its priority: before whatever anybody has made
MARKED = (("inet", "prerouting"), ("inet", "output"), ("bridge", "prerouting"))
PROTOCOLS = {"icmp": "icmp", "udp": "udp", "tcp": "tcp", "icmpv6": "icmpv6"}
SECONDS_TO_MARK = 5.0
LONGEST = 1 << 16  # bytes of one datagram


def send(places: Sequence[Place], node: Place, words: Mapping[str, Any]) -> Walk:
    """Send probes from that node, as netlab.packets.probe.Order has them: what they met in those namespaces.
    ValueError for words that make no sense; OSError when a namespace is gone."""
    order = Order.parse(words)
    with ExitStack() as stack:
        there = {}
        for place in places:
            name, namespace = place.name, stack.enter_context(place.hold())
            with Netfilter(namespace) as netfilter:
                if netfilter.chains():
                    there[name] = namespace
        _run(there, _marks(order))
        stack.callback(_run, there, [f"delete table {family} {TABLE}" for family in ("inet", "bridge")])
        ears = {name: stack.enter_context(closing(rule_trace.listen(space))) for name, space in there.items()}
        probe.send(stack.enter_context(node.hold()), order)
        found = (met for name, ear in ears.items() for met in _hear(name, there[name], ear))
        return Walk(tuple(islice(found, MOST)))


def _marks(order: Order) -> list[str]:
    protocol = PROTOCOLS["icmpv6" if order.is_ipv6 and order.proto == "icmp" else order.proto]
    only = "icmpv6 type { echo-request, echo-reply }" if protocol == "icmpv6" else f"meta l4proto {protocol}"
    lines = []
    for family, hook in MARKED:
        chain = f"{family} {TABLE} {hook}"
        lines += [
            f"add table {family} {TABLE}",
            f"add chain {chain} {{ type filter hook {hook} priority {FIRST}; }}",
            f"add rule {chain} {only} meta nftrace set 1",
        ]
    return lines


def _run(there: Mapping[str, int], lines: list[str]) -> None:
    """Each line by itself, in all namespaces at once: not every kernel has rules for bridges."""
    families = {"inet": "", "bridge": ""}
    for line in lines:
        families[line.split()[2]] += line + "\n"
    running = []
    for namespace in there.values():
        for text in families.values():
            with enter(namespace):
                process = subprocess.Popen(
                    ["nft", "-f", "-"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            assert process.stdin is not None
            with suppress(BrokenPipeError), process.stdin:
                process.stdin.write(text.encode())
            running.append(process)
    for process in running:
        with suppress(subprocess.TimeoutExpired):
            process.wait(SECONDS_TO_MARK)


def _hear(node: str, namespace: int, ear: socket.socket) -> Iterator[Met]:
    """What has been told there: with numbers of rules in place of the kernel's handles."""
    with Netfilter(namespace) as netfilter:
        handles = netfilter.handles()
    ends: dict[int, tuple[str, str]] = {}
    for event in _events(ear):
        if event.source:
            ends[event.packet] = event.source, event.destination
        if event.table == TABLE or (event.verdict == "continue" and not event.handle):
            continue  # our own; and a chain at a hook that ends: its policy is told next
        rules = handles.get((event.family, event.table, event.chain), [])
        number = rules.index(event.handle) + 1 if event.handle in rules else 0
        where = event.family, event.table, event.chain
        ours = Met(node, event.packet, *ends.get(event.packet, ("", "")), *where, number, event.verdict)
        yield replace(ours, to=event.to)


def _events(ear: socket.socket) -> Iterator[rule_trace.Event]:
    while True:
        try:
            data = ear.recv(LONGEST)
        except OSError:  # nothing is left; or so much was told that the kernel had no room for the rest
            return
        yield from rule_trace.read(data)
