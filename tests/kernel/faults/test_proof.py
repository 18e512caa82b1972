"""Proofs, run: with nothing but the fault put in and taken out, and with others that hurt in the same way."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from netlab import faults
from netlab.faults.proof import parse, try_out
from tests.conftest import REAPER
from tests.support.leaks import Belongings, left_behind

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


AT_ONCE = 5  # each waits for the clock most of the time


@pytest.fixture(scope="module")
def proved(request: pytest.FixtureRequest) -> dict[tuple[str, str], Future[bool]]:
    """What comes of each, in labs of their own side by side, which have ended with it."""
    above = request.config.stash[REAPER]
    before = Belongings.now(above)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        tried = {
            (name, text): pool.submit(try_out, f"p{os.getpid()}-{n}", faults.find(name), parse(text))
            for n, (name, text, _) in enumerate(ROWS)
        }
    assert left_behind(before, above) == {}, "this was left behind"
    return tried


@pytest.mark.parametrize(("name", "text", "wanted"), ROWS, ids=[f"{name}: {text}" for name, text, _ in ROWS])
def test_a_proof_prints_something_else_with_the_cause_alone(
    proved: dict[tuple[str, str], Future[bool]], name: str, text: str, wanted: bool
) -> None:
    """With the fault put in and taken out, and with others that hurt as it does."""
    assert proved[name, text].result() == wanted
