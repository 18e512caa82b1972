"""Solutions with one slip in them, and what they really achieved: measured with ping and ip, not with our checks."""

from __future__ import annotations

import os
import random
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from netlab.errors import UnknownName
from netlab.lab import Lab
from netlab.lessons.content import Lesson, lessons

OUTSIDE = "39.106.233.176"
HELLO = "hello from if-test\n"  # what the server of lesson 06 has to say
MOST = int(os.environ.get("NETLAB_MUTANTS", 30))
SLOW = {"07": 3, "09": 4}  # whose mutants take so many times as long
EIGHT_AT_ONCE = 'for n in {10..17}; do eval "exec $n<>/dev/tcp/198.51.100.2/80" || exit 1; done'
SECONDS = 5  # for a step's commands: one that does not come back is interrupted
SLIPS = {
    "veth_host": "veth_container",
    "veth_container": "veth_host",
    "eth0": "eth1",
    "docker0": "docker1",
    "if-test": "if-tset",
    "none": "bridge",
    "up": "down",
    "add": "del",
    "delete": "show",
    "master": "nomaster",
    "default": "172.18.0.0/16",
    "veth": "dummy",
    "ACCEPT": "DROP",
    "FORWARD": "INPUT",
    "ip_forward": "ip_default_ttl",
    "DOCKER-USER": "FORWARD",
    "/16": "/24",
    "sleep": "slep",
    "stop": "start",
    "rm": "ps",
    "vxlan7": "vxlan8",
    "br0": "docker0",
    "append": "add",
    "learning": "nolearning",
}


@dataclass(frozen=True)
class Mutant:
    """A lesson's solution with the commands of one step changed."""

    lesson: Lesson
    step: str
    slip: str
    commands: str


