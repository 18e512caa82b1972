"""A packet in a few words, for labels: "echo request seq=1", "TCP SYN 49152 → 80", "who has 172.17.0.1?"."""

from __future__ import annotations

from collections.abc import Mapping
from socket import AF_INET6, inet_ntop
from types import MappingProxyType

from netlab.i18n import N_
from netlab.i18n import gettext as _
from netlab.model import Packet

UNREACHABLE: Mapping[int, str] = MappingProxyType(
    {
        0: N_("network"),
        1: N_("host"),
        2: N_("protocol"),
        3: N_("port"),
        4: N_("fragmentation needed"),
        9: N_("network prohibited"),
        10: N_("host prohibited"),
        13: N_("filtered"),
    }
)
UNREACHABLE_V6: Mapping[int, str] = MappingProxyType(
    {
        0: N_("no route"),
        1: N_("prohibited"),
        2: N_("beyond scope"),
        3: N_("address"),
        4: N_("port"),
        5: N_("policy"),
        6: N_("reject"),
    }
)
TCP_WORDS: Mapping[str, str] = MappingProxyType(
    {"S": "SYN", "F": "FIN", "R": "RST", "P": "PSH", "A": "ACK", "U": "URG", "E": "ECE", "C": "CWR"}
)
NDP: Mapping[int, str] = MappingProxyType({133: N_("router solicitation"), 134: N_("router advertisement")})


def summarize(packet: Packet) -> str:
    """What the packet is, in a few words, without its addresses."""
    if packet.inner is not None:
        return f"VXLAN {vni(packet)}: {summarize(packet.inner)}"
    words = {"arp": _arp, "icmp": _icmp, "icmpv6": _icmpv6, "tcp": _tcp, "udp": _udp}.get(packet.protocol)
    if words is not None:
        return words(packet)
    if packet.source:
        return _("IPv6 packet") if ":" in packet.source else _("IP packet")
    return _("frame of type 0x{ethertype:04x}").format(ethertype=packet.ethertype)


def vni(packet: Packet) -> int:
    """The VXLAN network identifier of a packet that carries another one."""
    return int.from_bytes(packet.payload[4:7], "big")


def is_arp_reply(packet: Packet) -> bool:
    """Whether it answers an ARP request."""
    return packet.protocol == "arp" and packet.payload[6:8] == b"\x00\x02"


def _arp(packet: Packet) -> str:
    if is_arp_reply(packet):
        return _("{source} is at {mac}").format(source=packet.source, mac=packet.payload[8:14].hex(":"))
    return _("who has {address}?").format(address=packet.destination)


def _echo(is_request: bool, packet: Packet) -> str:
    words = _("echo request seq={sequence}") if is_request else _("echo reply seq={sequence}")
    return words.format(sequence=packet.sequence)


def _unreachable(words: Mapping[int, str], code: int) -> str:
    what = _(words[code]) if code in words else _("code {code}").format(code=code)
    return _("destination unreachable ({what})").format(what=what)


def _icmp(packet: Packet) -> str:
    kind, code = packet.icmp_type, packet.icmp_code
    if kind in (0, 8):
        return _echo(kind == 8, packet)
    if kind == 3:
        return _unreachable(UNREACHABLE, code)
    if kind == 11:
        return _("time exceeded") if code == 0 else _("reassembly time exceeded")
    if kind == 5:
        return _("redirect")
    return _("ICMP type {kind} code {code}").format(kind=kind, code=code)


def _icmpv6(packet: Packet) -> str:
    kind, code = packet.icmp_type, packet.icmp_code
    if kind in (128, 129):
        return _echo(kind == 128, packet)
    if kind == 1:
        return _unreachable(UNREACHABLE_V6, code)
    if kind == 2:
        return _("packet too big")
    if kind == 3:
        return _("time exceeded")
    if kind in (135, 136) and len(packet.payload) >= 16:
        target = inet_ntop(AF_INET6, packet.payload[:16])
        return (
            _("who has {address}?").format(address=target)
            if kind == 135
            else _("{source} is at {mac}").format(source=target, mac=packet.source_mac)
        )
    if kind in NDP:
        return _(NDP[kind])
    return _("ICMPv6 type {kind} code {code}").format(kind=kind, code=code)


def _tcp(packet: Packet) -> str:
    # "PSH" and a bare "ACK" tell a learner little; the number of bytes does.
    names = [TCP_WORDS[flag] for flag in packet.flags if flag in "SFR"]
    if "A" in packet.flags and (names or not packet.payload):
        names.append("ACK")
    size = f" {len(packet.payload)} B" if packet.payload else ""
    name = "-".join(names) if names else (_("data") if packet.payload else _("no flags"))
    return f"TCP {name}{size} {packet.source_port} → {packet.destination_port}"


def _udp(packet: Packet) -> str:
    return f"UDP {len(packet.payload)} B {packet.source_port} → {packet.destination_port}"
