"""What passes is seen at every point, in order, and what is lost is counted."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP
from scapy.utils import rdpcap

from netlab.errors import BadInput, UnknownName
from netlab.lab import Lab
from tests.kernel.conftest import sh


@pytest.fixture
def container(lab: Lab) -> Lab:
    """The lab with the lecture's container on docker0."""
    sh(lab, "docker run -d --name if-test centos:8.1.1911 sleep 36000")
    return lab


def where(frames) -> list[tuple[str, str]]:  # type: ignore[no-untyped-def]
    return [(str(frame.point), frame.direction) for frame in frames if frame.data[12:14] == b"\x08\x00"]


def test_the_lectures_packet_is_seen_up_to_docker0_and_never_after(container: Lab) -> None:
    """With forwarding off, three points see each request and eth0 none."""
    with container.capture() as seen:
        done = container.run("docker exec if-test ping -c 2 -i 0.2 -W 1 39.106.233.176".split())
    assert done.returncode == 1
    points = [str(p) for p in seen.points]
    assert points[0] == "if-test eth0" and points[2:] == ["host docker0", "host eth0", "internet uplink"]
    assert where(seen.frames) == [(points[0], "out"), (points[1], "in"), (points[2], "in")] * 2
    assert set(seen.lost.values()) == {0}
    assert seen.before.nodes and seen.after.time_ns > seen.before.time_ns


def test_with_forwarding_request_and_reply_pass_all_five_points(container: Lab) -> None:
    """Five points out and five back, with increasing times."""
    sh(container, "echo 1 > /proc/sys/net/ipv4/ip_forward")
    with container.capture() as seen:
        sh(container, "docker exec if-test ping -c 1 -W 1 39.106.233.176")
    assert len(where(seen.frames)) == 10
    times = [frame.time_ns for frame in seen.frames]
    assert times == sorted(times)


def test_what_passes_last_is_in_it(container: Lab) -> None:
    """A capture that ends as soon as the reply is there holds all of its way, every time."""
    sh(container, "echo 1 > /proc/sys/net/ipv4/ip_forward")
    for _ in range(20):
        with container.capture() as seen:
            assert container.probe("if-test", "39.106.233.176", count=1).reached
        assert len(where(seen.frames)) == 10


def test_a_flood_is_captured_whole(container: Lab) -> None:
    """Ten thousand packets at five points, none lost; the kernel's own count is the witness."""
    sh(container, "echo 1 > /proc/sys/net/ipv4/ip_forward")
    with container.capture() as seen:
        sh(container, "docker exec if-test ping -q -f -c 10000 -W 1 39.106.233.176")
    assert set(seen.lost.values()) == {0}
    assert len(where(seen.frames)) >= 10 * 10000


def test_the_file_opens_elsewhere_with_interface_names(container: Lab, tmp_path: Path) -> None:
    """scapy reads the frames; the names stand in the file as Wireshark shows them."""
    with container.capture() as seen:
        sh(container, "docker exec if-test ping -c 1 -W 1 172.17.0.1")
    file = seen.to_pcapng(tmp_path / "seen.pcapng")
    assert sum(ICMP in packet for packet in rdpcap(str(file))) == len(where(seen.frames)) == 6
    assert b"if-test eth0" in file.read_bytes()


def test_points_can_be_named_and_wrong_ones_are_refused(container: Lab) -> None:
    """NODE INTERFACE, or an interface of the host."""
    with container.capture(["if-test eth0", "docker0"]) as seen:
        sh(container, "docker exec if-test ping -c 1 -W 1 172.17.0.1")
    assert {str(frame.point) for frame in seen.frames} == {"if-test eth0", "host docker0"}
    with pytest.raises(UnknownName, match="docker1"):
        container.capture(["docker1"])
    with pytest.raises(BadInput):
        container.capture([])


def test_ipv6_housekeeping_is_hidden_but_counted(container: Lab) -> None:
    """A link that comes up talks IPv6 to itself; a learner did not ask for it."""
    with container.capture() as seen:
        sh(container, "ip link set docker0 down; ip link set docker0 up")
        sh(container, "ping -c 1 -W 1 172.17.0.2; ip -6 neigh; ping -6 -c 1 -W 1 ff02::1%docker0 || true")
    assert seen.hidden > 0


def test_an_interface_that_vanishes_ends_nothing(container: Lab) -> None:
    """The capture goes on at the other points."""
    sh(container, "ip link add gone0 type veth peer name gone1; ip link set gone0 up; ip link set gone1 up")
    with container.capture() as seen:
        sh(container, "ip link del gone0; ping -c 1 -W 1 39.106.233.176")
    assert ("host eth0", "out") in where(seen.frames)


def test_probes_do_not_believe_the_learners_ping(container: Lab) -> None:
    """A ping that always says yes changes nothing for the keeper's own probe; errors are told."""
    sh(
        container,
        "printf '#!/bin/sh\\nexit 0\\n' > /tmp/ping; chmod +x /tmp/ping; mount --bind /tmp/ping /bin/ping",
    )
    assert container.run(["ping", "-c1", "1.2.3.4"]).returncode == 0
    assert not container.probe("if-test", "39.106.233.176", 1, 0.2).reached
    assert container.probe("host", "39.106.233.176", 1).reached
    assert container.probe("internet", "172.17.0.2", 1, 0.2).errors == ("Network is unreachable",)
    with pytest.raises(UnknownName):
        container.probe("nobody", "1.2.3.4")
    sh(container, "umount /bin/ping")
    assert isinstance(container.run(["ping", "-c1", "-W1", "39.106.233.176"]), subprocess.CompletedProcess)
