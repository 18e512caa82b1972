"""Ways to break a network by rules: of firewalls, of translation, of queues and of IPsec."""

from __future__ import annotations

from tests.worlds.breakage_place import Lines, Place

HOOKS = (
    *("filter FORWARD", "filter FORWARD", "filter INPUT", "filter OUTPUT", "raw PREROUTING", "raw OUTPUT"),
    *("mangle PREROUTING", "mangle FORWARD", "mangle POSTROUTING"),
)


def rule(place: Place) -> Lines:
    table, chain = place.random.choice(HOOKS).split()
    match = place.match()
    if "OUT" in chain and "-i " in match:
        match = ""
    tool = "ip6tables" if place.six else "iptables"
    target = "REJECT" if table == "filter" and place.random.random() < 0.3 else "DROP"
    return [f"{tool} -t {table} -I {chain} {match} -j {target}"]


def policy(place: Place) -> Lines:
    tool = "ip6tables" if place.six else "iptables"
    return [f"{tool} -P {place.random.choice(('FORWARD', 'INPUT', 'OUTPUT'))} DROP"]


def nft(place: Place) -> Lines:
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


def nft_policy(place: Place) -> Lines:
    hook = place.random.choice(("forward", "input", "output"))
    return [
        "nft add table inet odd",
        f"nft add chain inet odd gate '{{ type filter hook {hook} priority 7; policy drop; }}'",
    ]


def rule_gone(place: Place) -> Lines:
    found = [
        (c, n)
        for c in place.node.chains
        if c.backend != "native" and c.rules
        for n in range(1, len(c.rules) + 1)
    ]
    chain, number = place.random.choice(found)
    tool = {"ip": "iptables", "ip6": "ip6tables"}[chain.family]
    return [f"{tool} -t {chain.table} -D {chain.name} {number}"]


def nft_rule_gone(place: Place) -> Lines:
    found = [(c, r) for c in place.node.chains if c.backend == "native" for r in c.rules]
    chain, rule = place.random.choice(found)
    return [f"nft delete rule {chain.family} {chain.table} {chain.name} handle {rule.handle}"]


def translate(place: Place) -> Lines:
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


def queue(place: Place) -> Lines:
    kind = place.random.choice(("blackhole", "tbf rate 8bit burst 100 limit 100", "pfifo limit 0"))
    return [f"tc qdisc add dev {place.card()} root {kind}"]


def ipsec(place: Place) -> Lines:
    one, other = place.ends
    way = place.random.choice(("out", "in", "fwd"))
    ends = place.random.choice(((one, other), (other, one)))
    return [
        f"ip xfrm policy add src {ends[0]}/{place.whole} dst {ends[1]}/{place.whole} dir {way} action block"
    ]


def zone(place: Place) -> Lines:
    how = place.random.choice(("--zone 7", "--notrack"))
    return [f"iptables -t raw -A PREROUTING -i {place.card()} -j CT {how}"]


def mark(place: Place) -> Lines:
    chain = place.random.choice(("PREROUTING", "OUTPUT"))
    return [
        f"iptables -t mangle -A {chain} -d {place.end()} -j MARK --set-mark 9",
        f"ip rule add fwmark 9 {place.random.choice(('blackhole', 'prohibit'))} pref 77",
    ]


def ttl(place: Place) -> Lines:
    return [f"iptables -t mangle -A PREROUTING -i {place.card()} -j TTL --ttl-set 1"]


def ebtables(place: Place) -> Lines:
    place.card("bridge")
    lines = ("-P FORWARD DROP", "-A INPUT -p ARP -j DROP", "-A OUTPUT -p IPv4 -j DROP")
    return ["ebtables " + place.random.choice((*lines, f"-A FORWARD -i {place.port()} -j DROP"))]
