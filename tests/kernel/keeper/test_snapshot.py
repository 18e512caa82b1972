"""A snapshot says what the kernel says; iproute2, reading the same kernel, is the oracle."""

from __future__ import annotations

import json

import pytest

from netlab.lab import Lab
from netlab.model import Snapshot
from tests.kernel.conftest import sh

VARIED = """
docker run -d --name if-test centos:8.1.1911 sleep 36000
ip netns add blue
ip link add v0 type veth peer name v1 netns blue
ip link add both0 type veth peer name both1
ip link set v0 up; ip addr add 10.1.2.3/24 dev v0; ip -6 addr add fd00::1/64 dev v0 nodad
ip link add br-second type bridge stp_state 1; ip link set both0 master br-second
ip link add vx0 type vxlan id 42 dstport 4789 remote 192.0.2.1 dev eth0
ip link add mv0 link eth0 type macvlan mode bridge
ip link add 'fifteen.letters' type bridge
ip route add blackhole 10.7.0.0/16; ip route add unreachable 10.8.0.0/16 metric 5
ip route add 10.9.0.0/16 via 192.0.2.1 table 77
ip neigh add 192.0.2.77 lladdr 02:00:00:00:00:77 dev eth0
iptables -A INPUT -s 10.6.6.6 -j DROP; iptables -t raw -A PREROUTING -p udp --dport 53 -j DROP
ip6tables -P FORWARD DROP
nft add table inet mine; nft add chain inet mine c '{ type filter hook input priority 0; policy drop; }'
nft add rule inet mine c tcp dport 99 counter accept; nft add rule inet mine c accept
"""


def ask(lab: Lab, node: str, *words: str) -> list[dict]:  # type: ignore[type-arg]
    """What iproute2 says there, as JSON."""
    return json.loads(lab.run(["ip", "-j", "-d", *words], node=node).stdout or "[]")


@pytest.fixture
def varied(lab: Lab) -> Snapshot:
    """The base lab with one of everything that a learner may make."""
    sh(lab, VARIED)
    return lab.snapshot()


@pytest.mark.parametrize("node", ["host", "if-test", "internet", "blue"])
def test_links_and_addresses_are_those_that_ip_shows(lab: Lab, varied: Snapshot, node: str) -> None:
    """Name, index, MAC, MTU, flags, master and addresses of every interface of every node."""
    ours = {
        i.name: (i.index, i.mac, i.mtu, i.is_up, i.master, sorted(map(str, i.addresses)))
        for i in varied.node(node).interfaces
    }
    theirs = {
        i["ifname"]: (
            i["ifindex"],
            i["address"],
            i["mtu"],
            "UP" in i["flags"],
            i.get("master", ""),
            sorted(f"{a['local']}/{a['prefixlen']}" for a in i["addr_info"]),
        )
        for i in ask(lab, node, "addr")
    }
    assert ours == theirs


@pytest.mark.parametrize("node", ["host", "if-test", "internet"])
def test_routes_are_those_that_ip_shows(lab: Lab, varied: Snapshot, node: str) -> None:
    """Destination, gateway, device, metric, kind and table of every IPv4 route."""
    ours = {
        (r.destination, r.gateway, r.device if r.kind == "unicast" else "", r.metric, r.kind, r.table)
        for r in varied.node(node).routes
        if ":" not in r.destination + r.gateway and r.table != "local"
    }
    theirs = {
        (
            r["dst"],
            r.get("gateway", ""),
            r.get("dev", ""),
            r.get("metric", 0),
            r.get("type", "unicast"),
            str(r.get("table", "main")),
        )
        for r in ask(lab, node, "-4", "route", "show", "table", "all")
        if r.get("table") != "local"
    }
    assert {r for r in ours if r[1] or r[0] != "default"} == theirs


def test_what_is_special_about_an_interface_is_told(varied: Snapshot) -> None:
    """Kinds and their details: vxlan, macvlan, bridge, port state."""
    host = varied.node("host")
    assert (host.interface("vx0").kind, host.interface("vx0").details["vxlan id"]) == ("vxlan", "42")
    assert host.interface("vx0").details["vxlan remote"] == "192.0.2.1"
    assert (host.interface("mv0").kind, host.interface("mv0").details["macvlan mode"]) == (
        "macvlan",
        "bridge",
    )
    assert host.interface("br-second").details["stp"] == "on"
    assert host.interface("both0").details["port state"] == "disabled"
    assert "NO-CARRIER" in host.interface("v0").flags and not host.interface("v0").has_carrier


def test_the_ends_of_every_pair_find_each_other(varied: Snapshot) -> None:
    """Between namespaces, within one, and with a namespace made by hand."""
    pairs = set()
    for node, interface in varied.interfaces():
        if interface.kind == "veth":
            assert interface.peer is not None, interface
            other = varied.interface(interface.peer)
            assert other is not None and other.peer == interface.id
            there = varied.by_netns(other.netns)
            assert there is not None
            pairs.add(frozenset((f"{node.name} {interface.name}", f"{there.name} {other.name}")))
    assert frozenset(("host v0", "blue v1")) in pairs
    assert frozenset(("host both0", "host both1")) in pairs
    assert frozenset(("host eth0", "internet uplink")) in pairs


