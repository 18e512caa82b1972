"""A Snapshot of every network namespace of a lab, read from the kernel now.

Runs on the keeper's level, from which every process of the lab, and so every namespace, can be seen:
containers, namespaces that `ip netns add` made, and unnamed ones that some process lives in.
"""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from netlab.display import one_line
from netlab.engines.protocol import Engine
from netlab.linux import files, firewall
from netlab.linux.netlink import sock_diag
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.netns import entered, inode, is_one
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
NAMED = "/run/netns"  # where ip-netns(8) keeps names of namespaces
_LINK = re.compile(r"/proc/(\d{1,10})(?:/task/\d{1,10})?/ns/net")
ROLES = ("host", "internet")  # whoever has one of these names has it from the keeper
KINDS = ("container", "host", "netns", "process", "internet")  # in the order of a packet's way out


@dataclass(frozen=True)
class Place:
    """A namespace that was found: where to enter it, and its name.

    Whoever is root in the lab may put something else where the path leads: `held` makes sure.
    """

    path: str
    netns: int
    name: str
    kind: str
    pid: int = 0  # of a process in it, as the lab host numbers it
    aliases: tuple[str, ...] = ()
    file: str = ""  # in /run/netns, if that is where it was found

    @contextmanager
    def held(self) -> Iterator[int]:
        """A descriptor of it. OSError if it has ended, or the path leads elsewhere now."""
        fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            if os.fstat(fd).st_ino != self.netns or not is_one(fd):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self.name)
            yield fd
        finally:
            os.close(fd)


@dataclass(frozen=True)
class Earlier:
    """What of an earlier look still holds, by namespace: whole nodes, and of others rules and settings.

    A node that is read beside its rules is read without what goes with the traffic: counters, sockets.
    """

    nodes: Mapping[int, Node] = field(default_factory=dict)
    chains: Mapping[int, tuple[Chain, ...]] = field(default_factory=dict)
    sysctls: Mapping[int, Mapping[str, str]] = field(default_factory=dict)


NOTHING = Earlier()


def snapshot(lab: str, init: int, engine: Engine) -> Snapshot:
    """The whole lab; `init` is the lab host's process 1 as numbered here. What vanishes is left out."""
    return read(lab, places(init, engine))


def read(lab: str, found: Sequence[Place], earlier: Earlier = NOTHING) -> Snapshot:
    """Those namespaces, now, but for what is known to be as it was. What vanishes is left out."""
    now = time.time_ns()
    opened: dict[int, int] = {}
    with ExitStack() as stack:
        for place in found:
            with suppress(OSError):  # it ended in the meantime, or whoever was in it has gone elsewhere
                opened[place.netns] = stack.enter_context(place.held())
        nodes = [_node(place, opened[place.netns], earlier) for place in found if place.netns in opened]
        nodes = _join_peers(nodes, opened)
    return Snapshot(now, lab, tuple(nodes))


def places(init: int, engine: Engine) -> list[Place]:
    """Every network namespace of the lab, each once, containers first and internet last."""
    root = f"/proc/{init}/root"
    home, host = os.stat("/proc/self/ns/net").st_ino, os.stat(f"/proc/{init}/ns/net").st_ino
    processes = _processes()
    named = _named_namespaces(root, processes)
    found = {
        host: Place(f"/proc/{init}/ns/net", host, "host", "host", 1),
        home: Place("/proc/self/ns/net", home, "internet", "internet"),
    }
    for container in engine.containers(root):
        netns = next((n for n, pids in processes.items() if container.pid in pids), 0)
        if netns:
            path = f"/proc/{processes[netns][container.pid]}/ns/net"
            name = beside_roles(one_line(container.name), "container")
            found.setdefault(netns, Place(path, netns, name, "container", container.pid))
    for netns, (name, path) in named.items():
        pid = min(processes.get(netns, {0: 0}))
        shown = beside_roles(one_line(name), "netns")
        found.setdefault(netns, Place(path, netns, shown, "netns", pid, file=name))
    for netns, pids in processes.items():
        pid = min(pids)
        found.setdefault(netns, Place(f"/proc/{pids[pid]}/ns/net", netns, f"pid {pid}", "process", pid))
    listed = [
        replace(place, aliases=(beside_roles(one_line(named[place.netns][0]), "netns"),))
        if place.netns in named and one_line(named[place.netns][0]) != place.name
        else place
        for place in found.values()
    ]
    return sorted(listed, key=lambda place: (KINDS.index(place.kind), place.pid, place.name))


def beside_roles(name: str, kind: str) -> str:
    """The name of a namespace that a learner has named: none is taken for the host or the internet."""
    return f"{kind} {name}" if name in ROLES else name


def _processes() -> dict[int, dict[int, int]]:
    """{namespace: {pid in the lab host: pid here}} of the lab host's processes."""
    found: dict[int, dict[int, int]] = {}
    for folder in os.scandir("/proc"):
        if not folder.name.isdigit():
            continue
        with suppress(OSError):  # it ended in the meantime
            status = Path(folder.path, "status").read_text()
            line = next(line for line in status.splitlines() if line.startswith("NSpid:"))
            numbers = [int(word) for word in line.split()[1:]]
            if len(numbers) >= 2:  # on the learner's level or below
                found.setdefault(os.stat(f"{folder.path}/ns/net").st_ino, {})[numbers[1]] = int(folder.name)
    return found


def _named_namespaces(root: str, processes: Mapping[int, Mapping[int, int]]) -> dict[int, tuple[str, str]]:
    """{namespace: (name, path)} of what is in the lab host's /run/netns.

    A symbolic link there counts where it says /proc/PID/ns/net of a process of the lab. It is not followed.
    """
    found: dict[int, tuple[str, str]] = {}
    here = {pid: number for pids in processes.values() for pid, number in pids.items()}
    for name in files.names(root, NAMED):
        with suppress(OSError), files.opened(root, NAMED, os.O_PATH | os.O_DIRECTORY) as folder:
            link = _LINK.fullmatch(_link(folder, name))
            path = f"/proc/{here.get(int(link[1]), 0)}/ns/net" if link else f"{root}{NAMED}/{name}"
            if netns := inode(path) if link else _bound(folder, name):
                found[netns] = name, path
    return found


def _link(folder: int, name: str) -> str:
    """What a symbolic link says; "" where there is none."""
    with suppress(OSError):
        return os.readlink(name, dir_fd=folder)
    return ""


def _bound(folder: int, name: str) -> int:
    """The network namespace that is mounted on that file; 0 for any other file. OSError."""
    with files.opened(folder, name) as fd:
        return os.fstat(fd).st_ino if is_one(fd) else 0


def _node(place: Place, fd: int, earlier: Earlier) -> Node:
    if (node := earlier.nodes.get(place.netns)) is not None:
        return replace(node, name=place.name, kind=place.kind, pid=place.pid, aliases=place.aliases)
    with RouteSocket(fd) as kernel, entered(fd):
        chains = earlier.chains.get(place.netns)
        if chains is not None and not firewall.legacy_tables():
            return replace(_wiring(place, kernel, earlier), chains=chains)
        with firewall.reading() as rules:  # by processes of their own, meanwhile
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
