"""The keeper's side of a watch: snapshots of the lab, one after each change, streamed to one client.

The kernel is asked to notify: rtnetlink(7) in every namespace for links, addresses, routes and settings, and
nf_tables for rules. Only what was notified is read again. What notifies nobody (a namespace that nobody has
put anything into, rules of the legacy iptables) is looked for twice a second, or read every few seconds.
"""

from __future__ import annotations

import select
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace

from netlab import observe, wire
from netlab import rtnetlink as rt
from netlab.model import Chain, Node, Snapshot
from netlab.netns import entered
from netlab.observe import Earlier, Place

NETLINK_NETFILTER = 12
# RTNLGRP_*: LINK, IPV4_IFADDR, IPV4_ROUTE, IPV4_RULE, IPV6_IFADDR, IPV6_ROUTE, IPV6_RULE, IPV4_NETCONF, NSID
ROUTE_GROUPS = sum(1 << (group - 1) for group in (1, 5, 7, 8, 9, 11, 19, 24, 28))
NEWNETCONF, DELNETCONF, NETCONFA_IFINDEX = 80, 81, 1
EVERY = -1  # instead of an interface's index
NFTABLES_GROUP = 1 << 6  # NFNLGRP_NFTABLES
LOOK = 0.5  # seconds between two looks for namespaces that came or went in silence
READ = 5.0  # seconds after which all is read but rules, whether anything was notified or not
RULES = 60.0  # and after which rules are, too
TOGETHER = 0.001  # seconds without a notification: what one command changes comes in one snapshot
LONGEST = 0.02  # seconds that are waited for such a pause
MOVING = 0.1  # seconds that an interface may take from one namespace to another
TRIES = 5  # how often in a row reading may fail
RESTLESS = "net.netfilter.nf_conntrack_count"  # goes with the traffic, not with what anybody does


def serve(client: socket.socket, lab: str, look: Callable[[], list[Place]]) -> bool:
    """Send a snapshot now, and one after each change, until the client hangs up."""
    with ExitStack() as stack:
        ear = Ear(client)
        stack.callback(ear.follow, [])
        read: Snapshot | None = None
        sent: Snapshot | None = None
        held = 0.0  # until when nothing is sent, since an interface is between two namespaces
        failed = 0
        while True:
            started = time.monotonic()
            found = look()
            ear.follow(found)
            try:
                read, failed = observe.read(lab, found, ear.unchanged(read, found)), 0
            except OSError:  # something ended while it was read
                if failed == TRIES or not ear.rest(MOVING):
                    raise
                read, failed = None, failed + 1
                continue
            moving = sent is not None and is_moving(sent, read)
            held = (held or started + MOVING) if moving else 0.0
            if held < started and (sent is None or essence(read) != essence(sent)):
                held, sent = 0.0, read
                try:
                    wire.send(client, {"snapshot": read}, values=True)
                except OSError:
                    return True
            # Under a storm of changes at most half of the time goes into reading them.
            if not ear.rest(time.monotonic() - started) or not ear.wait(
                look, found, MOVING if held else READ
            ):
                return True


