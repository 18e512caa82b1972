"""A reset that keeps what is as it was cannot be told from one that makes all anew."""

from __future__ import annotations

import os
import random
import re
import sys
from collections.abc import Sequence

import pytest

from netlab.lab import Lab
from netlab.lessons.content import lesson
from netlab.lessons.ip_batch import batch
from netlab.lessons.start import goto
from netlab.linux.netlink.netfilter import IP_SETS
from tests.kernel.conftest import sh
from tests.support.patience import eventually

# What a learner may do in the lab host, and what an instructor, or a fault, may do at `internet`.
AT_HOST = """
ping -c1 -W1 39.106.233.176
ping -c1 -W1 192.0.2.99 & ping -c1 -W1 192.0.2.77
ip link set eth0 down
ip link set eth0 down; ip link set eth0 up
ip link set lo down
ip link set docker0 down
ip link set docker0 type bridge stp_state 1 ageing_time 500
ip link set docker0 address 02:42:00:00:00:99
ip link set eth0 mtu 1400
ip link set eth0 address 02:00:00:00:00:77
ip link set eth0 txqueuelen 77; ip link set eth0 alias mine; ip link set eth0 promisc on
ip link set eth0 down; ip link set eth0 name wan
ip link property add dev eth0 altname uplink0
ip link set eth0 addrgenmode none
ip link add v0 type veth peer name v1; ip link set v0 master docker0; ip link set v0 up; ip link set v1 up
ip link add br7 type bridge; ip link set eth0 master br7; ip link set br7 up
ip link del eth0
ip link del docker0
ip netns add blue; ip link add v2 type veth peer name v3 netns blue; ip link set v2 up
ip netns add red; ip link add link eth0 name m0 netns red type macvlan; ip -n red link set m0 up
ip addr add 10.9.9.9/24 dev eth0
ip addr add 10.8.8.8/32 dev lo; ip addr add fd00::8/64 dev docker0
ip addr del 172.17.0.1/16 dev docker0
ip addr change 192.0.2.10/24 dev eth0 valid_lft 5000 preferred_lft 5000
ip -6 addr flush dev eth0 scope link
ip route del default
ip route replace default via 192.0.2.1 mtu 1300
ip route add blackhole 10.8.0.0/16; ip -6 route add unreachable fd09::/64
ip route add 10.7.0.0/16 dev docker0 table 7
ip rule add from 1.2.3.4 table 7; ip -6 rule add to fd01::/64 table 8
ip -6 route del fe80::/64 dev eth0
ip rule del pref 32767
ip nexthop add id 5 via 192.0.2.1 dev eth0
ip neigh replace 192.0.2.1 lladdr 02:00:00:00:00:66 dev eth0 nud permanent
ip neigh add proxy 192.0.2.50 dev eth0
ip maddr add 01:00:5e:12:34:56 dev eth0
bridge fdb add 02:00:00:00:00:55 dev docker0 self permanent
bridge fdb add 02:00:00:00:00:44 dev eth0 self permanent
tc qdisc add dev eth0 root tbf rate 1mbit burst 1600 limit 3000
tc qdisc add dev eth0 clsact; tc filter add dev eth0 egress matchall action drop
iptables -F; iptables -t nat -F; iptables -P FORWARD ACCEPT; iptables -A INPUT -j DROP
iptables -t raw -A PREROUTING -j DROP; iptables -Z
nft add table inet mine; nft add chain inet mine c '{ type filter hook input priority 0; policy drop; }'
nft add table netdev n; nft add chain netdev n c '{ type filter hook ingress device eth0 priority 0; }'
sysctl -w net.ipv4.ip_forward=1
sysctl -w net.ipv4.conf.eth0.rp_filter=1 net.ipv4.conf.docker0.ignore_routes_with_linkdown=1
sysctl -w net.ipv4.conf.all.rp_filter=2 net.ipv4.icmp_echo_ignore_all=1 net.ipv4.ip_default_ttl=9
sysctl -w net.ipv6.conf.all.disable_ipv6=1
sysctl -w net.ipv6.conf.eth0.disable_ipv6=1 net.ipv6.conf.docker0.hop_limit=3
sysctl -w net.ipv6.conf.all.forwarding=1
sysctl -w net.ipv4.tcp_sack=0 net.netfilter.nf_conntrack_udp_timeout=7
docker run -d --name c1 x sleep 1000
docker run -d --name c2 --network none x sleep 1000
docker run -d --name c3 -p 8080:80 x sleep 1000; docker exec c3 ping -c1 -W1 172.17.0.1
sleep 1000 >/dev/null 2>&1 & disown
"""
AT_INTERNET = """
ip link set uplink down
ip addr add 203.0.113.5/24 dev uplink
ip route add 172.17.0.0/16 via 192.0.2.10
ip neigh replace 192.0.2.10 lladdr 02:00:00:00:00:67 dev uplink nud permanent
tc qdisc add dev uplink root tbf rate 1mbit burst 1600 limit 3000
iptables -A INPUT -j DROP
sysctl -w net.ipv4.icmp_echo_ignore_all=1
ip addr del 39.106.233.176/32 dev lo
"""
# In the words of others' tools; a setting that cannot be read says nothing.
LOOK = """
ip -d -o link; ip -o addr; ip route show table all; ip -6 route show table all; ip rule; ip -6 rule
ip neigh; ip neigh show proxy; ip nexthop; bridge fdb | grep -v -e 33:33 -e 01:00:5e; tc qdisc; tc filter show
iptables-save; ip6tables-save; nft list ruleset; ls /run/netns; conntrack -L 2>/dev/null | grep -v 224.0.0
ip maddr | grep static
grep -rs . /proc/sys/net --exclude=*stable_secret --exclude=nf_conntrack_count
"""
ROUTES = "ip -6 route show table all dev"
PASSING = (
    r"(hello|tcn|topology_change|gc)_timer +\S+|tso_max_(size|segs) \d+|\btentative\b|\[\d+:\d+\]|^#.*"
    r"|counter packets \d+ bytes \d+|,?\b(LOWER_UP|NO-CARRIER)\b,?|\blinkdown\b|state \S+|expires \d+sec"
    r"|packets \d+ bytes \d+|proto kernel_ll"
)


