"""`./run up --plain`: a host without Docker, on which walkthroughs that assume one work as printed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netlab.lab import Lab
from tests.kernel.conftest import sh

BRIDGE = """
ip netns add red; ip netns add blue
ip link add br0 type bridge; ip link set br0 up
for n in red blue; do
    ip link add veth-$n type veth peer name eth0 netns $n
    ip link set veth-$n master br0; ip link set veth-$n up
    ip -n $n link set eth0 up; ip -n $n link set lo up
done
ip -n red addr add 10.0.0.1/24 dev eth0; ip -n blue addr add 10.0.0.2/24 dev eth0
ip netns exec red ping -c1 -W1 10.0.0.2
"""
NAT = """
ip addr add 10.0.0.254/24 dev br0; ip -n red route add default via 10.0.0.254
sysctl -qw net.ipv4.ip_forward=1
iptables -t nat -A POSTROUTING -s 10.0.0.0/24 ! -o br0 -j MASQUERADE
ip netns exec red ping -c1 -W1 39.106.233.176
"""


@pytest.fixture
def plain(lab_name: str, leakproof: None) -> Iterator[Lab]:
    """A lab whose host has no Docker."""
    lab = Lab.up(lab_name, engine="plain")
    yield lab
    lab.down()


def test_a_plain_host_has_nothing_of_dockers(plain: Lab) -> None:
    """No docker0, no rule, FORWARD ACCEPT; `docker` says in one line that it is not there."""
    host = plain.snapshot().node("host")
    assert [i.name for i in host.interfaces] == ["lo", "eth0"]
    assert sh(plain, "iptables-save | grep -v '^[#:*C]' || true") == ""
    assert sh(plain, "iptables -S FORWARD") == "-P FORWARD ACCEPT\n"
    done = plain.script("docker ps")
    assert done.returncode == 127 and len(done.stderr.splitlines()) == 1
    assert plain.probe("host", "39.106.233.176", 1).reached


def test_a_bridge_of_ones_own_and_nat_work_as_walkthroughs_say(plain: Lab) -> None:
    """Two namespaces on a bridge, then the way out."""
    assert " 0% packet loss" in sh(plain, BRIDGE)
    assert " 0% packet loss" in sh(plain, NAT)


def test_a_reset_leads_back_to_the_plain_host(plain: Lab) -> None:
    """Also the first link that somebody makes is gone, twice, and rules with it."""
    for _ in range(2):
        sh(plain, BRIDGE)
        sh(plain, "iptables -P FORWARD DROP; ip link add first type bridge")
        plain.reset()
        assert [i.name for i in plain.snapshot().node("host").interfaces] == ["lo", "eth0"]
        assert sh(plain, "iptables -S FORWARD") == "-P FORWARD ACCEPT\n"
        assert sh(plain, "ip netns") == ""
    assert plain.probe("host", "39.106.233.176", 1).reached
