"""A lab at one moment, as frozen values: namespaces, interfaces, addresses, routes, rules, listeners.

Nothing here touches a kernel. Names follow ip(8), iptables(8) and the kernel; times are integer
nanoseconds since the epoch; addresses are text as `ip` prints them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

from netlab.errors import UnknownName
from netlab.i18n import gettext as _
from netlab.model.fields import Count, Index, Port, PrefixLength
from netlab.model.routing import PolicyRule, Route


@dataclass(frozen=True, slots=True)
class Address:
    """One address of an interface, as `ip addr` shows it."""

    address: str  # "172.17.0.1" or "fe80::1"
    prefixlen: PrefixLength
    scope: str = "global"  # global, link, host

    @property
    def family(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.address else 4

    def __str__(self) -> str:
        return f"{self.address}/{self.prefixlen}"


@dataclass(frozen=True, slots=True)
class InterfaceId:
    """Which interface, anywhere in the lab: the inode of its network namespace and its index there."""

    netns: int
    index: Index


@dataclass(frozen=True, slots=True)
class Interface:
    """One network interface, as `ip -d link` and `ip addr` show it."""

    netns: int  # inode of the network namespace it is in
    index: Index
    name: str
    kind: str = ""  # "veth", "bridge", "loopback", "macvlan", "vxlan", …; "" for a plain device
    flags: frozenset[str] = frozenset()  # "UP", "LOWER_UP", "NO-CARRIER", "LOOPBACK", …
    operstate: str = "UNKNOWN"  # UP, DOWN, LOWERLAYERDOWN, UNKNOWN, …
    mac: str = ""
    mtu: int = 1500
    master: str = ""  # name of the bridge that it is a port of
    peer: InterfaceId | None = None  # the other end of a veth pair, or the lower device of a macvlan
    addresses: tuple[Address, ...] = ()
    details: Mapping[str, str] = field(
        default_factory=dict, hash=False
    )  # "vxlan id", "bridge_slave state", …

    @property
    def id(self) -> InterfaceId:
        """Its namespace and its index: no two are alike."""
        return InterfaceId(self.netns, self.index)

    @property
    def is_up(self) -> bool:
        """Set up by the administrator (`ip link set … up`)."""
        return "UP" in self.flags

    @property
    def has_carrier(self) -> bool:
        """Up, and the other side of the cable is up as well."""
        return self.is_up and "LOWER_UP" in self.flags

    @property
    def state(self) -> str:
        """ "up", "no carrier" or "down"."""
        if not self.is_up:
            return "down"
        return "up" if self.has_carrier else "no carrier"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One neighbour (ARP or NDP) entry, as `ip neigh` shows it."""

    address: str
    device: str
    mac: str = ""
    state: str = ""  # REACHABLE, STALE, DELAY, PROBE, FAILED, INCOMPLETE, PERMANENT, …


@dataclass(frozen=True, slots=True)
class Rule:
    """One firewall rule with its counters."""

    text: str  # as `iptables -S` prints it without "-A CHAIN"; for native nft, as `nft list` prints it
    target: str = ""  # ACCEPT, DROP, MASQUERADE, the name of a chain, …
    packets: Count = 0
    bytes: Count = 0
    handle: Count = 0  # of a native nft rule
    counted: bool = True  # whether the two numbers above are kept at all


