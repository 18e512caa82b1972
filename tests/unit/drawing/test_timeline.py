"""The timeline: one lane for each point, one line for each packet, and nothing lost without a word."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from matplotlib.colors import to_hex

from netlab.drawing.canvas import DEATH
from netlab.drawing.timeline import timeline
from netlab.drawing.timeline_layout import plan, rewrite_note, track_of
from netlab.model import Capture, Frame
from netlab.packets.journeys.assemble import journeys
from tests.worlds import builders as b
from tests.worlds.pictures import check_picture, lines, words


def tcp_through_dnat() -> Capture:
    """A published port: destination address and port are rewritten in the host, and the SYN-ACK returns."""
    snapshot = b.lab(forward="1")
    outside, inside = f"{b.TARGET}>192.0.2.10", f"{b.TARGET}>172.17.0.2"
    first = [("internet", "uplink", "out", outside, 64), ("host", "eth0", "in", outside, 64)]
    second = [("host", "docker0", "out", inside, 63), ("host", "veth_host", "out", inside, 63)]
    second.append(("if-test", "eth0", "in", inside, 63))
    frames = b.trip(snapshot, first, b.tcp(5555, 8080, 2, 77), 6, 9)
    frames += b.trip(snapshot, second, b.tcp(5555, 80, 2, 77), 6, 9, b.START + 50_000)
    frames += b.trip(
        snapshot,
        [("if-test", "eth0", "out", f"172.17.0.2>{b.TARGET}", 64)],
        b.tcp(80, 5555, 18, 5, 78),
        6,
        0,
        b.START + 200_000,
    )
    return b.capture(snapshot, frames)


def with_arp(capture: Capture) -> Capture:
    snapshot = capture.before
    ask = b.arp("172.17.0.2", snapshot.node("if-test").interface("eth0").mac, "172.17.0.1")
    points = b.lab_points(snapshot)[:3]
    frames = [Frame(b.START - 5000 + i, p, "out" if i == 0 else "in", ask, 42) for i, p in enumerate(points)]
    return replace(capture, frames=(*frames, *capture.frames))


def alternating() -> Capture:
    """Every other of sixty pings is answered, so that no run is long enough to be folded."""
    capture = b.ping(60)
    kept = [f for f in capture.frames if f.data[34] == 8 or f.data[41] % 2]
    return replace(capture, frames=tuple(kept))


ALIKE = cache(lambda: b.ping(200, 150))
CAPTURES = {
    "nothing": lambda: b.capture(b.lab(), []),
    "lecture": b.lecture_death,
    "ping": lambda: b.ping(3),
    "one ping": lambda: b.ping(1),
    "ten pings": lambda: b.ping(10),
    "two hundred": ALIKE,
    "two hundred deaths": lambda: b.lecture_death(200),
    "dnat": tcp_through_dnat,
    "arp": lambda: with_arp(b.ping(2)),
    "alternating": alternating,
}


@pytest.mark.parametrize("name", CAPTURES)
def test_every_capture_can_be_read(name: str) -> None:
    """No text on another and none out of the picture, with and without a title."""
    capture = CAPTURES[name]()
    check_picture(timeline(capture))
    check_picture(timeline(capture, title="ping 39.106.233.176 from if-test"))


def test_the_cross_is_between_docker0_and_eth0_and_the_ring_on_eth0() -> None:
    """For each of the three requests one cross between two lanes and one dotted ring on the lane below."""
    figure = timeline(b.lecture_death())
    lanes = {t.get_text(): t.get_position()[1] for t in figure.axes[0].texts}
    crosses = [
        m for m in figure.axes[0].lines if m.get_marker() == "x" and to_hex(m.get_markeredgecolor()) == DEATH
    ]
    heights = [m.get_ydata()[0] for m in crosses if m.get_ydata()[0] < lanes["internet uplink"]]
    assert heights == [(lanes["host docker0"] + lanes["host eth0"]) / 2] * 3
    rings = [patch.center for patch in figure.axes[0].patches if hasattr(patch, "center")]
    assert [y for _, y in rings].count(lanes["host eth0"]) == 3


def test_requests_and_replies_differ_in_marker_and_colour() -> None:
    """Colour is not the only sign."""
    figure = timeline(b.ping(2))
    drawn = {
        (m.get_marker(), to_hex(m.get_markerfacecolor()))
        for m in figure.axes[0].lines
        if m.get_marker() != "None"
    }
    assert len({marker for marker, _ in drawn}) == len({color for _, color in drawn}) == 2


def test_no_label_covers_a_death() -> None:
    """The answer of docker0 to ARP is told in the lane above the cross of the next packet, not on it."""
    capture = with_arp(b.lecture_death(2))
    snapshot = capture.before
    docker0, eth0 = (snapshot.node(n).interface(i).mac for n, i in (("host", "docker0"), ("if-test", "eth0")))
    tell = b.arp("172.17.0.1", docker0, "172.17.0.2", eth0)
    back = [
        Frame(b.START - 4000 + i, p, "in" if i == 2 else "out", tell, 42)
        for i, p in enumerate(capture.points[2::-1])
    ]
    figure = timeline(replace(capture, frames=(*capture.frames, *back)))
    check_picture(figure)
    assert "172.17.0.1 is at" in words(figure)
    renderer = figure.canvas.get_renderer()
    crosses = [m for m in figure.axes[0].lines if m.get_marker() == "x"]
    for cross in crosses:
        x, y = figure.axes[0].transData.transform(cross.get_xydata())[0]
        assert not any(text.get_window_extent(renderer).contains(x, y) for text in figure.axes[0].texts)


def test_the_header_counts_everything() -> None:
    """Requests, replies, frames lost by the capture, and hidden noise are never left out."""
    assert "3 requests, 0 replies · no capture loss" in words(timeline(b.lecture_death()))
    capture = replace(b.ping(2), lost={b.lab_points(b.lab())[0]: 7}, hidden=12)
    said = words(timeline(capture))
    assert "2 requests, 2 replies · 7 frames lost by the capture · 12 frames of noise hidden" in said


def test_every_drawn_packet_has_its_line() -> None:
    """Ten pings and their replies: twenty lines of five spots each."""
    figure = timeline(b.ping(10))
    assert sum(len(line.get_xdata()) == 5 for line in lines(figure)) == 20


def test_nat_is_noted_where_it_happens() -> None:
    """The rewritten source on the request, the restored destination on the reply."""
    said = words(timeline(b.ping(3)))
    assert "src 172.17.0.2 → 192.0.2.10" in said
    assert "dst 192.0.2.10 → 172.17.0.2" in said


def test_a_rewrite_of_address_and_port_is_one_note() -> None:
    """dst 192.0.2.10:8080 → 172.17.0.2:80, as one reads it in a DNAT rule."""
    request = journeys(tcp_through_dnat())[0]
    assert [note for note in map(rewrite_note, request.hops) if note] == [
        "dst 192.0.2.10:8080 → 172.17.0.2:80"
    ]


def test_many_alike_packets_are_drawn_by_their_ends_and_counted() -> None:
    """What is drawn and what is left out add up to what was captured, and the picture says so."""
    found = journeys(ALIKE())
    chosen = plan(found, 24)
    assert len(chosen.drawn) + chosen.left_out == len(found) == 350
    assert f"{chosen.left_out} packets not drawn" in " ".join(words(timeline(ALIKE())).split())


def test_a_different_packet_among_many_is_drawn() -> None:
    """One death among a hundred arrivals must not disappear in a fold."""
    capture = b.ping(100)
    odd = [
        f
        for f in capture.frames
        if not (f.data[41] == 50 and (f.data[34] == 0 or f.point.node == "internet"))
    ]
    found = journeys(replace(capture, frames=tuple(odd)))
    died = [j for j in found if not j.reached]
    assert len(died) == 1
    assert died[0] in plan(found, 24).drawn


def test_times_are_told_since_the_first_packet() -> None:
    """0.000 s, 1.000 s and 2.000 s under three pings."""
    said = words(timeline(b.ping(3)))
    assert all(f"{second}.000 s" in said for second in range(3))


def test_the_slope_within_a_packet_is_said_not_to_be_to_scale() -> None:
    """The footnote stands under every timeline that has a packet in it."""
    assert "Not to scale within a packet" in words(timeline(b.ping(1)))
    assert "No packet was seen" in words(timeline(b.capture(b.lab(), [])))


def test_the_cross_stands_beside_the_last_lane_also_when_the_ring_is_farther_away() -> None:
    """On a lane between the two it would accuse an interface that has nothing to do with it."""
    (journey,) = journeys(b.lecture_death(1))
    points = [hop.frame.point for hop in journey.hops]
    lanes = {point: 34.0 * number for number, point in enumerate(points)}
    assert journey.next_expected is not None
    for away in (1, 2, 4):
        lanes[journey.next_expected] = lanes[points[-1]] + away * 34.0
        track = track_of(journey, 0.0, lanes, 11.0)
        assert track.cross is not None and track.cross[1] == lanes[points[-1]] + 17.0
