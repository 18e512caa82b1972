"""Topologies that learners make, by intent or by accident, for the tests of the drawing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from netlab.model import Interface, Node, Route, Snapshot
from tests.worlds import builders as b


def host_with(*extra: Interface, forward: str = "0") -> Node:
    return b.host(*extra, forward=forward)


def unconnected() -> Snapshot:
    """Two named namespaces that nobody has wired to anything."""
    blue = Node(5001, "netns blue", "netns", interfaces=(b.loopback(5001),))
    return b.world(blue, replace(blue, netns=5002, name="netns red"), b.host(), b.internet())


def pair_in_the_host() -> Snapshot:
    """`ip link add veth_host type veth peer name veth_container`: both ends still in the host, both down."""
    a = b.interface(b.HOST, 10, "veth_host", peer=(b.HOST, 11), flags=b.DOWN)
    c = b.interface(b.HOST, 11, "veth_container", peer=(b.HOST, 10), flags=b.DOWN)
    node = Node(b.CONTAINER, "if-test", "container", 9, interfaces=(b.loopback(b.CONTAINER),))
    return b.world(node, host_with(a, c), b.internet())


def two_bridges() -> Snapshot:
    """A second bridge that the learner made, with two containers on each of them."""
    made = [b.container(n, f"c{n}") for n in range(1, 5)]
    ports = [replace(port, master="br-lecture0" if n > 1 else "docker0") for n, (_, port) in enumerate(made)]
    bridge = b.interface(b.HOST, 50, "br-lecture0", "bridge", "172.18.0.1/16")
    return b.world(*(node for node, _ in made), host_with(bridge, *ports), b.internet())


def neighbour_made_between() -> Snapshot:
    """A named namespace on a cable of its own, made after the first container and before the second."""
    (one, first), (two, second) = b.container(1, "if-test"), b.container(2, "web")
    eth1 = b.interface(b.HOST, 12, "eth1", "veth", "198.51.100.1/24", peer=(5003, 2))
    eth0 = b.interface(5003, 2, "eth0", "veth", "198.51.100.2/24", peer=(b.HOST, 12))
    office = Node(5003, "office", "netns", interfaces=(eth0,))
    return b.world(one, two, office, host_with(first, eth1, second), b.internet())


def long_names() -> Snapshot:
    """Names of fifteen characters everywhere, the longest that the kernel takes."""
    node, port = b.container(1, "mm-fifteen-wwww")
    eth0 = replace(node.interfaces[1], name="wwwwwwwwwwwwwww")
    node = replace(node, interfaces=(node.interfaces[0], eth0))
    return b.world(node, host_with(replace(port, name="MMMMMMMMMMMMMMM")), b.internet())


def many_addresses() -> Snapshot:
    """Four IPv4 addresses and three of IPv6 on one interface, the widest that there are among them."""
    node, port = b.container(1)
    held = ["172.17.0.2/16", "172.17.1.2/16", "192.168.100.100/24", "10.0.0.1/8", "fd00::2/64"]
    held += ["2001:db8:1234:5678:9abc:def0:1234:5678/128", "fe80::42:acff:fe11:2/64"]
    eth0 = replace(node.interfaces[1], addresses=b.addresses(*held))
    return b.world(replace(node, interfaces=(eth0,)), host_with(port), b.internet())


def macvlan_and_vxlan() -> Snapshot:
    """A container on a macvlan of the host's eth0, and a VXLAN in the host."""
    mac0 = b.interface(6001, 2, "mac0", "macvlan", "192.0.2.77/24", peer=(b.HOST, 2))
    node = Node(6001, "mv", "container", 7, interfaces=(b.loopback(6001), mac0))
    other, port = b.container(1)
    details = {"vxlan id": "42", "vxlan remote": "192.0.2.20", "vxlan port": "4789"}
    vxlan = replace(b.interface(b.HOST, 60, "vxlan42", "vxlan", "10.42.0.1/24"), details=details)
    return b.world(node, other, host_with(port, vxlan), b.internet())


