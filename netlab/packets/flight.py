"""One packet of many that are sent at once, and where it came in: values. netlab.keeper.burst sends them."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from netlab.model import codec
from netlab.model.fields import Port
from netlab.packets.probe import PROTOCOLS

MOST = 4096  # in one request


@dataclass(frozen=True, slots=True)
class Flight:
    """Who asks which address, and how; with an address of his own as `source`, where he has several."""

    node: str
    destination: str
    proto: str = "icmp"
    port: Port = 0
    source: str = ""

    @property
    def is_ipv6(self) -> bool:
        """Whether the destination is an IPv6 address."""
        return ":" in self.destination


@dataclass(frozen=True, slots=True)
class Landing:
    """What came of it: whether it was answered, and which nodes took it in; TCP: its SYN."""

    answered: bool = False
    seen: tuple[str, ...] = ()
    error: str = ""  # what the kernel of the asker said


@dataclass(frozen=True, slots=True)
class Landings:
    """Of many, in their order."""

    all: tuple[Landing, ...] = ()


def parse(plain: Any) -> list[Flight]:
    """From what a client asked for; ValueError for what makes no sense."""
    if not isinstance(plain, Sequence) or len(plain) > MOST:
        raise ValueError("no such probe")
    flights = [codec.from_plain(Flight, each) for each in plain]
    for flight in flights:
        version = ipaddress.ip_address(flight.destination).version
        if flight.source and ipaddress.ip_address(flight.source).version != version:
            raise ValueError("no such probe")
        if flight.proto not in PROTOCOLS or (flight.proto != "icmp") != (flight.port > 0):
            raise ValueError("no such probe")
    return flights
