"""Which journey answers which: echo replies, ARP replies, and what a TCP or UDP server sends back.

An answer is known by the addresses and ports of its request, turned round, at any point that saw both:
that holds on either side of a NAT.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from netlab.decode import carried
from netlab.model import Journey, Packet
from netlab.summary import is_arp_reply

ECHO_REQUESTS = frozenset({("icmp", 8), ("icmpv6", 128)})
ECHO_REPLIES = frozenset({("icmp", 0), ("icmpv6", 129)})


class Flow(NamedTuple):
    """One direction of a conversation, as one point sees it."""

    protocol: str
    source: str
    destination: str
    source_port: int
    destination_port: int
    sequence: int  # of an echo; 0 for TCP and UDP, which have flows rather than pairs

    def reversed(self) -> Flow:
        return Flow(
            self.protocol,
            self.destination,
            self.source,
            self.destination_port,
            self.source_port,
            self.sequence,
        )


def link_answers(journeys: Sequence[Journey]) -> list[Journey]:
    """The journeys, in time order, with `answers` set to the index of the request that each one answers."""
    asked: dict[Flow, int] = {}  # the latest request of each flow
    exact: dict[tuple[Flow, int], int] = {}  # TCP: the request whose end this acknowledgement names
    linked: list[Journey] = []
    for index, journey in enumerate(journeys):
        packet = carried(journey.first.packet)
        flows = tuple(dict.fromkeys(_flows(journey)))
        request = _request_of(flows, packet, asked, exact) if not _is_request(packet) else None
        linked.append(journey if request is None else replace(journey, answers=request))
        if request is None and not _is_reply(packet):
            for flow in flows:
                asked[flow] = index
                if packet.protocol == "tcp":
                    exact[flow, _end(packet)] = index
    return linked


def _is_request(packet: Packet) -> bool:
    if packet.protocol == "arp":
        return not is_arp_reply(packet)
    if (packet.protocol, packet.icmp_type) in ECHO_REQUESTS:
        return True
    # The opening SYN makes its sender the client, whatever the capture held of that flow before.
    return packet.protocol == "tcp" and packet.flags == "S"


def _is_reply(packet: Packet) -> bool:
    return (packet.protocol, packet.icmp_type) in ECHO_REPLIES or is_arp_reply(packet)


def _flows(journey: Journey) -> Iterable[Flow]:
    for hop in journey.hops:
        packet = carried(hop.packet)
        ends = (packet.source, packet.destination)
        if packet.protocol in ("tcp", "udp"):
            yield Flow(packet.protocol, *ends, packet.source_port, packet.destination_port, 0)
        elif _is_reply(packet) or _is_request(packet):
            # An echo carries one identifier in both directions, so it serves as both ports.
            yield Flow(packet.protocol, *ends, packet.identifier, packet.identifier, packet.sequence)


def _request_of(
    flows: Sequence[Flow], packet: Packet, asked: dict[Flow, int], exact: dict[tuple[Flow, int], int]
) -> int | None:
    for flow in flows:
        found = exact.get((flow.reversed(), packet.acknowledgement)) if packet.protocol == "tcp" else None
        if found is None:
            found = asked.get(flow.reversed())
        if found is not None:
            return found
    return None


def _end(packet: Packet) -> int:
    """The sequence number that acknowledges this segment: SYN and FIN count as one byte each."""
    length = len(packet.payload) + ("S" in packet.flags) + ("F" in packet.flags)
    return (packet.sequence + length) % 2**32
