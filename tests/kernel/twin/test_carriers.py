"""Carriers that come and go: a kernel acts on them a moment later. A pack and a copy are of after that."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from netlab.errors import LabNotFound
from netlab.keeper.address import HOME
from netlab.lab import Lab
from netlab.model.pack_changes import differences
from tests.kernel.conftest import sh
from tests.kernel.twin.world import wait_for_rest

CATCHES_UP = tuple(map(int, re.findall(r"\d+", os.uname().release)[:2])) >= (6, 9)
when_asked = pytest.mark.skipif(not CATCHES_UP, reason="this kernel acts in its own time: Linux before 6.9")
SECONDS_OF_A_KERNEL = 1.3  # in which it acts on every carrier
PORT = """
docker run -d --name if-test centos:8 sleep 36000
ip netns add blue; ip link add v0 type veth peer name v1 netns blue
ip link set v0 master docker0; ip link set v0 up; ip -n blue link set v1 up
"""
# Two bridges lose the carrier that they have at first: of the second the kernel hears a second later.
LOSE = """
import os, sys
sys.path.insert(0, HOME)
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.wiring import carriers, links
from netlab.model.pack import Link
with RouteSocket() as kernel:
    for number in (1, 2):
        bridge = Link(700 + number, f"empty{number}", "bridge", True, f"02:00:00:00:00:0{number}")
        links.add(kernel, bridge, os.open("/proc/self/ns/net", os.O_RDONLY))
        links.change(kernel, Link(bridge.index, bridge.name, "bridge"), bridge)
        links.set_up(kernel, bridge)
    for look in (links.read, carriers.read):
        print(all(found.has_settled for found in look(kernel)))
"""
# Whoever asks for an address is heard a moment after it was added.
LISTEN = """
import os, sys
sys.path.insert(0, HOME)
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.wiring import addresses, links
from netlab.linux.wiring.reconcile import Node, Refusals
from netlab.model import pack
here = os.open("/proc/self/ns/net", os.O_RDONLY)
ends = [pack.Link(700 + number, f"end{number}", "veth", True) for number in (1, 2)]
address = pack.Address(701, "fd00::1:2345", 64)
with RouteSocket() as kernel:
    links.add_pair(kernel, *ends, here)
    for end in ends:
        links.set_up(kernel, end)
    addresses.add(kernel, address)
    node = Node(here, kernel, pack.Node("host", "host", links=tuple(ends), addresses=(address,)), Refusals())
    node.wait_for_groups()
    print(addresses.has_heard(address, addresses.groups()))
"""


@pytest.fixture
def twin_name(lab_name: str) -> Iterator[str]:
    """The name of a second lab, which is ended after the test."""
    yield f"{lab_name}-twin"
    with suppress(LabNotFound):
        Lab.find(f"{lab_name}-twin").down()


def states(lab: Lab) -> dict[str, tuple[str, bool]]:
    """What `ip link` says of the host's links: their state, and whether they have a carrier."""
    told = json.loads(sh(lab, "ip -j link"))
    return {each["ifname"]: (each["operstate"], "NO-CARRIER" not in each["flags"]) for each in told}


@when_asked
def test_a_copy_comes_back_settled(lab: Lab, twin_name: str) -> None:
    """An empty bridge, one with a port, and cables have the carriers at once that they will have later."""
    sh(lab, "ip link add bridge type bridge; ip link set bridge up; ip link add v0 type veth peer name v1")
    sh(lab, "ip link set v0 master bridge; ip link set v0 up; ip link set v1 up")
    wait_for_rest(lab)
    twin = lab.copy(twin_name)
    at_once = states(twin)
    assert at_once == states(lab)
    time.sleep(SECONDS_OF_A_KERNEL)
    assert at_once == states(twin)


def test_a_copy_gets_no_address_that_the_original_has_not(lab: Lab, twin_name: str) -> None:
    """Link-local ones were deleted there; a kernel gives them when a carrier comes, and not later."""
    sh(lab, PORT)
    wait_for_rest(lab)
    sh(lab, "ip -6 addr flush dev docker0; ip -6 addr flush dev eth0; ip -n blue -6 addr flush dev v1")
    found = lab.pack()
    twin = lab.copy(twin_name)
    time.sleep(SECONDS_OF_A_KERNEL)
    assert differences(found, twin.pack()) == []


def test_a_bridge_that_never_had_a_port_has_no_carrier_in_a_copy(lab: Lab, twin_name: str) -> None:
    """A new bridge has one until its first port, or until its MAC address is set; it cannot be given back.
    The document lists this as different."""
    sh(lab, "ip link add bridge type bridge; ip link set bridge up; ip addr add 10.9.9.1/24 dev bridge")
    twin = lab.copy(twin_name)
    assert states(lab)["bridge"] == ("UNKNOWN", True)
    assert "linkdown" in sh(twin, "ip route show dev bridge")
    assert differences(lab.pack(), twin.pack()) == []


@when_asked
def test_a_kernel_that_is_asked_has_acted(lab: Lab) -> None:
    """A pack's first look makes it: what a dump alone shows may be of before."""
    said = lab.run([sys.executable, "-c", LOSE.replace("HOME", repr(str(HOME)))])
    assert said.stdout.split() == ["False", "True"], said.stderr


def test_who_asks_for_an_address_is_heard(lab: Lab) -> None:
    """Else the first packet of IPv6 in a copy waits a second, and who looks for a duplicate finds none."""
    said = lab.run([sys.executable, "-c", LISTEN.replace("HOME", repr(str(HOME)))])
    assert said.stdout == "True\n", said.stderr
