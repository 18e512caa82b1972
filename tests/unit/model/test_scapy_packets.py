"""A capture as scapy's packets: the same bytes, times and places."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.vxlan import VXLAN
from scapy.plist import PacketList
from scapy.utils import rdpcap

from netlab.packets import pcapng
from tests.worlds import builders as b
from tests.worlds import fuzz


def test_a_capture_is_a_packet_list() -> None:
    """The lecture's death: three requests, each seen at three points, in order and named by them."""
    found = b.lecture_death().scapy()
    assert isinstance(found, PacketList)
    assert [packet.sniffed_on for packet in found][:3] == ["if-test eth0", "host veth_host", "host docker0"]
    assert {packet[IP].dst for packet in found} == {b.TARGET}
    assert [packet[ICMP].seq for packet in found] == [1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_times_are_kept_to_the_nanosecond() -> None:
    """Seconds as scapy has them, of which no digit is lost."""
    seen = b.lecture_death()
    assert [int(packet.time * 10**9) for packet in seen.scapy()] == [frame.time_ns for frame in seen.frames]


@pytest.mark.parametrize("seed", range(5))
def test_scapy_reads_the_same_from_a_file(seed: int, tmp_path: Path) -> None:
    """Packets of any kind are those that scapy reads from the capture's pcapng file."""
    seen = fuzz.capture(random.Random(seed), 20)
    from_file = rdpcap(str(pcapng.write(seen, tmp_path / "seen.pcapng")))
    for ours, read, frame in zip(seen.scapy(), from_file, seen.frames, strict=True):
        assert bytes(ours.original) == bytes(read.original) == frame.data
        assert (ours.sniffed_on, ours.wirelen) == (read.sniffed_on, read.wirelen)
        assert (ours.time, ours.direction) == (read.time, read.direction)


def test_what_is_inside_a_tunnel_is_read_as_well() -> None:
    """Lessons with a VXLAN find its packets with `packet[VXLAN]`, without an import of theirs."""
    code = "import netlab.model.scapy_packets; from scapy.layers.inet import UDP; print(UDP.payload_guess)"
    said = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert VXLAN.__name__ in said


def test_scapy_is_imported_with_the_first_packet() -> None:
    """Whoever captures without it does not wait for it."""
    code = "import sys, netlab.model, netlab.lab.capture; print('scapy' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"
