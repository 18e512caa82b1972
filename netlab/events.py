"""The keeper's side of a watch: snapshots of the lab, one after each change, streamed to one client.

The kernel is asked to notify: rtnetlink(7) in every namespace for links, addresses, routes and settings, and
nf_tables for rules. What notifies nobody (a namespace that nobody has put anything into, rules of the legacy
iptables) is looked for twice a second, or read every few seconds.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace

from netlab import observe, wire
from netlab.model import Chain, Node, Snapshot
from netlab.netns import entered
from netlab.observe import Place

NETLINK_NETFILTER = 12
# RTNLGRP_*: LINK, IPV4_IFADDR, IPV4_ROUTE, IPV4_RULE, IPV6_IFADDR, IPV6_ROUTE, IPV6_RULE, IPV4_NETCONF, NSID
ROUTE_GROUPS = sum(1 << (group - 1) for group in (1, 5, 7, 8, 9, 11, 19, 24, 28))
NFTABLES_GROUP = 1 << 6  # NFNLGRP_NFTABLES
LOOK = 0.5  # seconds between two looks for namespaces that came or went in silence
READ = 5.0  # seconds after which all is read, whether anything was notified or not
TOGETHER = 0.004  # seconds: what one command changes comes in one snapshot
RESTLESS = "net.netfilter.nf_conntrack_count"  # goes with the traffic, not with what anybody does


def serve(client: socket.socket, lab: str, look: Callable[[], list[Place]]) -> bool:
    """Send a snapshot now, and one after each change, until the client hangs up."""
    with ExitStack() as stack:
        listening: dict[int, list[socket.socket]] = {}
        poll = select.poll()
        stack.callback(_follow, [], listening, poll)
        poll.register(client, select.POLLIN)
        last: Snapshot | None = None
        while True:
            found = look()
            _follow(found, listening, poll)
            snapshot = observe.read(lab, found)
            if last is None or essence(snapshot) != essence(last):
                last = snapshot
                try:
                    wire.send(client, {"snapshot": snapshot}, values=True)
                except OSError:
                    return True
            if not _wait(client, poll, listening, look, {place.netns for place in found}):
                return True


def _follow(found: list[Place], listening: dict[int, list[socket.socket]], poll: select.poll) -> None:
    """Listen in every namespace that is there, and no longer in those that are gone."""
    there = {place.netns: place.path for place in found}
    for netns in set(listening) - set(there):
        for sock in listening.pop(netns):
            poll.unregister(sock)
            sock.close()
    for netns in set(there) - set(listening):
        with suppress(OSError):  # it ended in the meantime
            listening[netns] = _listen(there[netns])
            for sock in listening[netns]:
                poll.register(sock, select.POLLIN)


def _listen(namespace: str) -> list[socket.socket]:
    opened = []
    with entered(namespace):
        for protocol, groups in ((socket.NETLINK_ROUTE, ROUTE_GROUPS), (NETLINK_NETFILTER, NFTABLES_GROUP)):
            sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
            sock.setblocking(False)
            sock.bind((0, groups))
            opened.append(sock)
    return opened


def _wait(
    client: socket.socket,
    poll: select.poll,
    listening: dict[int, list[socket.socket]],
    look: Callable[[], list[Place]],
    known: set[int],
) -> bool:
    """Until there may be something new; False when the client has hung up."""
    deadline = time.monotonic() + READ
    while time.monotonic() < deadline:
        ready = {fd for fd, _ in poll.poll(LOOK * 1000)}
        if client.fileno() in ready:
            return False
        if ready:
            while [fd for fd, _ in poll.poll(TOGETHER * 1000) if fd != client.fileno()]:
                _drain(listening)
                if time.monotonic() > deadline:
                    break
            return True
        if {place.netns for place in look()} != known:
            return True
    return True


def _drain(listening: dict[int, list[socket.socket]]) -> None:
    """Take everything that was notified. That there was something is all that counts: even what the kernel
    had no room for (ENOBUFS) is in the snapshot that follows."""
    for socks in listening.values():
        for sock in socks:
            with suppress(OSError):
                while sock.recv(1 << 16):
                    pass


def essence(snapshot: Snapshot) -> Snapshot:
    """The snapshot without what changes by itself: the time, counters, neighbours, sockets."""
    return replace(snapshot, time_ns=0, nodes=tuple(_still(node) for node in snapshot.nodes))


def _still(node: Node) -> Node:
    sysctls = {name: value for name, value in node.sysctls.items() if name != RESTLESS}
    chains = tuple(_uncounted(chain) for chain in node.chains)
    return replace(node, neighbours=(), counters={}, listeners=(), chains=chains, sysctls=sysctls)


def _uncounted(chain: Chain) -> Chain:
    rules = tuple(replace(rule, packets=0, bytes=0) for rule in chain.rules)
    return replace(chain, packets=0, bytes=0, rules=rules)
