"""Packets as frozen values: where they are captured, frames, headers, and their journeys.

Times are integer nanoseconds since the epoch; addresses are text as `ip` prints them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from netlab.model.snapshot import Snapshot

if TYPE_CHECKING:
    from scapy.plist import PacketList


@dataclass(frozen=True, slots=True)
class Point:
    """A place where packets are captured: one interface of one namespace."""

    netns: int
    index: int
    node: str
    interface: str

    def __str__(self) -> str:
        return f"{self.node} {self.interface}"


@dataclass(frozen=True, slots=True)
class Frame:
    """One captured frame, from its Ethernet header on."""

    time_ns: int
    point: Point
    direction: str  # "in": the namespace received it there; "out": it sent it
    data: bytes
    length: int  # on the wire; more than len(data) when the capture was cut short


@dataclass(frozen=True, slots=True)
class Capture:
    """What was seen at each point, and what was not: `lost` counts the frames that the kernel could
    not hand over. Points are in path order, from the containers by way of the host to the internet.
    """

    points: tuple[Point, ...]
    frames: Sequence[Frame]  # in the order they travelled
    lost: Mapping[Point, int]
    before: Snapshot
    after: Snapshot
    hidden: int = 0  # frames left out as noise (IPv6 housekeeping, …), counted all the same

    def scapy(self) -> PacketList:
        """The frames as scapy's packets, in the same order: see netlab.model.scapy_packets."""
        from netlab.model.scapy_packets import packets

        return packets(self.frames, self.before.lab)


class Captured(Protocol):
    """What is read like a Capture: one, or the recording of a lab that becomes one when its block ends."""

    @property
    def points(self) -> tuple[Point, ...]: ...

    @property
    def frames(self) -> Sequence[Frame]: ...

    @property
    def lost(self) -> Mapping[Point, int]: ...

    @property
    def before(self) -> Snapshot: ...

    @property
    def after(self) -> Snapshot: ...

    @property
    def hidden(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Packet:
    """The headers of one frame, decoded."""

    source_mac: str
    destination_mac: str
    ethertype: int
    protocol: str  # "icmp", "icmpv6", "tcp", "udp", "arp", "ip", "ipv6", "other"
    source: str = ""  # IP address, or the sender's in ARP
    destination: str = ""
    ttl: int = 0
    ip_id: int = 0
    source_port: int = 0
    destination_port: int = 0
    icmp_type: int = -1
    icmp_code: int = -1
    identifier: int = 0  # of an ICMP echo
    sequence: int = 0  # of an ICMP echo, or of TCP
    acknowledgement: int = 0
    flags: str = ""  # of TCP: "S", "SA", "A", "PA", "F", "R", …
    payload: bytes = b""
    quoted: Packet | None = None  # the packet that an ICMP error is about
    inner: Packet | None = None  # the packet inside VXLAN


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One header field that changed between two hops."""

    field: str  # "source", "destination", "ttl", "source_port", …
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Hop:
    """One packet at one point, with what was rewritten since the hop before."""

    frame: Frame
    packet: Packet
    rewrites: tuple[Rewrite, ...] = ()


@dataclass(frozen=True, slots=True)
class Journey:
    """The same packet at every point that saw it, in order of travel."""

    hops: tuple[Hop, ...]
    reached: bool  # the last hop's node holds the destination address
    next_expected: Point | None = None  # the first point on its way that should have seen it and did not
    answers: int | None = None  # index, among the journeys, of the request that this one answers

    @property
    def first(self) -> Hop:
        """Where it was seen first."""
        return self.hops[0]

    @property
    def last_seen(self) -> Hop:
        """Where it was seen last."""
        return self.hops[-1]
