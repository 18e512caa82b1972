"""What is quick does the same as what is slow."""

from __future__ import annotations

import json
import os
import random
import re
import sys
import zlib
from pathlib import Path

import pytest

from netlab.engines.namespaces import docker_rules
from netlab.keeper.address import HOME
from netlab.keeper.launch import ForkServer
from netlab.lab import Lab

# Run in the lab host: one socket of ours and one of pyroute2's look at the same namespace.
BOTH = """
import json, sys
sys.path.insert(0, HOME)
from pyroute2 import IPRoute
from netlab.linux.netlink.route import RouteSocket

def ours():
    interfaces = kernel.interfaces()
    names.update((i.index, i.name) for i in interfaces)
    routes = kernel.routes(names)
    return [
        sorted([i.index, i.name, i.mac, i.mtu, i.is_up, i.master] for i in interfaces),
        sorted([i.name, a.address, a.prefixlen] for i in interfaces for a in i.addresses),
        sorted([r.destination.partition("/")[0], r.device, r.gateway, r.metric, r.family] for r in routes),
        sorted([p.preference, p.family] for p in kernel.policies()),
        sorted([n.address, n.device, n.mac] for n in kernel.neighbours(names)),
    ]

def link(l):
    return [l["index"], l.get("ifname"), l.get("address") or "", l.get("mtu"), bool(l["flags"] & 1),
            names.get(l.get("master"), "")]

def route(r):
    return [r.get("dst") or "default", names.get(r.get("oif"), ""), r.get("gateway") or "",
            r.get("priority") or 0, 6 if r["family"] == 10 else 4]

def neighbour(n):
    return [n.get("dst"), names[n["ifindex"]], n.get("lladdr") or ""]

def theirs():
    return [
        sorted(map(link, ipr.get_links())),
        sorted([names[a["index"]], a.get("local") or a.get("address"), a["prefixlen"]]
               for a in ipr.get_addr()),
        sorted(map(route, ipr.get_routes())),
        sorted([r.get("priority") or 0, 6 if r["family"] == 10 else 4]
               for r in ipr.get_rules() if r["family"] in (2, 10)),
        sorted(neighbour(n) for n in ipr.get_neighbours() if not n["state"] & 0x40),
    ]

names = {}
with RouteSocket() as kernel, IPRoute() as ipr:
    for _ in range(100):  # link-local addresses and their routes still come: until nothing did in between
        before, there = ours(), theirs()
        if ours() == before:
            break
print(json.dumps([before, there]))
"""


def mess(dice: random.Random) -> str:
    """Commands that make a namespace of its own kind out of the lab host."""
    lines = []
    for number in range(dice.randint(2, 5)):
        lines.append(f"ip link add a{number} mtu {dice.randint(1280, 9000)} type veth peer name b{number}")
        lines.append(f"ip addr add 10.{number}.{dice.randrange(256)}.1/{dice.randint(17, 30)} dev a{number}")
        if dice.random() < 0.5:
            lines.append(f"ip -6 addr add fd00:{number}::1/{dice.randint(48, 127)} dev a{number} nodad")
        if dice.random() < 0.7:
            lines.append(f"ip link set b{number} master docker0")
        lines.append(f"ip link set a{number} up; ip link set b{number} up")
        metric, prefix = dice.randint(1, 999), dice.randint(16, 32)
        network = f"10.{100 + number}.0.0/{prefix}"
        lines.append(
            f"ip route add {network} dev a{number} metric {metric} table {dice.choice(('main', '77'))}"
        )
        lines.append(f"ip neigh add 10.{number}.0.9 lladdr 02:00:00:00:00:{number:02x} dev a{number}")
        table = dice.choice((77, 88))
        lines.append(f"ip rule add from 10.{number}.0.0/16 lookup {table} pref {1000 + number}")
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(3))
def test_the_kernel_reads_as_pyroute2_reads_it(lab: Lab, seed: int) -> None:
    """Links, addresses, routes, rules and neighbours of namespaces made at random."""
    made = lab.script(mess(random.Random(seed)))
    assert made.returncode == 0, made.stderr
    done = lab.run([sys.executable, "-c", BOTH.replace("HOME", repr(str(HOME)))])
    assert done.returncode == 0, done.stderr
    ours, theirs = json.loads(done.stdout)
    assert len(ours[0]) > 6 and ours == theirs


def saved(lab: Lab) -> list[str]:
    """What iptables-save says, without times and counts."""
    said = lab.run(["iptables-save", "-c"])
    assert said.returncode == 0, said.stderr
    lines = [line for line in said.stdout.splitlines() if not line.startswith("#")]
    return [re.sub(r"\[\d+:\d+\]", "[counted]", line) for line in lines]  # IGMP is sent, or not yet


@pytest.fixture
def own_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the user's, from which other tests make labs at the same time."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_recorded_rules_are_those_that_iptables_makes(
    lab_name: str, leakproof: None, own_record: None
) -> None:
    """A lab whose rules iptables-restore made, and one after it from the record, cannot be told apart."""
    (record,) = docker_rules.record()
    path = Path(os.readlink(f"/proc/self/fd/{record}"))
    kept = path.read_bytes()
    try:
        path.write_bytes(b"")
        with_iptables = Lab.up(lab_name)
        slow, written = saved(with_iptables), path.read_bytes()
        with_iptables.down()
        assert written[-4:] == zlib.crc32(written[:-4]).to_bytes(4, "little") and len(written) > 1000
        recorded = Lab.up(lab_name)
        quick = saved(recorded)
        changed = recorded.script(
            "iptables -A FORWARD -s 10.1.1.1 -j DROP; iptables -D DOCKER-USER 1; iptables -Z"
        )
        recorded.down()
        assert quick == slow and changed.returncode == 0
        assert os.read(record, 1 << 20) == written  # and nothing was recorded anew
    finally:
        path.write_bytes(kept)
        os.close(record)


def test_a_record_that_is_spoilt_is_made_anew(lab_name: str, leakproof: None, own_record: None) -> None:
    """Cut short, or refused by the kernel: the lab comes all the same, by way of iptables."""
    (record,) = docker_rules.record()
    path = Path(os.readlink(f"/proc/self/fd/{record}"))
    os.close(record)
    Lab.up(lab_name).down()
    kept = path.read_bytes()
    refused = kept[:-4].replace(b"MASQUERADE", b"MASKERADE\0")
    assert refused != kept[:-4]
    try:
        for spoilt in (
            kept[: len(kept) // 2],
            kept + b"more",
            refused + zlib.crc32(refused).to_bytes(4, "little"),
        ):
            path.write_bytes(spoilt)
            lab = Lab.up(lab_name)
            found = saved(lab)
            lab.down()
            assert any("MASQUERADE" in line for line in found)
            assert path.read_bytes() == kept
    finally:
        path.write_bytes(kept)


def test_labs_of_one_forkserver_are_labs_like_others(lab_name: str, leakproof: None) -> None:
    """Two at once: each has its own processes and namespaces; both go on when the forkserver has ended."""
    with ForkServer() as forkserver:
        labs = [Lab.up(f"{lab_name}-{number}", forkserver=forkserver) for number in range(2)]
    for lab in labs:
        assert lab.probe("host", "39.106.233.176", 1).reached
    assert labs[0].script("ip link del docker0").returncode == 0
    assert labs[1].snapshot().node("host").has_interface("docker0")
    for lab in labs:
        lab.down()
