"""What random networks have shown the judge not to see, each as small as it gets: cured as printed."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from netlab import faults
from netlab.diagnosis.text import as_text
from netlab.diagnosis.trace import trace
from netlab.diagnosis.verdict import PROVED
from netlab.faults.fault import INTERNET, STANDARD, Command, Symptom, on
from netlab.lab import Lab
from tests.support.patience import eventually
from tests.worlds.mistakes import PINGS
from tests.worlds.networks import TUNNEL
from tests.worlds.trial import Trial, judge


@dataclass(frozen=True)
class Case:
    """A healthy network, what is done to it, and what then fails."""

    setup: tuple[Command, ...]
    broken: tuple[Command, ...]
    what: Symptom = PINGS


def _on_segment(name: str, number: int) -> tuple[Command, ...]:
    return on(
        "host",
        f"ip link add m{number} link seg1 type macvlan mode bridge",
        f"ip link set m{number} name eth0 netns {name}",
        f"ip -n {name} addr add 10.6.0.{number}/24 dev eth0",
        f"ip -n {name} link set eth0 up",
        f"ip -n {name} route add default via 10.6.0.1",
    )


BY_DEVICE = (
    *on("host", "ip netns add left", "ip link add l0 type veth peer name eth0 netns left"),
    *on("host", "ip -n left addr add 10.7.0.2/32 dev eth0", "ip -n left link set eth0 up"),
    *on("host", "ip -n left route add default dev eth0", "ip link set l0 up", "ip route add 10.7.0.2 dev l0"),
    *on("host", "sysctl -w net.ipv4.conf.l0.proxy_arp=1", "sysctl -w net.ipv4.neigh.l0.proxy_delay=0"),
)
ROUTER = (
    *on("host", "ip netns add left", "ip netns add mid", "ip link add to type veth peer name wan netns mid"),
    *on(
        "host", "ip addr add 10.4.0.1/30 dev to", "ip link set to up", "ip route add 10.5.0.0/24 via 10.4.0.2"
    ),
    *on("host", "ip link add v0 netns mid type veth peer name eth0 netns left", "iptables -P FORWARD ACCEPT"),
    *on("host", "iptables -t nat -A POSTROUTING -s 10.5.0.0/24 -o eth0 -j MASQUERADE"),
    *on("mid", "ip addr add 10.4.0.2/30 dev wan", "ip link set wan up", "ip addr add 10.5.0.1/24 dev v0"),
    *on("mid", "ip link set v0 up", "ip route add default via 10.4.0.1", "sysctl -w net.ipv4.ip_forward=1"),
    *on("left", "ip addr add 10.5.0.2/24 dev eth0", "ip link set eth0 up"),
    *on("left", "ip route add default via 10.5.0.1"),
)
MACVLAN = (
    *on("host", "ip netns add left", "ip netns add right", "ip link add seg0 type veth peer name seg1"),
    *on("host", "ip link set seg0 up", "ip link set seg1 up", "ip addr add 10.6.0.1/24 dev seg0"),
    *on("host", "iptables -P FORWARD ACCEPT", "iptables -t nat -A POSTROUTING -s 10.6.0.0/24 -j MASQUERADE"),
    *_on_segment("left", 2),
    *_on_segment("right", 3),
)
TWO_CABLES = (
    *ROUTER,
    *on("host", "ip link add to2 type veth peer name wan2 netns mid", "ip addr add 10.4.1.1/30 dev to2"),
    *on("host", "ip link set to2 up", "ip route replace 10.5.0.0/24 via 10.4.1.2", "ip netns add bare"),
    *on("host", "ip link add v9 netns mid type veth peer name eth0 netns bare"),
    *on("mid", "ip addr add 10.4.1.2/30 dev wan2", "ip link set wan2 up", "ip link set v9 up"),
    *on("host", "ip -n bare link set eth0 up"),
)
MISPLACED = Case(
    TWO_CABLES,
    (
        *on("mid", "ip addr del 10.4.1.2/30 dev wan2", "ip addr add 10.2.0.66/24 dev wan2"),
        *on("host", "ip neigh flush dev to2"),
    ),
    Symptom("left", INTERNET),
)
CASES = {
    "a route to a client by device": Case(
        BY_DEVICE, on("host", "ip route del 10.7.0.2 dev l0"), Symptom("host", "10.7.0.2")
    ),
    "the way to a network behind a router": Case(
        ROUTER, on("host", "ip route del 10.5.0.0/24"), Symptom("left", INTERNET)
    ),
    "an address on macvlan": Case(
        MACVLAN, on("left", "ip addr del 10.6.0.2/24 dev eth0"), Symptom("right", "10.6.0.2")
    ),
    "the way to a network on macvlan": Case(
        MACVLAN, on("host", "ip route del 10.6.0.0/24 dev seg0"), Symptom("left", INTERNET)
    ),
    "a policy of IPsec": Case(
        (), on("host", "ip xfrm policy add src 172.17.0.0/16 dst 39.106.233.176/32 dir fwd action block")
    ),
    "answers to a neighbour without the main table": Case(
        (), on("host", "ip rule del lookup main"), Symptom("if-test", "192.0.2.10")
    ),
    "a prefix that is too long, far away": Case(
        (), on("internet", "ip addr del 192.0.2.1/24 dev uplink", "ip addr add 192.0.2.1/30 dev uplink")
    ),
    "the address that is asked for": Case(
        TUNNEL, on("left", "ip addr del 10.0.0.1/24 dev l0"), Symptom("right", "10.0.0.1")
    ),
    "the port of one end of a tunnel": Case(
        TUNNEL,
        on(
            "left",
            "ip link del vx0",
            "ip link add vx0 type vxlan id 42 dstport 8472 remote 10.0.0.2 dev l0",
            "ip addr add 192.168.9.1/24 dev vx0",
            "ip link set vx0 up",
        ),
        Symptom("right", "192.168.9.1"),
    ),
    "a card that is down, and its route gone": Case(
        (
            *TUNNEL,
            *on("left", "ip addr add 10.8.0.1/32 dev lo", "ip link set lo up"),
            *on("right", "ip route add 10.8.0.1 via 10.0.0.1"),
        ),
        on("right", "ip link set r0 down"),
        Symptom("right", "10.8.0.1"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_worlds_have_shown_is_proved_and_cured(lab: Lab, name: str) -> None:
    """The printed commands, and nothing else."""
    case = CASES[name]
    lab.reset()
    faults.perform(lab, (*STANDARD, *case.setup))
    assert eventually(lambda: lab.probe(case.what.source, case.what.destination).received == 2)
    faults.perform(lab, case.broken)
    verdict = trace(lab, case.what.source, case.what.destination, count=3, timeout=0.3)
    assert verdict.certainty == PROVED, as_text(verdict)
    for step in verdict.cure:
        done = lab.run(step.argv, node=step.node)
        assert done.returncode == 0, (step, done.stderr)
    whole = eventually(lambda: lab.probe(case.what.source, case.what.destination).received == 2)
    assert whole, as_text(verdict)


def test_a_lost_address_is_given_back_to_its_own_cable(lab: Lab) -> None:
    """The card has another one by now, and a card without any is beside it: there the address would heal,
    since a kernel answers for it on all cards, and cut its router off from the other end of the cable."""
    lab.reset()
    faults.perform(lab, (*STANDARD, *MISPLACED.setup))
    what = MISPLACED.what
    assert eventually(lambda: lab.probe(what.source, what.destination).received == 2)
    faults.perform(lab, MISPLACED.broken)
    judge(lab, trial := Trial(510018), what)
    assert trial.outcome == "cured", trial.told
    assert "cure: mid# ip addr add 10.4.1.2/30 dev wan2" in trial.told, trial.told
