"""Random frames and captures: well-formed ones of every kind the decoder knows, and damaged ones."""

from __future__ import annotations

import struct
from dataclasses import replace
from ipaddress import ip_address
from random import Random

from netlab.model import Capture, Frame
from netlab.packets import batch
from tests.worlds import builders as b

FEW = ("172.17.0.2", "172.17.0.1", b.TARGET, "192.0.2.10", "192.0.2.1", "10.0.0.9")
FEW6 = ("fd00::2", "fd00::1", "fe80::42", "2001:db8::7")
MACS = tuple(b.mac(netns, index) for netns in (b.HOST, b.CONTAINER, b.INTERNET) for index in (2, 3, 101))
MACS += ("ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01")


def contents(random: Random, v6: bool = False) -> tuple[int, bytes]:
    """A transport protocol's number and what it carries: few different ones, so that many are alike."""
    payload = bytes(random.choice((0, 1, 3, 17, 56))) + random.choice((b"", b"netlab", b"\xff" * 9))
    port, other = random.choice((53, 80, 40000, 4789)), random.choice((40000, 40001, 80))
    kind = random.randrange(6)
    if kind == 0:
        echo = b.echo(random.randrange(3), random.random() < 0.5, random.randrange(3), payload)
        return (58, bytes([random.choice((128, 129))]) + echo[1:]) if v6 else (1, echo)
    if kind == 1:
        numbers = random.randrange(3), random.randrange(3)
        segment = b.tcp(other, port, random.choice((2, 18, 16, 24, 17, 4)), *numbers, payload)
        if random.random() < 0.3:  # options
            segment = segment[:12] + b"\x70" + segment[13:20] + b"\1" * 8 + segment[20:]
        return 6, segment
    if kind in (2, 3):
        return 17, b.udp(*random.choice(((other, port), (port, other))), payload)
    if kind == 4:
        quoted = packet(random, v6, deep=False)[: random.choice((20, 28, 48, 90))]
        type_ = random.choice((1, 2, 3, 135) if v6 else (3, 5, 11, 12, 13))
        return 58 if v6 else 1, struct.pack("!BBHI", type_, random.randrange(3), 0, 0) + quoted
    return random.choice((0, 2, 47, 50, 89)), payload


def packet(random: Random, v6: bool = False, *, deep: bool = True) -> bytes:
    """An IP packet: fragments, options and extension headers among them; 4789 may carry VXLAN if `deep`."""
    protocol, body = contents(random, v6) if deep else (17, b.udp(1, 2, b"quoted" * 3))
    if deep and protocol == 17 and random.random() < 0.3:
        body = b.udp(1234, 4789, b"\x08\0\0\0\0\0\x2a\0" + frame(random, deep=False))
    if v6:
        if random.random() < 0.2:
            body = struct.pack("!BBHI", protocol, 0, random.choice((0, 1, 8, 16)), 7) + body
            protocol = 44
        ends = b"".join(ip_address(random.choice(FEW6)).packed for _ in range(2))
        return (
            struct.pack("!IHBB", 6 << 28, random.choice((len(body), len(body), 0)), protocol, 64)
            + ends
            + body
        )
    ends4 = [random.choice(FEW) for _ in range(2)]
    whole = b.ipv4(body, *ends4, protocol, random.choice((64, 63, 62)), random.randrange(3))
    chance = random.random()
    if chance < 0.1:
        whole = whole[:6] + struct.pack("!H", random.choice((0x2000, 0x2003, 0x0007))) + whole[8:]
    elif chance < 0.2:  # options
        whole = (
            b"\x46" + whole[1:2] + struct.pack("!H", len(whole) + 4) + whole[4:20] + b"\1" * 4 + whole[20:]
        )
    elif chance < 0.25:
        whole = whole[:2] + struct.pack("!H", random.choice((0, 5, 21, 60000))) + whole[4:]
    return whole


def frame(random: Random, *, deep: bool = True) -> bytes:
    """An Ethernet frame: ARP, IP, tagged with VLANs, padded, or of a kind that nobody knows."""
    kind = random.randrange(10)
    macs = random.choice(MACS), random.choice(MACS)
    if kind == 0:
        asked = random.choice((macs[1], "00:00:00:00:00:00"))
        made = b.arp(random.choice(FEW), macs[0], random.choice(FEW), asked)
    elif kind == 1:
        made = b.ethernet(b"whatever"[: random.randrange(9)], *macs, random.choice((0x88CC, 0x0026, 0x9000)))
    else:
        v6 = kind in (2, 3, 4)
        made = b.ethernet(packet(random, v6, deep=deep), *macs, 0x86DD if v6 else 0x0800)
    if deep and random.random() < 0.1:
        tag = random.choice((b"\x81\0\0\7", b"\x88\xa8\0\2\x81\0\0\7"))
        made = made[:12] + tag + made[12:]
    return made + bytes(random.choice((0, 0, 0, 6)))


