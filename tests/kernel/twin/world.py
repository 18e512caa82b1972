"""A lab with one of nearly everything, and what the tools say of a lab, to compare it with a twin."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from netlab.lab import Lab
from tests.support.patience import eventually

SECONDS_TO_REST = 20.0
VARIED = """
docker run -d --name if-test centos:8.1.1911 sleep 36000
docker run -d --name two -p 8080:80 centos:8.1.1911 sleep 36000
ln -s /proc/$(docker inspect -f '{{.State.Pid}}' two)/ns/net /run/netns/second
ip netns add blue
ip link add v0 type veth peer name v1 netns blue
ip -n blue addr add 10.1.2.9/24 dev v1; ip -n blue link set v1 up
ip link set v0 up; ip addr add 10.1.2.3/24 dev v0; ip addr add 10.1.2.4/24 dev v0
ip -6 addr add fd00::1/64 dev v0 nodad
ip link add both0 type veth peer name both1
ip link add br-second type bridge stp_state 1 forward_delay 200; ip link set both0 master br-second
ip link set br-second up; ip link set both0 up; ip link set both1 up
ip link add vx0 type vxlan id 42 dstport 4789 remote 192.0.2.1 dev eth0
bridge fdb append 00:00:00:00:00:00 dev vx0 dst 192.0.2.9
ip link add mv0 link eth0 type macvlan mode bridge
ip link add 'fifteen.letters' type bridge
ip route add blackhole 10.7.0.0/16; ip route add unreachable 10.8.0.0/16 metric 5
ip route add 10.9.0.0/16 via 192.0.2.1 table 77; ip route add default via 192.0.2.1 table 100000
ip route add 10.19.0.0/16 nexthop via 192.0.2.1 nexthop via 192.0.2.3 weight 3
ip route add 10.29.0.0/16 via 192.0.2.1 mtu 1300 advmss 1200
ip route append 172.17.0.0/16 dev both0; ip -6 route add 2001:db8::/32 via fd00::2 dev v0
ip rule add from 10.0.0.0/8 fwmark 0x10/0xff lookup 77 prio 100
ip rule add to 10.0.0.0/8 iif eth0 ipproto tcp dport 80-90 lookup 100000
ip rule add uidrange 0-0 to 10.77.0.0/16 lookup 77 prio 101
ip xfrm policy add src 10.0.0.0/8 dst 10.1.0.0/16 dir out action block priority 7
ip xfrm policy add src 10.2.0.0/16 dst 10.3.0.0/16 dir fwd tmpl src 192.0.2.10 dst 192.0.2.1 proto esp reqid 3
ip nexthop add id 5 via 192.0.2.1 dev eth0; ip nexthop add id 6 via 192.0.2.5 dev eth0
ip nexthop add id 9 group 5/6; ip route add 10.39.0.0/16 nhid 9
ip neigh add 192.0.2.77 lladdr 02:00:00:00:00:77 dev eth0; ip neigh add proxy 192.0.2.78 dev eth0
bridge link set dev both0 hairpin on learning off flood off
tc qdisc add dev eth0 root tbf rate 1mbit burst 10k latency 50ms
ip link set eth0 mtu 1400 txqueuelen 77
ip link set br-second type bridge ageing_time 1000 mcast_snooping 0
sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.eth0.rp_filter=2 net.ipv4.conf.all.arp_ignore=1
sysctl -qw net.ipv4.neigh.eth0.gc_stale_time=77
iptables -A INPUT -s 10.6.6.6 -j DROP; iptables -t raw -A PREROUTING -p udp --dport 53 -j DROP
iptables -A FORWARD -p tcp -m multiport --dports 80,443 -m comment --comment "it's \\"a\\" rule" -j ACCEPT
iptables -A FORWARD -m limit --limit 3/min -j LOG --log-prefix "hello there: "
iptables-legacy -A INPUT -s 10.6.6.7 -j DROP; ip6tables -P FORWARD DROP
ebtables -A FORWARD -p IPv4 -i docker0 --ip-proto icmp --ip-dst 10.9.9.9 -j DROP; ebtables -N mine
ebtables -t nat -A PREROUTING -s 02:00:00:00:00:01 -j dnat --to-destination 02:00:00:00:00:99
nft add table inet mine; nft add chain inet mine c '{ type filter hook input priority 0; policy drop; }'
nft add rule inet mine c tcp dport 99 counter accept; nft add rule inet mine c accept
nft add set inet mine s '{ type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.168.1.1 } }'
nft add rule inet mine c ip saddr @s counter drop; nft add chain inet mine d
nft add map inet mine m '{ type inet_service : verdict; elements = { 22 : accept, 23 : jump d } }'
nft add rule inet mine c tcp dport vmap @m
"""
LISTINGS = (
    *("ip -j -d link", "ip -j -d addr", "ip -j -d route show table all", "ip -j -6 -d route show table all"),
    *("ip -j rule", "ip -j -6 rule", "ip -j neigh show nud permanent", "ip -j neigh show proxy"),
    *("ip -j nexthop", "ip xfrm policy", "bridge -j -d link", "bridge -j fdb", "tc -j qdisc"),
    *(
        "iptables-nft-save",
        "ip6tables-nft-save",
        "iptables-legacy-save",
        "ebtables-nft-save",
        "nft -j list ruleset",
        "sysctl -a",
    ),
)
# What counts or passes by itself, or is the kernel's number for something.
PASSING = (
    *("stats64", "stats", "num_tx_queues", "num_rx_queues", "handle", "packets", "bytes", "drops"),
    *(
        "operstate",
        "link_netnsid",
        "promiscuity",
        "hello_timer",
        "gc_timer",
        "tcn_timer",
        "used",
        "tso_max_size",
    ),
    *("topology_change_timer", "hold_timer", "forward_delay_timer", "message_age_timer", "updated", "refcnt"),
    *("valid_life_time", "preferred_life_time", "confirmed", "probes", "topology_change", "age", "expires"),
    *(
        "topology_change_detected",
        "tcp_fastopen_key",
        "random",
        "metainfo",
        "num_queues",
        "max_mtu",
        "gso_max_size",
    ),
    *("tso_max_size", "gso_max_size", "gro_max_size", "gso_max_segs", "tso_max_segs", "fdb_n_learned"),
)
SYSCTL_PASSING = re.compile(r"(kernel|fs|vm|dev|user|abi|debug|crypto)\.|net\.(core|unix)\.|.*_count")


def wait_for_rest(lab: Lab) -> None:
    """Until no address of any node is tentative any more, and no port waits for the spanning tree."""
    look = "ip -6 -o addr show tentative; bridge -o link | grep -E 'state (listen|learn)ing'"
    nodes = [node.name for node in lab.snapshot().nodes]
    is_quiet = dict.fromkeys(nodes, False)

    def rests() -> bool:
        for node in nodes:
            is_quiet[node] = is_quiet[node] or not lab.script(look, node).stdout
        return all(is_quiet.values())

    assert eventually(rests, SECONDS_TO_REST), is_quiet


def listings(lab: Lab, node: str) -> Iterator[str]:
    """What the tools list of a node, a line each, without what passes."""
    for command in LISTINGS:
        said = lab.run(command.split(), node=node).stdout
        if "-j" in command:
            for entry in _entries(json.loads(said or "[]")):
                yield f"{command}: {json.dumps(entry, sort_keys=True)}"
        else:
            lines = (re.sub(r"\[\d+:\d+\]", "[0:0]", line) for line in said.splitlines())
            yield from (f"{command}: {line}" for line in lines if not _passes(line))


def _passes(line: str) -> bool:
    return line.startswith("#") or bool(SYSCTL_PASSING.match(line)) or "tcp_fastopen_key" in line


def _entries(value: object) -> list[object]:
    if isinstance(value, dict) and "nftables" in value:
        value = value["nftables"]
    return [_lasting(each) for each in value] if isinstance(value, list) else []


def _lasting(value: object) -> object:
    if isinstance(value, dict):
        return {k: _lasting(v) for k, v in value.items() if k not in PASSING}
    return [_lasting(each) for each in value if each != "linkdown"] if isinstance(value, list) else value