def some_mutants() -> list[Mutant]:
    """At most so many of each lesson as CI has time for: of more, that many are drawn, always the same."""
    by_lesson: dict[str, list[Mutant]] = {}
    for mutant in mutants():
        by_lesson.setdefault(mutant.lesson.id, []).append(mutant)
    most = {id: min(len(every), MOST // SLOW.get(id, 1)) for id, every in by_lesson.items()}
    return [m for id, every in by_lesson.items() for m in random.Random(1).sample(every, most[id])]


def mutants() -> Iterator[Mutant]:
    """Every line left out, doubled or swapped with the next; every word left out, mistaken or miscounted."""
    for lesson in lessons():
        for step in lesson.steps:
            lines = step.solution.splitlines()
            for number, changed, slip in _changed_lines(lines):
                commands = "\n".join([*lines[:number], *changed, *lines[number + 1 :]])
                yield Mutant(lesson, step.id, f"{step.id}: {slip}", commands)
            for number, (one, other) in enumerate(zip(lines, lines[1:], strict=False)):
                swapped = "\n".join([*lines[:number], other, one, *lines[number + 2 :]])
                yield Mutant(lesson, step.id, f"{step.id}: {other} before {one}", swapped)


def _changed_lines(lines: list[str]) -> Iterator[tuple[int, list[str], str]]:
    for number, line in enumerate(lines):
        yield number, [], f"without {line}"
        yield number, [line, line], f"twice {line}"
        if line.startswith("pid="):
            continue
        words = line.split()
        for place, word in enumerate(words[1:], 1):
            fewer = " ".join([*words[:place], *words[place + 1 :]])
            yield number, [fewer], fewer
        for wrong in dict.fromkeys(_slips(line)):
            yield number, [wrong], wrong


def _slips(line: str) -> Iterator[str]:
    for word, instead in SLIPS.items():
        if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", line):
            yield re.sub(rf"(?<![\w-]){re.escape(word)}(?![\w-])", instead, line, count=1)
    for found in re.finditer(r"\b\d+\b", line):
        yield f"{line[: found.start()]}{int(found[0]) + 1}{line[found.end() :]}"


def type_it(lab: Lab, commands: str) -> None:
    """As a learner does: an error does not keep the next line from being typed."""
    with suppress(subprocess.TimeoutExpired):
        lab.run(["bash"], input=commands, timeout=SECONDS)


@dataclass(frozen=True)
class Behaviour:
    """What a lab does, asked with the tools that a learner has."""

    lab: Lab

    def says(self, command: str, node: str = "host") -> str:
        try:
            done = self.lab.run(["bash", "-c", command], node, timeout=20)
        except UnknownName:
            return ""
        return done.stdout if done.returncode == 0 else ""

    def in_container(self, command: str) -> str:
        return self.says(command, "if-test")

    def pings(self, address: str, node: str = "if-test", seconds: float = 0.6) -> bool:
        return bool(self.says(f"ping -c 1 -W {seconds} {address}", node))

    def achieved(self, lesson: str) -> dict[str, bool]:
        """Whether the goal of each step is reached, those of the steps before it included."""
        return dict(getattr(self, f"_lesson{lesson}")())

    def _lesson01(self) -> Iterator[tuple[str, bool]]:
        runs = self.pings("172.17.0.1")
        yield "01.1", runs
        yield "01.2", runs and self.pings(OUTSIDE, "host") and not self.pings(OUTSIDE)
        yield "01.3", runs

    def _lesson02(self) -> Iterator[tuple[str, bool]]:
        alone = len(self.in_container("ip -o link").splitlines()) == 1
        yield "02.1", alone
        yield "02.2", alone
        mine = self.in_container("readlink /proc/self/ns/net")
        names = [line.split()[0] for line in self.says("ip netns list").splitlines() if line.strip()]
        there = [self.says(f"ip netns exec {name} readlink /proc/self/ns/net") for name in names]
        yield "02.3", alone and bool(mine) and mine in there

    def _lesson03(self) -> Iterator[tuple[str, bool]]:
        veths = self.says("ip -o link show type veth")
        cable = bool(self.in_container("ip link")) and len(veths.splitlines()) > 1
        end = self._host_end()
        address = "172.17.1.2/16" in self.in_container("ip -o -4 addr show dev eth0 up")
        route = "via 172.17.0.1 dev eth0" in self.in_container("ip route get 8.8.8.8")
        neighbour = "172.17.1.1/" in self.says(f"ip -o -4 addr show dev '{end}' up")
        yield "03.1", cable
        yield "03.2", cable and bool(end)
        yield "03.3", cable and bool(end) and address
        yield "03.4", cable and bool(end) and address and route
        yield "03.5", cable and bool(end) and address and neighbour and self.pings("172.17.1.1")

    def _host_end(self) -> str:
        """The lab host's interface at the other end of the container's eth0."""
        numbers = self.in_container("cat /sys/class/net/eth0/iflink /sys/class/net/eth0/ifindex").split()
        if len(numbers) != 2:
            return ""
        there, here = numbers
        found = re.search(rf"^{there}: (\S+)@if{here}:", self.says("ip -o link show type veth"), re.MULTILINE)
        return found[1] if found else ""

    def _lesson04(self) -> Iterator[tuple[str, bool]]:
        end = self._host_end()
        address = "172.17.1.2/16" in self.in_container("ip -o -4 addr show dev eth0")
        gateway = "172.17.0.1/" in self.says("ip -o -4 addr show dev docker0")
        bare = bool(end) and not self.says(f"ip -o -4 addr show dev {end}") and address and gateway
        port = bool(end) and f": {end}@" in self.says("ip -o link show master docker0 up")
        plugged = bare and port and self.pings("172.17.0.1")
        forward = self.says("iptables -S FORWARD").startswith("-P FORWARD ACCEPT")
        nat = "-j MASQUERADE" in self.says("iptables -t nat -S POSTROUTING")
        lost = self.pings(OUTSIDE, "host") and not self.pings(OUTSIDE)
        yield "04.1", bare
        yield "04.2", plugged
        yield "04.3", forward and nat
        yield "04.4", plugged and forward and nat and lost

    def _lesson05(self) -> Iterator[tuple[str, bool]]:
        runs = bool(self.in_container("true; echo yes"))
        reaches = self.pings(OUTSIDE) and self.pings(OUTSIDE, "host")
        yield from (("05.1", runs), ("05.2", runs), ("05.3", reaches), ("05.4", reaches))

    def _lesson06(self) -> Iterator[tuple[str, bool]]:
        office = self.pings("172.17.0.2", "office")
        outside = self.fetches("http://192.0.2.10:8080", "internet") == HELLO
        within = self.fetches("http://192.0.2.10:8080") == HELLO
        web = "404 Not Found" in self.fetches("http://192.0.2.10:8081", "internet")
        # Who answers ARP for others waits up to 0.8 s.
        routed = self.pings(OUTSIDE, "routed", 1.5) and self.pings("172.17.200.2", "office", 1.5)
        yield "06.1", office
        yield "06.2", outside
        yield "06.3", outside and within
        yield "06.4", web
        yield "06.5", routed

    def _lesson07(self) -> Iterator[tuple[str, bool]]:
        card = "macvlan" in self.in_container("ip -d link show type macvlan")
        outside = [self.pings(OUTSIDE, node) for node in ("if-test", "two")]
        first = card and outside[0] and self.pings("192.0.2.101", "internet")
        apart = all(outside) and not self.pings("192.0.2.101", "two")
        private = "mode private" in self.says("ip -d link show dev eth0", "two")
        web = "macvlan" in self.says("ip -d link show type macvlan", "web")
        yield "07.1", first
        yield "07.2", first and self.pings("192.0.2.101", "host")
        yield "07.3", first and apart and private
        yield "07.4", web and self.pings("192.0.2.150", "internet")
        yield "07.5", self.pings(OUTSIDE, "bridged")

    def _lesson09(self) -> Iterator[tuple[str, bool]]:
        page = self.says("cat /srv/index.html")
        printer, scanner = ("172.17.0.9/" in self.says("ip -o -4 addr", n) for n in ("printer", "scanner"))
        served = [self.fetches("http://172.17.0.9", node) for node in ("host", "if-test")]
        yield "09.1", True
        yield "09.2", self.loses_none(OUTSIDE, 300, 0.001)
        yield "09.3", self.loses_none("198.51.100.2", 30, 0.01, 1000)
        yield "09.4", bool(self.in_container(f"timeout 1 bash -c '{EIGHT_AT_ONCE}' && echo yes"))
        yield "09.5", self.loses_none("172.17.0.7", 60, 0.01, node="host")
        yield "09.6", printer and not scanner and served == [page] * 2

    def loses_none(
        self, address: str, count: int, interval: float, size: int = 56, node: str = "if-test"
    ) -> bool:
        words = f"ping -q -c {count} -i {interval} -s {size} -W 0.3 {address}"
        return f" {count} received" in self.says(words, node)

    def fetches(self, address: str, node: str = "host") -> str:
        """The page that somebody on that node gets there."""
        return self.says(f"curl -s -m 1 {address}", node)

    def _lesson08(self) -> Iterator[tuple[str, bool]]:
        here, there = (self._tunnel_end(on) for on in ("", "-n host2"))
        ends = bool(here) and here == there
        reaches = ends and self.pings("10.99.0.2")
        listed = [self.says(f"bridge {on} fdb show dev vxlan7") for on in ("", "-n host2")]
        cards = [self._says_ip(r"link/ether (\S+)", node) for node in ("far", "if-test")]
        learned = all(
            any(re.match(f"{card} dst [0-9.]+ self *$", line) for line in lines.splitlines() if card)
            for card, lines in zip(cards, listed, strict=True)
        )
        yield "08.1", ends
        yield "08.2", reaches
        yield "08.3", reaches and learned
        yield "08.4", reaches and self._fits("if-test", "10.99.0.2") and self._fits("far", "10.99.0.1")
        yield "08.5", self.pings("10.2.0.2")

    def _tunnel_end(self, on: str) -> str:
        """Number and port of the VXLAN that is up and plugged into br0."""
        said = self.says(f"ip {on} -d -o link show master br0 up type vxlan")
        return " ".join(re.findall(r"vxlan id \d+|dstport \d+", said))

    def _says_ip(self, pattern: str, node: str) -> str:
        """What `ip link` says of that node's eth0."""
        found = re.search(pattern, self.says("ip -o link show eth0", node))
        return found[1] if found else ""

    def _fits(self, node: str, address: str) -> bool:
        """Whether the largest packet that its card sends is answered."""
        mtu = int(self._says_ip(r"mtu (\d+)", node) or 0)
        return mtu > 28 and bool(self.says(f"ping -c 1 -W 1 -M do -s {mtu - 28} {address}", node))

    def _lesson10(self) -> Iterator[tuple[str, bool]]:
        yield from ((f"10.{number}", True) for number in range(1, 5))
        yield "10.5", self.pings(OUTSIDE) and self.pings(OUTSIDE, "host")

    def _lesson11(self) -> Iterator[tuple[str, bool]]:
        end = self._host_end().replace("veth_container", "")  # the next commands look for another name
        port = bool(end) and f": {end}@" in self.says("ip -o link show master docker0 up")
        plugged = port and bool(self.in_container("ip -o link show dev eth0 up"))
        address = "172.17.1.2/16" in self.in_container("ip -o -4 addr show dev eth0")
        route = "via 172.17.0.1 dev eth0" in self.in_container("ip route get 8.8.8.8")
        first = plugged and address and route and self.pings("172.17.0.1")
        reaches = first and self.pings(OUTSIDE)
        yield "11.1", bool(end)
        yield "11.2", plugged
        yield "11.3", first
        yield "11.4", reaches
        yield "11.5", reaches
        own, others = (set(re.findall(r"inet (\S+)", self.says("ip -4 addr", n))) for n in ("other", "if-test"))
        yield "11.6", self.pings(OUTSIDE, "other") and own & others <= {"127.0.0.1/8"}

    def _lesson12(self) -> Iterator[tuple[str, bool]]:
        yield "12.1", self.pings(OUTSIDE)
        yield "12.2", self.pings_by_name("example.com")
        yield "12.3", self.pings_by_name("example.com", "other")
        yield "12.4", self.pings_by_name("example")
        yield "12.5", self.pings_by_name("db", "web") and self.pings_by_name("example.com", "web")

    def pings_by_name(self, name: str, node: str = "if-test") -> bool:
        """Whether ping finds an address for the name, and is answered; a name server has a second to tell."""
        return bool(self.says(f"RES_OPTIONS='timeout:1 attempts:1' ping -c 1 -W 0.6 {name}", node))
