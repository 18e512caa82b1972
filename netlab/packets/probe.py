"""Which probes to send, and what came of them: values. netlab.keeper.probe sends them."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from netlab.model import codec
from netlab.model.codec import Port, Range
from netlab.packets.decode import decode

PROTOCOLS = ("icmp", "udp", "tcp")


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

    @property
    def reached(self) -> bool:
        return self.received > 0

    def is_in(self, frame: bytes) -> bool:
        """Whether a frame, seen anywhere on the way, is one of these: by its token, or by its source port."""
        if self.tokens:
            return any(token in frame for token in self.tokens)
        packet = decode(frame)
        return packet.protocol == "tcp" and packet.source_port in self.ports


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
        return ":" in self.destination

    @staticmethod
    def parse(words: Mapping[str, Any]) -> Order:
        """From what a client asked for; ValueError for what makes no sense."""
        order = codec.from_plain(Order, words)
        ipaddress.ip_address(order.destination)  # a name would be looked up here, and not on the node
        if order.proto not in PROTOCOLS or not (0 < order.timeout <= 60 and 0 <= order.interval <= 1):
            raise ValueError("no such probe")
        return order
