"""Hand-made worlds for the unit tests: the lab of the lecture, its death, and parts to make others from."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import replace
from ipaddress import ip_address

from netlab.model import (
    Address,
    Capture,
    Chain,
    Frame,
    Interface,
    InterfaceId,
    Listener,
    Node,
    Point,
    Route,
    Rule,
    Snapshot,
)

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
INTERNET, HOST, CONTAINER = 4026532100, 4026532200, 4026532281
UP = frozenset({"BROADCAST", "MULTICAST", "UP", "LOWER_UP"})
NO_CARRIER = frozenset({"BROADCAST", "MULTICAST", "UP", "NO-CARRIER"})
DOWN = frozenset({"BROADCAST", "MULTICAST"})
TARGET = "39.106.233.176"


def addresses(*texts: str) -> tuple[Address, ...]:
    """ "172.17.0.1/16" and the like into Address values."""
    made = []
    for text in texts:
        address, _, length = text.partition("/")
        scope = "link" if address.startswith("fe80") else "host" if address.startswith("127.") else "global"
        made.append(Address(address, int(length), scope))
    return tuple(made)


def mac(netns: int, index: int) -> str:
    return f"02:42:{netns >> 8 & 255:02x}:{netns & 255:02x}:00:{index:02x}"


def interface(
    netns: int,
    index: int,
    name: str,
    kind: str = "veth",
    *held: str,
    flags: frozenset[str] = UP,
    master: str = "",
    peer: tuple[int, int] | None = None,
    **details: str,
) -> Interface:
    """One interface, up unless told otherwise; its MAC address follows from where it is."""
    return Interface(
        netns,
        index,
        name,
        kind,
        flags,
        "UP" if "LOWER_UP" in flags else "DOWN",
        mac(netns, index),
        master=master,
        peer=InterfaceId(*peer) if peer else None,
        addresses=addresses(*held),
        details=details,
    )


def loopback(netns: int, *held: str) -> Interface:
    return replace(
        interface(netns, 1, "lo", "loopback", "127.0.0.1/8", *held, flags=UP | {"LOOPBACK"}), mac=""
    )


def internet() -> Node:
    uplink = interface(INTERNET, 2, "uplink", "veth", "192.0.2.1/24", peer=(HOST, 2))
    lo = loopback(INTERNET, f"{TARGET}/32")
    routes = (Route("192.0.2.0/24", "uplink", source="192.0.2.1", scope="link", protocol="kernel"),)
    return Node(INTERNET, "internet", "internet", 10, interfaces=(lo, uplink), routes=routes)


def host(*ports: Interface, forward: str = "0", docker0_flags: frozenset[str] = UP) -> Node:
    eth0 = interface(HOST, 2, "eth0", "veth", "192.0.2.10/24", peer=(INTERNET, 2))
    docker0 = interface(HOST, 3, "docker0", "bridge", "172.17.0.1/16", flags=docker0_flags)
    routes = (
        Route("default", "eth0", "192.0.2.1"),
        Route("172.17.0.0/16", "docker0", source="172.17.0.1", scope="link", protocol="kernel"),
        Route("192.0.2.0/24", "eth0", source="192.0.2.10", scope="link", protocol="kernel"),
    )
    masquerade = Rule("-s 172.17.0.0/16 ! -o docker0 -j MASQUERADE", "MASQUERADE")
    chains = (
        Chain("ip", "filter", "FORWARD", "ACCEPT"),
        Chain("ip", "nat", "POSTROUTING", "ACCEPT", rules=(masquerade,)),
    )
    sysctls = {"net.ipv4.ip_forward": forward}
    interfaces = (loopback(HOST), eth0, docker0, *ports)
    return Node(HOST, "host", "host", 11, (), interfaces, routes, (), chains, sysctls)


def container(number: int = 1, name: str = "if-test", address: str = "") -> tuple[Node, Interface]:
    """A container on docker0, and the host's end of its veth pair."""
    netns = CONTAINER + number - 1
    address = address or f"172.17.{(number + 1) // 256}.{(number + 1) % 256}"
    eth0 = interface(netns, 2, "eth0", "veth", f"{address}/16", peer=(HOST, 100 + number))
    port_name = "veth_host" if number == 1 else f"veth{number:07x}"
    port = interface(HOST, 100 + number, port_name, "veth", master="docker0", peer=(netns, 2))
    routes = (Route("default", "eth0", "172.17.0.1"), Route("172.17.0.0/16", "eth0", source=address))
    node = Node(netns, name, "container", 1000 + number, (), (loopback(netns), eth0), routes)
    return node, port


