"""Whether a pack is consistent in itself: what a schema cannot say.

Names are names, numbers are given once, and whatever is referred to is there. What is not is refused as a
whole, with the first reason: half a network would be another one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from netlab.i18n import gettext as _
from netlab.model import pack
from netlab.model.codec import Malformed

KINDS = ("host", "internet", "container", "netns", "process")
OTHERS = (
    "addresses",
    "routes",
    "policies",
    "neighbours",
    "fdb",
    "vlans",
    "queues",
    "classes",
    "ipsec",
    "settings",
    "listeners",
)
OF_A_LINK = ("addresses", "routes", "neighbours", "fdb", "vlans", "queues", "nexthops", "ipsec")
MOST_NODES, MOST_LINKS, MOST_RULES, MOST_OTHERS = 512, 4096, 100_000, 65_536  # of the whole pack
LONGEST_NAME = 100
LO = 1  # which every namespace has
LARGEST_PORT = 65535
_PORT = re.compile(r"(?:[0-9.]+:|\[[0-9A-Fa-f:]+\]:)?([0-9]{1,5}):([0-9]{1,5})/(?:tcp|udp|sctp)", re.ASCII)


def check(found: pack.Pack) -> None:
    """Malformed with the first thing that is wrong."""
    if not _is_name(found.name, LONGEST_NAME):
        raise Malformed(_("the network has no proper name"))
    _check_sizes(found)
    names = [name for node in found.nodes for name in (node.name, *node.aliases)]
    for name in names:
        if not _is_name(name, LONGEST_NAME):
            raise Malformed(_("{name!r} is no name of a node").format(name=name[:LONGEST_NAME]))
    _check_once(names, _("the node {name!r} is there twice"))
    roles = {(node.kind, node.name) for node in found.nodes if {node.kind, node.name} & {"host", "internet"}}
    kinds = {node.kind for node in found.nodes}
    if not {("host", "host")} <= roles <= {("host", "host"), ("internet", "internet")} or kinds - set(KINDS):
        raise Malformed(_("a network has one host, at most one internet, and containers and namespaces"))
    links = {(node.name, link.index) for node in found.nodes for link in node.links}
    for node in found.nodes:
        _check_node(node, links)


def _check_sizes(found: pack.Pack) -> None:
    rules = sum(len(c.rules) for node in found.nodes for table in node.tables for c in table.chains)
    others = sum(len(getattr(node, name)) for node in found.nodes for name in OTHERS)
    others += sum(1 + len(each.entries) for node in found.nodes for each in node.ip_sets)
    for count, most, what in (
        (len(found.nodes), MOST_NODES, _("nodes")),
        (sum(len(node.links) for node in found.nodes), MOST_LINKS, _("links")),
        (rules + sum(len(node.native) for node in found.nodes), MOST_RULES, _("rules")),
        (others, MOST_OTHERS, _("routes, addresses and settings")),
    ):
        if count > most:
            raise Malformed(
                _("it has {count} {what}, and {most} is the most").format(count=count, what=what, most=most)
            )


def _check_node(node: pack.Node, links: set[tuple[str, int]]) -> None:
    for port in node.container.ports if node.container else ():
        found = _PORT.fullmatch(port)
        if not found or max(map(int, found.groups())) > LARGEST_PORT:
            raise Malformed(_("{port!r} is no published port").format(port=port[:LONGEST_NAME]))
    for link in node.links:
        if not is_link_name(link.name) or not link.index:
            raise Malformed(_("{name!r} is no name of a link").format(name=link.name[:LONGEST_NAME]))
        if link.master and (node.name, link.master) not in links:
            raise Malformed(_("the bridge of {link} is not there").format(link=link.name))
        least = LO if link.kind == "vxlan" else 0  # it may stand on none, and yet in another namespace
        if link.other and (link.other.node, link.other.index or least) not in links:
            raise Malformed(_("the other end of {link} is not there").format(link=link.name))
        if link.other == pack.End(node.name, link.index):
            raise Malformed(_("{link} is its own other end").format(link=link.name))
    _check_once((link.name for link in node.links), _("the link {name!r} is there twice"))
    _check_once((str(link.index) for link in node.links), _("the link number {name} is there twice"))
    here = {index for name, index in links if name == node.name} | {0}
    used = {hop.index for route in node.routes for hop in route.hops}
    for name in OF_A_LINK:
        used |= {each.index for each in getattr(node, name)}
    if not used <= here:
        raise Malformed(_("something in {node} belongs to a link that is not there").format(node=node.name))


def _check_once(names: Iterable[str], complaint: str) -> None:
    name, count = next(iter(Counter(names).most_common(1)), ("", 0))
    if count > 1:
        raise Malformed(complaint.format(name=name))


def _is_name(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and text.isprintable() and "/" not in text and text not in (".", "..")


def is_link_name(text: str) -> bool:
    """Whether a link may be called that, by the kernel's rules."""
    bad = {"/", ":"} & set(text) or any(sign.isspace() for sign in text) or not text.isprintable()
    return 0 < len(text.encode(errors="replace")) <= 15 and text not in (".", "..") and not bad
