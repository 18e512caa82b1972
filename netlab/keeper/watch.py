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

from netlab.keeper import protocol
from netlab.keeper import snapshot as observe
from netlab.keeper.places import Place
from netlab.keeper.snapshot import Earlier
from netlab.linux.netlink import messages as rt
from netlab.linux.netlink import parse
from netlab.linux.netlink.notifications import listen
from netlab.model import Chain, News, Node, Snapshot, codec

EVERY = -1  # instead of an interface's index
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
        ear = Ear(client, look)
        stack.callback(ear.close)
        read: Snapshot | None = None
        sent: Snapshot | None = None
        known: Snapshot | None = None  # the essence of what was sent
        held = 0.0  # until when nothing is sent, since an interface is between two namespaces
        failed = 0
        while True:
            started = time.monotonic()
            found = ear.places()
            try:
                read, failed = read_again(lab, found, read, ear.find_unchanged(read, found)), 0
            except OSError:  # something ended while it was read
                if failed == TRIES or not ear.rest(MOVING):
                    raise
                read, failed = None, failed + 1
                ear.doubts()
                continue
            if len(read.nodes) < len(found) and ear.doubts():
                continue
            moving = sent is not None and is_moving(sent, read)
            held = (held or started + MOVING) if moving else 0.0
            if held < started and (now := essence(read)) != known:
                news = difference(sent, read)
                held, sent, known = 0.0, read, now
                try:
                    protocol.send(client, codec.to_plain(news))
                except OSError:
                    return True
            # Under a storm of changes at most half of the time goes into reading them.
            if not ear.rest(time.monotonic() - started) or not ear.wait(MOVING if held else READ):
                return True


class Ear:
    """Hears what the kernel notifies, in every namespace, and remembers which ones are to be read again."""

    def __init__(self, client: socket.socket, look: Callable[[], list[Place]]) -> None:
        self._client, self._look = client, look
        self._found: list[Place] = []
        self._looked = 0.0  # when that was
        self._is_sure = False  # that none has come or gone since
        self._poll = select.poll()
        self._poll.register(client, select.POLLIN)
        self._sockets: dict[int, list[socket.socket]] = {}
        self._of: dict[int, tuple[int, bool]] = {}  # descriptor → namespace, and whether it is about rules
        self._heard: set[tuple[int, bool]] = set()
        self._set: dict[int, set[int]] = {}  # namespace → indexes of interfaces whose settings are others now
        self._read = self._rules = 0.0  # when all was read last

    def close(self) -> None:
        self._follow([])

    def places(self) -> list[Place]:
        """Every namespace. They are looked for again when one may have come: an interface has left for it,
        it was given a number, or nobody has looked for some time."""
        if not self._is_sure or time.monotonic() - self._looked > LOOK:
            self._found, self._looked, self._is_sure = self._look(), time.monotonic(), True
            self._follow(self._found)
        return self._found

    def doubts(self) -> bool:
        """One of them could not be entered. Whether to look for them again; not if that was just done."""
        was_sure, self._is_sure = self._is_sure, False
        return was_sure

    def _follow(self, found: Sequence[Place]) -> None:
        """Listen in every namespace that is there, and no longer in those that are gone."""
        there = {place.netns: place for place in found}
        for netns in set(self._sockets) - set(there):
            for sock in self._sockets.pop(netns):
                self._poll.unregister(sock)
                del self._of[sock.fileno()]
                sock.close()
        for netns in set(there) - set(self._sockets):
            with suppress(OSError):  # it ended in the meantime
                with there[netns].hold() as namespace:
                    self._sockets[netns] = listen(namespace)
                for sock, rules in zip(self._sockets[netns], (False, True), strict=True):
                    self._poll.register(sock, select.POLLIN)
                    self._of[sock.fileno()] = (netns, rules)
                self._heard |= {(netns, False), (netns, True)}

    def find_unchanged(self, last: Snapshot | None, found: Sequence[Place]) -> Earlier:
        """What of the last snapshot needs not be read again, now that nothing was heard of it."""
        now = time.monotonic()
        heard, self._heard = self._heard, set()
        changed_settings, self._set = self._set, {}
        if last is None or now - self._rules > RULES:
            self._read = self._rules = now
            return Earlier()
        changed = {netns for netns, _ in heard}
        known = {node.netns: node for node in last.nodes}
        new = {place.netns for place in found} - set(known)
        chains = {n: node.chains for n, node in known.items() if (n, True) not in heard}
        if now - self._read > READ:
            self._read = now
            return Earlier({}, chains)
        dirty = changed | new
        sysctls = {n: settings_but(node, changed_settings.get(n, set())) for n, node in known.items()}
        return Earlier({n: node for n, node in known.items() if n not in dirty}, chains, sysctls)

    def rest(self, seconds: float) -> bool:
        """Leave the machine to others for a while; False when the client has hung up."""
        return not select.select([self._client], [], [], seconds)[0]

    def wait(self, longest: float) -> bool:
        """Until there may be something new; False when the client has hung up."""
        known = set(self._found)
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
            self._is_sure = False
            if set(self.places()) != known:
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
                            self._is_sure &= not any(
                                leaves(kind, body) for kind, _, body in rt.messages(heard)
                            )
                except BlockingIOError:
                    pass
                except OSError:
                    self._set.setdefault(netns, set()).add(EVERY)
                    self._is_sure = False


