"""Each fault of the gym, and each mistake, in a lab and in its twin: a trace says the same of both."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import suppress

import pytest

from netlab import faults
from netlab.diagnosis.judge import conclude
from netlab.diagnosis.trace import observe
from netlab.errors import LabNotFound
from netlab.faults.fault import Fault, Symptom
from netlab.keeper.launch import ForkServer
from netlab.lab import Lab
from netlab.model.pack_changes import differences
from tests.support.patience import eventually
from tests.worlds.mistakes import MORE

EVERY = [*faults.catalogue(), *(Fault(name, "", i, c, "", (), s, y) for name, (i, c, s, y) in MORE.items())]
SECONDS = 5.0
SEED, SEEDS = int(os.environ.get("NETLAB_SEED", "0")), int(os.environ.get("NETLAB_SEEDS", "10"))
# What a twin does not show, and why.
NOT_PACKED = {"conntrack-full": "the entries of the table of connections are not in a pack"}
# What a twin has otherwise, and why: a word of each line.
OTHERWISE = {"rule of the main table deleted": "0.0.0.0/0"}  # a kernel has to find the gateway of a route


@pytest.fixture(scope="module")
def forkserver() -> Iterator[ForkServer]:
    """For many labs."""
    with ForkServer() as server:
        yield server


@pytest.fixture
def twin_name(lab_name: str) -> Iterator[str]:
    """The name of a lab, which is ended after the test."""
    yield f"{lab_name}-twin"
    with suppress(LabNotFound):
        Lab.find(f"{lab_name}-twin").down()


def seen(lab: Lab, symptom: Symptom) -> tuple[str, str, bool]:
    """Likely cause and place of a trace of the symptom, and whether something was lost; nothing is tried."""
    order = {"proto": symptom.proto, "port": symptom.port, "size": symptom.size, "df": symptom.df}
    count = 10 if symptom.partial else 3
    verdict = conclude(observe(lab, symptom.source, symptom.destination, count, 0.4, order))
    return verdict.cause, str(verdict.last_seen), verdict.received < verdict.sent


@pytest.mark.parametrize("fault", EVERY, ids=lambda fault: fault.name)
def test_a_twin_has_the_same_fault(lab: Lab, twin_name: str, fault: Fault, forkserver: ForkServer) -> None:
    """Cause, certainty and place; and all that a pack says of both is the same, at the latest when the
    link-local addresses are there that come by themselves after a reset."""
    faults.prepare(lab, fault)
    faults.inject(lab, fault)
    twin = lab.copy(twin_name, forkserver=forkserver)
    otherwise = OTHERWISE.get(fault.name, "\n")

    def others() -> list[str]:
        return [line for line in differences(lab.pack(), twin.pack()) if otherwise not in line]

    assert eventually(lambda: not others(), SECONDS), others()
    if fault.name in NOT_PACKED:
        assert any("connections is full" in line for line in twin.status().about)
    else:
        assert seen(twin, fault.symptom) == seen(lab, fault.symptom)


OPERATIONS = (
    "ip link add b{n} type bridge",
    "ip link add l{n} type veth peer name r{n}",
    "ip link set {link} up",
    "ip link set {link} down",
    "ip link set {link} mtu {mtu}",
    "ip link set {link} master {link}",
    "ip link set {link} nomaster",
    "ip link set {link} netns box{box}",
    "ip link set {link} name n{n}",
    "ip link del {link}",
    "ip netns add box{box}",
    "ip addr add 10.{n}.{box}.1/24 dev {link}",
    "ip addr add fd00:{n}::{box}/64 dev {link} nodad",
    "ip addr flush dev {link}",
    "ip route add 10.200.{n}.0/24 dev {link}",
    "ip route add blackhole 10.201.{n}.0/24 table {n}",
    "ip route replace default via 10.{n}.{box}.9 dev {link} onlink metric {n}",
    "ip rule add from 10.{n}.0.0/16 lookup {n}",
    "ip rule del lookup {n}",
    "ip rule add uidrange 0-0 lookup {n} prio {n}",
    "ip nexthop add id {n} blackhole",
    "ip nexthop add id {n} dev {link}",
    "ip nexthop del id {n}",
    "ip route add 10.202.{n}.0/24 nhid {n}",
    "ip xfrm policy add src 10.{n}.0.0/16 dst 10.{box}.0.0/16 dir out action block priority {n}",
    "ip xfrm policy add src fd00:{n}::/64 dst fd00:{box}::/64 dir in tmpl proto esp mode transport",
    "ip xfrm policy deleteall dir out",
    "tc qdisc replace dev {link} root handle {n}: htb default {box}",
    "tc class replace dev {link} parent {n}: classid {n}:{box} htb rate {n}mbit",
    "ip neigh replace 10.{n}.0.9 lladdr 02:00:00:00:00:{n} dev {link}",
    "ip neigh add proxy 10.{n}.0.10 dev {link}",
    "bridge link set dev {link} hairpin on",
    "bridge link set dev {link} isolated on learning off",
    "bridge fdb add 02:00:00:00:01:{n} dev {link} master static",
    "tc qdisc replace dev {link} root tbf rate {n}mbit burst 10k latency 50ms",
    "tc qdisc del dev {link} root",
    "iptables -A FORWARD -i {link} -p tcp --dport {n} -j DROP",
    "iptables -t nat -A POSTROUTING -o {link} -j MASQUERADE",
    "iptables -F FORWARD",
    "ip6tables -A INPUT -s fd00:{n}::/64 -j ACCEPT",
    "nft add table inet t{n}",
    "sysctl -qw net.ipv4.ip_forward={bit}",
    "sysctl -qw net.ipv6.conf.all.disable_ipv6={bit}",
    "sysctl -qw net.ipv4.conf.{link}.rp_filter={bit}",
    "sysctl -qw net.ipv4.conf.all.arp_ignore={bit}",
)


def script(seed: int, count: int) -> str:
    """So many random operations; those that make no sense fail, and say so to nobody."""
    dice = random.Random(seed)
    lines = []
    for __ in range(count):
        names = ["eth0", "docker0", *(f"{kind}{dice.randint(10, 16)}" for kind in ("b", "l", "r", "n"))]
        line = dice.choice(OPERATIONS)
        while "{link}" in line:
            line = line.replace("{link}", dice.choice(names), 1)
        words = {"n": dice.randint(10, 16), "box": dice.randint(1, 3), "mtu": dice.randint(1300, 1500)}
        lines.append(line.format(**words, bit=dice.randint(0, 1)) + " 2>/dev/null || :")
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(SEED, SEED + SEEDS))
def test_whatever_was_done_a_twin_is_the_same(
    lab: Lab, twin_name: str, seed: int, forkserver: ForkServer
) -> None:
    """Fifty random operations at a time, five hundred in all; the seed, which the test's name tells, plays
    them again. NETLAB_SEED and NETLAB_SEEDS play others."""
    lab.script(script(seed, 50))
    before = lab.pack()
    twin = lab.copy(twin_name, forkserver=forkserver)
    assert differences(before, twin.pack()) == []
    lab.script(script(seed + 1000, 50))
    lab.become(before)
    assert differences(before, lab.pack()) == []
