"""Packets are followed from point to point, by what forwarding leaves alone."""

from __future__ import annotations

import random
import struct
from dataclasses import replace

from netlab.model import Chain, Frame, Journey, Node, Route, Rule
from netlab.packets.journeys.assemble import journeys
from tests.worlds import builders as b


def where(journey: Journey) -> list[str]:
    return [str(hop.frame.point) for hop in journey.hops]


def test_the_lecture_s_death_ends_at_docker0() -> None:
    """Three echo requests, each seen at three points, and each expected next on the host's eth0."""
    found = journeys(b.lecture_death())
    assert [where(j) for j in found] == [["if-test eth0", "host veth_host", "host docker0"]] * 3
    assert [str(j.next_expected) for j in found] == ["host eth0"] * 3
    assert [j.reached for j in found] == [False] * 3


def test_a_shuffled_capture_gives_the_same_journeys() -> None:
    """The order in which frames of one instant were read from the sockets does not matter."""
    capture = b.ping()
    frames = list(capture.frames)
    random.Random(4).shuffle(frames)
    assert journeys(replace(capture, frames=tuple(frames))) == journeys(capture)


def test_a_ping_through_masquerade_is_one_request_and_one_reply() -> None:
    """Source rewriting and the lower ttl are recorded at the hop where they show, and the reply answers."""
    request, reply = journeys(b.ping(1))
    assert where(request) == [str(p) for p in b.lab_points(b.lab())]
    assert where(reply) == where(request)[::-1]
    rewrites = {(r.field, r.before, r.after) for r in request.hops[3].rewrites}
    assert {("source", "172.17.0.2", "192.0.2.10"), ("ttl", "64", "63")} <= rewrites
    assert (request.answers, reply.answers) == (None, 0)
    assert request.reached and reply.reached
    assert reply.next_expected is None


def test_a_reply_that_dies_in_the_host_has_not_arrived() -> None:
    """The host owns the masqueraded address, but the one who asked is the container: docker0 is next."""
    capture = b.ping(1)
    lost = [
        f
        for f in capture.frames
        if f.data[34] == 8 or f.point.node == "internet" or f.point.interface == "eth0"
    ]
    lost = [f for f in lost if f.data[34] == 8 or f.point.node != "if-test"]
    request, reply = journeys(replace(capture, frames=tuple(lost)))
    assert request.reached
    assert where(reply)[-1] == "host eth0"
    assert not reply.reached
    assert str(reply.next_expected) == "host docker0"


def test_a_retransmission_is_a_journey_of_its_own() -> None:
    """The same segment sent twice, the first one lost: two journeys, and one of them died."""
    snapshot = b.lab(forward="1")
    segment = b.tcp(40000, 80, 2, 1000)
    first = b.trip(snapshot, b.REQUEST[:1], segment, 6, 55)
    second = b.trip(snapshot, b.REQUEST, segment, 6, 55, b.START + b.SECOND)
    died, arrived = journeys(b.capture(snapshot, first + second))
    assert where(died) == ["if-test eth0"]
    assert (died.reached, str(died.next_expected)) == (False, "host veth_host")
    assert len(arrived.hops) == 5 and arrived.reached


def test_a_published_port_is_followed_through_dnat() -> None:
    """Destination address and port change in the host; the SYN-ACK comes back through the same rewriting."""
    snapshot = b.lab(forward="1")
    there = f"{b.TARGET}>192.0.2.10", f"{b.TARGET}>172.17.0.2"
    steps = [
        ("internet", "uplink", "out", there[0], 64),
        ("host", "eth0", "in", there[0], 64),
    ]
    inside = [
        ("host", "docker0", "out", there[1], 63),
        ("host", "veth_host", "out", there[1], 63),
        ("if-test", "eth0", "in", there[1], 63),
    ]
    syn = b.trip(snapshot, steps, b.tcp(5555, 8080, 2, 77), 6, 9)
    syn += b.trip(snapshot, inside, b.tcp(5555, 80, 2, 77), 6, 9, b.START + 50_000)
    back = [("if-test", "eth0", "out", f"172.17.0.2>{b.TARGET}", 64)]
    answer = b.trip(snapshot, back, b.tcp(80, 5555, 18, 5, 78), 6, 0, b.START + 200_000)
    request, reply = journeys(b.capture(snapshot, syn + answer))
    fields = {r.field: (r.before, r.after) for r in request.hops[2].rewrites}
    assert fields["destination"] == ("192.0.2.10", "172.17.0.2")
    assert fields["destination_port"] == ("8080", "80")
    assert request.reached
    assert reply.answers == 0
    assert str(reply.next_expected) == "host veth_host"


