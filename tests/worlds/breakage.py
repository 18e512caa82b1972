"""Ways to break one setting of any network: what there is is read from it, and a seed says which, and how."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from netlab.model import Snapshot
from tests.worlds import breakage_rules as rules
from tests.worlds.breakage_place import Break, Lines, Place

BAD_MAC = "02:42:de:ad:be:ef"


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


# What there are many kinds of, several times.
EVERY: tuple[Break, ...] = (
    *(
        rules.rule,
        rules.rule,
        rules.rule,
        rules.policy,
        rules.nft,
        rules.nft,
        rules.nft_policy,
        rules.rule_gone,
        rules.nft_rule_gone,
        rules.translate,
    ),
    *(_route_gone, _connected_gone, _refuse, _astray, _wrong_gateway, _ip_rule, _rule_of_table_gone),
    *(_neighbour, _fdb, _port, _bridge, _no_port, _down, _no_arp, _mac, _mtu),
    *(_address_gone, _address_wrong, _address_taken, _sysctl, _sysctl, _sysctl, _sysctl),
    *(rules.queue, rules.ipsec, rules.zone, rules.mark, rules.ttl, _tunnel, rules.ebtables),
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
