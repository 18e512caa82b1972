"""Mistakes that are in no catalogue: each one command of ip, bridge, tc, iptables, ebtables, nft or sysctl.

What is done, the cause, what the lab needs beyond a container, and what fails. The mending of these may leave
more behind than there was before: a new cable has another name, a second MASQUERADE stays.
"""

from __future__ import annotations

from dataclasses import replace

from netlab.faults.fault import FORGET, OTHER, Command, Symptom, on
from netlab.faults.filters import WEB

Mistake = tuple[tuple[Command, ...], str, tuple[Command, ...], Symptom]
PINGS = Symptom()
CALLS = Symptom("internet", "192.0.2.10", "tcp", 8080)
LEAD_ON = "iptables -t nat -A PREROUTING -p tcp --dport 9090 -j DNAT --to-destination 172.17.0.3:80"
PUBLISHED = WEB + on("host", "iptables -I DOCKER-USER -o docker0 -d 172.17.0.3 -j ACCEPT")


def host(*lines: str, then: tuple[Command, ...] = ()) -> tuple[Command, ...]:
    return on("host", *lines) + then


def nft(family: str, kind: str, *rules: str) -> tuple[Command, ...]:
    """A table of nft's own on the host, with one chain."""
    chain = Command("host", ("nft", "add", "chain", family, "guard", "gate", f"{{ type filter {kind} }}"))
    return (*host(f"nft add table {family} guard"), chain, *host(*rules))


_PINGING: dict[str, tuple[tuple[Command, ...], str]] = {
    "cable deleted": (host("ip link del @veth"), "no-interface"),
    "address of another network": (
        on("if-test", "ip addr flush dev eth0", "ip addr add 172.18.0.2/16 dev eth0")
        + on("if-test", "ip route add 172.17.0.1 dev eth0", "ip route add default via 172.17.0.1"),
        "wrong-address",
    ),
    "host with an address of another network": (
        host("ip addr del 192.0.2.10/24 dev eth0", "ip addr add 192.0.3.10/24 dev eth0")
        + host("ip route add default via 192.0.2.1 dev eth0 onlink"),
        "wrong-address",
    ),
    "masquerade for another network": (
        host("iptables -t nat -R POSTROUTING 1 -s 172.18.0.0/16 ! -o docker0 -j MASQUERADE"),
        "no-way-back",
    ),
    "container's network too wide": (on("if-test", "ip addr add 39.106.233.1/24 dev eth0"), "wrong-prefix"),
    "route to the container by the uplink": (host("ip route add 172.17.0.2/32 via 192.0.2.1"), "wrong-route"),
    "table with a wrong device": (
        host("ip route add default dev docker0 table 100")
        + host("ip rule add from 172.17.0.0/16 iif docker0 table 100"),
        "wrong-route",
    ),
    "rule of the main table deleted": (host("ip rule del lookup main"), "no-route"),
    "mark and rule": (
        host("iptables -t mangle -A PREROUTING -i docker0 -j MARK --set-mark 1")
        + host("ip rule add fwmark 1 blackhole"),
        "route-refuses",
    ),
    "ARP requests ignored": (
        host("sysctl -w net.ipv4.conf.docker0.arp_ignore=8") + FORGET,
        "arp-off",
    ),
    "connected route deleted": (host("ip route del 172.17.0.0/16 dev docker0"), "no-route"),
    "far connected route deleted": (on("internet", "ip route del 192.0.2.0/24 dev uplink"), "no-way-back"),
    "far address deleted": (
        on("internet", "ip addr del 192.0.2.1/24 dev uplink") + host("ip neigh flush dev eth0"),
        "no-address",
    ),
    "on another bridge": (
        host(
            "ip link add br1 type bridge", "ip link set br1 up", "ip link set @veth master br1", then=FORGET
        ),
        "not-a-port",
    ),
    "port disabled": (host("bridge link set dev @veth state 0"), "port-blocked"),
    "host's entry for the container": (
        host("ip neigh replace 172.17.0.2 lladdr 02:42:de:ad:be:ef dev docker0 nud permanent"),
        "wrong-neighbour",
    ),
    "arp off at the bridge": (host("ip link set docker0 arp off", then=FORGET), "arp-off"),
    "arp off in the container": (on("if-test", "ip link set eth0 arp off"), "arp-off"),
    "ebtables drops arp": (host("ebtables -A INPUT -p ARP -j DROP", then=FORGET), "firewall-drop"),
    "ebtables policy, uncounted": (host("ebtables -P OUTPUT DROP"), "firewall-drop"),
    "netdev ingress": (
        nft(
            "netdev",
            "hook ingress device docker0 priority -10;",
            "nft add rule netdev guard gate ip protocol icmp counter drop",
        ),
        "firewall-drop",
    ),
    "nft policy, uncounted": (nft("inet", "hook forward priority -10; policy drop;"), "firewall-drop"),
    "iptables-legacy": (host("iptables-legacy -I FORWARD -i docker0 -j DROP"), "firewall-drop"),
    "reject in a chain of its own": (
        host("iptables -N GUARD", "iptables -A GUARD -p icmp -j REJECT", "iptables -I FORWARD -j GUARD"),
        "firewall-drop",
    ),
    "queue that swallows": (host("tc qdisc add dev eth0 root blackhole"), "queue-full"),
}
MORE: dict[str, Mistake] = {name: (*told, (), PINGS) for name, told in _PINGING.items()}
MORE |= {
    "colleague as gateway to one address": (
        host("ip route add 39.106.233.176/32 via 172.17.0.3"),
        "wrong-route",
        OTHER,
        PINGS,
    ),
    "colleague's cable unplugged": (
        host("ip link set @veth:other nomaster"),
        "not-a-port",
        OTHER,
        Symptom(destination="172.17.0.3"),
    ),
    "colleague with a wrong netmask": (
        on("other", "ip addr flush dev eth0", "ip addr add 172.17.0.3/32 dev eth0"),
        "wrong-prefix",
        OTHER,
        Symptom(destination="172.17.0.3"),
    ),
    "bridge down, seen from the host": (
        host("ip link set docker0 down"),
        "interface-down",
        (),
        Symptom(source="host", destination="172.17.0.2"),
    ),
    "bridge without address, seen from the host": (
        host("ip addr flush dev docker0"),
        "no-address",
        (),
        Symptom(source="host", destination="172.17.0.2"),
    ),
    "server without a way back": (
        host("nsenter -t @pid:web -n ip route del default"),
        "no-route",
        PUBLISHED,
        CALLS,
    ),
    "accepted before its DNAT": (
        host("iptables -t nat -I PREROUTING -j ACCEPT"),
        "wrong-dnat",
        PUBLISHED + on("host", LEAD_ON),
        replace(CALLS, port=9090),  # Docker's own ports have docker-proxy behind them
    ),
    "answered by a reset of the firewall's": (
        host("iptables -I FORWARD -o docker0 -p tcp --dport 80 -j REJECT --reject-with tcp-reset"),
        "firewall-drop",
        PUBLISHED,
        CALLS,
    ),
}