def world(*nodes: Node, time_ns: int = START) -> Snapshot:
    return Snapshot(time_ns, "lab", nodes)


def lab(containers: int = 1, forward: str = "0") -> Snapshot:
    """The lecture's lab: that many containers on docker0, the host, the internet."""
    names = ["if-test", *(f"c{number}" for number in range(2, containers + 1))]
    made = [container(number, name) for number, name in enumerate(names[:containers], 1)]
    return world(*(node for node, _ in made), host(*(port for _, port in made), forward=forward), internet())


def point(snapshot: Snapshot, node: str, name: str) -> Point:
    found = snapshot.node(node).interface(name)
    return Point(found.netns, found.index, node, name)


def lab_points(snapshot: Snapshot) -> tuple[Point, ...]:
    """The points of the lecture's lab in path order."""
    names = [("if-test", "eth0"), ("host", "veth_host"), ("host", "docker0"), ("host", "eth0")]
    return tuple(point(snapshot, *name) for name in [*names, ("internet", "uplink")])


# Frames, made with struct so that the tests of everything but the decoder do not need scapy.


def ethernet(body: bytes, source: str, destination: str, ethertype: int = 0x0800) -> bytes:
    return _mac_bytes(destination) + _mac_bytes(source) + struct.pack("!H", ethertype) + body


def _mac_bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def ipv4(body: bytes, source: str, destination: str, protocol: int, ttl: int = 64, ip_id: int = 0) -> bytes:
    ends = ip_address(source).packed + ip_address(destination).packed
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), ip_id, 0x4000, ttl, protocol, 0) + ends + body


def echo(sequence: int, reply: bool = False, identifier: int = 7, payload: bytes = b"netlab" * 8) -> bytes:
    return struct.pack("!BBHHH", 0 if reply else 8, 0, 0, identifier, sequence) + payload


def tcp(
    source: int,
    destination: int,
    flags: int,
    sequence: int = 0,
    acknowledgement: int = 0,
    payload: bytes = b"",
) -> bytes:
    header = struct.pack("!HHIIBBHHH", source, destination, sequence, acknowledgement, 0x50, flags, 512, 0, 0)
    return header + payload


def udp(source: int, destination: int, payload: bytes = b"") -> bytes:
    return struct.pack("!HHHH", source, destination, 8 + len(payload), 0) + payload


def arp(sender: str, sender_mac: str, target: str, target_mac: str = "00:00:00:00:00:00") -> bytes:
    reply = target_mac != "00:00:00:00:00:00"
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 2 if reply else 1)
    body += _mac_bytes(sender_mac) + ip_address(sender).packed
    body += _mac_bytes(target_mac) + ip_address(target).packed
    to = target_mac if reply else "ff:ff:ff:ff:ff:ff"
    return ethernet(body, sender_mac, to, 0x0806)


Step = tuple[str, str, str, str, int]  # node, interface, direction, "source>destination", ttl


def trip(
    snapshot: Snapshot,
    steps: Iterable[Step],
    body: bytes,
    protocol: int = 1,
    ip_id: int = 1,
    start: int = START,
) -> list[Frame]:
    """One IPv4 packet at each step, 10 µs apart, with the MAC addresses of the interface it is at."""
    frames = []
    for number, (node, name, direction, ends, ttl) in enumerate(steps):
        where = point(snapshot, node, name)
        source, _, destination = ends.partition(">")
        own = snapshot.node(node).interface(name).mac
        other = "02:42:99:99:99:99"
        macs = (other, own) if direction == "in" else (own, other)
        data = ethernet(ipv4(body, source, destination, protocol, ttl, ip_id), *macs)
        frames.append(Frame(start + number * 10_000, where, direction, data, len(data)))
    return frames