def test_rules_of_every_backend_are_read_with_their_counters(lab: Lab, varied: Snapshot) -> None:
    """iptables, ip6tables and nft's own; a counter moves when a packet matches."""
    host = varied.node("host")
    assert host.chain("filter", "FORWARD", "ip6").policy == "DROP"
    assert host.chain("raw", "PREROUTING").rules[0].target == "DROP"
    mine = host.chain("mine", "c", "inet")
    assert (mine.backend, mine.policy, [r.target for r in mine.rules]) == (
        "native",
        "DROP",
        ["ACCEPT", "ACCEPT"],
    )
    assert not any(c.backend == "native" and c.table == "filter" for c in host.chains)
    sh(lab, "iptables -I OUTPUT -d 172.17.0.2 -j ACCEPT; ping -c 2 -W 1 172.17.0.2")
    rule = lab.snapshot().node("host").chain("filter", "OUTPUT").rules[0]
    assert (rule.text, rule.packets) == ("-d 172.17.0.2/32 -j ACCEPT", 2)


def test_unnamed_namespaces_are_found_by_their_process(lab: Lab) -> None:
    """Somebody's `unshare -n` is a node too, and gone when it ends."""
    sh(lab, "unshare -n sleep 777 >/dev/null 2>&1 & until pgrep -x sleep; do :; done")
    (node,) = [n for n in lab.snapshot().nodes if n.kind == "process"]
    assert node.name == f"pid {node.pid}"
    assert "777" in sh(lab, f"ps -o args= -p {node.pid}")
    sh(lab, f"kill -9 {node.pid}")


def test_a_linked_namespace_keeps_its_containers_name(lab: Lab) -> None:
    """The lecture's symbolic link in /var/run/netns is another name of the container's namespace."""
    sh(lab, "docker run -d --name if-test --network none x sleep 36000")
    pid = sh(lab, "docker inspect -f '{{.State.Pid}}' if-test").strip()
    sh(lab, f"mkdir -p /var/run/netns; ln -s /proc/{pid}/ns/net /var/run/netns/{pid}")
    seen = lab.snapshot()
    assert seen.node(pid) is seen.node("if-test")
    assert len(seen.nodes) == 3


def test_sysctls_of_each_namespace_are_its_own(lab: Lab) -> None:
    """What is set in the host is not what the container has."""
    sh(lab, "docker run -d --name if-test x sleep 1000; echo 1 > /proc/sys/net/ipv4/ip_forward")
    sh(lab, "echo 2 > /proc/sys/net/ipv4/conf/docker0/rp_filter")
    seen = lab.snapshot()
    assert seen.node("host").sysctls["net.ipv4.ip_forward"] == "1"
    assert seen.node("host").sysctls["net.ipv4.conf.docker0.rp_filter"] == "2"
    assert seen.node("if-test").sysctls["net.ipv4.ip_forward"] == "0"
    assert seen.node("if-test").sysctls["net.ipv6.conf.all.disable_ipv6"] == "1"


def test_sysctls_of_a_link_with_a_dot_in_its_name_are_read(lab: Lab) -> None:
    """eth0.7 is what a VLAN on eth0 is called; in the settings' names, too, a dot stands between folders."""
    sh(lab, "ip link add eth0.7 type bridge; echo 2 > /proc/sys/net/ipv4/conf/eth0.7/rp_filter")
    assert lab.snapshot().node("host").sysctls["net.ipv4.conf.eth0.7.rp_filter"] == "2"


def test_rubbish_where_containers_are_noted_does_no_harm(lab: Lab) -> None:
    """The learner is root there: whatever he writes, the keeper goes on."""
    sh(
        lab,
        """
        d=/run/netlab/containers; mkdir -p $d/a $d/b $d/c
        echo '{' > $d/a/config.json; echo '{"id": 1, "pid": "x"}' > $d/b/config.json; mkdir $d/c/config.json
        ln -s /proc/1/ns/net /run/netns/loop; ln -s nowhere /run/netns/dangling; mkdir /run/netns/folder
        """,
    )
    assert [node.kind for node in lab.snapshot().nodes] == ["host", "internet"]


WAITING = """
import socket, time
four = socket.create_server(("127.0.0.1", 902))
six = socket.create_server(("::1", 901), family=socket.AF_INET6)
bound = socket.socket(type=socket.SOCK_DGRAM)
bound.bind(("172.17.0.1", 903))
there = socket.create_connection(("127.0.0.1", 902)), four.accept()
connected = socket.socket(type=socket.SOCK_DGRAM)
connected.connect(("127.0.0.1", 9))
open("/tmp/ready", "w").close()
time.sleep(100)
"""


def test_who_waits_for_somebody_is_listed_and_nobody_who_is_connected(lab: Lab) -> None:
    """Servers of TCP and bound sockets of UDP, with address and port, as ss finds them."""
    sh(
        lab,
        f"python3 -c '{WAITING}' & echo $! > /tmp/pid; until [ -e /tmp/ready ] || ! kill -0 $!; do :; done",
    )
    listed = lab.snapshot().node("host").listeners
    assert [(one.protocol, one.address, one.port) for one in listed] == [
        ("tcp", "::1", 901),
        ("tcp", "127.0.0.1", 902),
        ("udp", "172.17.0.1", 903),
    ]
    sh(lab, "kill $(cat /tmp/pid); rm /tmp/ready")
