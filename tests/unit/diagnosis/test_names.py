"""Names are looked up on the node, and whoever was to be asked is told."""

from __future__ import annotations

from collections.abc import Sequence
from subprocess import CompletedProcess

import pytest

from netlab.diagnosis.names import find_address
from netlab.errors import BadInput


class Lab:
    """It knows what `getent` and `cat` print."""

    def __init__(self, getent: str = "", resolv_conf: str = "") -> None:
        self.said = {"getent": getent, "cat": resolv_conf}
        self.asked: list[tuple[str, ...]] = []

    def run(self, argv: Sequence[str], node: str = "host") -> CompletedProcess[str]:
        self.asked.append((node, *argv))
        return CompletedProcess(list(argv), 0, self.said[argv[0]], "")


@pytest.mark.parametrize("text", ["39.106.233.176", "fd00::1", "--help", "a b", "", "x" * 300])
def test_what_is_no_name_is_not_looked_up(text: str) -> None:
    """An address is one already; and an option is none of getent's."""
    lab = Lab()
    assert find_address(lab, "c1", text) == text
    assert not lab.asked


def test_a_name_is_what_the_node_finds() -> None:
    """The first address, asked for on that node."""
    lab = Lab("172.18.0.3      STREAM web\n172.18.0.3      DGRAM\n")
    assert find_address(lab, "c1", "web") == "172.18.0.3"
    assert lab.asked == [("c1", "getent", "ahosts", "web")]


@pytest.mark.parametrize(
    ("resolv_conf", "says", "next_step"),
    [
        ("# nothing\n", "names nobody to ask", "Give the address"),
        ("nameserver 127.0.0.11\noptions ndots:0\n", "Docker's own name server", "docker network connect"),
        ("nameserver 127.0.0.53\n", "systemd-resolved", "/etc/resolv.conf"),
        (
            "nameserver not-an-address\nnameserver 192.0.2.1\n",
            "it asks 192.0.2.1",
            "c1 192.0.2.1 --proto udp",
        ),
    ],
)
def test_who_was_to_be_asked_is_told(resolv_conf: str, says: str, next_step: str) -> None:
    """By what the node's own resolv.conf says."""
    with pytest.raises(BadInput) as told:
        find_address(Lab("", resolv_conf), "c1", "web")
    assert says in told.value.what and next_step in (told.value.next_step or "")


def test_what_getent_prints_is_data() -> None:
    """Only an address is taken for one."""
    with pytest.raises(BadInput):
        find_address(Lab("$(reboot) STREAM web\n"), "c1", "web")
