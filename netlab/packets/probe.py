"""Which probes to send, and what came of them: values. netlab.keeper.probe sends them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from netlab.model import codec
from netlab.model.fields import Port, Range
from netlab.model.packet import Packet
from netlab.packets.decode import decode

PROTOCOLS = ("icmp", "udp", "tcp")
Answer = tuple[bytes | int, int, int]


@dataclass(frozen=True)
class Probe:
    """What came of some probes."""

    sent: int
    received: int
    errors: tuple[str, ...] = ()  # what the kernel or an ICMP error said, each once
    round_trips_ms: tuple[float, ...] = ()
    tokens: tuple[bytes, ...] = ()  # what each carried (ICMP and UDP)
    ports: tuple[int, ...] = ()  # the source port of each (TCP and UDP)
    refused: int = 0  # how many were answered, but by a refusal: nobody listens there
    outcomes: tuple[bool, ...] = ()  # of each, in the order of sending: whether an answer or a refusal came
    confirmed: int = 0  # how many the witness's own secret came back for, if there was one

    @property
    def reached(self) -> bool:
        """Whether at least one was answered."""
        return self.received > 0

    def is_in(self, frame: bytes) -> bool:
        """Whether a frame, seen anywhere on the way, is one of these: by its token, or by its source port."""
        if self.tokens:
            return any(token in frame for token in self.tokens)
        packet = decode(frame)
        return packet.protocol == "tcp" and packet.source_port in self.ports

    def answers(self, frames: Iterable[bytes]) -> frozenset[Answer]:
        """The answers to these probes among those frames: of each what stays the same all the way."""
        found = (self._answer(decode(frame)) for frame in frames)
        return frozenset(answer for answer in found if answer)

    def _answer(self, outer: Packet) -> Answer | None:
        """(which probe, what tells this answer from another one); None for what answers none of these."""
        packet = outer.inner or outer
        if packet.protocol in ("icmp", "icmpv6") and packet.icmp_type in (0, 129):
            token = next((token for token in self.tokens if token in packet.payload), None)
            return (token, packet.ip_id, 0) if token else None
        if packet.destination_port not in self.ports:
            return None
        if packet.protocol == "tcp" and packet.flags == "SA":  # its sequence is the server's secret
            return packet.destination_port, packet.sequence, packet.acknowledgement
        if packet.protocol == "udp":
            return packet.destination_port, packet.ip_id, hash(packet.payload)
        return None


@dataclass(frozen=True)
class Order:
    """Which probes to send: `size` counts the bytes behind the IP and transport headers."""

    destination: str
    proto: str = "icmp"
    port: Port = 0
    count: Annotated[int, Range(1, 1000)] = 2
    timeout: float = 1.0  # seconds to wait after the last one
    size: Annotated[int, Range(0, 65535)] = 56
    df: bool = False  # may not be fragmented
    interval: float = 0.0  # ICMP: seconds between two; 0: as soon as one is answered, or after SPACING
    hold: bool = False  # TCP: all at once, and each connection stays open until the last one is decided

    @property
    def is_ipv6(self) -> bool:
        """Whether the destination is an IPv6 address."""
        return ":" in self.destination

    @staticmethod
    def parse(words: Mapping[str, Any]) -> Order:
        """From what a client asked for; ValueError for what makes no sense."""
        order = codec.from_plain(Order, words)
        ipaddress.ip_address(order.destination)  # a name would be looked up here, and not on the node
        if order.proto not in PROTOCOLS or not (0 < order.timeout <= 60 and 0 <= order.interval <= 1):
            raise ValueError("no such probe")
        return order