class Ear:
    """Hears what the kernel notifies, in every namespace, and remembers which ones are to be read again."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self._poll = select.poll()
        self._poll.register(client, select.POLLIN)
        self._sockets: dict[int, list[socket.socket]] = {}
        self._of: dict[int, tuple[int, bool]] = {}  # descriptor → namespace, and whether it is about rules
        self._heard: set[tuple[int, bool]] = set()
        self._set: dict[int, set[int]] = {}  # namespace → indexes of interfaces whose settings are others now
        self._read = self._rules = 0.0  # when all was read last

    def follow(self, found: Sequence[Place]) -> None:
        """Listen in every namespace that is there, and no longer in those that are gone."""
        there = {place.netns: place.path for place in found}
        for netns in set(self._sockets) - set(there):
            for sock in self._sockets.pop(netns):
                self._poll.unregister(sock)
                del self._of[sock.fileno()]
                sock.close()
        for netns in set(there) - set(self._sockets):
            with suppress(OSError):  # it ended in the meantime
                self._sockets[netns] = _listen(there[netns])
                for sock, rules in zip(self._sockets[netns], (False, True), strict=True):
                    self._poll.register(sock, select.POLLIN)
                    self._of[sock.fileno()] = (netns, rules)
                self._heard |= {(netns, False), (netns, True)}

    def unchanged(self, last: Snapshot | None, found: Sequence[Place]) -> Earlier:
        """What of the last snapshot needs not be read again, now that nothing was heard of it."""
        now = time.monotonic()
        heard, self._heard = self._heard, set()
        changed_settings, self._set = self._set, {}
        if last is None or now - self._rules > RULES:
            self._read = self._rules = now
            return Earlier()
        changed = {netns for netns, _ in heard}
        # A cable is told only where it ends now; the other end has another peer all the same.
        far = {i.netns for _, i in last.interfaces() if i.peer and i.peer.netns in changed}
        far |= {i.netns for _, i in last.interfaces() if i.kind == "veth" and i.peer is None}
        known = {node.netns: node for node in last.nodes}
        new = {place.netns for place in found} - set(known)
        chains = {n: node.chains for n, node in known.items() if (n, True) not in heard}
        if now - self._read > READ:
            self._read = now
            return Earlier({}, chains)
        dirty = changed | new | (far if changed or new else set())
        sysctls = {n: kept(node, changed_settings.get(n, set())) for n, node in known.items()}
        return Earlier({n: node for n, node in known.items() if n not in dirty}, chains, sysctls)

    def rest(self, seconds: float) -> bool:
        """Leave the machine to others for a while; False when the client has hung up."""
        return not select.select([self._client], [], [], seconds)[0]

    def wait(self, look: Callable[[], list[Place]], found: Sequence[Place], longest: float) -> bool:
        """Until there may be something new; False when the client has hung up."""
        known = set(found)
        deadline = time.monotonic() + longest
        while time.monotonic() < deadline:
            ready = {fd for fd, _ in self._poll.poll(min(LOOK, longest) * 1000)}
            if self._client.fileno() in ready:
                return False
            if ready:
                enough = time.monotonic() + LONGEST
                while ready and time.monotonic() < enough:
                    self._drain(ready)
                    ready = {fd for fd, _ in self._poll.poll(TOGETHER * 1000)}
                return True
            if set(look()) != known:
                return True
        return True

    def _drain(self, ready: set[int]) -> None:
        """Take everything that was notified. That there was something is all that counts, but for settings:
        even what the kernel had no room for (ENOBUFS) is in the snapshot that follows."""
        for sock in (sock for socks in self._sockets.values() for sock in socks):
            if sock.fileno() in ready:
                netns, rules = self._of[sock.fileno()]
                self._heard.add((netns, rules))
                try:
                    while heard := sock.recv(1 << 16):
                        if not rules:
                            self._set.setdefault(netns, set()).update(settings(heard))
                except BlockingIOError:
                    pass
                except OSError:
                    self._set.setdefault(netns, set()).add(EVERY)


def settings(heard: bytes) -> set[int]:
    """The indexes of the interfaces of which a setting was notified; one below 0 stands for all of them."""
    bodies = [body for kind, _, body in rt.messages(heard) if kind in (NEWNETCONF, DELNETCONF)]
    found = [rt.attributes(body, 4).get(NETCONFA_IFINDEX) for body in bodies]
    return {int.from_bytes(index, sys.byteorder, signed=True) if index else EVERY for index in found}


def kept(node: Node, indexes: set[int]) -> Mapping[str, str]:
    """The settings of a node without those of the interfaces with these indexes."""
    if any(index < 0 for index in indexes):
        return {}
    devices = [f".conf.{interface.name}." for interface in node.interfaces if interface.index in indexes]
    return {name: v for name, v in node.sysctls.items() if not any(device in name for device in devices)}


def _listen(namespace: str) -> list[socket.socket]:
    opened = []
    with entered(namespace):
        for protocol, groups in ((socket.NETLINK_ROUTE, ROUTE_GROUPS), (NETLINK_NETFILTER, NFTABLES_GROUP)):
            sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
            sock.setblocking(False)
            sock.bind((0, groups))
            opened.append(sock)
    return opened


def is_moving(before: Snapshot, after: Snapshot) -> bool:
    """Whether one end of a cable is nowhere, though its other end is there still: it is on its way."""
    there = {i.id for _, i in after.interfaces()}
    macs = {i.mac for _, i in after.interfaces()}
    return any(
        i.kind == "veth" and i.id not in there and i.mac not in macs and i.peer in there
        for _, i in before.interfaces()
    )


def essence(snapshot: Snapshot) -> Snapshot:
    """The snapshot without what changes by itself: the time, counters, neighbours, sockets."""
    return replace(snapshot, time_ns=0, nodes=tuple(_still(node) for node in snapshot.nodes))


def _still(node: Node) -> Node:
    sysctls = {name: value for name, value in node.sysctls.items() if name != RESTLESS}
    chains = tuple(_uncounted(chain) for chain in node.chains)
    return replace(node, neighbours=(), fdb=(), counters={}, listeners=(), chains=chains, sysctls=sysctls)


def _uncounted(chain: Chain) -> Chain:
    rules = tuple(replace(rule, packets=0, bytes=0) for rule in chain.rules)
    return replace(chain, packets=0, bytes=0, rules=rules)
