"""The decoder against scapy, an independent reader and writer of the same protocols."""

from __future__ import annotations

import random
import struct

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6ND_NS,
    ICMPv6ND_RS,
    ICMPv6PacketTooBig,
    IPv6,
    IPv6ExtHdrHopByHop,
)
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw

from netlab.packets.decode import decode, innermost, summarize
from netlab.packets.noise import is_housekeeping
from tests.worlds import builders as b

MACS = {"src": "02:42:ac:11:00:02", "dst": "02:42:ac:11:00:01"}


def random_ip(dice: random.Random) -> str:
    return ".".join(str(dice.randrange(1, 255)) for _ in range(4))


def random_frame(dice: random.Random) -> Ether:
    """An Ethernet frame with random fields and one of the protocols that the lab's lessons meet."""
    payload = Raw(dice.randbytes(dice.randrange(0, 90)))
    if dice.random() < 0.3:
        lower = IPv6(src=f"fd00::{dice.randrange(1, 9999):x}", dst="fd00::1", hlim=dice.randrange(1, 255))
        if dice.random() < 0.3:
            lower = lower / IPv6ExtHdrHopByHop()
        echo: object = ICMPv6EchoRequest(id=dice.randrange(65536), seq=dice.randrange(65536))
    else:
        ends = {"src": random_ip(dice), "dst": random_ip(dice)}
        lower = IP(
            **ends, ttl=dice.randrange(1, 255), id=dice.randrange(65536), options=b"\1" * dice.choice((0, 4))
        )
        echo = ICMP(type=dice.choice((0, 8)), id=dice.randrange(65536), seq=dice.randrange(65536))
    ports = {"sport": dice.randrange(65536), "dport": dice.choice((53, 80, 443, 8080))}
    segment = TCP(**ports, seq=dice.randrange(2**32), ack=dice.randrange(2**32), flags=dice.randrange(256))
    upper = dice.choice((echo, segment, UDP(**ports)))
    tag = Ether(**MACS) / Dot1Q(vlan=7) if dice.random() < 0.2 else Ether(**MACS)
    return tag / lower / upper / payload


def agrees(frame: Ether, data: bytes) -> None:
    """Every field that scapy reads from those bytes, the decoder reads as well."""
    packet, oracle = decode(data), Ether(data)
    assert (packet.source_mac, packet.destination_mac) == (oracle.src, oracle.dst)
    network = oracle[IPv6] if IPv6 in frame else oracle[IP]
    assert (packet.source, packet.destination) == (network.src, network.dst)
    assert packet.ttl == (network.hlim if IPv6 in frame else network.ttl)
    assert packet.ip_id == (0 if IPv6 in frame else network.id)
    if TCP in frame:
        layer = oracle[TCP]
        assert packet.protocol == "tcp"
        assert (packet.sequence, packet.acknowledgement) == (layer.seq, layer.ack)
        assert sorted(packet.flags) == sorted(str(layer.flags))
    elif UDP in frame:
        layer = oracle[UDP]
        assert packet.protocol == "udp"
    else:
        layer = oracle[ICMP] if ICMP in frame else oracle[ICMPv6EchoRequest]
        assert (packet.icmp_type, packet.icmp_code) == (layer.type, layer.code)
        assert (packet.identifier, packet.sequence) == (layer.id, layer.seq)
    if TCP in frame or UDP in frame:
        assert (packet.source_port, packet.destination_port) == (layer.sport, layer.dport)
    expected = bytes(layer.data) if ICMPv6EchoRequest in frame else bytes(layer.payload)
    assert packet.payload == expected


@pytest.mark.parametrize("seed", range(150))
def test_random_packets_are_read_as_scapy_reads_them(seed: int) -> None:
    """Ethernet, VLAN, IPv4 with options, IPv6 with extension headers, ICMP, TCP and UDP."""
    frame = random_frame(random.Random(seed))
    agrees(frame, bytes(frame))


@pytest.mark.parametrize("seed", range(100))
def test_no_truncation_and_no_flipped_byte_raises(seed: int) -> None:
    """Every prefix of a frame and frames with random bytes changed decode and summarise to something."""
    dice = random.Random(seed)
    data = bytearray(bytes(random_frame(dice)))
    for length in range(len(data)):
        summarize(decode(bytes(data[:length])))
    for _ in range(50):
        data[dice.randrange(len(data))] = dice.randrange(256)
        summarize(decode(bytes(data)))
        summarize(decode(dice.randbytes(dice.randrange(120))))


def test_a_header_that_is_cut_short_is_other() -> None:
    """What was read stays (the addresses), but nobody calls it TCP."""
    data = b.ethernet(b.ipv4(b.tcp(1, 2, 2), "10.0.0.1", "10.0.0.2", 6), b.mac(1, 1), b.mac(1, 2))
    packet = decode(data[:-8])
    assert (packet.protocol, packet.source, packet.destination) == ("other", "10.0.0.1", "10.0.0.2")
    assert decode(data[:9]).protocol == decode(b"").protocol == "other"


def test_padding_is_not_payload() -> None:
    """A short packet in a frame of the minimum length ends where its IP header says."""
    data = b.ethernet(b.ipv4(b.udp(1, 2, b"hi"), "10.0.0.1", "10.0.0.2", 17), b.mac(1, 1), b.mac(1, 2))
    assert decode(data + bytes(18)).payload == b"hi"


