"""Links, neighbours, routes, settings, addresses: what somebody has set, one thing each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from netlab.diagnosis.observation import step
from netlab.diagnosis.search.atom import Atom, Without
from netlab.i18n import gettext as _
from netlab.linux.wiring import policies, settings
from netlab.model import Node, pack

KERNEL, BROADCAST, PERMANENT, NOBODYS, SELF = 2, 3, 0x80, 0x40, 2  # RTPROT_, RTN_, NUD_, NUD_NOARP, NTF_SELF
TYPES = {2: "local", 3: "broadcast", 6: "blackhole", 7: "unreachable", 8: "prohibit", 9: "throw"}
# What can do nothing but refuse, so that without it nothing is refused that was let through.
REFUSING_ROUTES, REFUSING_RULES = (6, 7, 8), (6, 7, 8)  # blackhole, unreachable, prohibit: RTN_…, FR_ACT_…
REFUSING_SETTINGS = (
    *("icmp_echo_ignore_all", "echo_ignore_all", "arp_ignore", "arp_filter", "rp_filter"),
    *("drop_unicast_in_l2_multicast", "ignore_routes_with_linkdown"),
)
SETTINGS = {  # of which cause each is
    "arp_ignore": "arp-off",
    "rp_filter": "reverse-path",
    "icmp_echo_ignore_all": "echo-ignored",
    "echo_ignore_all": "echo-ignored",
    "disable_ipv6": "ipv6-disabled",
    "forwarding": "forwarding-off",
    "ip_forward": "forwarding-off",
    "proxy_arp": "no-proxy-arp",
}
# Of a port of a bridge, what a new one has, by the words of bridge(8); all others are off.
ON = ("learning", "flood", "mcast_flood", "bcast_flood")
USUAL_MTU = 1500
SWITCHES = (*ON, "hairpin", "guard", "root_block", "neigh_suppress", "isolated", "locked")


def of_queues(node: pack.Node, place: Node, names: Mapping[int, str]) -> Iterator[Atom]:
    """Queueing disciplines of whole links."""
    for queue in node.queues:
        name, where = names.get(queue.index, ""), "root"
        if queue.kind in ("ingress", "clsact"):
            where = queue.kind
        elif queue.parent != 0xFFFFFFFF:
            continue
        text = _("the {kind} queue of {name}").format(kind=queue.kind, name=name)
        cure = (step(place, "tc", "qdisc", "del", "dev", name, where),)
        yield Atom(node.name, "queue-full", text, cure, _without_queues(queue.index), True)


def _without_queues(index: int) -> Without:
    return lambda node: replace(
        node,
        queues=tuple(queue for queue in node.queues if queue.index != index),
        classes=tuple(each for each in node.classes if each.index != index),
    )


def of_ports(node: pack.Node, place: Node, _names: Mapping[int, str]) -> Iterator[Atom]:
    """Ports of bridges that are not as new ones."""
    for link in node.links:
        usual = {word: "on" if word in ON else "off" for word in SWITCHES}
        odd = {w: usual[w] for w, value in link.port.items() if w in usual and value != usual[w]}
        state = {"state"} & link.port.keys()
        if odd or state:
            words = [word for pair in odd.items() for word in pair] + (["state", "3"] if state else [])
            text = _("{name}, a port of a bridge, with {what}").format(
                name=link.name, what=", ".join(f"{w} {link.port[w]}" for w in sorted({*odd, *state}))
            )
            cure = (step(place, "bridge", "link", "set", "dev", link.name, *words),)
            port = {w: odd.get(w, value) for w, value in link.port.items() if w != "state"}
            yield Atom(node.name, "port-blocked", text, cure, _with_link(link.index, port=port), True)


def of_links(node: pack.Node, place: Node, _names: Mapping[int, str]) -> Iterator[Atom]:
    """Links that are down, or have what a new one does not."""
    for link in node.links:
        set_ = ("ip", "link", "set", "dev", link.name)
        own = any(address.index == link.index and address.scope == 0 for address in node.addresses)
        if link.master and own:
            text = _("{name} has an address, and is a port of a bridge").format(name=link.name)
            change = _with_link(link.index, master=0, port={})
            yield Atom(node.name, "not-a-port", text, (step(place, *set_, "nomaster"),), change)
        for cause, text, words, values in _odd(link):
            harmless = cause not in ("interface-down", "too-big")
            change = _with_link(link.index, **values)
            yield Atom(node.name, cause, text, (step(place, *set_, *words),), change, harmless)


def _odd(link: pack.Link) -> Iterator[tuple[str, str, tuple[str, ...], dict[str, Any]]]:
    """What is odd of a link: (cause, in words, of `ip link set` what puts it right, and how it then is)."""
    if not link.up:
        yield "interface-down", _("{name} is down").format(name=link.name), ("up",), {"up": True}
    if "NOARP" in link.flags:
        flags = link.flags - {"NOARP"}
        yield "arp-off", _("{name} has NOARP").format(name=link.name), ("arp", "on"), {"flags": flags}
    if link.mtu < USUAL_MTU and link.kind in ("veth", "bridge", "macvlan", "ipvlan"):
        text = _("{name} has MTU {mtu}").format(name=link.name, mtu=link.mtu)
        yield "too-big", text, ("mtu", str(USUAL_MTU)), {"mtu": USUAL_MTU}
    if link.details.get("vlan_filtering", "0") != "0":
        text = _("{name} filters VLANs").format(name=link.name)
        details = {**link.details, "vlan_filtering": "0"}
        yield "port-blocked", text, ("type", "bridge", "vlan_filtering", "0"), {"details": details}


def _with_link(index: int, **values: Any) -> Without:
    return lambda node: replace(
        node,
        links=tuple(replace(link, **values) if link.index == index else link for link in node.links),
    )


def of_neighbours(node: pack.Node, place: Node, names: Mapping[int, str]) -> Iterator[Atom]:
    """Also what was learned: it may be wrong, and is learned again."""
    for entry in node.neighbours:
        if entry.index in names:
            name, lasts = names[entry.index], bool(entry.state & (PERMANENT | NOBODYS))
            text = _("the neighbour {address} of {name}, {mac}").format(
                address=entry.address, name=name, mac=entry.mac
            )
            cure = (step(place, "ip", "neigh", "del", entry.address, "dev", name),)
            yield Atom(node.name, "wrong-neighbour", text, cure, _without("neighbours", entry), not lasts)


def of_fdb(node: pack.Node, place: Node, names: Mapping[int, str]) -> Iterator[Atom]:
    """Entries of forwarding tables that somebody set."""
    own = {link.mac for link in node.links}
    for entry in node.fdb:
        if entry.state & PERMANENT and entry.mac not in own and entry.index in names:
            name = names[entry.index]
            text = _("the entry {mac} of {name} in the forwarding table").format(mac=entry.mac, name=name)
            words = [
                "bridge",
                "fdb",
                "del",
                entry.mac,
                "dev",
                name,
                *(["vlan", str(entry.vlan)] * bool(entry.vlan)),
            ]
            words += ["dst", entry.destination] if entry.destination else []
            words += ["self" if entry.flags & SELF else "master"]
            yield Atom(node.name, "port-blocked", text, (step(place, *words),), _without("fdb", entry))


def of_policies(node: pack.Node, place: Node, __: Mapping[int, str]) -> Iterator[Atom]:
    """Rules of `ip rule`."""
    for rule in node.policies:
        if rule not in policies.OWN:
            ip = ("ip", "-6") if rule.family == 6 else ("ip",)
            text = _("the rule of ip rule with preference {number}").format(number=rule.preference)
            cure = (step(place, *ip, "rule", "del", "pref", str(rule.preference)),)
            change = _without("policies", rule)
            yield Atom(node.name, "wrong-route", text, cure, change, rule.action in REFUSING_RULES)


def of_routes(node: pack.Node, place: Node, names: Mapping[int, str]) -> Iterator[Atom]:
    """Routes that somebody set, and those of broadcast addresses."""
    for route in node.routes:
        if route.protocol == KERNEL and route.kind != BROADCAST:
            continue
        ip = ("ip", "-6") if ":" in route.destination else ("ip",)
        words = [
            *ip,
            "route",
            "del",
            *([TYPES[route.kind]] if route.kind in TYPES else []),
            route.destination,
        ]
        words += ["via", route.gateway] if route.gateway else []
        words += ["dev", names[route.index]] if route.index in names and route.kind <= BROADCAST else []
        words += ["table", str(route.table)] if route.table != 254 else []
        words += ["metric", str(route.metric)] if route.metric else []
        text = _("the route to {destination}").format(destination=" ".join(words[len(ip) + 2 :]))
        harmless = route.kind in REFUSING_ROUTES or route.kind == BROADCAST
        yield Atom(
            node.name, "wrong-route", text, (step(place, *words),), _without("routes", route), harmless
        )


def of_settings(node: pack.Node, __: Node, _names: Mapping[int, str]) -> Iterator[Atom]:
    """Settings of the namespace and of its links."""
    for name, value in node.settings.items():
        words = name.replace("/", ".")
        text = f"{words} = {value}"
        harmless = name.rpartition("/")[2] in REFUSING_SETTINGS
        yield Atom(node.name, _cause(name), text, (), _unset(name), harmless, setting=words)
    for link in node.links:
        for key, value in link.settings.items():
            path = settings.of_link(link, key)
            text = f"{path.replace('/', '.')} = {value}"
            left = {each: v for each, v in link.settings.items() if each != key}
            change = _with_link(link.index, settings=left)
            harmless = key.rpartition("/")[2] in REFUSING_SETTINGS
            setting = path.replace(".", "\0").replace("/", ".").replace("\0", "/")
            yield Atom(node.name, _cause(key), text, (), change, harmless, setting=setting)


def _cause(name: str) -> str:
    return SETTINGS.get(name.rpartition("/")[2], "setting")


def _unset(name: str) -> Without:
    return lambda node: replace(node, settings={k: v for k, v in node.settings.items() if k != name})


def of_addresses(node: pack.Node, place: Node, names: Mapping[int, str]) -> Iterator[Atom]:
    """Addresses of all links."""
    for entry in node.addresses:
        if entry.scope == 0 and entry.index in names:
            name, which = names[entry.index], f"{entry.address}/{entry.prefixlen}"
            text = _("the address {address} of {name}").format(address=which, name=name)
            cure = (step(place, "ip", "addr", "del", which, "dev", name),)
            yield Atom(node.name, "wrong-address", text, cure, _without_address(entry))


def _without_address(entry: pack.Address) -> Without:
    """And without the kernel's own routes for it."""

    def is_its(route: pack.Route) -> bool:
        return route.protocol == KERNEL and route.index == entry.index and entry.address in (
            route.source, route.destination.partition("/")[0],
        )  # fmt: skip

    return lambda node: replace(
        node,
        addresses=tuple(each for each in node.addresses if each != entry),
        routes=tuple(route for route in node.routes if not is_its(route)),
    )


def _without(field: str, entry: object) -> Without:
    def change(node: pack.Node) -> pack.Node:
        kept: Any = {field: tuple(each for each in getattr(node, field) if each != entry)}
        return replace(node, **kept)

    return change
