"""A trace names the place and the cause, its cure works as printed, and a healthy network gets no cause."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from netlab.diagnosis.text import as_text
from netlab.diagnosis.trace import trace
from netlab.diagnosis.verdict import LIKELY, PROVED, Verdict
from netlab.errors import BadInput, UnknownName
from netlab.lab import Lab
from netlab.lessons.content import lesson
from netlab.lessons.start import goto
from tests.kernel.conftest import await_answers, sh

THERE = "39.106.233.176"
HEALTHY = "docker run -d --name if-test c sleep 36000; echo 1 > /proc/sys/net/ipv4/ip_forward"
PARTS = "v=$(ip -br link | grep -o '^veth[0-9a-f]*'); p=$(docker inspect -f '{{.State.Pid}}' if-test); "
INSIDE = PARTS + "nsenter -t $p -n "
# What is done to the healthy lab, the cause, and where the packet was last seen ("" for nowhere).
FAULTS = {
    "forwarding off": ("echo 0 > /proc/sys/net/ipv4/ip_forward", "forwarding-off", "host docker0"),
    "policy DROP": ("iptables -P FORWARD DROP; iptables -F FORWARD", "firewall-drop", "host docker0"),
    "DROP for users": ("iptables -I DOCKER-USER -s 172.17.0.0/16 -j DROP", "firewall-drop", "host docker0"),
    "no masquerade": ("iptables -t nat -F POSTROUTING", "no-way-back", "internet uplink"),
    "wrong gateway": (INSIDE + "ip route replace default via 172.17.0.9", "no-neighbour", "host docker0"),
    "no default inside": (INSIDE + "ip route del default", "no-route", ""),
    "no default on the host": ("ip route del default", "no-route", "host docker0"),
    "host's end down": (PARTS + "ip link set $v down", "interface-down", ""),
    "container's end down": (INSIDE + "ip link set eth0 down", "interface-down", ""),
    "off the bridge": (PARTS + "ip link set $v nomaster", "not-a-port", "host veth"),
    "bridge down": ("ip link set docker0 down", "interface-down", "host veth"),
    "bridge without address": ("ip addr flush dev docker0", "no-address", "host "),
    "uplink down": ("ip link set eth0 down", "interface-down", "host docker0"),
    "raw table": (f"iptables -t raw -A PREROUTING -d {THERE} -j DROP", "firewall-drop", "host "),
    "blackhole": ("ip route add blackhole 39.106.233.0/24", "route-refuses", "host docker0"),
    "unreachable": ("ip route add unreachable 39.106.233.0/24", "route-refuses", "host docker0"),
    "ebtables": ("ebtables -A INPUT -p IPv4 -j DROP", "firewall-drop", "host veth"),
    "ttl": (INSIDE + "sysctl -w net.ipv4.ip_default_ttl=1", "ttl-exceeded", "host docker0"),
    "poisoned neighbour": (
        "ip neigh replace 192.0.2.1 lladdr 02:00:00:00:00:99 dev eth0",
        "wrong-neighbour",
        "internet uplink",
    ),
    "nft's own": (
        "nft add table ip m; nft add chain ip m c '{ type filter hook forward priority 0; }'; "
        f"nft add rule ip m c ip daddr {THERE} counter drop",
        "firewall-drop",
        "host docker0",
    ),
}


@pytest.fixture
def healthy(lab: Lab) -> Lab:
    """The lecture's container reaches the internet."""
    sh(lab, HEALTHY)
    return lab


def cured(lab: Lab, verdict: Verdict) -> Verdict:
    """Run the cure exactly as it is printed, and trace again."""
    for step in verdict.cure:
        done = lab.run(step.argv, node=step.node)
        assert done.returncode == 0, (step, done.stderr)
    await_answers(lab, "if-test", THERE)
    # Who asked for a neighbour before the cure, and lost the question, asks again after a second.
    return trace(lab, "if-test", THERE, count=3, timeout=1.2)


@pytest.mark.parametrize("name", FAULTS)
def test_cause_place_and_cure(healthy: Lab, name: str) -> None:
    """Injected, the fault is named with its proof; the printed cure makes the same trace succeed."""
    inject, cause, place = FAULTS[name]
    sh(healthy, inject)
    verdict = trace(healthy, "if-test", THERE, count=3, timeout=0.4)
    assert (verdict.cause, verdict.certainty, verdict.received) == (cause, PROVED, 0), as_text(verdict)
    assert str(verdict.last_seen or "").startswith(place) and bool(verdict.last_seen) == bool(place)
    assert verdict.evidence and all(piece.command and piece.says for piece in verdict.evidence)
    after = cured(healthy, verdict)
    assert after.received == after.sent, as_text(after)


