"""Ends of a VXLAN that send to another UDP port than the one at which the other end waits."""

from __future__ import annotations

from collections.abc import Iterator

from netlab.diagnosis.finding import WEAK, Finding
from netlab.diagnosis.observation import show, step
from netlab.diagnosis.verdict import Cure
from netlab.i18n import gettext as _
from netlab.model import Node, Snapshot, pack

KERNEL, PERMANENT, NONE = 2, 0x80, "00:00:00:00:00:00"  # RTPROT_, NUD_, for whom the remote is
USUAL = "4789"  # RFC 7348, 8
WORDS = {  # of `ip link add … type vxlan`, by what a pack calls them
    **{word: word for word in ("id", "local", "ttl", "tos", "ageing")},
    **{"group": "remote", "group6": "remote", "local6": "local"},
}
OFTEN = {"ttl": "0", "tos": "0", "ageing": "300"}  # what it has that nobody sets
End = tuple[pack.Node, pack.Link]


def tunnels(found: pack.Pack, seen: Snapshot) -> Iterator[Finding]:
    """One finding for each of two such ends, the one first that has not the usual port: it is made anew, for
    a port cannot be changed later. `found` and `seen` are the same network."""
    ends = [(node, link) for node in found.nodes for link in node.links if link.kind == "vxlan"]
    ends.sort(key=lambda end: end[1].details.get("dstport") == USUAL)
    for node, link in ends:
        for other in ends:
            port = other[1].details.get("dstport", "")
            differs = port not in ("", link.details.get("dstport"))
            if differs and _belong((node, link), other) and _is_simple(node, link):
                yield _accuse(seen.node(node.name), node, link, other, port)


def _belong(one: End, other: End) -> bool:
    """Whether they are of one network, and each sends to an address that the other one's node has."""
    ids = {link.details.get("id") for _node, link in (one, other)}
    return len(ids) == 1 and _sends_to(one, other[0]) and _sends_to(other, one[0])


def _sends_to(end: End, node: pack.Node) -> bool:
    remote = _remote(end[1])
    return bool(remote) and any(address.address == remote for address in node.addresses)


def _is_simple(node: pack.Node, link: pack.Link) -> bool:
    """Whether nothing would be lost with it but what `_anew` gives back."""
    routes = any(route.index == link.index and route.protocol != KERNEL for route in node.routes)
    above = any(
        each.other and (each.other.node, each.other.index) == (node.name, link.index) for each in node.links
    )
    fdb = any(
        entry.index == link.index and entry.state & PERMANENT and entry.mac != NONE for entry in node.fdb
    )
    return not (routes or above or fdb)


def _remote(link: pack.Link) -> str:
    return link.details.get("group") or link.details.get("group6") or ""


def _accuse(place: Node, node: pack.Node, link: pack.Link, other: End, port: str) -> Finding:
    mine = link.details["dstport"]
    text = _("{name} of {node} sends to UDP port {mine}, and {other} of {far} waits at {port}.").format(
        name=link.name, node=node.name, mine=mine, other=other[1].name, far=other[0].name, port=port
    )
    says = _("the other end has dstport {port}").format(port=port)
    evidence = (show(place, f"ip -d link show {link.name}", f"dstport {mine}", says),)
    return Finding("setting", WEAK, text, evidence, tuple(_anew(place, node, link, port)))


def _anew(place: Node, node: pack.Node, link: pack.Link, port: str) -> Iterator[Cure]:
    """Without it, and with one like it, but for the port: its addresses and its bridge, too."""
    names = {each.index: each.name for each in node.links}
    yield step(place, "ip", "link", "del", link.name)
    words = ["ip", "link", "add", link.name, "address", link.mac, "mtu", str(link.mtu), "type", "vxlan"]
    for key, value in link.details.items():
        if key in WORDS and OFTEN.get(key) != value:
            words += [WORDS[key], value]
    words += ["dstport", port]
    words += ["nolearning"] if link.details.get("learning") in ("0", "off") else []
    below = link.other.index if link.other else 0
    words += ["dev", names[below]] if below in names else []
    yield step(place, *words)
    if link.master in names:
        yield step(place, "ip", "link", "set", link.name, "master", names[link.master])
    for address in node.addresses:
        if address.index == link.index and address.scope == 0:
            which = f"{address.address}/{address.prefixlen}"
            yield step(place, "ip", "addr", "add", which, "dev", link.name)
    if link.up:
        yield step(place, "ip", "link", "set", link.name, "up")
