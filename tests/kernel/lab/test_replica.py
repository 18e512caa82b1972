"""A network once more, in namespaces in which nobody lives: like the lab, and gone with whoever asked."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from netlab import faults
from netlab.errors import LabError, UnknownName
from netlab.faults.fault import STANDARD
from netlab.lab import Lab
from netlab.lab.replica import Replica
from netlab.model import pack
from netlab.model.pack_changes import differences
from tests.kernel.conftest import sh

TARGET = "39.106.233.176"
FORWARD = ("sysctl", "-w", "net.ipv4.ip_forward=1")


@pytest.fixture
def broken(lab: Lab) -> Lab:
    """The lecture's lab at its turning point: the host does not pass packets on."""
    faults.perform(lab, STANDARD)
    sh(lab, "sysctl -qw net.ipv4.ip_forward=0")
    return lab


@pytest.fixture
def replica(broken: Lab) -> Iterator[Replica]:
    """One of that lab."""
    with broken.replica() as made:
        yield made


def test_it_is_like_the_lab(broken: Lab, replica: Replica) -> None:
    """Packed, both are the same network."""
    assert differences(broken.pack(), replica.pack()) == []


def test_what_is_lost_in_the_lab_is_lost_in_it_and_its_cure_heals(broken: Lab, replica: Replica) -> None:
    """The lab itself stays as it is."""
    assert replica.probe_anew("if-test", TARGET, timeout=0.1).received == 0
    assert replica.run(FORWARD).returncode == 0
    assert replica.probe_anew("if-test", TARGET, timeout=0.1).received == 2
    assert broken.probe("if-test", TARGET, timeout=0.1).received == 0
    replica.put_back()
    assert replica.probe_anew("if-test", TARGET, timeout=0.1).received == 0


def test_what_a_packet_taught_a_bridge_is_forgotten(broken: Lab) -> None:
    """A port that is neither flooded nor learned at is reached by what was learned before: only with that."""
    port = next(i.name for i in broken.snapshot().node("host").interfaces if i.master == "docker0")
    sh(broken, f"sysctl -qw net.ipv4.ip_forward=1; bridge link set dev {port} learning off flood off")
    mac = sh(broken, "cat /sys/class/net/eth0/address", "if-test").strip()
    sh(broken, f"bridge fdb del {mac} dev {port} master || true")
    with broken.replica() as replica:
        assert replica.probe_anew("if-test", TARGET, timeout=0.1).received == 0
        replica.run(["bridge", "link", "set", "dev", port, "learning", "on"])
        assert replica.probe_anew("if-test", TARGET, timeout=0.1).received == 2
        replica.run(["bridge", "link", "set", "dev", port, "learning", "off"])
        assert replica.probe_anew("if-test", TARGET, timeout=0.1).received == 0


def test_a_datagram_is_answered_from_where_it_was_sent_to(broken: Lab) -> None:
    """Who plays a listener on a node with several addresses takes the one that was asked."""
    sh(broken, "sysctl -qw net.ipv4.ip_forward=1")
    with broken.replica() as replica:
        nodes = {node.name: node for node in replica.pack().nodes}
        listener = pack.Listener("udp", "0.0.0.0", 4711)
        nodes["internet"] = replace(nodes["internet"], listeners=(listener,))
        replica.become(replace(replica.pack(), nodes=tuple(nodes.values())))
        assert replica.probe("if-test", TARGET, proto="udp", port=4711).received == 2


def test_the_other_ways_to_ask_are_those_of_a_lab(replica: Replica) -> None:
    """A snapshot, a capture, a route; and an unknown node is told by name."""
    assert {node.name for node in replica.snapshot().nodes} == {"if-test", "host", "internet"}
    with replica.capture() as seen:
        replica.probe("if-test", "172.17.0.1")
    assert any(frame.point.node == "host" for frame in seen.frames)
    assert "via 172.17.0.1" in replica.route("if-test", TARGET)[1]
    with pytest.raises(UnknownName, match="nowhere"):
        replica.run(["true"], "nowhere")


def test_a_command_that_does_not_end_is_ended(replica: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the replica goes on."""
    with pytest.raises(LabError, match="did not end"):
        replica.run(["sleep", "60"])
    assert replica.run(["true"]).returncode == 0


def test_what_a_command_prints_is_kept_at_its_beginning(replica: Replica) -> None:
    """As much as a verdict needs, however much it is."""
    done = replica.run(["sh", "-c", "yes netlab | head -c 20000"])
    assert (done.returncode, done.stdout[:7], len(done.stdout)) == (0, "netlab\n", 4096)


def test_with_whoever_asked_for_it_it_is_gone(broken: Lab) -> None:
    """Its namespaces are on no list of the lab's, and none is left over; five in a row can be had."""
    before = {node.netns for node in broken.snapshot().nodes}
    for _ in range(5):
        with broken.replica() as replica:
            assert not {node.netns for node in replica.snapshot().nodes} & before
            assert {node.netns for node in broken.snapshot().nodes} == before
    with pytest.raises(LabError, match="went away"):
        replica.snapshot()


def test_a_lab_has_a_few_at_once(broken: Lab) -> None:
    """One more is refused, with a word, until one of them is gone."""
    made = [broken.replica().__enter__() for _ in range(4)]
    with pytest.raises(LabError, match="too much"), broken.replica():
        pass
    for replica in made:
        replica.__exit__(None, None, None)


def test_it_can_be_had_from_inside(broken: Lab) -> None:
    """In a notebook, too, a trace is proved."""
    code = (
        "from netlab.lab import Lab\n"
        f"with Lab.here().replica() as r: print(r.run({FORWARD!r}).returncode,"
        f" r.probe('if-test', {TARGET!r}, timeout=0.1).received)\n"
    )
    done = broken.run([sys.executable, "-c", code])
    assert done.stdout.split() == ["0", "2"], done.stderr


def test_a_cable_to_a_node_leads_to_the_one_in_the_replica(broken: Lab, replica: Replica) -> None:
    """Not to the namespace of that name in the lab, in which nothing new is seen."""
    before = broken.pack()
    words = "ip link add trial type veth peer name eth9 netns if-test"
    assert replica.run(words.split()).returncode == 0
    assert "eth9" in replica.run(["ip", "-br", "link"], "if-test").stdout
    assert differences(before, broken.pack()) == []


def test_a_bridge_with_the_address_of_its_port_hears_what_is_for_itself(lab: Lab) -> None:
    """By which of the two the kernel knows that address is by chance, and another one in the replica."""
    sh(
        lab,
        "ip netns add far; ip link add lan type bridge; ip link add to1 type veth peer name wan netns far",
    )
    sh(lab, "mac=$(cat /sys/class/net/to1/address); ip link set lan address $mac; ip link set lan up")
    sh(lab, "ip link set to1 master lan up; ip addr add 10.99.0.1/24 dev lan")
    sh(lab, "ip -n far link set wan up; ip -n far addr add 10.99.0.2/24 dev wan")
    assert lab.probe("far", "10.99.0.1", 1).received == 1
    with lab.replica() as replica:
        assert replica.probe("far", "10.99.0.1", 1, 0.5).received == 1
        replica.put_back()
        assert replica.probe("far", "10.99.0.1", 1, 0.5).received == 1
