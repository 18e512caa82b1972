"""A packet in a few words, for labels: "echo request seq=1", "TCP SYN 49152 → 80", "who has 172.17.0.1?"."""

from __future__ import annotations

from collections.abc import Mapping
from socket import AF_INET6, inet_ntop
from types import MappingProxyType

from netlab.model import Packet

UNREACHABLE: Mapping[int, str] = MappingProxyType(
    {
        0: "network",
        1: "host",
        2: "protocol",
        3: "port",
        4: "fragmentation needed",
        9: "network prohibited",
        10: "host prohibited",
        13: "filtered",
    }
)
UNREACHABLE_V6: Mapping[int, str] = MappingProxyType(
    {0: "no route", 1: "prohibited", 2: "beyond scope", 3: "address", 4: "port", 5: "policy", 6: "reject"}
)
TCP_WORDS: Mapping[str, str] = MappingProxyType(
    {"S": "SYN", "F": "FIN", "R": "RST", "P": "PSH", "A": "ACK", "U": "URG", "E": "ECE", "C": "CWR"}
)
NDP: Mapping[int, str] = MappingProxyType({133: "router solicitation", 134: "router advertisement"})


def summarize(packet: Packet) -> str:
    """What the packet is, in a few words, without its addresses."""
    if packet.inner is not None:
        return f"VXLAN {vni(packet)}: {summarize(packet.inner)}"
    words = {"arp": _arp, "icmp": _icmp, "icmpv6": _icmpv6, "tcp": _tcp, "udp": _udp}.get(packet.protocol)
    if words is not None:
        return words(packet)
    if packet.source:
        return "IPv6 packet" if ":" in packet.source else "IP packet"
    return f"frame of type 0x{packet.ethertype:04x}"


def vni(packet: Packet) -> int:
    """The VXLAN network identifier of a packet that carries another one."""
    return int.from_bytes(packet.payload[4:7], "big")


def is_arp_reply(packet: Packet) -> bool:
    return packet.protocol == "arp" and packet.payload[6:8] == b"\x00\x02"


def _arp(packet: Packet) -> str:
    if is_arp_reply(packet):
        return f"{packet.source} is at {packet.payload[8:14].hex(':')}"
    return f"who has {packet.destination}?"


def _icmp(packet: Packet) -> str:
    kind, code = packet.icmp_type, packet.icmp_code
    if kind in (0, 8):
        return f"echo {'request' if kind == 8 else 'reply'} seq={packet.sequence}"
    if kind == 3:
        return f"destination unreachable ({UNREACHABLE.get(code, f'code {code}')})"
    if kind == 11:
        return "time exceeded" if code == 0 else "reassembly time exceeded"
    if kind == 5:
        return "redirect"
    return f"ICMP type {kind} code {code}"


def _icmpv6(packet: Packet) -> str:
    kind, code = packet.icmp_type, packet.icmp_code
    if kind in (128, 129):
        return f"echo {'request' if kind == 128 else 'reply'} seq={packet.sequence}"
    if kind == 1:
        return f"destination unreachable ({UNREACHABLE_V6.get(code, f'code {code}')})"
    if kind == 2:
        return "packet too big"
    if kind == 3:
        return "time exceeded"
    if kind in (135, 136) and len(packet.payload) >= 16:
        target = inet_ntop(AF_INET6, packet.payload[:16])
        return f"who has {target}?" if kind == 135 else f"{target} is at {packet.source_mac}"
    return NDP.get(kind, f"ICMPv6 type {kind} code {code}")


def _tcp(packet: Packet) -> str:
    # "PSH" and a bare "ACK" tell a learner little; the number of bytes does.
    names = [TCP_WORDS[flag] for flag in packet.flags if flag in "SFR"]
    if "A" in packet.flags and (names or not packet.payload):
        names.append("ACK")
    size = f" {len(packet.payload)} B" if packet.payload else ""
    name = "-".join(names) if names else ("data" if packet.payload else "no flags")
    return f"TCP {name}{size} {packet.source_port} → {packet.destination_port}"


def _udp(packet: Packet) -> str:
    return f"UDP {len(packet.payload)} B {packet.source_port} → {packet.destination_port}"