def test_what_an_icmp_error_quotes_is_decoded() -> None:
    """Eight bytes of a TCP header are enough for its ports and sequence number."""
    quoted = IP(src="172.17.0.2", dst=b.TARGET, id=77) / TCP(sport=40000, dport=80, seq=12345)
    error = Ether(**MACS) / IP(src="172.17.0.1", dst="172.17.0.2") / ICMP(type=3, code=1) / bytes(quoted)[:28]
    packet = decode(bytes(error))
    assert packet.quoted is not None
    assert (packet.quoted.protocol, packet.quoted.destination, packet.quoted.ip_id) == ("tcp", b.TARGET, 77)
    assert (packet.quoted.destination_port, packet.quoted.sequence) == (80, 12345)
    assert summarize(packet) == "destination unreachable (host)"


def test_an_icmpv6_error_quotes_too() -> None:
    """Packet too big, as a lesson on MTU meets it."""
    quoted = bytes(IPv6(src="fd00::2", dst="fd00::9") / ICMPv6EchoRequest(id=4, seq=9))
    error = Ether(**MACS) / IPv6(src="fd00::1", dst="fd00::2") / ICMPv6PacketTooBig(mtu=1280) / quoted
    packet = decode(bytes(error))
    assert packet.quoted is not None and packet.quoted.sequence == 9
    assert summarize(packet) == "packet too big"


def test_the_packet_inside_vxlan_is_decoded() -> None:
    """The envelope keeps its own addresses; the letter inside has others."""
    letter = Ether(**MACS) / IP(src="10.9.0.1", dst="10.9.0.2") / ICMP(id=1, seq=5)
    envelope = (
        Ether(**MACS) / IP(src="192.0.2.10", dst="192.0.2.1") / UDP(sport=9, dport=4789) / VXLAN(vni=42)
    )
    packet = decode(bytes(envelope / letter))
    assert (packet.protocol, packet.destination) == ("udp", "192.0.2.1")
    assert (innermost(packet).destination, innermost(packet).sequence) == ("10.9.0.2", 5)
    assert summarize(packet) == "VXLAN 42: echo request seq=5"


def test_envelopes_without_end_are_not_followed_to_the_end() -> None:
    """A forged frame of VXLAN in VXLAN in VXLAN must not exhaust the stack."""
    data = b.ethernet(b.ipv4(b.udp(1, 2), "10.0.0.1", "10.0.0.2", 17), b.mac(1, 1), b.mac(1, 2))
    for _ in range(400):
        body = b.udp(1, 4789, struct.pack("!II", 0x08000000, 0) + data)
        data = b.ethernet(b.ipv4(body, "10.0.0.1", "10.0.0.2", 17), b.mac(1, 1), b.mac(1, 2))
    assert decode(data).inner is not None


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        (IP() / ICMP(type=8, seq=1), "echo request seq=1"),
        (IP() / ICMP(type=0, seq=2), "echo reply seq=2"),
        (IP() / TCP(sport=49152, dport=80, flags="S"), "TCP SYN 49152 → 80"),
        (IP() / TCP(sport=80, dport=49152, flags="SA"), "TCP SYN-ACK 80 → 49152"),
        (IP() / TCP(sport=80, dport=9, flags="PA") / b"hello", "TCP data 5 B 80 → 9"),
        (IP() / TCP(sport=80, dport=9, flags="RA"), "TCP RST-ACK 80 → 9"),
        (IP() / UDP(sport=5353, dport=53) / b"abc", "UDP 3 B 5353 → 53"),
        (IP() / ICMP(type=11, code=0), "time exceeded"),
        (ARP(op=1, psrc="172.17.0.2", pdst="172.17.0.1"), "who has 172.17.0.1?"),
        (ARP(op=2, psrc="172.17.0.1", hwsrc=MACS["dst"]), f"172.17.0.1 is at {MACS['dst']}"),
        (IPv6() / ICMPv6ND_NS(tgt="fd00::1"), "who has fd00::1?"),
        (IPv6() / ICMPv6EchoRequest(seq=3), "echo request seq=3"),
    ],
)
def test_summaries_fit_a_label(layers: object, words: str) -> None:
    """A few words that a learner knows from tcpdump and the lecture."""
    assert summarize(decode(bytes(Ether(**MACS) / layers))) == words


def test_a_links_talk_with_itself_is_noise_in_a_tunnel_as_well() -> None:
    """A router solicitation, plain or in VXLAN; an echo request in VXLAN is what somebody wants to see."""
    talk = Ether(**MACS) / IPv6(src="fe80::1", dst="ff02::2") / ICMPv6ND_RS()
    ping = Ether(**MACS) / IP(src="10.99.0.1", dst="10.99.0.2") / ICMP()
    tunnel = Ether(**MACS) / IP(src="192.0.2.10", dst="192.0.2.1") / UDP(sport=9, dport=4789) / VXLAN(vni=7)
    assert is_housekeeping(bytes(talk))
    assert is_housekeeping(bytes(tunnel / talk))
    assert not is_housekeeping(bytes(tunnel / ping))
    assert not is_housekeeping(bytes(tunnel))
