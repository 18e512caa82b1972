"""The same commands on both engines: they print the same, and leave the same in the kernel.

What may differ is in netlab/engines/DIFFERENCES.md, with its reason.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from netlab import engines
from netlab.lab import Lab
from netlab.lessons.content import lessons
from netlab.model import Interface, Node, Snapshot

LECTURE = Path(__file__).parents[1] / "labs/lecture.sh"
TABLE = Path(engines.__file__).parent / "DIFFERENCES.md"
# What is drawn by lot or by the clock, in this order.
NORMAL = (
    (r"\b[0-9a-f]{64}\b|\b[0-9a-f]{12}\b", "ID"),
    (r"\bveth[0-9a-f]{7}\b", "vethID"),
    (r"\b(?!02:42|ff:ff|00:00)([0-9a-f]{2}:){5}[0-9a-f]{2}\b", "MAC"),
    (r"^\d+: (?=\S+:)|@if\d+|link-netnsid \d+|index \d+", "N "),
    (r"\b[1-9]\d* packets? (?=captured|received)", "some packets "),
    (r"time[= ]\d+(\.\d+)? ?ms|\d\d:\d\d:\d\d\.\d+|\bid \d+|(rtt|round-trip) .*", "T"),
    (r"(?<=[/ ])\d{2,5}(?=/ns|\b.*sleep)", "PID"),
)
BOTH = ("namespaces", "docker")
MARK = "@@ "
# What people type besides, well and badly.
WORDS = """
docker run -d --name web centos:8.1.1911 sleep 36000
docker run -d --name web centos:8.1.1911 sleep 36000
docker ps --format '{{.Names}} {{.Image}} {{.Command}} {{.Ports}}'
docker ps -q
docker inspect -f '{{.State.Running}} {{.State.Status}} {{.NetworkSettings.IPAddress}}' web
docker inspect -f '{{.HostConfig.NetworkMode}}' web
docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.MacAddress}}{{end}}' web
docker exec web sh -c 'exit 3'; echo $?
docker exec web no-such-program; echo $?
docker exec nobody true; echo $?
docker exec -d web sleep 1001; echo $?
docker run --rm centos:8.1.1911 no-such-program; echo $?
docker run --rm --network none centos:8.1.1911 sh -c 'echo out; echo err >&2; exit 7'; echo $?
docker run --rm --network host centos:8.1.1911 ip -br link show docker0
docker run --rm --cap-add NET_ADMIN centos:8.1.1911 ip link add x type bridge; echo $?
docker run --rm centos:8.1.1911 ip link add x type bridge; echo $?
docker exec web cat /etc/resolv.conf /etc/hosts
docker exec web ip route
docker rm web; echo $?
docker rm -f web
docker rm nobody; echo $?
docker stop nobody; echo $?
docker start nobody; echo $?
docker inspect nobody; echo $?
docker logs nobody; echo $?
docker network ls --format '{{.Name}} {{.Driver}} {{.Scope}}'
docker run -d -p 8080:80 --name pub centos:8.1.1911 sleep 36000
iptables -t nat -S
iptables -S
docker ps --format '{{.Ports}}'
docker rm -f pub
iptables -t nat -S
docker network create -d macvlan --subnet 192.0.2.0/24 -o parent=eth0 street
docker network ls
docker network create -d macvlan --subnet 192.0.2.0/25 -o parent=eth0 again
docker network create -d macvlan --subnet 198.18.0.0/24 -o parent=eth0 street
docker network create -d macvlan --subnet 198.18.0.0/24 -o parent=eth9 other
docker run -d --name first --network street centos:8.1.1911 sleep 36000
docker run -d --name second --network street --ip 192.0.2.200 centos:8.1.1911 sleep 36000
docker exec first ip -br -4 addr
docker exec second ip route
docker exec second ip link show eth0
docker inspect -f '{{.NetworkSettings.IPAddress}}|{{.NetworkSettings.Networks.street.IPAddress}}' second
docker inspect -f '{{.NetworkSettings.Networks.street.MacAddress}}' second
docker run -d --name third --network street --ip 10.0.0.1 centos:8.1.1911 true; echo $?
docker rm third
docker run -d --name third --network street --ip 192.0.2.200 centos:8.1.1911 true; echo $?
docker rm third
docker network rm street; echo $?
docker rm -f first second
docker network rm street nowhere; echo $?
docker network inspect street; echo $?
"""
# What tutorials type besides.
TUTORIALS = """
docker network create shop
docker network ls
docker network inspect -f '{{json .IPAM.Config}} {{.Internal}} {{.Driver}}' shop
docker network create shop; echo $?
docker network create --internal --subnet 10.9.0.0/24 closed
docker network create --subnet 10.9.0.0/25 again; echo $?
docker network create -o com.docker.network.bridge.name=still0 still
iptables -S
iptables -t nat -S
docker run -d --name one --network shop --network-alias www centos:8.1.1911 sleep 36000
docker run --name two --network shop --ip 172.18.0.9 centos:8.1.1911 true 2>&1 | grep supported
docker rm -f two >/dev/null 2>&1
docker run -dit --name two --network shop centos:8.1.1911 sh
docker exec two getent hosts one www one.shop
docker exec two getent hosts nobody; echo $?
docker exec two ping -c 1 -W 1 one
docker network connect bridge two
docker exec two ip -o -4 addr | awk '{print $2, $4}'
docker exec two ip route
docker network connect bridge two; echo $?
docker network disconnect shop two
docker exec two ip -o -4 addr | awk '{print $2, $4}'
docker exec two ip route
docker network disconnect shop two; echo $?
docker network rm shop; echo $?
docker network connect nowhere two; echo $?
docker network connect shop nobody; echo $?
docker run -d --name pub -p 8080:80 -p 127.0.0.1:5300:53/udp -p 7000-7001:90-91 centos:8.1.1911 sleep 36000
docker port pub | sort
docker port pub 80
docker port pub 99; echo $?
iptables -t nat -S
iptables -S DOCKER
docker ps --format '{{.Names}}|{{.Image}}|{{.Ports}}|{{.Networks}}|{{.State}}'
docker ps -a --filter name=tw --format '{{.Names}}'
docker ps --filter odd=1; echo $?
docker ps -a --filter status=odd; echo $?
docker rename two three
docker rename three pub; echo $?
docker rename nobody x1; echo $?
docker pause three
docker exec three true; echo $?
docker unpause three
docker exec -w /usr three pwd
docker exec -e A=1 three sh -c 'echo $A'
docker run --name ended centos:8.1.1911 sh -c 'echo out; exit 4'; echo $?
docker logs ended
docker logs --tail 1 ended
docker wait ended
docker inspect -f '{{.State.Status}} {{.State.ExitCode}} {{.Config.Image}} {{.Path}} {{.Args}}' ended
docker inspect -f '{{range $n, $e := .NetworkSettings.Networks}}{{$n}} {{$e.IPAddress}}{{end}}' three
docker inspect -f '{{if .State.Running}}up{{else}}down{{end}} {{len .Config.Env}} {{upper .Name}}' three
docker inspect -f '{{.NetworkSettings.Ports}}' pub
docker inspect -f '{{.Config' three; echo $?
docker inspect -f '{{odd .Config}}' three; echo $?
docker cp ended:/no/such /tmp/x; echo $?
echo copied >/tmp/file; docker cp /tmp/file three:/tmp/; docker exec three cat /tmp/file
docker cp three:/tmp/file /tmp/back; cat /tmp/back
docker run --rm -v /tmp/file:/x:ro centos:8.1.1911 cat /x
docker run --rm -v rel/x:/y centos:8.1.1911 true; echo $?
docker run --rm -w relative centos:8.1.1911 true; echo $?
docker run --rm -w /new/place centos:8.1.1911 pwd
docker run --rm --entrypoint echo centos:8.1.1911 hello
docker run --rm --hostname here centos:8.1.1911 hostname
docker run --rm --mac-address 02:00:00:00:00:01 centos:8.1.1911 cat /sys/class/net/eth0/address
docker run --rm --add-host there:192.0.2.7 centos:8.1.1911 grep there /etc/hosts
docker run --rm --cap-add ODD centos:8.1.1911 true; echo $?
docker run --rm --network container:pub centos:8.1.1911 ip -o -4 addr | awk '{print $2, $4}'
docker run --rm --network container:nobody centos:8.1.1911 true 2>&1 | grep No.such
docker run --rm --restart always centos:8.1.1911 true; echo $?
docker run -p odd centos:8.1.1911 true; echo $?
docker run --odd centos:8.1.1911 true; echo $?
docker volume create data
docker volume ls
docker run --rm -v data:/d centos:8.1.1911 sh -c 'echo kept >/d/f'
docker run --rm -v data:/d centos:8.1.1911 cat /d/f
docker volume rm data nothing; echo $?
docker kill nobody; echo $?
docker top nobody; echo $?
docker attach nobody; echo $?
docker container ls -q | wc -l
docker rm -f one three pub ended
docker network rm shop closed still
iptables -S
iptables -t nat -S
ip -br link | awk '{print $1}'
"""


@dataclass(frozen=True)
class Difference:
    """A row of the table."""

    where: str
    namespaces: str
    docker: str


def differences() -> list[Difference]:
    rows = [line.strip("|") for line in TABLE.read_text().splitlines() if line.startswith("|")][2:]
    cells = [re.split(r"(?<!\\)\|", row)[:3] for row in rows]  # a bar in a cell is written \|
    return [Difference(*(cell.strip().strip("`").replace("\\|", "|") for cell in row)) for row in cells]


@pytest.fixture(scope="module")
def both() -> Iterator[dict[str, Lab]]:
    """A lab of each engine."""
    labs = {name: Lab.up(f"p{os.getpid()}-{name}", engine=name) for name in BOTH}
    labs["namespaces"].reset()  # the child that does it stays, and no test has left it behind
    yield labs
    for lab in labs.values():
        lab.down()


def blocks() -> dict[str, list[str]]:
    """{what: scripts that follow each other from a fresh lab}: each lesson, and the lecture as printed."""
    found = {f"lesson {one.id}": [one.start, *(step.solution for step in one.steps)] for one in lessons()}
    return {
        **found,
        "the lecture": [LECTURE.read_text()],
        "docker's words": [WORDS],
        "tutorials": [TUTORIALS],
    }


BLOCKS = blocks()


@pytest.mark.parametrize("what", BLOCKS)
def test_both_engines_print_and_leave_the_same(both: dict[str, Lab], what: str) -> None:
    """Every command of it, in order, with what it says on standard output and error; the kernel's state."""
    seen: dict[str, list[str]] = {}
    for name, lab in both.items():
        lab.reset()
        seen[name] = essence(lab.snapshot())
        for script in filter(None, BLOCKS[what]):
            seen[name] += printed(lab, script) + essence(lab.snapshot())
        lab.reset()
    expected = [d for d in differences() if d.where in (what, "everywhere")]
    left = {name: without(seen[name], [getattr(d, name) for d in expected]) for name in seen}
    assert left["namespaces"] == left["docker"]
    for difference in expected:
        for name, lines in seen.items():
            pattern = getattr(difference, name)
            assert not pattern or any(re.search(pattern, line) for line in lines), f"not seen: {difference}"


