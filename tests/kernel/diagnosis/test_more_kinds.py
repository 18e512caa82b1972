"""Faults of a kind that was found by other people's reports: named, cured as printed, and proved."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from netlab.diagnosis.trace import trace
from netlab.diagnosis.verdict import PROVED
from netlab.lab import Lab
from tests.kernel.conftest import sh

ROUTER = "sysctl -qw net.ipv4.ip_forward=1; iptables -P FORWARD ACCEPT\n"
ONE = ROUTER + "docker run -d --name c1 centos sleep 36000 >/dev/null\n"
CABLE = """
ip netns add far; ip -n far link set lo up
ip link add out type veth peer name wan netns far; ip -n far link set wan up
"""


@dataclass(frozen=True)
class Story:
    """How it is made, who asks whom, and what it is."""

    lines: str
    source: str
    destination: str
    cause: str
    proto: str = "icmp"
    port: int = 0


STORIES = {
    "a macvlan and what it lies on": Story(
        "ip netns add mv; ip link add mv0 link eth0 type macvlan mode bridge; ip link set mv0 netns mv\n"
        "ip -n mv addr add 192.0.2.20/24 dev mv0; ip -n mv link set mv0 up",
        "host",
        "192.0.2.20",
        "no-neighbour",
    ),
    "a network that covers somebody else's": Story(
        ONE + CABLE + "ip addr add 198.51.100.1/24 dev out; ip link set out up\n"
        "ip -n far addr add 198.51.100.2/24 dev wan; ip -n far addr add 172.17.200.5/32 dev lo\n"
        "ip -n far route add default via 198.51.100.1",
        "c1",
        "172.17.200.5",
        "wrong-prefix",
    ),
    "a program on another port than the published one": Story(
        ROUTER + "iptables -P FORWARD DROP\n"
        "docker run -d --name web -p 8080:80 nginx python3 -m http.server 3000 >/dev/null; sleep 1",
        "internet",
        "192.0.2.10",
        "wrong-dnat",
        "tcp",
        8080,
    ),
    "a second uplink": Story(
        ROUTER + "docker run -d --name web -p 8080:80 nginx python3 -m http.server 80 >/dev/null; sleep 1\n"
        + CABLE + "ip addr add 198.51.100.10/24 dev out; ip link set out up\n"
        "ip -n far addr add 203.0.113.9/32 dev lo; ip -n far addr add 198.51.100.1/24 dev wan\n"
        "ip -n far route replace 198.51.100.0/24 dev wan src 203.0.113.9\n"
        "ip route add default via 198.51.100.1 dev out table 102; ip rule add from 198.51.100.10 lookup 102\n"
        "sysctl -qw net.ipv4.conf.all.rp_filter=2",
        "far",
        "198.51.100.10",
        "wrong-route",
        "tcp",
        8080,
    ),
    "a default route by way of somebody who is no router": Story(
        ONE + "docker run -d --name c2 centos sleep 36000 >/dev/null\n"
        "ip route replace default via 172.17.0.3",
        "c1",
        "39.106.233.176",
        "wrong-route",
    ),
    "ARP dropped behind a missing route": Story(
        ONE + "arptables -A INPUT -j DROP\n"
        "nsenter -t $(docker inspect -f '{{.State.Pid}}' c1) -n ip route del default",
        "c1",
        "39.106.233.176",
        "no-route",
    ),
    "an address that went, behind a router that is no lab host": Story(
        CABLE + "ip netns add r; ip -n r link set lo up; ip link set out netns r; ip -n r link set out up\n"
        "ip -n r addr add 10.9.0.1/24 dev out; ip netns exec r sysctl -qw net.ipv4.ip_forward=1\n"
        "ip -n r addr add 10.8.0.1/32 dev lo",
        "far",
        "10.8.0.1",
        "no-address",
    ),
    "a cable's end whose address is only in the router's table": Story(
        CABLE + "ip link set out up; ip route add 10.9.0.2/32 dev out\n"
        "sysctl -qw net.ipv4.conf.out.proxy_arp=1 net.ipv4.ip_forward=1",
        "far",
        "192.0.2.10",
        "no-address",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_it_is_proved_and_cured_as_printed(lab: Lab, name: str) -> None:
    """The same trace succeeds after the verdict's own commands."""
    story = STORIES[name]
    sh(lab, story.lines)
    order = {"proto": story.proto, "port": story.port}
    found = trace(lab, story.source, story.destination, count=3, timeout=0.5, **order)  # type: ignore[arg-type]
    assert (found.cause, found.certainty) == (story.cause, PROVED), found
    for step in found.cure:
        done = lab.run(step.argv, node=step.node)
        assert done.returncode == 0, f"{step}\n{done.stderr}"
    assert lab.probe(story.source, story.destination, 3, 1.0, **order).received == 3


def test_an_answer_from_another_address_is_told(lab: Lab) -> None:
    """Nothing that is set is at fault: the program has to be bound, and no command does that."""
    sh(lab, "ip addr add 192.0.2.77/24 dev uplink", "internet")
    server = "socat UDP-LISTEN:5300,fork EXEC:cat >/dev/null 2>&1 </dev/null & echo $!; sleep 0.5"
    pid = sh(lab, f"setsid {server}", "internet").split()[0]
    found = trace(lab, "host", "192.0.2.77", proto="udp", port=5300, count=3, timeout=0.5)
    assert found.cause == "silent-program" and found.certainty != PROVED
    sh(lab, f"kill {pid}", "internet")
    assert "answers from 192.0.2.1, not from 192.0.2.77" in found.explanation
