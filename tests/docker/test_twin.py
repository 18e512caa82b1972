"""A host with a real Docker as a twin: packed in the lab that has one, built where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from netlab.diagnosis.trace import trace
from netlab.errors import LabNotFound
from netlab.lab import Lab
from netlab.model.pack_changes import differences
from tests.kernel.conftest import sh

FAR = "39.106.233.176"
RULES = "iptables-save -t nat | grep -v '^#' | sed 's/\\[.*//'"  # without what is counted
SHOP = """
docker run -d --name shop -p 8080:80 centos:8.1.1911 sleep 36000
docker network create --subnet 10.77.0.0/24 inner
docker run -d --name store --network inner centos:8.1.1911 sleep 36000
docker run -d --name beside --network container:shop centos:8.1.1911 sleep 36000
docker create --name later centos:8.1.1911 sleep 36000
"""


@pytest.fixture
def twin_name(lab_name: str) -> Iterator[str]:
    """The name of a lab without Docker, which is ended after the test."""
    yield f"{lab_name}-twin"
    with suppress(LabNotFound):
        Lab.find(f"{lab_name}-twin").down()


def test_a_twin_of_a_host_with_docker_has_its_fault(lab: Lab, twin_name: str) -> None:
    """The daemon's own rules, bridges and cables; a trace names the same cause at the same place, and what it
    prints as a cure cures the twin. Containers without a network of their own are told."""
    sh(lab, SHOP)
    sh(lab, "sysctl -qw net.ipv4.ip_forward=0")
    found = lab.pack()
    twin = Lab.unpack(found, twin_name)
    assert {"shop", "store"} <= {name for name, kind in twin.status().nodes if kind == "container"}
    about = " ".join(twin.status().about)
    assert "beside: a container without its own network" in about and "later: a stopped" in about
    assert [line for line in differences(found, twin.pack()) if " alias: " not in line] == []
    assert sh(twin, RULES) == sh(lab, RULES)
    for node in ("shop", "store"):
        seen, there = trace(twin, node, FAR), trace(lab, node, FAR)
        assert (seen.cause, str(seen.last_seen)) == (there.cause, str(there.last_seen))
        assert seen.cause == "forwarding-off"
    sh(twin, "sysctl -qw net.ipv4.ip_forward=1")
    assert trace(twin, "shop", FAR).loss == 0 and trace(twin, "store", FAR).loss == 0