def without(lines: list[str], patterns: list[str]) -> list[str]:
    return [line for line in lines if not any(p and re.search(p, line) for p in patterns)]


def printed(lab: Lab, script: str) -> list[str]:
    """What each command of a script prints, one after the other, normalised.

    Commands that run side by side are one, up to their `wait`: each line of standard output counts once, in
    no order. Standard error is left out there: tcpdump writes its lines in pieces, and those of four mix.
    """
    commands = batch(script)
    marked = "".join(f"echo '{MARK}{n}'; echo '{MARK}{n}' >&2\n{c}\n" for n, c in enumerate(commands))
    done = lab.run(["bash"], input=marked, timeout=120)
    lines = []
    out, err = sections(done.stdout), sections(done.stderr)
    for number, command in enumerate(commands):
        if "&\n" in command:
            said = sorted(set(out.get(number, [])))
        else:
            said = out.get(number, []) + [f"stderr: {line}" for line in err.get(number, [])]
        lines += [f"$ {command}: {line}" for line in said]
    return lines


def batch(script: str) -> list[str]:
    """The lines of a script, but those in the background in one piece with the line that waits for them."""
    found: list[str] = []
    for line in script.splitlines():
        if found and found[-1].endswith("&"):
            found[-1] += f"\n{line}"
        elif line and not line.startswith("#"):
            found.append(line)
    return found


