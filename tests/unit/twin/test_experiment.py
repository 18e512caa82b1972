"""Which commands can be tried, and what is said of those that cannot."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from netlab.errors import BadInput, LabError, LabNotFound
from netlab.keeper.address import LONGEST_NAME, check_name
from netlab.lab import Lab
from netlab.twin.experiment import attempt, is_of_one_network


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


class Original:
    """A lab with a name as long as can be, whose copy runs nothing to its end."""

    name = "a" * LONGEST_NAME
    copies = 0

    def copy(self, name: str) -> Original:
        """Another one, if that can be its name."""
        check_name(name)
        self.copies += 1
        return self

    def down(self) -> None:
        """The copy's end."""
        self.copies -= 1

    def pack(self) -> None:
        """What it is before."""

    snapshot = pack

    def run(self, argv: list[str], node: str) -> subprocess.CompletedProcess[str]:
        """A command that goes on and on."""
        raise subprocess.TimeoutExpired(argv, 30.0)


@pytest.fixture
def original(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Such a lab, and no other."""

    def find(name: str) -> Lab:
        raise LabNotFound(check_name(name))

    monkeypatch.setattr(Lab, "find", find)
    return Original()


def test_a_command_that_goes_on_is_one_line_and_leaves_no_copy(original: Any) -> None:
    """Whoever has typed it is told, also in a lab with a long name."""
    with pytest.raises(LabError, match="sleep 100 did not end within 30 s"):
        attempt(original, "sleep 100")
    assert original.copies == 0


@pytest.mark.parametrize(
    ("command", "address", "says"),
    [
        ("", "192.0.2.1", "no command to try"),
        ([], "192.0.2.1", "no command to try"),
        (None, "192.0.2.1", "no command to try"),
        ("iptables -m comment --comment 'it", "192.0.2.1", "quotation mark"),
        ("true", "internet", "not an IP address"),
    ],
)
def test_what_cannot_be_tried_makes_no_copy(original: Any, command: Any, address: str, says: str) -> None:
    """One line says why, before anything is made."""
    with pytest.raises(BadInput, match=says) as told:
        attempt(original, command, [("host", address)])
    assert told.value.next_step and original.copies == 0