def namespaces_alone() -> Snapshot:
    """Blue and red joined by a pair, green apart: no lab host in the picture."""
    blue = b.interface(7001, 2, "veth-blue", "veth", "10.0.0.1/24", peer=(7002, 2))
    red = b.interface(7002, 2, "veth-red", "veth", "10.0.0.2/24", peer=(7001, 2), flags=b.NO_CARRIER)
    nodes = [
        Node(7001, "netns blue", "netns", interfaces=(blue,)),
        Node(7002, "netns red", "netns", interfaces=(red,)),
    ]
    return b.world(*nodes, Node(7003, "netns green", "netns"))


def chain_of_routers() -> Snapshot:
    """Left, router and right, made by the learner beside the host: cables among boxes of one column."""
    left = b.interface(8001, 2, "eth0", "veth", "10.1.0.2/24", peer=(8002, 2))
    one = b.interface(8002, 2, "to-left", "veth", "10.1.0.1/24", peer=(8001, 2))
    two = b.interface(8002, 3, "to-right", "veth", "10.2.0.1/24", peer=(8003, 2))
    right = b.interface(8003, 2, "eth0", "veth", "10.2.0.2/24", peer=(8002, 3))
    up = b.interface(8002, 4, "to-host", "veth", "10.3.0.1/24", peer=(b.HOST, 70))
    down = b.interface(b.HOST, 70, "veth-router", "veth", "10.3.0.2/24", peer=(8002, 4))
    route = (Route("default", "eth0", "10.1.0.1"),)
    nodes = [
        Node(8001, "netns left", "netns", interfaces=(left,), routes=route),
        Node(8002, "netns router", "netns", interfaces=(one, two, up), sysctls={"net.ipv4.ip_forward": "1"}),
        Node(8003, "netns right", "netns", interfaces=(right,)),
    ]
    return b.world(*nodes, host_with(down), b.internet())


def broken() -> Snapshot:
    """A port without carrier, a container whose eth0 is down, docker0 without carrier, a blackhole route."""
    node, port = b.container(1)
    eth0 = replace(node.interfaces[1], flags=b.DOWN, operstate="DOWN")
    node = replace(node, interfaces=(node.interfaces[0], eth0), routes=(Route("default", kind="blackhole"),))
    host = b.host(replace(port, flags=b.NO_CARRIER), docker0_flags=b.NO_CARRIER)
    return b.world(node, host, b.internet())


def uplink_in_a_bridge() -> Snapshot:
    """The host's own eth0 made a port of docker0, as people do by mistake."""
    node, port = b.container(1)
    host = b.host(port)
    moved = tuple(replace(i, master="docker0") if i.name == "eth0" else i for i in host.interfaces)
    return b.world(node, replace(host, interfaces=moved), b.internet())


def odd_one_out() -> Snapshot:
    """Thirty containers, one of them with its interface down: that one must not be folded away."""
    snapshot = b.lab(30)
    odd = snapshot.node("c17")
    eth0 = replace(odd.interfaces[1], flags=b.DOWN)
    odd = replace(odd, interfaces=(odd.interfaces[0], eth0))
    return replace(snapshot, nodes=tuple(odd if n.name == "c17" else n for n in snapshot.nodes))


WORLDS: dict[str, Callable[[], Snapshot]] = {
    "empty": b.world,
    "host alone": lambda: b.world(b.host()),
    "lecture": b.lab,
    "two": lambda: b.lab(2),
    "three": lambda: b.lab(3),
    "ten": lambda: b.lab(10),
    "thirty": lambda: b.lab(30),
    "odd one out": odd_one_out,
    "unconnected": unconnected,
    "pair in the host": pair_in_the_host,
    "two bridges": two_bridges,
    "neighbour made between": neighbour_made_between,
    "long names": long_names,
    "many addresses": many_addresses,
    "macvlan and vxlan": macvlan_and_vxlan,
    "namespaces alone": namespaces_alone,
    "chain of routers": chain_of_routers,
    "broken": broken,
    "uplink in a bridge": uplink_in_a_bridge,
}