def look(lab: Lab, node: str) -> list[str]:
    """All that is there, without what passes; a link's own MAC and link-local address by name."""
    text = lab.script(f"set +e\n{LOOK}\nexit 0", node).stdout
    text = re.sub(PASSING, "", text, flags=re.MULTILINE)
    macs = {mac for mac in re.findall(r"link/ether (\S+)", text) if not mac.startswith("02:42")}
    for mac in macs:
        digits = mac.split(":")
        head = int(digits[0], 16) ^ 2
        own = f"fe80::{head:x}{digits[1]}:{digits[2]}ff:fe{digits[3]}:{digits[4]}{digits[5]}"
        short = re.sub(r"(?<=:)0+(?=[0-9a-f])", "", own)
        text = text.replace(mac, "MAC").replace(own, "OWN").replace(short, "OWN")
    lines = (" ".join(line.split()) for line in text.splitlines())
    return sorted(line for line in lines if line and not line.startswith(("local OWN", "anycast fe80::")))


def is_settled(lab: Lab) -> bool:
    """Whether both ends of the uplink have made their link-local addresses."""
    return all(
        "fe80::"
        in lab.script(f"ip -6 addr show dev {name}; ip -6 route show table all type multicast", node).stdout
        and "multicast ff00::/8" in lab.script(f"ip -6 route show table all dev {name}", node).stdout
        for node, name in (("host", "eth0"), ("internet", "uplink"))
    )


def base_lab(lab: Lab) -> tuple[list[str], list[str]]:
    eventually(lambda: is_settled(lab))
    return look(lab, "host"), look(lab, "internet")


OPERATIONS = [("host", line) for line in AT_HOST.strip().splitlines()]
OPERATIONS += [("internet", line) for line in AT_INTERNET.strip().splitlines()]


def do(lab: Lab, operations: Sequence[tuple[str, str]]) -> None:
    for node, line in operations:
        lab.script(f"set +e\n{line}\nexit 0", node)


def test_nothing_that_was_done_is_left_by_a_reset(lab: Lab) -> None:
    """Operations by themselves, then several drawn by lot: what is left is what a lab made anew holds.

    With NETLAB_MUTANTS each of them, without it every fourth.
    """
    assert lab.reset("anew") == "anew"
    anew = base_lab(lab)
    assert len(anew[0]) > 300 and len(anew[1]) > 200
    dice = random.Random(9)
    several = [dice.sample(OPERATIONS, dice.choice((2, 4))) for _ in range(4)]
    ways = set()
    each = [[operation] for operation in OPERATIONS[:: 1 if os.environ.get("NETLAB_MUTANTS") else 4]]
    for operations in each + several:
        do(lab, operations)
        ways.add(way := lab.reset())
        left = base_lab(lab)
        assert [set(a) ^ set(b) for a, b in zip(left, anew, strict=True)] == [set(), set()], (way, operations)
    assert ways == {"kept", "mended", "anew"}


def test_the_firewall_of_a_lab_that_was_put_back_has_counted_nothing(lab: Lab) -> None:
    """Rules and policies begin at 0 again, also where nothing but their counters has changed."""
    sh(lab, "ping -c2 39.106.233.176")
    counted = r"\[(?!0:0\])\d+:\d+\]"
    assert re.search(counted, sh(lab, "iptables-save -c"))
    assert lab.reset() in ("kept", "mended")
    saved = sh(lab, "iptables-save -c")
    assert "-j MASQUERADE" in saved and not re.search(counted, saved)