IN_LAB = f"172.17.0.2>{TARGET}"
OUTSIDE = f"192.0.2.10>{TARGET}"
BACK_OUTSIDE = f"{TARGET}>192.0.2.10"
BACK_IN_LAB = f"{TARGET}>172.17.0.2"
REQUEST: tuple[Step, ...] = (
    ("if-test", "eth0", "out", IN_LAB, 64),
    ("host", "veth_host", "in", IN_LAB, 64),
    ("host", "docker0", "in", IN_LAB, 64),
    ("host", "eth0", "out", OUTSIDE, 63),
    ("internet", "uplink", "in", OUTSIDE, 63),
)
REPLY: tuple[Step, ...] = (
    ("internet", "uplink", "out", BACK_OUTSIDE, 64),
    ("host", "eth0", "in", BACK_OUTSIDE, 64),
    ("host", "docker0", "out", BACK_IN_LAB, 63),
    ("host", "veth_host", "out", BACK_IN_LAB, 63),
    ("if-test", "eth0", "in", BACK_IN_LAB, 63),
)


def capture(snapshot: Snapshot, frames: Iterable[Frame], hidden: int = 0, lost: int = 0) -> Capture:
    points = lab_points(snapshot)
    ordered = tuple(sorted(frames, key=lambda frame: frame.time_ns))
    return Capture(points, ordered, {points[0]: lost}, snapshot, snapshot, hidden)


def lecture_death(pings: int = 3) -> Capture:
    """The lecture's turning point: every echo request is seen up to docker0 and never on the host's eth0."""
    snapshot = lab()
    frames: list[Frame] = []
    for number in range(pings):
        body = echo(number + 1)
        frames += trip(snapshot, REQUEST[:3], body, ip_id=100 + number, start=START + number * SECOND)
    return capture(snapshot, _one_instant(frames))


def ping(pings: int = 3, replies: int | None = None) -> Capture:
    """Pings that are answered, through MASQUERADE; `replies` of them if given."""
    snapshot = lab(forward="1")
    frames: list[Frame] = []
    for number in range(pings):
        start = START + number * SECOND
        frames += trip(snapshot, REQUEST, echo(number + 1), ip_id=100 + number, start=start)
        if replies is None or number < replies:
            answer = echo(number + 1, reply=True)
            frames += trip(snapshot, REPLY, answer, ip_id=900 + number, start=start + 100_000)
    return capture(snapshot, _one_instant(frames))


def _one_instant(frames: list[Frame]) -> list[Frame]:
    """A bridge hands a frame up with the time stamp that its port gave it: veth_host and docker0 agree."""
    return [
        replace(frame, time_ns=frame.time_ns - 10_000)
        if (frame.point.interface, frame.direction) == ("docker0", "in")
        else frame
        for frame in frames
    ]


def published(
    snapshot: Snapshot, port: int = 8080, *, forward: Sequence[Rule] = (), policy: str = "ACCEPT"
) -> Snapshot:
    """The snapshot with a container that listens on 80, published by its host as Docker does."""
    jump = Rule("-m addrtype --dst-type LOCAL -j DOCKER", "DOCKER")
    dnat = Rule(f"! -i docker0 -p tcp -m tcp --dport {port} -j DNAT --to-destination 172.17.0.2:80", "DNAT")
    chains = (
        Chain("ip", "nat", "PREROUTING", "ACCEPT", rules=(jump,)),
        Chain("ip", "nat", "DOCKER", rules=(dnat,)),
        Chain("ip", "filter", "FORWARD", policy, rules=tuple(forward)),
    )

    def change(node: Node) -> Node:
        if node.name == "if-test":
            return replace(node, listeners=(Listener("tcp", "0.0.0.0", 80), Listener("tcp", "127.0.0.1", 99)))
        if node.kind == "host":
            kept = tuple(c for c in node.chains if c.name != "FORWARD")
            return replace(node, chains=(*kept, *chains))
        return node

    return replace(snapshot, nodes=tuple(map(change, snapshot.nodes)))
