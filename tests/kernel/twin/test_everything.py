"""What a network is beside links, addresses, routes and rules: packed and made again, or told by name."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest

from netlab.errors import LabNotFound
from netlab.lab import Lab
from netlab.linux.netlink.netfilter import IP_SETS
from netlab.model import netpack
from netlab.model.pack_changes import differences
from tests.kernel.conftest import sh
from tests.support.patience import eventually

FAR = "39.106.233.176"
SETS = f"""
import socket
from pyroute2.ipset import IPSet, PortEntry
sets = IPSet()
sets.create("blocked", stype="hash:net")
sets.add("blocked", "10.6.0.0/16", etype="net")
sets.add("blocked", "{FAR}/32", etype="net")
sets.create("six", stype="hash:ip", family=socket.AF_INET6)
sets.add("six", "fd00::9", family=socket.AF_INET6)
sets.create("pairs", stype="hash:ip,port", timeout=300, counters=True)
sets.add("pairs", ("10.0.0.1", PortEntry(80, protocol=6)), etype="ip,port")
sets.create("ports", stype="bitmap:port", bitmap_ports_range=(1000, 2000))
sets.add("ports", 1234, etype="port")
sets.create("cards", stype="hash:net,iface")
sets.add("cards", ("10.9.0.0/16", "eth0"), etype="net,iface")
sets.create("lists", stype="list:set")
sets.add("lists", "blocked", etype="set")
"""
IPSEC = f"""
ip xfrm policy add src 0.0.0.0/0 dst {FAR}/32 dir out action block priority 7
ip xfrm policy add src 10.2.0.0/16 dst 10.3.0.0/16 proto tcp dport 80 dir fwd mark 5 \
  tmpl src 192.0.2.10 dst 192.0.2.1 proto esp reqid 3 mode tunnel
ip xfrm policy add src fd00::/64 dst fd01::/64 dir in tmpl proto esp mode transport level use
ip rule add uidrange 0-0 to {FAR} blackhole prio 101
"""
CONTAINER = "docker run -d --name if-test centos:8 sleep 36000; sysctl -qw net.ipv4.ip_forward=1"


@pytest.fixture
def twin_name(lab_name: str) -> Iterator[str]:
    """The name of a second lab, which is ended after the test."""
    yield f"{lab_name}-twin"
    with suppress(LabNotFound):
        Lab.find(f"{lab_name}-twin").down()


def gets_through(lab: Lab, node: str) -> bool:
    return lab.run(["ping", "-c", "1", "-W", "1", FAR], node=node).returncode == 0


def test_sets_of_ipset_and_the_rules_that_use_them(lab: Lab, twin_name: str) -> None:
    """Each type with its entries is in the file, drops in the twin what it drops here, and is undone."""
    made = lab.run([sys.executable, "-c", SETS])
    if made.returncode and not os.path.exists(IP_SETS):
        pytest.skip("this kernel has no ip_set")
    assert made.returncode == 0, made.stderr
    sh(lab, CONTAINER)
    lab.mark("before")
    sh(lab, "iptables -I FORWARD -m set --match-set lists dst -j DROP")
    found = lab.pack()
    assert netpack.read(netpack.write(found)) == found
    sets = {each.name: each for each in found.nodes[1].ip_sets}
    assert {"ip": FAR, "cidr": "32"} in sets["blocked"].entries and len(sets) == 6
    twin = lab.copy(twin_name)
    assert differences(found, twin.pack()) == []
    assert not gets_through(twin, "if-test")
    sh(twin, "iptables -D FORWARD 1")
    assert gets_through(twin, "if-test")
    lab.undo()
    assert [line for line in differences(found, lab.pack()) if "ipset" in line] == []
    assert gets_through(lab, "if-test")
    lab.reset()
    assert lab.pack().nodes[0].ip_sets == (), "a list of sets has the others in use"


def test_policies_of_ipsec_and_rules_for_users(lab: Lab, twin_name: str) -> None:
    """They are in the twin, where they stop the same packet; undo and reset leave nothing of them."""
    before = lab.pack()
    lab.mark("before")
    sh(lab, IPSEC)
    found = lab.pack()
    assert len(found.nodes[0].ipsec) == 3
    twin = lab.copy(twin_name)
    assert differences(found, twin.pack()) == [] and twin.status().about == (f"a twin of {lab.name}",)
    assert sh(twin, "ip xfrm policy; ip rule") == sh(lab, "ip xfrm policy; ip rule")
    assert not gets_through(twin, "host")
    sh(twin, "ip rule del prio 101")
    assert not gets_through(twin, "host"), "the policy blocks it"
    sh(twin, "ip xfrm policy deleteall")
    assert gets_through(twin, "host")
    lab.undo()
    assert differences(before, lab.pack()) == []
    sh(lab, IPSEC)
    lab.reset()
    assert sh(lab, "ip xfrm policy") == "" and "uidrange" not in sh(lab, "ip rule")
    assert gets_through(lab, "host")


def test_next_hop_objects_and_settings_of_internet_are_put_back(lab: Lab) -> None:
    """By undo and by reset: what was set on the machine's side of the uplink, too."""
    change = (
        "ip nexthop add id 5 via 192.0.2.1 dev eth0\nip nexthop add id 9 group 5\n"
        "ip route add 10.39.0.0/16 nhid 9"
    )
    before = lab.pack()
    for way in ("undo", "reset"):
        lab.mark("before")
        sh(lab, change)
        assert lab.run(["sysctl", "-qw", "net.ipv4.ip_default_ttl=99"], node="internet").returncode == 0
        assert len(differences(before, lab.pack())) == 4
        getattr(lab, way)()
        assert sh(lab, "ip nexthop") == "" and "10.39" not in sh(lab, "ip route")
        ttl = lab.run(["sysctl", "-n", "net.ipv4.ip_default_ttl"], node="internet").stdout
        assert ttl == "64\n", way


