"""Healthy networks that nobody designed: a seed says which sites there are, how they are joined, who asks.

A site is a router and two clients, on a bridge, on cables of their own with proxy ARP, or on macvlan; all
sites meet at the lab host, by a cable each or on one bridge, with or without NAT, policy routing, and either
firewall.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import dataclass, field
from random import Random

from netlab.faults.fault import Symptom
from tests.worlds.builders import TARGET

SERVER = "import socket\ns = socket.create_server(('', 8000))\nwhile True: s.accept()[0].close()"
FAR_6 = "2001:db8:99::1"
KINDS = ("bridge", "routed", "macvlan")


@dataclass
class Network:
    """How it is made, and which flows are to work in it."""

    addressing: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # of ip(8), by node
    settings: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # of sysctl(8)
    commands: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # all else
    nodes: list[str] = field(default_factory=list)
    flows: list[Symptom] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def cable(self, node: str, name: str, other: str, far: str) -> None:
        """A veth pair between two nodes; "host" is the lab host."""
        ends = [f"name {name}" + f" netns {node}" * (node != "host")]
        ends.append(f"name {far}" + f" netns {other}" * (other != "host"))
        self.addressing["host"].append(f"link add {ends[0]} type veth peer {ends[1]}")

    def address(self, node: str, name: str, *addresses: str) -> None:
        """These, and the interface up."""
        for each in addresses:
            self.addressing[node].append(f"addr add {each} dev {name}" + " nodad" * (":" in each))
        self.addressing[node].append(f"link set {name} up")

    def ip(self, node: str, line: str) -> None:
        self.addressing[node].append(line)

    def scripts(self) -> list[tuple[str, str]]:
        """(node, lines of bash): what makes it of a lab as it is after `up`."""
        text = [f"ip netns add {name}" for name in self.nodes]
        text += [f"ip -n {name} link set lo up" for name in self.nodes]
        into = {"host": "", **{name: f"nsenter --net=/run/netns/{name} " for name in self.nodes}}
        text += [f"{into[node]}sysctl -qw {' '.join(lines)}" for node, lines in self.settings.items()]
        for node in into:
            if self.addressing[node]:
                text += [f"{into[node]}ip -batch - <<'END'", *self.addressing[node], "END"]
        for node in into:
            if self.commands[node]:
                text += [f"{into[node]}bash -e <<'END'", *self.commands[node], "END"]
        far = [f"ip {line}" for line in self.addressing["internet"]]
        return [("host", "\n".join(text)), *[("internet", "\n".join(far))] * bool(far)]


@dataclass(frozen=True)
class Site:
    number: int
    kind: str
    nat: bool
    six: bool
    shared: bool  # whether it meets the others on a bridge
    second: bool  # whether what it sends takes a second uplink, by a rule

    @property
    def router(self) -> str:
        return f"r{self.number}"

    @property
    def clients(self) -> tuple[str, str]:
        return f"a{self.number}", f"b{self.number}"

    def own(self, host: int) -> str:
        return f"10.{self.number}.0.{host}"

    def own6(self, host: int) -> str:
        return f"fd00:{self.number}::{host}"

    @property
    def outside(self) -> str:
        return f"10.99.0.{self.number + 10}" if self.shared else f"10.100.{self.number}.2"


def network(random: Random) -> Network:
    """One of them."""
    made = Network()
    six, shared = random.random() < 0.35, random.random() < 0.4
    sites = [_site(random, number, six, shared) for number in range(1, random.choice((1, 1, 2, 2, 3)) + 1)]
    made.nodes += [name for site in sites for name in (site.router, *site.clients)]
    if six:  # addresses are there at once
        for node in ("host", *made.nodes):
            made.settings[node].append("net.ipv6.conf.default.accept_dad=0")
    _core(made, six, shared)
    for site in sites:
        _attach(made, site)
        _fill(made, site)
        _guard(made, random, site)
    _host_guard(made, random)
    _flows(made, random, sites)
    if len(sites) > 1 and random.random() < 0.4:
        _tunnel(made, *sites[:2])
    if random.random() < 0.4:
        _publish(made, sites[0], random)
    made.told += [f"{s.kind}{' nat' * s.nat}{' v6' * s.six}{' second' * s.second}" for s in sites]
    return made


def _site(random: Random, number: int, six: bool, shared: bool) -> Site:
    nat = random.random() < 0.4
    second = random.random() < 0.3
    return Site(number, random.choice(KINDS), nat, six, shared, second)


def _core(made: Network, six: bool, shared: bool) -> None:
    made.settings["host"].append("net.ipv4.ip_forward=1")
    made.commands["host"].append("iptables -t nat -A POSTROUTING -s 10.0.0.0/8 -o eth0 -j MASQUERADE")
    made.commands["host"].append("iptables -P FORWARD ACCEPT")
    if shared:
        made.ip("host", "link add lan type bridge")
        made.address("host", "lan", "10.99.0.1/24", *["fd00:99::1/64"] * six)
    if six:
        made.settings["host"].append("net.ipv6.conf.all.forwarding=1")
        made.address("host", "eth0", "2001:db8::10/64")
        made.ip("host", "route add default via 2001:db8::1")
        made.address("internet", "uplink", "2001:db8::1/64")
        made.address("internet", "lo", f"{FAR_6}/128")
        made.ip("internet", "route add fd00::/16 via 2001:db8::10")


def _attach(made: Network, site: Site) -> None:
    """Its router to the lab host."""
    router, number = site.router, site.number
    made.settings[router].append("net.ipv4.ip_forward=1")
    made.cable(router, "wan", "host", f"to{number}")
    if site.shared:
        made.ip("host", f"link set to{number} master lan up")
        made.address(router, "wan", f"{site.outside}/24", *[f"fd00:99::{number + 10}/64"] * site.six)
        made.ip(router, "route add default via 10.99.0.1")
        gateway6, near6 = "fd00:99::1", f"fd00:99::{number + 10}"
    else:
        made.address("host", f"to{number}", f"10.100.{number}.1/30", *[f"fd00:10{number}::1/64"] * site.six)
        made.address(router, "wan", f"{site.outside}/30", *[f"fd00:10{number}::2/64"] * site.six)
        made.ip(router, f"route add default via 10.100.{number}.1")
        gateway6, near6 = f"fd00:10{number}::1", f"fd00:10{number}::2"
    back = site.outside
    if site.second:
        made.cable(router, "wan2", "host", f"too{number}")
        made.address("host", f"too{number}", f"10.101.{number}.1/30")
        made.address(router, "wan2", f"10.101.{number}.2/30")
        made.ip(router, f"route add default via 10.101.{number}.1 table 100")
        made.ip(router, f"rule add from 10.{number}.0.0/24 table 100 pref 1000")
        made.ip(router, f"rule add to 10.{number}.0.0/24 table main pref 900")
        back = f"10.101.{number}.2"
    if site.nat:
        made.commands[router].append(
            f"iptables -t nat -A POSTROUTING -s 10.{number}.0.0/24 -o wan+ -j MASQUERADE"
        )
    else:
        made.ip("host", f"route add 10.{number}.0.0/24 via {back}")
    if site.six:
        made.settings[router].append("net.ipv6.conf.all.forwarding=1")
        made.ip(router, f"route add default via {gateway6}")
        made.ip("host", f"route add fd00:{number}::/64 via {near6}")


def _fill(made: Network, site: Site) -> None:
    """Its clients."""
    router = site.router
    own6 = [f"{site.own6(1)}/64"] * site.six
    if site.kind == "bridge":
        made.ip(router, "link add br0 type bridge")
        made.address(router, "br0", f"{site.own(1)}/24", *own6)
    elif site.kind == "macvlan":
        made.ip(router, "link add seg0 type veth peer name seg1")
        made.ip(router, "link set seg1 up")
        made.address(router, "seg0", f"{site.own(1)}/24", *own6)
    for place, client in enumerate(site.clients, 2):
        if site.kind == "macvlan":
            made.ip(router, f"link add m{place} link seg1 type macvlan mode bridge")
            made.ip(router, f"link set m{place} name eth0 netns {client}")
        else:
            made.cable(client, "eth0", router, f"v{place}")
        if site.kind == "routed":
            made.address(client, "eth0", f"{site.own(place)}/32")
            made.ip(client, "route add default dev eth0")
            made.ip(router, f"link set v{place} up")
            made.ip(router, f"route add {site.own(place)}/32 dev v{place}")
            proxy = f"net.ipv4.conf.v{place}.proxy_arp=1 net.ipv4.neigh.v{place}.proxy_delay=0"
            made.commands[router].append(f"sysctl -qw {proxy}")
            continue
        if site.kind == "bridge":
            made.ip(router, f"link set v{place} master br0 up")
        made.address(client, "eth0", f"{site.own(place)}/24", *[f"{site.own6(place)}/64"] * site.six)
        made.ip(client, f"route add default via {site.own(1)}")
        if site.six:
            made.ip(client, f"route add default via {site.own6(1)}")


def _guard(made: Network, random: Random, site: Site) -> None:
    """One of the firewalls, or none, or both."""
    kind = random.choice(("", "", "iptables", "nft", "both"))
    inner = {"bridge": "br0", "routed": "v+", "macvlan": "seg0"}[site.kind]
    if kind in ("iptables", "both"):
        made.commands[site.router] += [
            "iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            f"iptables -A FORWARD -i {inner} -j ACCEPT",
            f"iptables -A FORWARD -d {site.own(2)} -p tcp --dport 8000 -j ACCEPT",
            "iptables -A FORWARD -p icmp -j ACCEPT",
            "iptables -P FORWARD DROP",
        ]
    if kind in ("nft", "both"):
        made.commands[site.router] += [
            "nft -f - <<'NFT'",
            "table inet guard {",
            "chain gate {",
            "type filter hook forward priority 5; policy drop;",
            "ct state established,related accept",
            f'iifname "{inner.replace("+", "*")}" accept',
            "meta l4proto { icmp, ipv6-icmp } counter accept",
            "tcp dport 8000 accept",
            "}",
            "}",
            "NFT",
        ]
    made.told += [f"{site.router} {kind}"] * bool(kind)


def _host_guard(made: Network, random: Random) -> None:
    if random.random() < 0.25:
        made.commands["host"] += [
            "iptables -A FORWARD -s 10.0.0.0/8 -j ACCEPT",
            "iptables -A FORWARD -d 10.0.0.0/8 -j ACCEPT",
            "iptables -P FORWARD DROP",
        ]


def _tunnel(made: Network, one: Site, other: Site) -> None:
    """VXLAN between two routers, over what joins them."""
    for own, far, last in ((one, other, 1), (other, one, 2)):
        made.ip(
            own.router,
            f"link add vx0 type vxlan id 42 dstport 4789 remote {far.outside} local {own.outside} dev wan",
        )
        made.address(own.router, "vx0", f"192.168.50.{last}/24")
    made.flows += [Symptom(one.router, "192.168.50.2")] * 2
    made.told.append("vxlan")


def _publish(made: Network, site: Site, random: Random) -> None:
    """A program of the first client's, at the lab host's port 8080."""
    if site.nat:
        return
    made.commands["host"].append(
        f"iptables -t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination {site.own(2)}:8000"
    )
    made.commands[site.clients[0]].append(
        f'setsid -f {sys.executable} -IS -c "{SERVER}" </dev/null >/dev/null 2>&1'
    )
    made.flows += [Symptom("internet", "192.0.2.10", "tcp", 8080)] * 2
    made.flows.append(Symptom(site.router, site.own(2), "tcp", 8000))
    made.told.append("published")


def _flows(made: Network, random: Random, sites: list[Site]) -> None:
    for site in sites:
        one, other = site.clients
        made.flows += [
            Symptom(one, TARGET),
            Symptom(one, TARGET),
            Symptom(one, site.own(3)),
            Symptom("host", site.outside),
        ]
        made.flows.append(Symptom(other, "10.99.0.1" if site.shared else f"10.100.{site.number}.1"))
        if site.six and site.kind != "routed":
            made.flows += [Symptom(one, FAR_6), Symptom(one, site.own6(3))]
        made.flows += [Symptom(one, far.own(2)) for far in sites if far is not site and not far.nat]
    random.shuffle(made.flows)