def test_a_packet_that_dies_after_dnat_has_not_arrived() -> None:
    """The host owns the published address, but its DNAT rule sends the packet on: docker0 is next."""
    snapshot = b.lab(forward="1")
    rule = Rule("! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80", "DNAT")
    host = replace(snapshot.node("host"), chains=(Chain("ip", "nat", "DOCKER", rules=(rule,)),))
    nodes = tuple(host if node.name == "host" else node for node in snapshot.nodes)
    ends = f"{b.TARGET}>192.0.2.10"
    steps = [("internet", "uplink", "out", ends, 64), ("host", "eth0", "in", ends, 64)]
    for port, reached, expected in ((8080, False, "host docker0"), (22, True, "None")):
        frames = b.trip(snapshot, steps, b.tcp(5555, port, 2, 77), 6, 9)
        (journey,) = journeys(b.capture(replace(snapshot, nodes=nodes), frames))
        assert (journey.reached, str(journey.next_expected)) == (reached, expected)


def test_vxlan_is_one_journey_inside_and_outside_the_tunnel() -> None:
    """The inner packet is recognised inside its UDP envelope, and the hop says that it was wrapped."""
    snapshot = b.lab(forward="1")
    inside = b.trip(snapshot, b.REQUEST[:3], b.echo(1), ip_id=3)
    header = struct.pack("!II", 0x08000000, 42 << 8)
    wrapped = b.udp(50000, 4789, header + inside[0].data)
    outside = [
        ("host", "eth0", "out", "192.0.2.10>192.0.2.1", 64),
        ("internet", "uplink", "in", "192.0.2.10>192.0.2.1", 64),
    ]
    tunnel = b.trip(snapshot, outside, wrapped, 17, 8, b.START + 50_000)
    (journey,) = journeys(b.capture(snapshot, inside + tunnel))
    assert len(journey.hops) == 5
    assert journey.hops[3].rewrites[0].field == "encapsulation"
    assert journey.hops[3].rewrites[0].after == "VXLAN 42, 192.0.2.10 → 192.0.2.1"
    assert not journey.reached


def test_arp_has_journeys_and_answers_too() -> None:
    """A who-has reaches the bridge that owns the address, and the answer is linked to it."""
    snapshot = b.lab()
    docker0, eth0 = (
        snapshot.node("host").interface("docker0").mac,
        snapshot.node("if-test").interface("eth0").mac,
    )
    ask = b.arp("172.17.0.2", eth0, "172.17.0.1")
    tell = b.arp("172.17.0.1", docker0, "172.17.0.2", eth0)
    points = b.lab_points(snapshot)
    frames = [Frame(b.START + i, p, "out" if i == 0 else "in", ask, 42) for i, p in enumerate(points[:3])]
    back = [("out", points[2]), ("out", points[1]), ("in", points[0])]
    frames += [Frame(b.START + 10 + i, p, way, tell, 42) for i, (way, p) in enumerate(back)]
    request, reply = journeys(b.capture(snapshot, frames))
    assert request.reached and reply.reached
    assert (request.answers, reply.answers) == (None, 0)


def test_an_unanswered_who_has_expects_nothing_further() -> None:
    """Nobody owns the address: the question went everywhere, so no point is named as the next one."""
    snapshot = b.lab()
    ask = b.arp("172.17.0.2", snapshot.node("if-test").interface("eth0").mac, "172.17.0.99")
    points = b.lab_points(snapshot)[:3]
    frames = [Frame(b.START + i, p, "out" if i == 0 else "in", ask, 42) for i, p in enumerate(points)]
    (journey,) = journeys(b.capture(snapshot, frames))
    assert (journey.reached, journey.next_expected) == (False, None)


