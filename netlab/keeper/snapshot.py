"""A Snapshot of every network namespace of a lab, read from the kernel now.

Runs on the keeper's level, from which every namespace of the lab can be entered (netlab.keeper.places).
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace

from netlab.keeper.places import Place
from netlab.linux import firewall
from netlab.linux.netlink import sock_diag
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.netns import enter
from netlab.model import Chain, Interface, InterfaceId, Node, Snapshot

SYSCTLS = (
    *("net.ipv4.ip_forward", "net.ipv4.icmp_echo_ignore_all", "net.ipv4.ip_default_ttl"),
    "net.ipv6.icmp.echo_ignore_all",
)
PER_DEVICE = (
    *(f"net.ipv4.conf.{{}}.{name}" for name in ("forwarding", "rp_filter", "proxy_arp", "arp_ignore")),
    *(f"net.ipv4.conf.{{}}.{name}" for name in ("accept_local", "ignore_routes_with_linkdown")),
    *(f"net.ipv6.conf.{{}}.{name}" for name in ("disable_ipv6", "forwarding", "hop_limit")),
)
OTHER_SYSCTLS = (
    "net.bridge.bridge-nf-call-iptables",
    "net.netfilter.nf_conntrack_max",
    "net.netfilter.nf_conntrack_count",
)


@dataclass(frozen=True)
class Earlier:
    """What of an earlier look still holds, by namespace: whole nodes, and of others rules and settings.

    A node that is read beside its rules is read without what goes with the traffic: counters, sockets.
    """

    nodes: Mapping[int, Node] = field(default_factory=dict)
    chains: Mapping[int, tuple[Chain, ...]] = field(default_factory=dict)
    sysctls: Mapping[int, Mapping[str, str]] = field(default_factory=dict)


NOTHING = Earlier()


def read(lab: str, found: Sequence[Place], earlier: Earlier = NOTHING) -> Snapshot:
    """Those namespaces, now, but for what is known to be as it was. What vanishes is left out."""
    now = time.time_ns()
    opened: dict[int, int] = {}
    with ExitStack() as stack:
        for place in found:
            with suppress(OSError):  # it ended in the meantime, or whoever was in it has gone elsewhere
                opened[place.netns] = stack.enter_context(place.hold())
        nodes = [_node(place, opened[place.netns], earlier) for place in found if place.netns in opened]
        nodes = _join_peers(nodes, opened)
    return Snapshot(now, lab, tuple(nodes))


def _node(place: Place, fd: int, earlier: Earlier) -> Node:
    if (node := earlier.nodes.get(place.netns)) is not None:
        return replace(node, name=place.name, kind=place.kind, pid=place.pid, aliases=place.aliases)
    with RouteSocket(fd) as kernel, enter(fd):
        chains = earlier.chains.get(place.netns)
        if chains is not None and not firewall.legacy_tables():
            return replace(_wiring(place, kernel, earlier), chains=chains)
        with firewall.read_chains() as rules:  # by processes of their own, meanwhile
            node = _wiring(place, kernel, earlier)
            names = {interface.index: interface.name for interface in node.interfaces}
            counters = {**_counters(), **kernel.queue_drops(names)}
            listeners = sock_diag.listeners()
            return replace(node, chains=rules(), counters=counters, listeners=listeners)


def _wiring(place: Place, kernel: RouteSocket, earlier: Earlier) -> Node:
    """The node without its rules, and without what goes with the traffic."""
    interfaces = kernel.interfaces()
    names = {interface.index: interface.name for interface in interfaces}
    return Node(
        netns=place.netns,
        name=place.name,
        kind=place.kind,
        pid=place.pid,
        aliases=place.aliases,
        interfaces=interfaces,
        routes=kernel.routes(names),
        neighbours=kernel.neighbours(names),
        fdb=kernel.fdb(names) if any(i.kind == "vxlan" for i in interfaces) else (),
        sysctls=_sysctls(interfaces, earlier.sysctls.get(place.netns, {})),
        policies=kernel.policies(),
    )


def _sysctls(interfaces: tuple[Interface, ...], known: Mapping[str, str]) -> dict[str, str]:
    scopes = ("all", *(i.name for i in interfaces if i.kind != "loopback"))
    wanted = (*SYSCTLS, *OTHER_SYSCTLS, *(name.format(scope) for name in PER_DEVICE for scope in scopes))
    values = {}
    for name in wanted:
        if name in known:
            values[name] = known[name]
            continue
        before, _, device = name.partition(".conf.")  # a device's name may hold dots
        tail = device.rpartition(".")
        path = f"{before.replace('.', '/')}/conf/{tail[0]}/{tail[2]}" if device else name.replace(".", "/")
        with suppress(OSError):
            values[name] = _setting(f"/proc/sys/{path}")
    return values


def _setting(path: str) -> str:
    """A file of one short line. (`open` makes nine system calls of it, and a snapshot reads a hundred.)"""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, 4096).decode().strip()
    finally:
        os.close(fd)


def _counters() -> dict[str, int]:
    """What the kernel counts here: /proc/net/snmp and netstat, and the connection table's drops."""
    found: dict[str, int] = {}
    for file in ("snmp", "netstat"):
        with open(f"/proc/thread-self/net/{file}") as lines:
            for heads, values in zip(lines, lines, strict=False):
                group, *names = heads.split()
                numbers = values.split()[1:]
                found |= {
                    f"{group}{name}".replace(":", "."): int(n) for name, n in zip(names, numbers, strict=True)
                }
    with suppress(OSError), open("/proc/thread-self/net/snmp6") as lines:
        pairs = (line.split() for line in lines if line.startswith("Ip6"))
        found |= {f"Ip6.{name.removeprefix('Ip6')}": int(value) for name, value in pairs}
    with suppress(OSError), open("/proc/thread-self/net/stat/nf_conntrack") as table:
        columns, *processors = (line.split() for line in table)
        for name in ("drop", "early_drop", "insert_failed"):
            found[f"conntrack.{name}"] = sum(int(row[columns.index(name)], 16) for row in processors)
    return found


def _join_peers(nodes: list[Node], opened: dict[int, int]) -> list[Node]:
    """Replace each peer's namespace number by the namespace itself.

    A pair names each other, so only interfaces that point back are candidates; the kernel is asked for the
    number of a candidate's namespace when there are several.
    """
    by_index: dict[tuple[int, int], list[InterfaceId]] = {}
    for node in nodes:
        for interface in node.interfaces:
            if interface.peer:
                by_index.setdefault((interface.index, interface.peer.index), []).append(interface.id)
    joined = []
    for node in nodes:
        with RouteSocket(opened[node.netns]) as kernel:
            interfaces = tuple(
                replace(i, peer=_peer(i, by_index, kernel, opened)) if i.peer and i.peer.netns < 0 else i
                for i in node.interfaces
            )
        joined.append(replace(node, interfaces=interfaces))
    return joined


def _peer(
    interface: Interface,
    by_index: dict[tuple[int, int], list[InterfaceId]],
    kernel: RouteSocket,
    opened: dict[int, int],
) -> InterfaceId | None:
    assert interface.peer is not None
    known_as = -2 - interface.peer.netns  # the inverse of what Kernel.interfaces puts there
    if interface.kind != "veth":
        candidates = [InterfaceId(netns, interface.peer.index) for netns in opened]
    else:
        candidates = by_index.get((interface.peer.index, interface.index), [])
    for candidate in candidates:
        if kernel.nsid(opened[candidate.netns]) == known_as:
            return candidate
    return None
