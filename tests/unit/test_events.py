"""Which settings a watch reads again: those that were notified to be others now."""

from __future__ import annotations

import struct

from netlab import events
from netlab import rtnetlink as rt
from netlab.model import Interface, Node

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
    indexes = events.settings(notified(events.NEWNETCONF, (1, 3)) + notified(16, (1, 2)))
    assert indexes == {3}
    assert set(EVERYWHERE) - set(events.kept(NODE, indexes)) == {"net.ipv4.conf.eth0.7.rp_filter"}
    assert events.kept(NODE, set()) == EVERYWHERE


def test_a_setting_for_all_has_all_read_again() -> None:
    """ip_forward is notified for "all" (-1); so is what does not say for whom it is."""
    assert events.settings(notified(events.NEWNETCONF, (1, -1))) == {-1}
    assert events.settings(notified(events.DELNETCONF)) == {events.EVERY}
    assert events.kept(NODE, {2, -1}) == {}