LINKS = """set -e
ip netns add far
ip link add br1 type bridge
ip addr add 10.3.3.1/24 dev br1
ip link set br1 up
for i in 1 2 3 4; do
    ip link add port$i type veth peer name eth0 netns far
    ip link set port$i master br1 up
    ip -n far link set eth0 name eth$i up
done
ip link add link eth0 name mv1 type macvlan mode bridge
ip link set mv1 up
ip route add 10.9.0.0/16 dev mv1
"""


def test_what_a_reset_took_out_can_be_made_again_at_once(lab: Lab) -> None:
    """It does not wait for the kernel to dissolve links; of their names and addresses nothing is left."""
    for _ in range(8):
        sh(lab, LINKS)
        assert lab.reset() == "kept"


def test_a_macvlan_in_a_namespace_that_still_dissolves_is_not_waited_for(lab: Lab) -> None:
    """Its MAC address, which eth0 listened to, is taken out before the kernel comes to it."""
    for _ in range(3):
        goto(lab, "07")
        assert lab.reset() == "kept"


SETS = """
from pyroute2.ipset import IPSet
print([each.get_attr("IPSET_ATTR_SETNAME") for each in IPSet().list()])
"""


@pytest.mark.parametrize("way", ["kept", "anew"])
def test_a_reset_takes_out_sets_that_rules_use(lab: Lab, way: str) -> None:
    """What `ipset create` does, here in the words of pyroute2, is undone with the rules that it was for."""
    code = "from pyroute2.ipset import IPSet; IPSet().create('blocked', stype='hash:ip')"
    made = lab.run([sys.executable, "-c", code])
    if made.returncode and not os.path.exists(IP_SETS):
        pytest.skip("this kernel has no ip_set")
    sh(lab, "iptables -A INPUT -m set --match-set blocked src -j DROP")
    assert lab.run([sys.executable, "-c", SETS]).stdout == "['blocked']\n"
    lab.reset(way)
    assert lab.run([sys.executable, "-c", SETS]).stdout == "[]\n"
    assert "blocked" not in sh(lab, "iptables-save")


def look_without_numbers(lab: Lab, node: str) -> set[str]:
    """What is there, but for MAC addresses, what is made of them, indexes, and a link's details."""
    numbers = r"fe80::[0-9a-f:]+|([0-9a-f]{2}:){5}[0-9a-f]{2}|(?<=@if)\d+|^\d+(?=:)|(?<=netnsid )\d+"
    lines = {re.sub(numbers, "N", line.partition(" promiscuity")[0]) for line in look(lab, node)}
    return {line for line in lines if not line.startswith("N dev ")}  # what a bridge has learned


def test_goto_leaves_what_its_commands_leave_when_they_are_typed(lab: Lab) -> None:
    """Neighbouring commands of ip(8) are done by one call of it, and come to the same."""
    start, nodes = lesson("08").start, ("host", "host2", "far", "if-test")
    assert batch(start) != start
    assert lab.script(start).returncode == 0

    def is_at_rest() -> bool:
        """Whether whatever is connected and speaks IPv6 has made its address, and nobody else has that."""
        snapshot, speaking = lab.snapshot(), nodes[:3]
        links = [each for node in speaking for each in snapshot.node(node).interfaces if each.name != "lo"]
        return all("fe80" in " ".join(map(str, each.addresses)) for each in links if each.has_carrier) and (
            not any(lab.script("ip -6 addr show tentative", node).stdout for node in speaking)
        )

    assert eventually(is_at_rest, 30)
    typed = [look_without_numbers(lab, node) for node in nodes]
    assert min(map(len, typed)) > 100
    goto(lab, "08")

    def differing() -> list[set[str]]:
        return [look_without_numbers(lab, node) ^ wanted for node, wanted in zip(nodes, typed, strict=True)]

    assert eventually(lambda: not any(differing()), 30), differing()


@pytest.mark.parametrize(
    ("done", "way"),
    [
        ("true", "kept"),
        ("ping -c1 39.106.233.176; iptables -F; sysctl -w net.ipv4.ip_forward=1", "kept"),
        ("docker run -d --name a x sleep 1000", "mended"),
        ("sysctl -w net.ipv4.conf.docker0.ignore_routes_with_linkdown=1", "mended"),
        ("ip addr add 10.9.9.9/24 dev eth0; ip route del default", "mended"),
        ("ip link del docker0", "anew"),
        ("ip link set eth0 mtu 1400", "anew"),
    ],
)
def test_links_are_deleted_only_where_they_must_be(lab: Lab, done: str, way: str) -> None:
    """Of the three ways the cheapest that leads to the base lab, once nothing comes by itself any more."""

    def went() -> bool:
        sh(lab, done)
        return lab.reset() == way

    assert eventually(went, 20)
