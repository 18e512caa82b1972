"""Which commands can be tried beside a network that goes on."""

from __future__ import annotations

import pytest

from netlab.twin.experiment import is_of_one_network


@pytest.mark.parametrize(
    ("command", "can"),
    [
        ("iptables -A FORWARD -i docker0 -p tcp -j DROP", True),
        ("sysctl -w net.ipv4.ip_forward=1", True),
        ("ip route add 10.0.0.0/8 via 172.17.0.1", True),
        ("ip -6 route", True),
        ("ip -n c1 link set eth0 down", False),
        ("ip netns exec c1 ip link", False),
        ("ip link set eth0 netns c1", False),
        ("bridge -n c1 link", False),
        ("nsenter -t 7 -n ip link", False),
        ("docker rm -f web", False),
        ("bash -c true", False),
    ],
)
def test_what_leads_into_another_namespace_is_not_tried_beside_it(command: str, can: bool) -> None:
    """It would change the network that was to stay as it is."""
    assert is_of_one_network(command.split()) is can
