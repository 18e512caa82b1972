"""Faults that no suspect knows, alone and in pairs: found by trying, proved, and cured as printed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netlab.diagnosis.text import as_text
from netlab.diagnosis.trace import trace
from netlab.diagnosis.verdict import PROVED
from netlab.lab import Lab
from netlab.lessons.start import goto
from tests.kernel.conftest import sh

THERE = "39.106.233.176"
C1 = "nsenter -t $(docker inspect -f '{{.State.Pid}}' if-test) -n"
FORGET = f"bridge fdb del $({C1} ip -br link show eth0 | awk '{{print $3}}') dev veth_host master"
SINGLE = {
    "neither learned nor flooded": "bridge link set dev veth_host learning off flood off\n" + FORGET,
    "a locked port": "bridge link set dev veth_host locked on\n" + FORGET,
    "a broadcast address that is a neighbour's": "ip addr del 172.17.0.1/16 dev docker0\n"
    "ip addr add 172.17.0.1/16 brd 172.17.1.2 dev docker0",
    "somebody else's address on lo": "ip addr add 172.17.1.2/32 dev lo",
    "a rule for the way back": "ip rule add to 172.17.1.2 unreachable pref 60",
    "a nexthop object without a way": "ip nexthop add id 6 via 192.0.2.99 dev eth0\n"
    "ip route replace default nhid 6",
    "a zone of connections for one way": "iptables -t raw -A PREROUTING -i docker0 -j CT --zone 1",
    "a drop by nft that counts nothing": "nft add table inet z\n"
    "nft add chain inet z c '{ type filter hook forward priority 5; }'\n"
    f"nft add rule inet z c ip daddr {THERE} drop",
}
PAIRS = {
    "a wrong gateway, and forwarding off": f"{C1} ip route replace default via 172.17.0.99\n"
    "sysctl -qw net.ipv4.ip_forward=0",
    "two rules that drop": "iptables -t mangle -I PREROUTING -s 172.17.0.0/16 -j DROP\n"
    "iptables -I FORWARD -s 172.17.0.0/16 -j DROP",
}


@pytest.fixture
def healthy(lab: Lab) -> Iterator[Lab]:
    """The lab of lesson 05 with forwarding on: everything gets through."""
    goto(lab, "05")
    sh(lab, "sysctl -qw net.ipv4.ip_forward=1; iptables -P FORWARD ACCEPT")
    assert lab.probe("if-test", THERE).received == 2
    yield lab


@pytest.mark.parametrize("name", [*SINGLE, *PAIRS])
def test_what_nobody_models_is_found_proved_and_cured(healthy: Lab, name: str) -> None:
    """The printed commands, each alone or both, and nothing else; the lab itself was not changed before."""
    sh(healthy, {**SINGLE, **PAIRS}[name])
    verdict = trace(healthy, "if-test", THERE, count=3, timeout=0.4)
    assert (verdict.received, verdict.certainty) == (0, PROVED), as_text(verdict)
    assert not any("stops" in effect for effect in verdict.side_effects), as_text(verdict)
    for step in verdict.cure:
        done = healthy.run(step.argv, node=step.node)
        assert done.returncode == 0, done.stderr
    after = trace(healthy, "if-test", THERE, count=3, timeout=1.0)
    assert after.is_whole, as_text(verdict) + as_text(after)
