"""Many frames at once give the journeys that they give one by one."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from netlab.model import Capture, Frame
from netlab.packets.batch import one_by_one
from netlab.packets.columns import Frames, in_order
from netlab.packets.forwarding.next_hop import Wiring
from netlab.packets.journeys.assemble import MANY, assemble, journeys
from netlab.packets.journeys.columnar.assemble import Joined, join
from tests.worlds import builders as b
from tests.worlds import fuzz


def same(capture: Capture) -> int:
    """How many journeys both ways find; they are the same ones."""
    wiring = Wiring(capture)
    slow = assemble(capture.frames, lambda _: wiring)
    fast = join(capture.frames, wiring)
    assert len(fast) == len(slow)
    for number, (mine, theirs) in enumerate(zip(fast, slow, strict=True)):
        assert mine == theirs, number
    assert fast.find_unreached() == [number for number, journey in enumerate(slow) if not journey.reached]
    return len(slow)


@pytest.mark.parametrize("seed", range(12))
def test_random_captures(seed: int) -> None:
    """Packets through NAT; fragments, ARP, VLAN, VXLAN, IPv6, ICMP errors, damaged frames."""
    assert same(fuzz.capture(Random(seed), 400)) > 50


def test_who_asks_whom_he_has_answered_is_told_apart() -> None:
    """A question of ARP to one neighbour looks like an answer to him but for what it is."""
    snapshot = b.lab()
    near, far = b.lab_points(snapshot)[:2]
    (one, other), asks = fuzz.MACS[:2], b"\0\1"
    answer, back = b.arp(fuzz.FEW[0], one, fuzz.FEW[1], other), b.arp(fuzz.FEW[1], other, fuzz.FEW[0], one)
    talk = [
        data[:20] + asks + data[22:] if is_question else data
        for data, is_question in ((answer, True), (back, False), (back, True), (answer, False))
    ]
    frames = []
    for number, data in enumerate(talk):
        ways = [(near, "out"), (far, "in")] if data[6:12] == answer[6:12] else [(far, "out"), (near, "in")]
        for later, (where, way) in enumerate(ways):
            frames.append(Frame(b.START + number * b.SECOND + later, where, way, data, len(data)))
    assert same(b.capture(snapshot, frames)) == 4


def test_a_fin_is_acknowledged_as_one_byte() -> None:
    """The last bytes and the end of a stream, sent at once, have each its own acknowledgement."""
    snapshot, push, fin, ack = b.lab(), 0x18, 0x11, 0x10
    there, back = b.REQUEST[:2], b.REPLY[3:]
    said = [
        (there, b.tcp(5000, 80, push, 1, 1, b"x" * 10)),
        (there, b.tcp(5000, 80, fin, 11, 1)),
        (back, b.tcp(80, 5000, ack, 1, 11)),
        (back, b.tcp(80, 5000, ack, 1, 12)),
    ]
    frames: list[Frame] = []
    for number, (steps, body) in enumerate(said):
        frames += b.trip(snapshot, steps, body, 6, number + 1, b.START + number * b.SECOND)
    capture = b.capture(snapshot, frames)
    assert same(capture) == 4
    assert [journey.answers for journey in join(capture.frames, Wiring(capture))] == [None, None, 0, 1]


@pytest.mark.parametrize("noise", [False, True])
def test_what_came_is_put_in_order_by_column_as_one_by_one(noise: bool) -> None:
    """Frames of one instant in the order of their points; housekeeping hidden, and counted."""
    random = Random(7)
    capture = fuzz.capture(random, 600)
    report = b.ethernet(b.ipv4(b"\x16" + bytes(7), "172.17.0.2", "224.0.0.22", 2), *fuzz.MACS[:2])
    told = b"\x60\0\0\0\0\x08" + bytes([58, 255]) + bytes(32) + bytes([random.choice((133, 135))]) + bytes(7)
    talk = [report, b.ethernet(told, *fuzz.MACS[:2], 0x86DD)]
    talk += [
        b.ethernet(b.ipv4(b.udp(1, 4789, b"\x08" + bytes(7) + data), *fuzz.FEW[:2], 17), *fuzz.MACS[:2])
        for data in talk
    ]
    frames = list(capture.frames)
    for data in talk * 3:
        some = random.choice(frames)
        frames.append(replace(some, data=data, length=len(data) + 9))
    batches = fuzz.batches(replace(capture, frames=tuple(frames)))
    slow, hidden = one_by_one(batches, capture.points, noise)
    fast, also_hidden = in_order(batches, capture.points, noise)
    assert fast == slow and len(slow) + hidden == len(frames)
    assert also_hidden == hidden and (hidden >= 12) != noise


def test_many_are_kept_in_columns_until_somebody_looks() -> None:
    """A capture of many packets makes no object for each; what is made when asked for is the same."""
    capture = b.ping(MANY // 5)
    frames, hidden = in_order(fuzz.batches(capture), capture.points, False)
    found = journeys(replace(capture, frames=frames))
    assert isinstance(frames, Frames) and isinstance(found, Joined) and not hidden
    few = b.ping(3)
    assert found[:6] == journeys(few) and frames[:30] == few.frames
    assert found[-1].answers == len(found) - 2 and found.find_unreached() == []
    assert found != found[:-1] and len(journeys(replace(capture, frames=frames[:20]))) == 4


def test_a_flood_that_dies_dies_in_columns_too() -> None:
    """Where the lecture's packets end is known for each of many."""
    capture = b.lecture_death(MANY // 3 + 1)
    found = journeys(capture)
    assert isinstance(found, Joined) and found.find_unreached() == list(range(len(found)))
    assert {str(journey.next_expected) for journey in found[::100]} == {"host eth0"}
