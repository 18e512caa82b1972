"""Which journey answers which: echo replies, ARP replies, and what a TCP or UDP server sends back.

An answer is known by the addresses and ports of its request, turned round, at any point that saw both:
that holds on either side of a NAT.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from netlab.model import Journey, Packet
from netlab.packets.decode import innermost
from netlab.packets.summary import is_arp_reply

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

    def reverse(self) -> Flow:
        """The flow of the answers."""
        return Flow(
            self.protocol,
            self.destination,
            self.source,
            self.destination_port,
            self.source_port,
            self.sequence,
        )


class Turn(NamedTuple):
    """What of a journey tells whether it asks or answers."""

    flows: tuple[Hashable, ...]
    back: tuple[Hashable, ...]  # the same, turned round
    asks: bool  # it is a request, whatever came before
    replies: bool  # it is none
    end: int = -1  # of TCP: the sequence number that acknowledges it
    acknowledgement: int = 0


def link_answers(journeys: Sequence[Journey]) -> list[Journey]:
    """The journeys, in time order, with `answers` set to the index of the request that each one answers."""
    requests = link(map(_turn, journeys))
    return [j if r is None else replace(j, answers=r) for j, r in zip(journeys, requests, strict=True)]


def link(turns: Iterable[Turn]) -> Iterator[int | None]:
    """For each, in time order, the index of the one that it answers."""
    asked: dict[Hashable, int] = {}  # the latest request of each flow
    exact: dict[tuple[Hashable, int], int] = {}  # TCP: the request whose end this acknowledgement names
    for index, turn in enumerate(turns):
        request = None if turn.asks else _request_of(turn, asked, exact)
        yield request
        if request is None and not turn.replies:
            for flow in turn.flows:
                asked[flow] = index
                if turn.end >= 0:
                    exact[flow, turn.end] = index


def _turn(journey: Journey) -> Turn:
    packet = innermost(journey.first.packet)
    flows = tuple(dict.fromkeys(flows_of(journey)))
    back = tuple(flow.reverse() for flow in flows)
    numbers = (_end(packet), packet.acknowledgement) if packet.protocol == "tcp" else ()
    return Turn(flows, back, is_request(packet), is_reply(packet), *numbers)


def is_request(packet: Packet) -> bool:
    """Whether it asks for an answer: an echo or ARP request, or the first SYN."""
    if packet.protocol == "arp":
        return not is_arp_reply(packet)
    if (packet.protocol, packet.icmp_type) in ECHO_REQUESTS:
        return True
    # The opening SYN makes its sender the client, whatever the capture held of that flow before.
    return packet.protocol == "tcp" and packet.flags == "S"


def is_reply(packet: Packet) -> bool:
    """Whether it says of itself that it is an answer: of an echo or of ARP."""
    return (packet.protocol, packet.icmp_type) in ECHO_REPLIES or is_arp_reply(packet)


def flows_of(journey: Journey) -> Iterable[Flow]:
    """The flow at each of its hops, in which NAT may have changed it."""
    for hop in journey.hops:
        packet = innermost(hop.packet)
        ends = (packet.source, packet.destination)
        if packet.protocol in ("tcp", "udp"):
            yield Flow(packet.protocol, *ends, packet.source_port, packet.destination_port, 0)
        elif is_reply(packet) or is_request(packet):
            # An echo carries one identifier in both directions, so it serves as both ports.
            yield Flow(packet.protocol, *ends, packet.identifier, packet.identifier, packet.sequence)


def _request_of(
    turn: Turn, asked: Mapping[Hashable, int], exact: Mapping[tuple[Hashable, int], int]
) -> int | None:
    for flow in turn.back:
        found = exact.get((flow, turn.acknowledgement)) if turn.end >= 0 else None
        if found is None:
            found = asked.get(flow)
        if found is not None:
            return found
    return None


def _end(packet: Packet) -> int:
    """The sequence number that acknowledges this segment: SYN and FIN count as one byte each."""
    length = len(packet.payload) + ("S" in packet.flags) + ("F" in packet.flags)
    return (packet.sequence + length) % 2**32
