"""Proofs, run: with nothing but the fault put in and taken out, and with others that hurt in the same way."""

from __future__ import annotations

import pytest

from netlab import faults
from netlab.faults.proof import parse, try_out

PING = "docker exec if-test ping -c 1 -W 1 39.106.233.176"
ROWS = [
    ("docker-user-drop", "iptables -nvL DOCKER-USER", True),
    (
        "docker-user-drop",
        "iptables -t nat -nvL",
        False,
    ),  # its counters stand still whatever stops the packets
    ("docker-user-drop", "date +%N", False),
    ("docker-user-drop", PING, False),
    ("small-ttl", PING, True),  # it says who gave up, and why
    ("ip-forward-off", "nstat -az IpInAddrErrors", True),  # a counter that moves, and no setting
    ("container-eth0-down", "if-test: ip link show eth0", True),
    ("container-eth0-down", "ip link show eth0", False),  # the other one of that name
    ("veth-off-the-bridge", "bridge link", True),  # what is not there any more
    ("masquerade-missing", "ip route", False),
]


@pytest.mark.parametrize(("name", "text", "wanted"), ROWS, ids=[f"{name}: {text}" for name, text, _ in ROWS])
def test_a_proof_prints_something_else_with_the_cause_alone(
    lab_name: str, leakproof: None, name: str, text: str, wanted: bool
) -> None:
    """In a lab of its own, which ends with it."""
    assert try_out(lab_name, faults.find(name), parse(text)) == wanted
