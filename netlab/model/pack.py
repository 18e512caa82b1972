"""A network as values that it can be built from again: what ip(8), bridge(8), tc(8), iptables-save(8), nft(8)
and sysctl(8) set, of every namespace, and nothing that passes by itself.

More than netlab.model.snapshot, which is for looking: numbers stand as the kernel keeps them, and links refer
to each other by index. No secret is in it: of a process there is but its program's name. What `check` lets
through is consistent in itself; whether a kernel takes it is seen when it is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from netlab.model.fields import Count, Exact, Index, Port, PrefixLength, Range
from netlab.model.pack_rules import Byte, Texts, Word
from netlab.model.pack_rules import Chain as Chain
from netlab.model.pack_rules import IpsecPolicy as IpsecPolicy
from netlab.model.pack_rules import IpsecTemplate as IpsecTemplate
from netlab.model.pack_rules import IpSet as IpSet
from netlab.model.pack_rules import Table as Table

VERSION = 2  # of the schema: a pack of a higher one is refused, one of a lower one is read
Vid = Annotated[int, Range(0, 4095)]


@dataclass(frozen=True, slots=True)
class End:
    """A link of another node, or of the same one: the other end of a veth pair, or the device below."""

    node: str
    index: Index


@dataclass(frozen=True, slots=True)
class Link:
    """A link, as `ip -d link` shows it."""

    index: Index
    name: str
    kind: str = ""  # as `ip link add … type` takes it; "" for a card of the machine's, "loopback" for lo
    up: bool = False
    mac: str = ""
    mtu: Word = 1500
    txqlen: Word = 1000
    group: Word = 0
    flags: frozenset[str] = frozenset()  # of those that can be set: "MULTICAST", "NOARP", "PROMISC", …
    master: Index = 0  # the bridge that it is a port of
    other: End | None = None  # of a vxlan with none below it, index 0: the namespace whose packets carry it
    details: Texts = field(default_factory=dict, hash=False)  # of its kind: "id", "ageing_time", …
    port: Texts = field(default_factory=dict, hash=False)  # as a port of its master: "hairpin", "learning", …
    settings: Texts = field(default_factory=dict, hash=False)  # "ipv4/conf/rp_filter": "1"
    addr_gen_mode: Byte = 0  # how IPv6 makes its link-local address: 0 of the MAC, 1 not at all, …


@dataclass(frozen=True, slots=True)
class Address:
    """An address of a link, as `ip addr` shows it."""

    index: Index  # of the link
    address: str
    prefixlen: PrefixLength
    peer: str = ""  # of a point-to-point link
    broadcast: str = ""
    label: str = ""
    scope: Byte = 0
    flags: Word = 0  # IFA_F_…, without those that pass
    protocol: Byte = 0  # who made it: 1 lo, 2 a router's word, 3 the link-local one
    preferred: Word = 0xFFFFFFFF  # seconds; that number is for ever
    valid: Word = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Hop:
    """One of several ways of a route."""

    index: Index = 0
    gateway: str = ""
    weight: Byte = 0
    flags: Byte = 0


@dataclass(frozen=True, slots=True)
class Route:
    """A route of any table, as `ip route show table all` shows it; in the order in which they are found."""

    destination: str  # "172.17.0.0/16"; "0.0.0.0/0" for all
    table: Word = 254
    kind: Byte = 1  # RTN_…: 1 unicast, 2 local, 3 broadcast, 6 blackhole, …
    protocol: Byte = 0
    scope: Byte = 0
    tos: Byte = 0
    flags: Word = 0  # RTNH_F_ONLINK and the like
    index: Index = 0  # of the link that it leaves by
    gateway: str = ""
    source: str = ""  # preferred source address
    origin: str = ""  # "2001:db8::/32": of IPv6, whose packets it is for
    metric: Word = 0
    preference: Byte = 0
    nexthop: Word = 0  # the number of a nexthop object
    metrics: Mapping[str, int] = field(default_factory=dict, hash=False)  # "mtu": 1400
    hops: tuple[Hop, ...] = ()


@dataclass(frozen=True, slots=True)
class NextHop:
    """A nexthop object, as `ip nexthop` shows it."""

    id: Word
    family: Byte = 2  # AF_INET; AF_INET6 is 10
    protocol: Byte = 0
    flags: Word = 0
    index: Index = 0
    gateway: str = ""
    blackhole: bool = False
    fdb: bool = False
    group: tuple[tuple[int, int], ...] = ()  # (id, weight)


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """A rule of `ip rule`."""

    family: Byte  # 4 or 6
    preference: Word
    action: Byte = 1  # FR_ACT_…: 1 lookup, 2 goto, 6 blackhole, …
    table: Word = 0
    source: str = ""
    destination: str = ""
    tos: Byte = 0
    inverted: bool = False
    details: Texts = field(default_factory=dict, hash=False)  # "iif", "fwmark", "sport", …


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A neighbour entry, as `ip neigh` shows it."""

    index: Index
    address: str
    mac: str = ""
    state: Annotated[int, Range(0, 0xFFFF)] = 0x80  # NUD_PERMANENT; NUD_STALE, 4, of one that was learned
    flags: Byte = 0  # NTF_PROXY, NTF_ROUTER, …
    protocol: Byte = 0