def sections(text: str) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    number = -1
    for line in text.splitlines():
        if line.startswith(MARK):
            number = int(line.removeprefix(MARK))
        elif not line.startswith("(lab:"):
            found.setdefault(number, []).append(normal(line))
    return found


def normal(line: str) -> str:
    for pattern, word in NORMAL:
        line = re.sub(pattern, word, line)
    return line.rstrip()


def essence(snapshot: Snapshot) -> list[str]:
    """A snapshot in lines: without IPv6, whose addresses come by themselves, without counters, and without
    a bridge's carrier, which the kernel notes up to a second later."""
    lines = []
    for node in snapshot.nodes:
        name = node.name if node.kind != "process" else "process"
        lines.append(normal(f"{name} ({node.kind})"))
        lines += sorted(normal(f"{name}: {line}") for line in describe(node, snapshot))
    return lines


def describe(node: Node, snapshot: Snapshot) -> list[str]:
    lines = [link(i, snapshot) for i in node.interfaces]
    lines += [f"route {r}".removesuffix(" linkdown") for r in node.routes if ":" not in str(r)]
    for chain in node.chains:
        lines.append(f"chain {chain.table} {chain.name} {chain.policy}")
        lines += [f"rule {chain.table} {chain.name} {rule.text}" for rule in chain.rules]
    return lines + [f"{name} = {value}" for name, value in node.sysctls.items() if "conntrack" not in name]


def link(i: Interface, snapshot: Snapshot) -> str:
    held = [str(address) for address in i.addresses if address.family == 4]
    peer = snapshot.interface(i.peer) if i.peer else None
    other = peer.name if peer else ""
    flaps = "veth_shop" in (i.name, other)  # as it is to: lesson 09
    up, carrier = i.is_up or flaps, i.kind == "bridge" or i.has_carrier or flaps
    return f"link {i.name} {i.kind} {i.mac} {held} up={up} carrier={carrier} {i.master} ⇄ {other}"
