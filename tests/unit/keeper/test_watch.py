"""What a watch reads again, waits for, and sends: no more than what may be another now."""

from __future__ import annotations

import socket
import struct
from dataclasses import replace

from netlab.keeper import watch
from netlab.linux.netlink import messages as rt
from netlab.model import Interface, InterfaceId, Node, Snapshot

EVERYWHERE = {
    "net.ipv4.ip_forward": "0",
    "net.ipv4.conf.all.rp_filter": "0",
    "net.ipv4.conf.eth0.rp_filter": "1",
    "net.ipv4.conf.eth0.7.rp_filter": "1",
}
NODE = Node(
    1, "host", "host", interfaces=(Interface(1, 2, "eth0"), Interface(1, 3, "eth0.7")), sysctls=EVERYWHERE
)


def notified(kind: int, *attributes: tuple[int, int]) -> bytes:
    """What the kernel sends: a netconfmsg and its attributes."""
    body = bytes([2, 0, 0, 0])
    for name, value in attributes:
        body += rt.attribute(name, struct.pack("=i", value))
    return rt.message(kind, 0, 0, body)


def test_only_the_notified_interfaces_settings_are_read_again() -> None:
    """A link that comes or goes tells of itself; names that begin alike are not taken for each other."""
    indexes = watch.settings(notified(rt.RTM_NEWNETCONF, (1, 3)) + notified(16, (1, 2)))
    assert indexes == {3}
    assert set(EVERYWHERE) - set(watch.settings_but(NODE, indexes)) == {"net.ipv4.conf.eth0.7.rp_filter"}
    assert watch.settings_but(NODE, set()) == EVERYWHERE


def test_a_setting_for_all_has_all_read_again() -> None:
    """ip_forward is notified for "all" (-1); so is what does not say for whom it is."""
    assert watch.settings(notified(rt.RTM_NEWNETCONF, (1, -1))) == {-1}
    assert watch.settings(notified(rt.RTM_DELNETCONF)) == {watch.EVERY}
    assert watch.settings_but(NODE, {2, -1}) == {}


def test_only_what_can_leave_has_namespaces_looked_for() -> None:
    """A cable's end may have gone where nobody knows; a bridge cannot, and who leaves one is still there."""

    def gone(kind: str, family: int = 0) -> bytes:
        info = rt.attribute(1, kind.encode() + bytes(1))  # IFLA_INFO_KIND, in IFLA_LINKINFO
        body = struct.pack("=BxHiII", family, 1, 7, 0, 0) + rt.attribute(
            18, info
        )  # IFLA_LINKINFO, IFLA_INFO_KIND
        return rt.message(rt.RTM_DELLINK, 0, 0, body)

    def leaves(heard: bytes) -> bool:
        return any(watch.leaves(kind, body) for kind, _, body in rt.messages(heard))

    assert leaves(gone("veth")) and leaves(gone("macvlan"))
    assert not leaves(gone("bridge"))
    assert not leaves(gone("veth", socket.AF_BRIDGE))
    assert leaves(rt.message(rt.RTM_NEWNSID, 0, 0, bytes(4)))
    assert not leaves(rt.message(rt.RTM_NEWLINK, 0, 0, bytes(16)))


def test_what_has_left_and_not_arrived_is_on_its_way() -> None:
    """A macvlan, or one end of a cable; not a bridge, which nobody moves, nor a cable with both ends."""
    plug, socket = (
        Interface(
            netns, 5, "veth", kind="veth", mac=f"02:00:00:00:00:0{netns}", peer=InterfaceId(3 - netns, 5)
        )
        for netns in (1, 2)
    )

    def lab(*interfaces: Interface) -> Snapshot:
        nodes = [
            Node(n, str(n), "netns", interfaces=tuple(i for i in interfaces if i.netns == n)) for n in (1, 2)
        ]
        return Snapshot(0, "lab", tuple(nodes))

    macvlan = Interface(1, 7, "mv1", kind="macvlan", mac="02:00:00:00:00:07")
    assert watch.is_moving(lab(macvlan), lab())
    assert not watch.is_moving(lab(macvlan), lab(replace(macvlan, netns=2, name="eth0")))
    assert watch.is_moving(lab(plug, socket), lab(plug))
    assert not watch.is_moving(lab(plug, socket), lab())
    assert not watch.is_moving(lab(replace(macvlan, kind="bridge")), lab())


def test_the_far_ends_of_cables_are_known_to_lead_elsewhere() -> None:
    """Where an end came or went, its cable leads elsewhere; what else changes there changes no cable."""
    end = Interface(1, 5, "veth_host", kind="veth", peer=InterfaceId(2, 5))
    before = Snapshot(0, "lab", (replace(NODE, interfaces=(end,)), Node(2, "if-test", "container")))
    assert watch.find_recabled(before, before) == set()
    up = replace(end, flags=frozenset({"UP"}))
    assert (
        watch.find_recabled(before, replace(before, nodes=(replace(NODE, interfaces=(up,)), before.nodes[1])))
        == set()
    )
    assert watch.find_recabled(
        before, replace(before, nodes=(replace(NODE, interfaces=()), before.nodes[1]))
    ) == {1}
    assert watch.find_recabled(before, replace(before, nodes=before.nodes[:1])) == {2}


def test_only_the_nodes_that_changed_are_sent() -> None:
    """With the order of all, from which the other side puts the lab together again."""
    first = Snapshot(0, "lab", (NODE, Node(2, "if-test", "container")))
    assert [n.netns for n in watch.difference(None, first).snapshot.nodes] == [1, 2]
    later = replace(first, time_ns=1, nodes=(Node(3, "new", "netns"), replace(NODE, pid=7)))
    news = watch.difference(first, later)
    assert [n.netns for n in news.snapshot.nodes] == [3, 1]
    assert news.nodes == (3, 1)
    gone = watch.difference(first, replace(first, nodes=first.nodes[1:]))
    assert (gone.snapshot.nodes, gone.nodes) == ((), (2,))
