"""Ways to break one setting of any network: what there is is read from it, and a seed says which, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from netlab.model import Interface, Node, Snapshot

Lines = list[str]
BAD_MAC = "02:42:de:ad:be:ef"


@dataclass(frozen=True)
class Place:
    """A node, and what of it is chosen."""

    random: Random
    node: Node
    ends: tuple[str, str]  # addresses of whom it is about

    @property
    def cards(self) -> list[Interface]:
        return [each for each in self.node.interfaces if each.kind != "loopback" and "UP" in each.flags]

    def card(self, *kinds: str) -> str:
        return self.random.choice([c.name for c in self.cards if not kinds or c.kind in kinds])

    def port(self) -> str:
        return self.random.choice([c.name for c in self.cards if c.master])

    def held(self, six: bool = False) -> tuple[str, str, int]:
        """(interface, address, prefix length)"""
        found = [
            (c.name, a.address, a.prefixlen) for c in self.cards for a in c.addresses if a.scope == "global"
        ]
        return self.random.choice([each for each in found if (":" in each[1]) == six])

    def match(self) -> str:
        """Of a rule: something that the flow has."""
        one, other = self.ends
        return self.random.choice(
            ("", f"-s {one}", f"-d {one}", f"-d {other}", f"-s {other}", f"-i {self.card()}")
        )

    @property
    def six(self) -> bool:
        return ":" in self.ends[1]

    @property
    def ip(self) -> str:
        return "ip -6" if self.six else "ip"

    @property
    def whole(self) -> str:
        return "128" if self.six else "32"

    @property
    def net(self) -> str:
        return "ipv6" if self.six else "ipv4"

    def end(self) -> str:
        return self.random.choice(self.ends)


Break = Callable[[Place], Lines]


HOOKS = (
    *("filter FORWARD", "filter FORWARD", "filter INPUT", "filter OUTPUT", "raw PREROUTING", "raw OUTPUT"),
    *("mangle PREROUTING", "mangle FORWARD", "mangle POSTROUTING"),
)


def _rule(place: Place) -> Lines:
    table, chain = place.random.choice(HOOKS).split()
    match = place.match()
    if "OUT" in chain and "-i " in match:
        match = ""
    tool = "ip6tables" if place.six else "iptables"
    target = "REJECT" if table == "filter" and place.random.random() < 0.3 else "DROP"
    return [f"{tool} -t {table} -I {chain} {match} -j {target}"]


def _policy(place: Place) -> Lines:
    tool = "ip6tables" if place.six else "iptables"
    return [f"{tool} -P {place.random.choice(('FORWARD', 'INPUT', 'OUTPUT'))} DROP"]


def _nft(place: Place) -> Lines:
    hook = place.random.choice(("forward", "input", "output", "prerouting", "postrouting"))
    key = "ip6" if place.six else "ip"
    match = place.random.choice(
        (
            f"{key} saddr {place.end()}",
            f"{key} daddr {place.end()}",
            "meta l4proto { icmp, tcp, ipv6-icmp }",
        )
    )
    counter, priority = place.random.choice(("", "counter ")), place.random.choice((-10, 5, 20))
    may_refuse = hook in ("forward", "input", "output")
    refuse = place.random.choice(("drop", "drop", "reject" if may_refuse else "drop"))
    return [
        "nft add table inet odd",
        f"nft add chain inet odd gate '{{ type filter hook {hook} priority {priority}; }}'",
        f"nft add rule inet odd gate {match} {counter}{refuse}",
    ]


def _nft_policy(place: Place) -> Lines:
    hook = place.random.choice(("forward", "input", "output"))
    return [
        "nft add table inet odd",
        f"nft add chain inet odd gate '{{ type filter hook {hook} priority 7; policy drop; }}'",
    ]


def _rule_gone(place: Place) -> Lines:
    found = [
        (c, n)
        for c in place.node.chains
        if c.backend != "native" and c.rules
        for n in range(1, len(c.rules) + 1)
    ]
    chain, number = place.random.choice(found)
    tool = {"ip": "iptables", "ip6": "ip6tables"}[chain.family]
    return [f"{tool} -t {chain.table} -D {chain.name} {number}"]


def _nft_rule_gone(place: Place) -> Lines:
    found = [(c, r) for c in place.node.chains if c.backend == "native" for r in c.rules]
    chain, rule = place.random.choice(found)
    return [f"nft delete rule {chain.family} {chain.table} {chain.name} handle {rule.handle}"]


def _translate(place: Place) -> Lines:
    other = place.ends[1]
    if place.six:
        raise IndexError
    return [
        place.random.choice(
            (
                f"iptables -t nat -I PREROUTING -d {other} -j DNAT --to-destination 192.0.2.77",
                f"iptables -t nat -I OUTPUT -d {other} -j DNAT --to-destination 10.1.0.99",
                f"iptables -t nat -I POSTROUTING -d {other} -j SNAT --to-source 203.0.113.5",
                f"iptables -t nat -I PREROUTING -d {other} -j REDIRECT",
            )
        )
    ]


def _route_gone(place: Place) -> Lines:
    found = [
        r
        for r in place.node.routes
        if r.protocol != "kernel" and (":" in (r.gateway or r.destination)) == place.six
    ]
    found = [r for r in found if r.destination and r.kind == "unicast"]
    route = place.random.choice(found)
    return [
        f"{place.ip} route del {route.destination}"
        + (f" table {route.table}" if route.table not in ("", "main") else "")
    ]


def _connected_gone(place: Place) -> Lines:
    found = [
        r
        for r in place.node.routes
        if r.protocol == "kernel" and r.kind == "unicast" and "/" in r.destination
    ]
    route = place.random.choice([r for r in found if (":" in r.destination) == place.six])
    return [f"{place.ip} route del {route.destination} dev {route.device}"]


def _refuse(place: Place) -> Lines:
    kind = place.random.choice(("blackhole", "unreachable", "prohibit"))
    return [f"{place.ip} route add {kind} {place.end()}/{place.whole}"]


def _astray(place: Place) -> Lines:
    """A narrower route that leads elsewhere."""
    return [f"{place.ip} route add {place.end()}/{place.whole} dev {place.card()}"]


def _wrong_gateway(place: Place) -> Lines:
    name, address, _length = place.held(place.six)
    last = address.rpartition(":" if place.six else ".")
    where = place.random.choice(("default", f"{place.end()}/{place.whole}"))
    gateway = f"{last[0]}{last[1]}{place.random.choice(('77', '99'))}"
    return [f"{place.ip} route replace {where} via {gateway} dev {name}"]


def _ip_rule(place: Place) -> Lines:
    way = place.random.choice(("from", "to"))
    action = place.random.choice(("blackhole", "unreachable", "prohibit", "table 77", "table local"))
    lines = [f"{place.ip} rule add {way} {place.end()} {action} pref {place.random.choice((50, 500))}"]
    if action == "table 77":
        where = place.random.choice(("default", place.end()))
        lines.append(f"{place.ip} route add {where} dev {place.card()} table 77")
    return lines


def _rule_of_table_gone(place: Place) -> Lines:
    return [place.random.choice((f"{place.ip} rule del lookup main", f"{place.ip} rule del pref 1000"))]


def _neighbour(place: Place) -> Lines:
    found = [n for n in place.node.neighbours if (":" in n.address) == place.six]
    entry = place.random.choice(found)
    return [f"{place.ip} neigh replace {entry.address} lladdr {BAD_MAC} dev {entry.device} nud permanent"]


def _fdb(place: Place) -> Lines:
    others = sorted({n.mac for n in place.node.neighbours if n.mac})
    return [f"bridge fdb replace {place.random.choice(others)} dev {place.port()} master static"]


def _port(place: Place) -> Lines:
    return [
        f"bridge link set dev {place.port()} "
        + place.random.choice(
            (
                "state 0",
                "isolated on",
                "learning off flood off",
                "locked on",
                "state 4",
                "flood off bcast_flood off",
            )
        )
    ]


def _bridge(place: Place) -> Lines:
    how = place.random.choice(("ageing_time 0", "stp_state 1", "group_fwd_mask 8"))
    return [f"ip link set {place.card('bridge')} type bridge {how}"]


def _no_port(place: Place) -> Lines:
    return [f"ip link set {place.port()} nomaster"]


def _down(place: Place) -> Lines:
    return [f"ip link set {place.card()} down"]


def _no_arp(place: Place) -> Lines:
    return [f"ip link set {place.card()} arp off"]


def _mac(place: Place) -> Lines:
    other = place.random.choice([c.mac for c in place.cards])
    return [f"ip link set {place.card('veth', 'macvlan')} address {other}"]


def _mtu(place: Place) -> Lines:
    return [f"ip link set {place.card()} mtu {place.random.choice((68, 576, 1280))}"]


def _address_gone(place: Place) -> Lines:
    name, address, length = place.held(place.six)
    return [f"{place.ip} addr del {address}/{length} dev {name}"]


def _address_wrong(place: Place) -> Lines:
    name, address, length = place.held()
    kind = place.random.randrange(3)
    changed = {
        0: f"ip addr add {address}/30 dev {name}",
        1: f"ip addr add 10.{place.random.choice((1, 2, 77))}.0.66/24 dev {name}",
        2: f"ip addr add {address}/8 dev {name}",
    }[kind]
    return [f"ip addr del {address}/{length} dev {name}", changed]


def _address_taken(place: Place) -> Lines:
    return [
        f"{place.ip} addr add {place.end()}/{place.whole} dev {place.random.choice(('lo', place.card()))}"
        + " nodad" * place.six
    ]


def _sysctl(place: Place) -> Lines:
    card = place.random.choice(("all", place.card()))
    if place.six:
        key = place.random.choice(
            (
                "net.ipv6.conf.all.forwarding=0",
                f"net.ipv6.conf.{card}.disable_ipv6=1",
                "net.ipv6.icmp.echo_ignore_all=1",
            )
        )
    else:
        key = place.random.choice(
            (
                "net.ipv4.ip_forward=0",
                "net.ipv4.icmp_echo_ignore_all=1",
                f"net.ipv4.conf.{card}.rp_filter=1",
                f"net.ipv4.conf.{card}.arp_ignore={place.random.choice((1, 2, 8))}",
                f"net.ipv4.conf.{card}.arp_filter=1",
                f"net.ipv4.conf.{card}.forwarding=0",
                f"net.ipv4.conf.{place.card()}.proxy_arp=0",
                f"net.ipv4.conf.{place.card()}.proxy_arp=1",
                f"net.ipv4.conf.{card}.arp_announce=2",
                f"net.ipv4.conf.{place.card()}.proxy_arp_pvlan=1",
                f"net.ipv4.conf.{place.card()}.drop_unicast_in_l2_multicast=1",
                "net.ipv4.ip_default_ttl=1",
                "net.ipv4.tcp_syncookies=0",
            )
        )
    return [f"sysctl -qw {key}"]


def _queue(place: Place) -> Lines:
    kind = place.random.choice(("blackhole", "tbf rate 8bit burst 100 limit 100", "pfifo limit 0"))
    return [f"tc qdisc add dev {place.card()} root {kind}"]


def _ipsec(place: Place) -> Lines:
    one, other = place.ends
    way = place.random.choice(("out", "in", "fwd"))
    ends = place.random.choice(((one, other), (other, one)))
    return [
        f"ip xfrm policy add src {ends[0]}/{place.whole} dst {ends[1]}/{place.whole} dir {way} action block"
    ]


def _zone(place: Place) -> Lines:
    how = place.random.choice(("--zone 7", "--notrack"))
    return [f"iptables -t raw -A PREROUTING -i {place.card()} -j CT {how}"]


def _mark(place: Place) -> Lines:
    chain = place.random.choice(("PREROUTING", "OUTPUT"))
    return [
        f"iptables -t mangle -A {chain} -d {place.end()} -j MARK --set-mark 9",
        f"ip rule add fwmark 9 {place.random.choice(('blackhole', 'prohibit'))} pref 77",
    ]


def _ttl(place: Place) -> Lines:
    return [f"iptables -t mangle -A PREROUTING -i {place.card()} -j TTL --ttl-set 1"]


def _tunnel(place: Place) -> Lines:
    name = place.card("vxlan")
    return [
        place.random.choice(
            (
                f"bridge fdb del 00:00:00:00:00:00 dev {name}",
                f"ip link set {name} type vxlan remote 10.99.0.250",
                "iptables -I INPUT -p udp --dport 4789 -j DROP",
                "iptables -I OUTPUT -p udp --dport 4789 -j DROP",
            )
        )
    ]


def _ebtables(place: Place) -> Lines:
    place.card("bridge")
    lines = ("-P FORWARD DROP", "-A INPUT -p ARP -j DROP", "-A OUTPUT -p IPv4 -j DROP")
    return ["ebtables " + place.random.choice((*lines, f"-A FORWARD -i {place.port()} -j DROP"))]


# What there are many kinds of, several times.
EVERY: tuple[Break, ...] = (
    *(_rule, _rule, _rule, _policy, _nft, _nft, _nft_policy, _rule_gone, _nft_rule_gone, _translate),
    *(_route_gone, _connected_gone, _refuse, _astray, _wrong_gateway, _ip_rule, _rule_of_table_gone),
    *(_neighbour, _fdb, _port, _bridge, _no_port, _down, _no_arp, _mac, _mtu),
    *(_address_gone, _address_wrong, _address_taken, _sysctl, _sysctl, _sysctl, _sysctl),
    *(_queue, _ipsec, _zone, _mark, _ttl, _tunnel, _ebtables),
)


def breaks(
    random: Random, seen: Snapshot, ends: tuple[str, str], near: list[str]
) -> Iterator[tuple[str, Lines]]:
    """(node, lines that break something there), at the nodes `near` to the flow, one after the other."""
    while True:
        node = seen.node(random.choice(near))
        try:
            yield node.name, random.choice(EVERY)(Place(random, node, ends))
        except (IndexError, KeyError):
            continue  # there is nothing of the kind