def test_a_routing_loop_is_one_journey() -> None:
    """The same point sees the packet again with a lower ttl: that is a loop and not a second packet."""
    snapshot = b.lab(forward="1")
    ends = "172.17.0.2>10.9.9.9"
    steps = list(b.REQUEST[:3])
    for ttl in range(63, 57, -2):
        steps += [("host", "eth0", "out", ends, ttl), ("internet", "uplink", "in", ends, ttl)]
        steps += [("internet", "uplink", "out", ends, ttl - 1), ("host", "eth0", "in", ends, ttl - 1)]
    (journey,) = journeys(b.capture(snapshot, b.trip(snapshot, steps, b.echo(1))))
    assert len(journey.hops) == 3 + 12


def test_another_container_s_port_is_not_on_the_way() -> None:
    """With two containers captured, the point after a port is its bridge, and after that the uplink."""
    snapshot = b.lab(2)
    order = [("if-test", "eth0"), ("c2", "eth0"), ("host", "veth_host"), ("host", "veth0000002")]
    order += [("host", "docker0"), ("host", "eth0"), ("internet", "uplink")]
    points = tuple(b.point(snapshot, *name) for name in order)
    for seen, expected in ((1, "host veth_host"), (2, "host docker0"), (3, "host eth0")):
        frames = b.trip(snapshot, b.REQUEST[:seen], b.echo(1))
        (journey,) = journeys(replace(b.capture(snapshot, frames), points=points))
        assert str(journey.next_expected) == expected


def test_without_a_route_the_path_order_decides() -> None:
    """The host has lost its default route: the next point is still the uplink, by the order of the points."""
    snapshot = b.lab()
    bare = replace(snapshot.node("host"), routes=(Route("172.17.0.0/16", "docker0"),))
    nodes = tuple(bare if node.name == "host" else node for node in snapshot.nodes)
    snapshot = replace(snapshot, nodes=nodes)
    (journey,) = journeys(b.capture(snapshot, b.trip(snapshot, b.REQUEST[:3], b.echo(1))))
    assert str(journey.next_expected) == "host eth0"


def test_a_ping_of_the_bridge_address_has_arrived_only_at_the_bridge() -> None:
    """172.17.0.1 is the host's, but a frame that was seen only on the port has not got to it."""
    snapshot = b.lab()
    ends = "172.17.0.2>172.17.0.1"
    steps = [("if-test", "eth0", "out", ends, 64), ("host", "veth_host", "in", ends, 64)]
    (journey,) = journeys(b.capture(snapshot, b.trip(snapshot, steps, b.echo(1))))
    assert (journey.reached, str(journey.next_expected)) == (False, "host docker0")
    steps.append(("host", "docker0", "in", ends, 64))
    (journey,) = journeys(b.capture(snapshot, b.trip(snapshot, steps, b.echo(1))))
    assert (journey.reached, journey.next_expected) == (True, None)


def test_garbage_frames_are_journeys_that_nobody_waits_for() -> None:
    """Truncated and unknown frames neither raise nor are lost."""
    snapshot = b.lab()
    points = b.lab_points(snapshot)
    frames = [
        Frame(b.START + i, points[0], "out", data, 60)
        for i, data in enumerate((b"", b"\x01" * 9, b"\x00" * 40))
    ]
    assert len(journeys(b.capture(snapshot, frames))) == 3


def test_a_node_with_no_interfaces_does_no_harm() -> None:
    """An empty namespace in the snapshot is not on anybody's way."""
    capture = b.lecture_death(1)
    nodes = (Node(99, "empty", "netns"), *capture.before.nodes)
    before = replace(capture.before, nodes=nodes)
    (journey,) = journeys(replace(capture, before=before, after=before))
    assert str(journey.next_expected) == "host eth0"