VARIANTS = {
    "as it is": "true",
    "second container": "docker run -d --name other c sleep 1000",
    "published port": "docker run -d --name web -p 8080:80 c sleep 1000",
    "a rule that logs nothing": "iptables -I FORWARD -d 203.0.113.7 -m comment --comment harmless -j RETURN",
    "a drop elsewhere": "iptables -I FORWARD -d 203.0.113.7 -j DROP",
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_healthy_network_gets_no_cause(healthy: Lab, name: str) -> None:
    """Reached, with the way, and no invented cause."""
    sh(healthy, VARIANTS[name])
    verdict = trace(healthy, "if-test", THERE, count=3, timeout=0.4)
    assert (verdict.cause, verdict.received, verdict.candidates) == ("", 3, ())
    assert [h.frame.point.node for h in verdict.journeys[0].hops] == ["if-test", *["host"] * 3, "internet"]


def test_a_share_that_is_lost_is_counted_and_its_rule_named(healthy: Lab) -> None:
    """Half of the packets: more probes are sent, and the rule's counter is the proof."""
    sh(healthy, f"iptables -I FORWARD -d {THERE} -m statistic --mode nth --every 2 --packet 0 -j DROP")
    verdict = trace(healthy, "if-test", THERE)
    assert (verdict.cause, verdict.sent) == ("random-loss", 25), "5 probes, and 20 more to be sure"
    low, high = verdict.loss_interval
    assert 0.2 < low < verdict.loss < high < 0.8
    assert [str(point) for point, _ in verdict.ends] == ["host docker0"]
    assert cured(healthy, verdict).loss == 0


def test_a_rule_without_counter_is_found_by_trying(healthy: Lab) -> None:
    """Where nothing counts, it shows without the rule that packets are answered."""
    sh(
        healthy,
        "nft add table ip m; nft add chain ip m c '{ type filter hook forward priority 0; policy accept; }'",
    )
    sh(healthy, f"nft add rule ip m c ip daddr {THERE} drop")
    verdict = trace(healthy, "if-test", THERE, count=3, timeout=0.4)
    assert (verdict.cause, verdict.certainty) == ("firewall-drop", PROVED)
    assert cured(healthy, verdict).is_whole


def test_two_faults_are_cured_together(healthy: Lab) -> None:
    """The first blocker is named first, the second as what was seen next; neither cure heals alone."""
    sh(healthy, "echo 0 > /proc/sys/net/ipv4/ip_forward; iptables -t nat -F POSTROUTING")
    first = trace(healthy, "if-test", THERE, count=3, timeout=0.4)
    assert (first.cause, first.certainty) == ("forwarding-off", PROVED)
    assert "no way back" in first.next_blocker and len(first.cure) == 2
    assert cured(healthy, first).is_whole


def test_what_drops_next_was_seen_in_the_replica(healthy: Lab) -> None:
    """With forwarding on, FORWARD drops; a rule for somebody else does not count."""
    sh(healthy, "echo 0 > /proc/sys/net/ipv4/ip_forward; iptables -I FORWARD -s 10.0.0.0/8 -j DROP")
    assert trace(healthy, "if-test", THERE, count=2, timeout=0.3).next_blocker == ""
    sh(healthy, "iptables -F FORWARD; iptables -P FORWARD DROP")
    told = trace(healthy, "if-test", THERE, count=2, timeout=0.3)
    assert told.cause == "forwarding-off" and "the policy of filter/FORWARD, DROP," in told.next_blocker
    assert "next: With that fixed" in as_text(told)


def test_a_trace_changes_nothing(healthy: Lab) -> None:
    """Rules, routes and settings are the same afterwards."""
    state = "iptables-save | grep -v '^#'; ip route; ip -br addr; ip rule; nft list ruleset | grep -v counter"
    before = sh(healthy, state)
    trace(healthy, "if-test", THERE, count=3, timeout=0.4)
    strip = lambda text: [line for line in text.splitlines() if not line.startswith(":")]  # noqa: E731
    assert strip(sh(healthy, state)) == strip(before)


@pytest.mark.parametrize(
    ("source", "destination", "order", "error"),
    [
        ("if-tset", THERE, {}, UnknownName),
        ("if-test", "example.com", {}, BadInput),
        ("if-test", THERE, {"proto": "sctp"}, BadInput),
        ("if-test", THERE, {"proto": "tcp"}, BadInput),
        ("lonely", THERE, {}, BadInput),
    ],
)
def test_what_cannot_be_traced_is_said(
    healthy: Lab, source: str, destination: str, order: dict[str, str], error: type[Exception]
) -> None:
    """Unknown names, no name server, a protocol or port that is missing, a node with lo only."""
    sh(healthy, "ip netns add lonely")
    with pytest.raises(error):
        trace(healthy, source, destination, **order)  # type: ignore[arg-type]


def test_the_command_prints_text_or_json_and_a_status(healthy: Lab) -> None:
    """0 reached, 1 not reached, 2 could not be traced."""
    command = [sys.executable, "-m", "netlab", "--lab", healthy.name, "trace", "--from", "if-test", THERE]
    reached = subprocess.run(command, capture_output=True, text=True)
    assert (reached.returncode, "✔ reached" in reached.stdout) == (0, True)
    sh(healthy, "echo 0 > /proc/sys/net/ipv4/ip_forward")
    dead = subprocess.run([*command, "--json"], capture_output=True, text=True)
    told = json.loads(dead.stdout)
    assert (dead.returncode, told["cause"], told["last_seen"]["interface"]) == (
        1,
        "forwarding-off",
        "docker0",
    )
    assert told["cure"] == [{"node": "host", "argv": ["sysctl", "-w", "net.ipv4.ip_forward=1"]}]
    assert len(told["journeys"]) == 5 and told["loss"] == 1.0
    unknown = subprocess.run([*command[:-1], "nowhere"], capture_output=True, text=True)
    assert (unknown.returncode, unknown.stdout) == (2, "")


def test_a_bridge_drops_in_silence_what_does_not_fit_a_port(lab: Lab) -> None:
    """The port that is too small is named, and packets of the size that the cure sets arrive."""
    goto(lab, "08")
    for step in lesson("08").steps[:2]:
        sh(lab, step.solution)
    verdict = trace(lab, "if-test", "10.99.0.2", count=2, timeout=0.4, size=1472, df=True)
    assert (verdict.cause, verdict.certainty) == ("too-big", LIKELY), as_text(verdict)
    assert "vxlan7, a port of br0 on host, takes 1450" in as_text(verdict)
    for cure in verdict.cure:
        assert lab.run(cure.argv, node=cure.node).returncode == 0
    assert trace(lab, "if-test", "10.99.0.2", count=2, timeout=0.4, size=1422, df=True).reached
