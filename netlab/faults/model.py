"""A fault as a frozen value: what makes it, what it looks like, what it is, what cures it.

The healthy lab that all faults start from is the lecture's: a container if-test on docker0, forwarding on,
and an answer from 39.106.233.176. What a fault needs beyond it is its `setup`.

In a command, @veth is the lab host's end of if-test's eth0 (@veth:NAME of another container's), @pid:NAME a
process in that container as the lab host numbers it, and @python this interpreter; the kernel says which.
"""

from __future__ import annotations

from dataclasses import dataclass

INTERNET = "39.106.233.176"


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
    size: int = 56  # bytes of an echo request's payload
    df: bool = False  # may not be cut in pieces
    partial: bool = False

    def __str__(self) -> str:
        if self.proto == "tcp":
            return f"{self.source} cannot connect to {self.destination} port {self.port}"
        share = "loses some pings" if self.partial else "gets no answer to pings"
        how = f" of {self.size} bytes" if self.size != 56 else ""
        return f"{self.source} {share}{how}{' that may not be cut' if self.df else ''} to {self.destination}"


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
    cause: str  # a code of netlab.verdict.CAUSES
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