@dataclass(frozen=True, slots=True)
class Chain:
    """One chain of a firewall table with its rules in order."""

    family: str  # "ip", "ip6", "inet", "bridge", "arp"
    table: str  # "filter", "nat", …
    name: str  # "FORWARD", "DOCKER-USER", …
    policy: str = ""  # "ACCEPT" or "DROP" for a base chain; "" for a user-defined one
    packets: Count = 0
    bytes: Count = 0
    rules: tuple[Rule, ...] = ()
    backend: str = "nft"  # "nft", "legacy" (iptables-legacy) or "native" (made by nft itself)
    hook: str = ""  # of a native base chain: "forward", "ingress", …


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that waits for connections (TCP), or for datagrams (UDP), as `ss -lntu` shows it."""

    protocol: str  # "tcp" or "udp"
    address: str  # "0.0.0.0" or "::" for all
    port: Port


@dataclass(frozen=True, slots=True)
class Node:
    """One network namespace of the lab with everything in it."""

    netns: int  # inode, as in `readlink /proc/PID/ns/net`
    name: str  # "host", "internet", "if-test", "netns blue", "pid 4711"
    kind: str  # "host", "internet", "container", "netns" (named by ip netns), "process"
    pid: int = 0  # a process in it, as the lab host numbers it; 0 if there is none
    aliases: tuple[str, ...] = ()  # other names, such as the ones in /run/netns
    interfaces: tuple[Interface, ...] = ()
    routes: tuple[Route, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    chains: tuple[Chain, ...] = ()
    sysctls: Mapping[str, str] = field(default_factory=dict, hash=False)  # "net.ipv4.ip_forward": "0"
    counters: Mapping[str, int] = field(default_factory=dict, hash=False)  # "Ip.InAddrErrors", …
    policies: tuple[PolicyRule, ...] = ()
    listeners: tuple[Listener, ...] = ()
    fdb: tuple[Neighbour, ...] = ()  # `bridge fdb` of its VXLANs: behind which other end which MAC address is

    def interface(self, name: str) -> Interface:
        """The interface of that name; UnknownName if there is none."""
        for interface in self.interfaces:
            if interface.name == name:
                return interface
        raise UnknownName(
            _("interface in {name}").format(name=self.name), name, [i.name for i in self.interfaces]
        )

    def has_interface(self, name: str) -> bool:
        """Whether it has an interface of that name."""
        return any(interface.name == name for interface in self.interfaces)

    def ports(self, bridge: str) -> tuple[Interface, ...]:
        """The interfaces that are ports of that bridge."""
        return tuple(interface for interface in self.interfaces if interface.master == bridge)

    def owns(self, address: str) -> bool:
        """Whether one of its interfaces holds that address (without prefix length), or a route takes it."""
        return any(a.address == address for i in self.interfaces for a in i.addresses) or self.takes(address)

    def takes(self, address: str) -> bool:
        """Whether a route of type local takes that address, beside many others, for the node's own."""
        if not self.takes_prefixes:
            return False
        wanted = ip_address(address)
        known = [route for route in self.routes if route.table == "local" and wanted in route.network]
        return max(known, key=lambda route: route.network.prefixlen).kind == "local" if known else False

    @property
    def takes_prefixes(self) -> bool:
        """Whether it has such a route, but for 127.0.0.0/8, which all have."""
        local = (route.destination for route in self.routes if route.kind == "local" and route.is_prefix)
        return any(not destination.startswith("127.") for destination in local)

    def chain(self, table: str, name: str, family: str = "ip") -> Chain:
        """The chain of that table; UnknownName if there is none."""
        for chain in self.chains:
            if (chain.family, chain.table, chain.name) == (family, table, name):
                return chain
        known = [c.name for c in self.chains if (c.family, c.table) == (family, table)]
        raise UnknownName(
            _("chain in table {table} of {name}").format(table=table, name=self.name), name, known
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every namespace of a lab at one moment."""

    time_ns: int
    lab: str
    nodes: tuple[Node, ...] = ()

    def node(self, name: str) -> Node:
        """The node with that name or alias; UnknownName if there is none."""
        for node in self.nodes:
            if name == node.name or name in node.aliases:
                return node
        raise UnknownName(_("node"), name, [node.name for node in self.nodes])

    def has_node(self, name: str) -> bool:
        """Whether there is a node with that name or alias."""
        return any(name == node.name or name in node.aliases for node in self.nodes)

    def by_netns(self, netns: int) -> Node | None:
        """The node whose network namespace has that inode; None if there is none."""
        return next((node for node in self.nodes if node.netns == netns), None)

    def interface(self, id: InterfaceId) -> Interface | None:
        """That interface, wherever it is; None if it is nowhere."""
        node = self.by_netns(id.netns)
        return next((i for i in node.interfaces if i.index == id.index), None) if node else None

    def owner_of(self, address: str) -> Node | None:
        """The node that holds that address; None if nobody does."""
        return next((node for node in self.nodes if node.owns(address)), None)

    def interfaces(self) -> Iterator[tuple[Node, Interface]]:
        """Every interface with the node that it is in, node by node."""
        for node in self.nodes:
            for interface in node.interfaces:
                yield node, interface


@dataclass(frozen=True, slots=True)
class News:
    """What a watch tells: a snapshot with nothing but the nodes that are others now, and which there are."""

    snapshot: Snapshot
    nodes: tuple[int, ...]  # the namespaces of all of them, in order