def damaged(random: Random, data: bytes) -> bytes:
    """The frame cut short, or with some of its bytes or bits changed."""
    kind = random.randrange(4)
    if kind == 0:
        return data[: random.randrange(len(data) + 1)]
    changed = bytearray(data)
    for _ in range(random.randrange(1, 4)):
        at = random.randrange(min(len(data), 60))
        changed[at] = random.randrange(256) if kind == 1 else changed[at] ^ 1 << random.randrange(8)
    return bytes(changed)


def frames(random: Random, count: int) -> list[bytes]:
    """So many, a third of them damaged, and some there several times."""
    made: list[bytes] = []
    while len(made) < count:
        data = frame(random)
        if random.random() < 0.3:
            data = damaged(random, data)
        made += [data] * random.choice((1, 1, 2))
    return made[:count]


def capture(random: Random, count: int) -> Capture:
    """A lab's capture: packets on their way through NAT, there and back, with random frames among them,
    many at the same time, some lost on their way, some out of order."""
    snapshot = b.lab(2, forward="1")
    points = b.lab_points(snapshot)
    alike = [contents(random) for _ in range(3)] + [
        (6, b.tcp(*ports, flags)) for flags in (2, 18) for ports in ((40000, 80), (80, 40000))
    ]
    found: list[Frame] = []
    while len(found) < count:
        start = b.START + random.randrange(count) * random.choice((0, 1000, 10_000))
        kind = random.random()
        if kind < 0.6:
            steps = random.choice((b.REQUEST, b.REPLY, b.REQUEST[:3], b.REQUEST[1:], b.REPLY[2:]))
            protocol, body = random.choice(alike)
            trip = b.trip(snapshot, steps, body, protocol, random.randrange(count), start)
            if random.random() < 0.2:
                trip = _otherwise(random, trip)
            if random.random() < 0.5:
                trip = [replace(f, time_ns=start + (f.time_ns - start) // 20_000 * 20_000) for f in trip]
            found += [f for f in trip if random.random() < 0.97]
        else:
            data = damaged(random, frame(random)) if kind > 0.9 else frame(random)
            if kind > 0.97:
                data = b.arp(FEW[0], MACS[0], FEW[1], random.choice((MACS[0], "00:00:00:00:00:00")))
            for place in random.sample(points, random.randrange(1, len(points))):
                way = random.choice(("in", "out"))
                found.append(Frame(start + random.randrange(3), place, way, data, len(data)))
    random.shuffle(found)
    return b.capture(snapshot, found)


def _otherwise(random: Random, trip: list[Frame]) -> list[Frame]:
    """The trip with another ttl or destination, from one of its hops on, or with two of its times swapped."""
    kind, ttl = random.randrange(3), random.choice((1, 63, 64, 65))
    where = random.randrange(1, len(trip))
    if kind == 2:
        early, late = trip[where - 1 : where + 1]
        swapped = replace(early, time_ns=late.time_ns), replace(late, time_ns=early.time_ns)
        return [*trip[: where - 1], *swapped, *trip[where + 1 :]]
    changed = list(trip)
    for number in range(where, len(trip)):
        data = trip[number].data
        data = data[:22] + bytes([ttl]) + data[23:] if kind else b"\2\x42\x99\x99\x99\x98" + data[6:]
        changed[number] = replace(trip[number], data=data)
    return changed


def batches(capture: Capture) -> list[bytes]:
    """What the keeper sends of that capture: point by point, as their rings come to be read."""
    numbers = {point: number for number, point in enumerate(capture.points)}
    made = []
    for at in range(0, len(capture.frames), 50):
        some = sorted(capture.frames[at : at + 50], key=lambda frame: numbers[frame.point])
        made.append(batch.pack(record(frame, numbers[frame.point]) for frame in some))
    return made


def record(frame: Frame, point: int) -> batch.Record:
    kind = batch.OUTGOING if frame.direction == "out" else batch.INCOMING
    return point, kind, frame.length, frame.time_ns, frame.data
