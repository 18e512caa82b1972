"""Two ends of a VXLAN that do not meet: which one is made anew, and with what."""

from __future__ import annotations

from dataclasses import replace

from netlab.diagnosis.search.tunnels import tunnels
from netlab.model import Node, Snapshot, pack

SEEN = Snapshot(0, "lab", (Node(1, "near", "host"), Node(2, "far", "internet")))


def end(name: str, own: str, remote: str, port: str, network: str = "5") -> pack.Node:
    """A node with a card, and a VXLAN on it."""
    details = {
        "id": network,
        "group": remote,
        "learning": "off",
        "ttl": "0",
        "ageing": "300",
        "dstport": port,
    }
    below = pack.End(name, 1)
    links = (
        pack.Link(1, "eth0", "veth", up=True),
        pack.Link(
            2, "vx0", "vxlan", up=True, mac="02:00:00:00:00:01", mtu=1450, other=below, details=details
        ),
    )
    inner = pack.Address(2, f"10.50.0.{own[-1]}", 24)
    return pack.Node(name, "host", links=links, addresses=(pack.Address(1, own, 24), inner))


NEAR = end("near", "192.0.2.1", "192.0.2.2", "4789")
FAR = end("far", "192.0.2.2", "192.0.2.1", "8472")


def told(*nodes: pack.Node) -> list[list[str]]:
    """The commands of each finding."""
    found = tunnels(pack.Pack("lab", nodes=nodes), SEEN)
    return [[f"{step.node}# {' '.join(step.argv)}" for step in finding.cure] for finding in found]


def test_the_end_with_the_odd_port_is_made_anew_like_it_was() -> None:
    """With the other end's port; the other one comes after it."""
    first, second = told(NEAR, FAR)
    assert first == [
        "far# ip link del vx0",
        "far# ip link add vx0 address 02:00:00:00:00:01 mtu 1450 type vxlan id 5 remote 192.0.2.1"
        " dstport 4789 nolearning dev eth0",
        "far# ip addr add 10.50.0.2/24 dev vx0",
        "far# ip link set vx0 up",
    ]
    assert second[0] == "near# ip link del vx0"


def test_ends_that_do_not_belong_together_or_agree_are_left() -> None:
    """Of another network, of another remote, and of the same port."""
    assert told(NEAR, end("far", "192.0.2.2", "192.0.2.1", "8472", network="6")) == []
    assert told(NEAR, end("far", "192.0.2.2", "192.0.2.9", "8472")) == []
    assert told(NEAR, end("far", "192.0.2.2", "192.0.2.1", "4789")) == []


def test_what_more_would_be_lost_with_is_left() -> None:
    """A route that somebody set by it, an entry of its forwarding table, a link on it."""
    route = pack.Route("10.60.0.0/24", gateway="10.50.0.1", index=2, protocol=3)
    entry = pack.FdbEntry(2, "02:00:00:00:00:09", destination="192.0.2.7")
    above = pack.Link(3, "m0", "macvlan", other=pack.End("far", 2))
    for more in (
        replace(FAR, routes=(route,)),
        replace(FAR, fdb=(entry,)),
        replace(FAR, links=(*FAR.links, above)),
    ):
        assert [each[0] for each in told(NEAR, more)] == ["near# ip link del vx0"]