@dataclass(frozen=True, slots=True)
class FdbEntry:
    """An entry of `bridge fdb`; one that was learned is NUD_REACHABLE, 2."""

    index: Index
    mac: str
    state: Annotated[int, Range(0, 0xFFFF)] = 0x80
    flags: Byte = 0  # NTF_SELF, NTF_MASTER
    vlan: Vid = 0
    destination: str = ""  # of a tunnel: the other end
    port: Port = 0
    vni: Word = 0
    via: Index = 0


@dataclass(frozen=True, slots=True)
class PortVlan:
    """VLANs that a port of a bridge, or the bridge itself, is in, as `bridge vlan` shows them."""

    index: Index
    first: Vid
    last: Vid
    flags: Byte = 0  # BRIDGE_VLAN_INFO_…: 2 pvid, 4 untagged


@dataclass(frozen=True, slots=True)
class Queue:
    """A queueing discipline that somebody set, as `tc qdisc` shows it."""

    index: Index
    kind: str
    handle: Word = 0
    parent: Word = 0xFFFFFFFF  # TC_H_ROOT
    details: Mapping[str, int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that waits for connections or datagrams, and whose program that is."""

    protocol: str  # "tcp", "udp"
    address: str
    port: Port
    program: str = ""
    full: bool = False  # so many connections wait that it takes no more


@dataclass(frozen=True, slots=True)
class Container:
    """What an engine knows of a container, but its environment and its words."""

    image: str = ""
    hostname: str = ""
    program: str = ""  # the name of the first process's
    network: str = "none"  # as the engine calls it
    address: str = ""  # there
    prefixlen: PrefixLength = 16
    gateway: str = ""
    mac: str = ""
    ports: tuple[str, ...] = ()  # "8080:80/tcp"
    capabilities: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """One network namespace with everything in it."""

    name: str
    kind: str  # "host", "internet", "container", "netns", "process"
    aliases: tuple[str, ...] = ()
    container: Container | None = None
    links: tuple[Link, ...] = ()
    addresses: tuple[Address, ...] = ()
    nexthops: tuple[NextHop, ...] = ()
    routes: tuple[Route, ...] = ()
    policies: tuple[PolicyRule, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    fdb: tuple[FdbEntry, ...] = ()
    vlans: tuple[PortVlan, ...] = ()
    queues: tuple[Queue, ...] = ()
    classes: tuple[Queue, ...] = ()  # of queues of several classes; the handle is the class's
    ipsec: tuple[IpsecPolicy, ...] = ()
    ip_sets: tuple[IpSet, ...] = ()
    tables: tuple[Table, ...] = ()
    native: tuple[Exact, ...] = ()  # nft's own, an object of libnftables-json(5) each
    settings: Texts = field(default_factory=dict, hash=False)  # "net/ipv4/ip_forward": "1"
    listeners: tuple[Listener, ...] = ()


@dataclass(frozen=True, slots=True)
class Pack:
    """A whole network."""

    name: str  # of the lab, or of the machine
    made: Count = 0  # nanoseconds since the epoch
    whole: bool = True  # nothing is beyond it; of a real machine there is: an `internet` will play that
    nodes: tuple[Node, ...] = ()
    remarks: tuple[str, ...] = ()  # what could not be read, or was replaced

    def node(self, name: str) -> Node | None:
        """The node of that name."""
        return next((node for node in self.nodes if node.name == name), None)
