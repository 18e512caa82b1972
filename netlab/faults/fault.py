"""A fault as a frozen value: what makes it, what it looks like, what it is, what cures it.

The healthy lab that all faults start from is the lecture's: a container if-test on docker0, forwarding on,
and an answer from 39.106.233.176. What a fault needs beyond it is its `setup`.

In a command, @veth is the lab host's end of if-test's eth0 (@veth:NAME of another container's), @pid:NAME a
process in that container as the lab host numbers it, and @python this interpreter; the kernel says which.
"""

from __future__ import annotations

from dataclasses import dataclass

from netlab.i18n import gettext as _

INTERNET = "39.106.233.176"
PLAIN_SIZE = 56


@dataclass(frozen=True, slots=True)
class Command:
    """A command, and the node that it runs on."""

    node: str
    argv: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.node}: {' '.join(self.argv)}"


def on(node: str, *lines: str) -> tuple[Command, ...]:
    """Commands on that node, one a line; a line is words with blanks between them."""
    return tuple(Command(node, tuple(line.split())) for line in lines)


@dataclass(frozen=True, slots=True)
class Symptom:
    """What fails: probes from a node to an address. Every one of them is lost, or some when `partial`."""

    source: str = "if-test"
    destination: str = INTERNET
    proto: str = "icmp"  # icmp or tcp
    port: int = 0
    size: int = PLAIN_SIZE  # bytes of an echo request's payload
    df: bool = False  # may not be cut in pieces
    partial: bool = False

    def __str__(self) -> str:
        if self.proto == "tcp":
            words = _("{source} cannot connect to {destination} port {port}")
        elif self.df:
            words = _("{source} gets no answer to pings of {size} bytes that may not be cut to {destination}")
        elif self.size != PLAIN_SIZE:
            all_lost = _("{source} gets no answer to pings of {size} bytes to {destination}")
            some_lost = _("{source} loses some pings of {size} bytes to {destination}")
            words = some_lost if self.partial else all_lost
        elif self.partial:
            words = _("{source} loses some pings to {destination}")
        else:
            words = _("{source} gets no answer to pings to {destination}")
        return words.format(source=self.source, destination=self.destination, port=self.port, size=self.size)


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of the catalogue.

    `where` is "NODE INTERFACE": where a capture sees the packet last. That is the probe, or its answer if the
    probe arrived; if neither was ever sent, the ARP request that was to make it possible; and if not even
    that was, the node alone.
    """

    name: str
    story: str  # as somebody reports it who has not looked into it
    inject: tuple[Command, ...]
    cause: str  # a code of netlab.diagnosis.verdict.CAUSES
    where: str
    cure: tuple[Command, ...]
    setup: tuple[Command, ...] = ()
    symptom: Symptom = Symptom()
    heavy: bool = False  # costs seconds and a lot of the kernel's memory: only when asked for by name

    @property
    def inside(self) -> bool:
        """Whether it needs nothing of `internet`, which a notebook in the lab host cannot reach."""
        nodes = {c.node for c in (*self.setup, *self.inject, *self.cure)} | {self.symptom.source}
        return "internet" not in nodes


IMAGE = "centos:8.1.1911"
STANDARD = on("host", f"docker run -d --name if-test {IMAGE} sleep 36000", "sysctl -w net.ipv4.ip_forward=1")
OTHER = on("host", f"docker run -d --name other {IMAGE} sleep 36000")
FORGET = on("if-test", "ip neigh flush dev eth0")  # as it does by itself after a minute
