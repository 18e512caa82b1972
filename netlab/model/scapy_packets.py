"""Captured frames as packets of scapy's; whoever imports this waits a quarter of a second for scapy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scapy.layers import dhcp, dns, inet6, vxlan
from scapy.layers.l2 import Ether
from scapy.packet import Packet
from scapy.plist import PacketList
from scapy.utils import EDecimal

UNDERSTOOD = (inet6, vxlan, dns, dhcp)  # what is imported, scapy finds in a frame
DIRECTIONS = {"in": 1, "out": 2}  # as pcapng numbers them, and scapy reads and writes them there
SECOND = 10**9  # nanoseconds


def packets(frames: Sequence[Any], lab: str) -> PacketList:
    """Each of a capture's frames from Ethernet on, as scapy's own sniffer gives it, and to the nanosecond.

    Of a packet, `time` is in seconds since the epoch, `sniffed_on` the point ("if-test eth0"), `wirelen` how
    many bytes it had on the wire, `direction` 1 where the point received it and 2 where it sent it.
    """
    return PacketList([_packet(frame) for frame in frames], lab)


def _packet(frame: Any) -> Packet:
    packet = Ether(frame.data)
    packet.time = EDecimal(frame.time_ns) / SECOND
    packet.sniffed_on, packet.wirelen = str(frame.point), frame.length
    packet.direction = DIRECTIONS[frame.direction]
    return packet
