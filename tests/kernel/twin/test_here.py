"""pack --here: of a real machine, which a lab host plays: its twin has the same fault, and a world."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from netlab.diagnosis.trace import trace
from netlab.errors import LabNotFound
from netlab.lab import Lab
from netlab.model import netpack
from netlab.model.pack import Pack
from tests.kernel.conftest import await_answers, sh

ELSEWHERE = "198.51.100.7"  # which nobody in the lab has


@pytest.fixture
def twin_name(lab_name: str) -> Iterator[str]:
    """The name of a lab, which is ended after the test."""
    yield f"{lab_name}-twin"
    with suppress(LabNotFound):
        Lab.find(f"{lab_name}-twin").down()


def packed_there(lab: Lab, *before: str) -> Pack:
    """What the command packs, which is run on the machine itself."""
    file = lab.exchange / "here.netpack"
    done = lab.run([*before, sys.executable, "-m", "netlab", "pack", "--here", "-o", str(file)])
    assert done.returncode == 0, done.stdout + done.stderr
    return netpack.read(Path(file).read_bytes())


def test_a_machine_is_packed_and_its_twin_shows_the_same_fault(lab: Lab, twin_name: str) -> None:
    """Containers by name; the uplink is played; cause and place are those of the machine."""
    sh(lab, "docker run -d --name web centos:8 sleep 36000; sysctl -qw net.ipv4.ip_forward=0")
    before = lab.pack()
    found = packed_there(lab)
    assert not found.whole and [node.name for node in found.nodes][:2] == ["host", "web"]
    assert lab.pack().nodes == before.nodes, "it was looked at, and not changed"
    twin = Lab.unpack(found, twin_name)
    seen, there = trace(twin, "web", ELSEWHERE), trace(lab, "web", ELSEWHERE)
    assert (seen.cause, str(seen.last_seen)) == (there.cause, str(there.last_seen))
    assert seen.cause == "forwarding-off"
    sh(twin, "sysctl -qw net.ipv4.ip_forward=1")
    await_answers(twin, "web", ELSEWHERE)
    assert trace(twin, "web", ELSEWHERE).loss == 0
    assert any("eth0" in line and "cable" in line for line in twin.status().about)
    assert any("eth0" in line for line in seen.played) and there.played == ()


def test_the_world_does_not_know_what_is_behind_the_machine(lab: Lab, twin_name: str) -> None:
    """Without MASQUERADE no answer comes, as on the machine."""
    sh(lab, "docker run -d --name web centos:8 sleep 36000; sysctl -qw net.ipv4.ip_forward=1")
    twin = Lab.unpack(packed_there(lab), twin_name)
    await_answers(twin, "web", ELSEWHERE)
    assert trace(twin, "web", ELSEWHERE).loss == 0
    sh(twin, "iptables -t nat -F POSTROUTING")
    twin.run(["conntrack", "-F"])
    assert trace(twin, "web", ELSEWHERE).cause == "no-way-back"


def test_an_ordinary_user_packs_what_they_may_read(lab: Lab) -> None:
    """Links, addresses and routes of their own namespace; what else there is, is told."""
    sh(lab, "docker run -d --name web centos:8 sleep 36000; ip link add br7 type bridge")
    found = packed_there(lab, "setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--")
    host = found.node("host")
    assert host and {"eth0", "docker0", "br7"} <= {link.name for link in host.links}
    assert any(route.gateway == "192.0.2.1" for route in host.routes)
    assert not host.tables and not host.settings
    told = " ".join(found.remarks)
    assert "settings and other namespaces" in told and "rules could not be read" in told
