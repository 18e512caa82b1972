"""Ethernet frames into Packets, and Packets into a few words.

Only struct and arithmetic: no privileges, no third-party package, a few microseconds per frame.
A frame that is cut short or makes no sense never raises: it becomes protocol "other", with the
fields that were read before it stopped making sense.

The payload of an ARP packet is the whole ARP message; that of ICMP is what follows the first eight
bytes; that of UDP is the datagram without its header, also when it is VXLAN.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from socket import AF_INET6, inet_ntop
from typing import Any, NamedTuple

from netlab.model import Packet
from netlab.packets.summary import summarize

__all__ = ["decode", "innermost", "summarize"]

ETH_P_IP, ETH_P_ARP, ETH_P_IPV6 = 0x0800, 0x0806, 0x86DD
VLAN_TAGS = frozenset({0x8100, 0x88A8})
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
VXLAN_PORT = 4789
DEEPEST = 4  # packets in packets in packets: more than this is a forgery, not a lesson
ICMP_ERRORS = frozenset({3, 4, 5, 11, 12})
ICMPV6_ERRORS = frozenset({1, 2, 3, 4})
IPV6_EXTENSIONS = frozenset({0, 43, 44, 60})
FRAGMENT = 44
TCP_FLAGS = "FSRPAUEC"  # from the lowest bit up


class IcmpVersion(NamedTuple):
    """The types that mean something in one of the two; `ethertype` is that of the packets an error quotes."""

    protocol: str
    echoes: frozenset[int]
    errors: frozenset[int]
    ethertype: int


ICMPV4_TYPES = IcmpVersion("icmp", frozenset({0, 8}), ICMP_ERRORS, ETH_P_IP)
ICMPV6_TYPES = IcmpVersion("icmpv6", frozenset({128, 129}), ICMPV6_ERRORS, ETH_P_IPV6)


def decode(data: bytes) -> Packet:
    """The headers of one frame, from its Ethernet header on. Never raises."""
    return _decode_ethernet(data, 0)


def innermost(packet: Packet) -> Packet:
    """The innermost packet: the one inside the VXLAN, or the packet itself."""
    while packet.inner is not None:
        packet = packet.inner
    return packet


def _decode_ethernet(data: bytes, depth: int) -> Packet:
    if len(data) < 14:
        return Packet(_mac(data[6:12]), _mac(data[0:6]), 0, "other", payload=data)
    (ethertype,), start = struct.unpack_from("!H", data, 12), 14
    while ethertype in VLAN_TAGS and len(data) >= start + 4:
        (ethertype,), start = struct.unpack_from("!H", data, start + 2), start + 4
    fields: dict[str, Any] = {"protocol": "other"}
    _network(ethertype, data[start:], fields, depth, quoted=False)
    return Packet(_mac(data[6:12]), _mac(data[0:6]), ethertype, **fields)


def _network(ethertype: int, data: bytes, fields: dict[str, Any], depth: int, quoted: bool) -> None:
    """Fill in what the network layer says; on nonsense stop and leave protocol "other"."""
    readers = {ETH_P_IP: _ipv4, ETH_P_IPV6: _ipv6, ETH_P_ARP: _arp}
    reader = readers.get(ethertype)
    if reader is None:
        fields["payload"] = data
        return
    try:
        reader(data, fields, depth, quoted)
    except (struct.error, _Nonsense):
        fields["protocol"] = "other"


class _Nonsense(Exception):
    """A header contradicts itself."""


def _arp(data: bytes, fields: dict[str, Any], depth: int, quoted: bool) -> None:
    hardware, protocol, mac_length, ip_length, _ = struct.unpack_from("!HHBBH", data)
    if (hardware, protocol, mac_length, ip_length) != (1, ETH_P_IP, 6, 4) or len(data) < 28:
        raise _Nonsense
    # Ethernet pads ARP to 46 bytes on some links and not on others; the message itself is 28.
    fields.update(protocol="arp", source=_ipv4_text(data[14:18]), destination=_ipv4_text(data[24:28]))
    fields["payload"] = data[:28]


def _ipv4(data: bytes, fields: dict[str, Any], depth: int, quoted: bool) -> None:
    first, _, total, ip_id, fragment, ttl, protocol, _ = struct.unpack_from("!BBHHHBBH", data)
    header = (first & 15) * 4
    if first >> 4 != 4 or header < 20 or len(data) < header:
        raise _Nonsense
    fields.update(source=_ipv4_text(data[12:16]), destination=_ipv4_text(data[16:20]), ttl=ttl, ip_id=ip_id)
    if total and total < header:
        raise _Nonsense
    body = data[header:total] if total else data[header:]  # 0: too large for the field (offloading)
    if fragment & 0x1FFF:  # not the first fragment: what follows is no transport header
        fields.update(protocol="ip", payload=body)
    else:
        _transport(protocol, body, fields, depth, quoted, "ip")


def _ipv6(data: bytes, fields: dict[str, Any], depth: int, quoted: bool) -> None:
    first, length, following, hops = struct.unpack_from("!IHBB", data)
    if first >> 28 != 6 or len(data) < 40:
        raise _Nonsense
    fields.update(source=_ipv6_text(data[8:24]), destination=_ipv6_text(data[24:40]), ttl=hops)
    body = data[40 : 40 + length] if length else data[40:]
    while following in IPV6_EXTENSIONS:
        kind = following
        following, extra = struct.unpack_from("!BB", body)
        size = 8 if kind == FRAGMENT else (extra + 1) * 8
        if len(body) < size:
            raise _Nonsense
        if kind == FRAGMENT and struct.unpack_from("!H", body, 2)[0] >> 3:
            fields.update(protocol="ipv6", payload=body[size:])
            return
        body = body[size:]
    _transport(following, body, fields, depth, quoted, "ipv6")


def _transport(
    protocol: int, body: bytes, fields: dict[str, Any], depth: int, quoted: bool, network: str
) -> None:
    if protocol == ICMP and network == "ip":
        _icmp(ICMPV4_TYPES, body, fields, depth)
    elif protocol == ICMPV6 and network == "ipv6":
        _icmp(ICMPV6_TYPES, body, fields, depth)
    elif protocol == TCP:
        _tcp(body, fields, quoted)
    elif protocol == UDP:
        _udp(body, fields, depth)
    else:
        fields.update(protocol=network, payload=body)


def _icmp(version: IcmpVersion, body: bytes, fields: dict[str, Any], depth: int) -> None:
    kind, code, _, identifier, sequence = struct.unpack_from("!BBHHH", body)
    fields.update(protocol=version.protocol, icmp_type=kind, icmp_code=code, payload=body[8:])
    if kind in version.echoes:
        fields.update(identifier=identifier, sequence=sequence)
    elif kind in version.errors and depth < DEEPEST:
        fields["quoted"] = _decode_quote(version.ethertype, body[8:], depth)


def _decode_quote(ethertype: int, data: bytes, depth: int) -> Packet:
    """The packet that an ICMP error quotes: it has no Ethernet header and may end after 8 bytes of TCP."""
    fields: dict[str, Any] = {"protocol": "other"}
    _network(ethertype, data, fields, depth + 1, quoted=True)
    return Packet("", "", ethertype, **fields)


def _tcp(body: bytes, fields: dict[str, Any], quoted: bool) -> None:
    source, destination, sequence = struct.unpack_from("!HHI", body)
    fields.update(source_port=source, destination_port=destination, sequence=sequence)
    if quoted and len(body) < 20:
        fields["protocol"] = "tcp"
        return
    acknowledgement, offset, bits = struct.unpack_from("!IBB", body, 8)
    header = (offset >> 4) * 4
    if header < 20 or len(body) < header:
        raise _Nonsense
    fields.update(protocol="tcp", acknowledgement=acknowledgement, flags=_flags(bits), payload=body[header:])


def _udp(body: bytes, fields: dict[str, Any], depth: int) -> None:
    source, destination, length, _ = struct.unpack_from("!HHHH", body)
    if 0 < length < 8:
        raise _Nonsense
    payload = body[8:length] if length else body[8:]
    fields.update(protocol="udp", source_port=source, destination_port=destination, payload=payload)
    # Flag 0x08: the VXLAN network identifier is valid (RFC 7348).
    if destination == VXLAN_PORT and depth < DEEPEST and len(payload) >= 22 and payload[0] & 0x08:
        fields["inner"] = _decode_ethernet(payload[8:], depth + 1)


@lru_cache(maxsize=256)
def _flags(bits: int) -> str:
    """ "SA" for SYN and ACK: SYN, FIN, RST first, as people say it; then the others."""
    present = [name for bit, name in enumerate(TCP_FLAGS) if bits >> bit & 1]
    return "".join(sorted(present, key="SFRPAUEC".index))


@lru_cache(maxsize=4096)
def _mac(data: bytes) -> str:
    return data.hex(":")


@lru_cache(maxsize=4096)
def _ipv4_text(data: bytes) -> str:
    return "{}.{}.{}.{}".format(*data)


@lru_cache(maxsize=4096)
def _ipv6_text(data: bytes) -> str:
    return inet_ntop(AF_INET6, data)
