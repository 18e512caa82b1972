"""What a capture says about a prediction."""

from __future__ import annotations

import socket
import struct

import pytest

from netlab.errors import BadInput
from netlab.lessons.content import step
from netlab.model import Capture, Frame, Point, Snapshot
from netlab.notebook.predictions import compare, outcome

INSIDE = Point(300, 8, "if-test", "eth0")
PORT = Point(200, 9, "host", "veth_host")
BRIDGE = Point(200, 3, "host", "docker0")
OUT = Point(200, 2, "host", "eth0")
FAR = Point(100, 2, "internet", "uplink")
PATH = (INSIDE, PORT, BRIDGE, OUT, FAR)


def echo(point: Point, source: str, kind: int = 8, identifier: int = 7, sequence: int = 1) -> Frame:
    """A frame with an ICMP echo in it."""
    icmp = struct.pack("!BBHHH", kind, 0, 0, identifier, sequence) + b"payload!"
    addresses = socket.inet_aton(source) + socket.inet_aton("39.106.233.176")
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(icmp), 0, 0, 64, 1, 0) + addresses
    data = b"\2" * 12 + b"\x08\x00" + head + icmp
    return Frame(0, point, "in", data, len(data))


def capture(*frames: Frame) -> Capture:
    nothing = Snapshot(0, "test")
    return Capture(PATH, frames, {}, nothing, nothing)


def request(*points: Point) -> list[Frame]:
    """The container's request at these points; masqueraded from the host's eth0 on."""
    return [echo(p, "192.0.2.10" if p in (OUT, FAR) else "172.17.1.2") for p in points]


@pytest.mark.parametrize(
    ("points", "last"),
    [
        ((INSIDE,), "container eth0"),
        ((INSIDE, PORT), "veth_host"),
        ((INSIDE, PORT, BRIDGE), "docker0"),
        ((INSIDE, PORT, BRIDGE, OUT), "host eth0"),
        (PATH, "internet"),
    ],
)
def test_the_last_place_that_saw_the_request(points: tuple[Point, ...], last: str) -> None:
    """In path order, whatever the order of the frames."""
    assert outcome("last seen", capture(*reversed(request(*points)))) == last


def test_the_hosts_own_pings_are_not_the_containers() -> None:
    """The trap of lesson 05: what the host itself sends by eth0 says nothing about the container."""
    own = echo(OUT, "192.0.2.10", identifier=99)
    assert outcome("last seen", capture(*request(INSIDE, PORT, BRIDGE), own)) == "docker0"


def test_answered_means_that_the_reply_came_home() -> None:
    """A reply that only reached the host is no answer to the container."""
    home, underway = echo(INSIDE, "39.106.233.176", 0), echo(OUT, "39.106.233.176", 0)
    assert outcome("answered", capture(*request(*PATH), underway, home)) == "answered"
    assert outcome("answered", capture(*request(*PATH), underway)) == "lost"


def test_the_source_address_outside_is_read_at_the_hosts_eth0() -> None:
    """What MASQUERADE made of the container's address, and what there is to say when nothing left."""
    assert outcome("source outside", capture(*request(*PATH))) == "192.0.2.10"
    unmasked = [*request(INSIDE, PORT, BRIDGE), echo(OUT, "172.17.1.2")]
    assert outcome("source outside", capture(*unmasked)) == "172.17.1.2"
    assert "nothing was seen" in outcome("source outside", capture(*request(INSIDE)))


def test_other_frames_are_passed_over() -> None:
    """ARP, cut-off frames and other protocols in the capture disturb nobody."""
    good = request(INSIDE, PORT, BRIDGE)
    arp = Frame(0, OUT, "out", b"\xff" * 12 + b"\x08\x06" + b"\0" * 46, 60)
    short = Frame(0, OUT, "out", good[0].data[:30], 50)
    udp = Frame(0, OUT, "out", good[0].data[:23] + b"\x11" + good[0].data[24:], 50)
    assert outcome("last seen", capture(*good, arp, short, udp)) == "docker0"


def test_a_capture_without_a_ping_says_so() -> None:
    """An empty capture is the learner's to repeat, not a lost packet."""
    with pytest.raises(BadInput, match="no ping from the container"):
        outcome("answered", capture())


def test_a_comparison_says_in_words_whether_it_agrees() -> None:
    """Right and wrong predictions read differently without any colour."""
    question = step("05.1").prediction
    assert question
    seen = capture(*request(INSIDE, PORT, BRIDGE))
    right, wrong = compare(question, "docker0", seen), compare(question, "host eth0", seen)
    assert right.agree
    assert not wrong.agree
    assert "as predicted" in str(right)
    assert "not as predicted" in str(wrong)
    assert "not as predicted" in wrong._repr_html_()
    assert "eth0 of the lab host" in str(wrong)