def read_again(lab: str, found: Sequence[Place], last: Snapshot | None, earlier: Earlier) -> Snapshot:
    """The lab now, but for what of an earlier look still holds.

    A cable that comes, goes or moves is told only where it ends now; its other end leads elsewhere, too.
    """
    read = observe.read(lab, found, earlier)
    if last is None or not (moved := find_recabled(last, read)):
        return read
    far = {
        i.netns for _, i in last.interfaces() if i.kind == "veth" and (not i.peer or i.peer.netns in moved)
    }
    if not far & set(earlier.nodes):
        return read
    kept = {netns: node for netns, node in earlier.nodes.items() if netns not in far}
    return observe.read(lab, found, replace(earlier, nodes=kept))


def find_recabled(before: Snapshot, after: Snapshot) -> set[int]:
    """The namespaces in which other ends of cables are than before, or the same ones lead elsewhere."""
    ends = [
        {node.netns: {(i.index, i.peer) for i in node.interfaces if i.kind == "veth"} for node in shot.nodes}
        for shot in (before, after)
    ]
    return {netns for netns in ends[0].keys() | ends[1].keys() if ends[0].get(netns) != ends[1].get(netns)}


def settings(heard: bytes) -> set[int]:
    """The indexes of the interfaces of which a setting was notified; one below 0 stands for all of them."""
    bodies = [body for kind, _, body in rt.messages(heard) if kind in (rt.RTM_NEWNETCONF, rt.RTM_DELNETCONF)]
    found = [rt.attributes(body, 4).get(rt.NETCONFA_IFINDEX) for body in bodies]
    return {int.from_bytes(index, sys.byteorder, signed=True) if index else EVERY for index in found}


def leaves(kind: int, body: bytes) -> bool:
    """Whether that tells of something that may have left for a namespace that nobody knows.

    A bridge never leaves its own, and to leave a bridge (the message's family then) is no farewell.
    """
    if kind != rt.RTM_DELLINK:
        return kind in (rt.RTM_NEWNSID, rt.RTM_DELNSID)
    is_port = body[0] == socket.AF_BRIDGE
    return not is_port and parse.kind(parse.link(body)) != "bridge"


def settings_but(node: Node, indexes: set[int]) -> Mapping[str, str]:
    """The settings of a node without those of the interfaces with these indexes."""
    if any(index < 0 for index in indexes):
        return {}
    devices = [f".conf.{interface.name}." for interface in node.interfaces if interface.index in indexes]
    return {name: v for name, v in node.sysctls.items() if not any(device in name for device in devices)}


def difference(before: Snapshot | None, after: Snapshot) -> News:
    """The later snapshot with nothing but the nodes that are others now, and the order of all of them."""
    known = {node.netns: node for node in before.nodes} if before else {}
    others = tuple(node for node in after.nodes if known.get(node.netns) != node)
    return News(replace(after, nodes=others), tuple(node.netns for node in after.nodes))


def is_moving(before: Snapshot, after: Snapshot) -> bool:
    """Whether an interface that may be on its way is nowhere: one end of a cable whose other end is there
    still, or one that sits on another interface. (That one was deleted is seen when it does not arrive.)"""
    there = {i.id for _, i in after.interfaces()}
    macs = {i.mac for _, i in after.interfaces()}
    gone = [i for _, i in before.interfaces() if i.id not in there and i.mac not in macs]
    return any(i.kind == "macvlan" or (i.kind == "veth" and i.peer in there) for i in gone)


def essence(snapshot: Snapshot) -> Snapshot:
    """The snapshot without what changes by itself: the time, counters, neighbours, sockets."""
    return replace(snapshot, time_ns=0, nodes=tuple(_still(node) for node in snapshot.nodes))


def _still(node: Node) -> Node:
    sysctls = {name: value for name, value in node.sysctls.items() if name != RESTLESS}
    chains = tuple(_without_counters(chain) for chain in node.chains)
    return replace(node, neighbours=(), fdb=(), counters={}, listeners=(), chains=chains, sysctls=sysctls)


def _without_counters(chain: Chain) -> Chain:
    rules = tuple(replace(rule, packets=0, bytes=0) for rule in chain.rules)
    return replace(chain, packets=0, bytes=0, rules=rules)