def test_what_is_not_in_a_pack_is_told_by_name(lab: Lab) -> None:
    """Nothing is left out without a word: stopped containers, those on the host's network, filters of tc."""
    sh(
        lab,
        "docker run -d --network host --name beside centos:8 sleep 36000\n"
        "docker run -d --name gone centos:8 sleep 36000; docker stop -t 0 gone\n"
        "tc qdisc add dev eth0 root handle 1: htb default 1\n"
        "tc class add dev eth0 parent 1: classid 1:1 htb rate 1gbit\n"
        "tc filter add dev eth0 parent 1: protocol ip u32 match ip dst 10.0.0.1/32 flowid 1:1",
    )
    told = lab.pack().remarks
    for words in ("beside: ", "gone: a stopped container", "tc filter of htb"):
        assert any(words in line for line in told), (words, told)
    lab.reset()
    assert lab.pack().remarks == ()


def test_classes_of_htb_are_the_same_to_tc(lab: Lab, twin_name: str) -> None:
    """A tree of them with a queue below; undone, nothing of it is left."""
    before = lab.pack()
    lab.mark("before")
    sh(
        lab,
        "tc qdisc add dev eth0 root handle 1: htb default 30\n"
        "tc class add dev eth0 parent 1: classid 1:1 htb rate 10mbit ceil 12gbit\n"
        "tc class add dev eth0 parent 1:1 classid 1:20 htb rate 5mbit prio 2\n"
        "tc class add dev eth0 parent 1:1 classid 1:30 htb rate 8bit burst 1 ceil 8bit\n"
        "tc qdisc add dev eth0 parent 1:20 handle 20: pfifo limit 7",
    )
    found = lab.pack()
    assert len(found.nodes[0].classes) == 3 and found.remarks == ()
    twin = lab.copy(twin_name)
    assert differences(found, twin.pack()) == []
    listing = "tc class show dev eth0 | sort; tc qdisc show dev eth0 | sort"
    assert sh(twin, listing) == sh(lab, listing) and "rate 8bit" in sh(twin, listing)
    lab.undo()
    assert differences(before, lab.pack()) == []


def test_an_address_that_somebody_else_has_is_found_to_be_so_again(lab: Lab, twin_name: str) -> None:
    """The kernel of the twin looks for it as that of the original did."""
    sh(
        lab,
        "ip netns add other; ip link add v0 type veth peer name v1 netns other\n"
        "ip link set v0 up; ip -n other link set v1 up; ip -n other addr add fd00::2/64 dev v1 nodad\n"
        "ip addr add fd00::2/64 dev v0",
    )
    has_failed = ["ip", "-6", "addr", "show", "dev", "v0", "dadfailed"]
    assert eventually(lambda: "fd00::2" in lab.run(has_failed).stdout, 10.0)
    found = lab.pack()
    twin = lab.copy(twin_name)
    assert "fd00::2" in twin.run(has_failed).stdout
    assert differences(found, twin.pack()) == []


def test_the_end_of_a_tunnel_is_no_listener(lab: Lab, twin_name: str) -> None:
    """It comes with its vxlan, and nobody has to play it."""
    sh(lab, "ip link add vx7 type vxlan id 7 dstport 4789 remote 192.0.2.1 dev eth0; ip link set vx7 up")
    assert all(not node.listeners for node in lab.pack().nodes)
    twin = lab.copy(twin_name)
    assert twin.status().about == (f"a twin of {lab.name}",)
