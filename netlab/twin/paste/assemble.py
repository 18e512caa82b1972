"""A pack out of what was pasted: what a kernel adds by itself is added, and what nobody said is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_interface

from netlab.i18n import gettext as _
from netlab.linux.wiring import settings
from netlab.linux.wiring.fields import Unfit
from netlab.model import outside
from netlab.model.outside import BROADCAST_KIND, HOST_SCOPE, KERNEL, LO, LOCAL, LOCAL_KIND
from netlab.model.pack import Address, Container, End, FdbEntry, Link, Node, Pack, Route
from netlab.twin.paste.ip_listing import Held
from netlab.twin.paste.listings import Pasted

NTF_MASTER = 4
FIRST = 2  # index of a container's eth0, where nothing else is known


def assemble(found: Pasted, name: str) -> Pack:
    """The network of a machine, of which only so much is known."""
    host = _host(found)
    nodes, host = _containers(found, host)
    remarks = [
        *(
            _("not pasted: {command}; it is as if that said nothing").format(command=each)
            for each in found.gaps()
        ),
        *(_("not understood: {line}").format(line=line) for line in found.unread),
    ]
    return Pack(name, whole=False, nodes=(host, *nodes), remarks=tuple(dict.fromkeys(remarks)))


def _host(found: Pasted) -> Node:
    indexes = {link.name: link.index for link in found.links}
    masters = {port: indexes[bridge] for port, bridge in found.masters.items() if bridge in indexes}
    bridges = set(found.masters.values())
    links = []
    for link in found.links:
        kind = "bridge" if link.name in bridges and link.kind in ("", "bridge") else link.kind
        behind = found.peers.get(link.name, "")
        other = End("host", indexes[behind]) if behind in indexes and behind != link.name else None
        links.append(replace(link, kind=kind, master=masters.get(link.name, 0), other=other))
    blank = outside.empty("host", "host")
    if not any(link.index == LO for link in links):
        links.insert(0, blank.links[0])
    held = [each for each in found.addresses if each.device in indexes]
    addresses = [_address(each, indexes[each.device]) for each in held]
    return replace(
        blank,
        links=tuple(links),
        addresses=tuple(addresses)
        if any(a.index == LO for a in addresses)
        else (*blank.addresses, *addresses),
        routes=tuple(_routes(found, links, addresses, blank)),
        tables=found.tables,
        native=found.native,
        fdb=tuple(_own_entries(links)),
        settings=dict(_settings(found)),
    )


def _own_entries(links: list[Link]) -> Iterator[FdbEntry]:
    """What a bridge knows without having learned it: its ports' MAC addresses, and its own."""
    for link in links:
        if link.mac and (link.master or link.kind == "bridge"):
            yield FdbEntry(link.index, link.mac, flags=NTF_MASTER)


def _settings(found: Pasted) -> Iterator[tuple[str, str]]:
    """Those of the whole namespace, by names that there are."""
    for name, value in found.settings.items():
        try:
            settings.check([name])
        except Unfit:
            continue
        if "/conf/" not in name or re.search(r"/conf/(all|default)/", name):
            yield name, value


def _address(held: Held, index: int) -> Address:
    label = "" if ":" in held.address else held.device
    return Address(
        index, held.address, held.prefixlen, broadcast=held.broadcast, label=label, scope=held.scope
    )


def _routes(found: Pasted, links: list[Link], addresses: list[Address], blank: Node) -> Iterator[Route]:
    """What was pasted, and what a kernel adds to an address of a link that is up."""
    indexes = {link.name: link.index for link in links}
    up = {link.index for link in links if link.up}
    told = [
        replace(route, index=indexes[device] if device else 0)
        for device, route in found.routes
        if device in {*indexes, ""}
    ]
    seen = {(route.destination, route.table, route.index) for route in told}
    told_families = {":" in route.destination for route in told if route.table != LOCAL}
    yield from told
    for route in (
        *blank.routes,
        *(each for a in addresses if a.index in up and a.index != LO for each in _own(a)),
    ):
        is_connected = route.table != LOCAL and route.index != LO
        if is_connected and (":" in route.destination) in told_families:
            continue  # it has been told which there are
        if (route.destination, route.table, route.index) not in seen:
            yield route


def _own(held: Address) -> Iterator[Route]:
    """The routes that come with an address."""
    interface = ip_interface(f"{held.address}/{held.prefixlen}")
    network = str(interface.network)
    if interface.version == 6:
        yield Route(network, protocol=KERNEL, index=held.index, metric=256)
        return
    yield Route(
        f"{held.address}/32", LOCAL, LOCAL_KIND, KERNEL, HOST_SCOPE, index=held.index, source=held.address
    )
    if held.prefixlen < 31:
        last = f"{interface.network.broadcast_address}/32"
        yield Route(last, LOCAL, BROADCAST_KIND, KERNEL, 253, index=held.index, source=held.address)
    if held.prefixlen < 32:
        yield Route(network, protocol=KERNEL, scope=253, index=held.index, source=held.address)


# -- containers


def _containers(found: Pasted, host: Node) -> tuple[list[Node], Node]:
    """Each with a cable to the bridge that its gateway is on: one of the host's pairs, or a new one."""
    nodes: list[Node] = []
    for name, container in dict(found.containers).items():
        bridge = _bridge_of(container, host)
        if not container.address or bridge is None:
            continue
        near = _free_end(host, bridge) or Link(
            _next_index(host), f"veth{len(nodes)}", "veth", up=True, txqlen=0
        )
        peer = found.peers.get(near.name, "")
        index = int(peer[2:]) if re.fullmatch(r"if[1-9]\d{0,5}", peer) else FIRST
        safe = name if name not in ("host", "internet") else f"container {name}"
        far = Link(index, "eth0", "veth", up=True, mac=container.mac, txqlen=0, other=End("host", near.index),
                   flags=frozenset({"MULTICAST"}))  # fmt: skip
        near = replace(near, master=bridge.index, other=End(safe, index))
        host = replace(host, links=(*(each for each in host.links if each.index != near.index), near))
        nodes.append(_container(safe, container, far))
    return nodes, host


def _bridge_of(container: Container, host: Node) -> Link | None:
    holders = {each.index for each in host.addresses if each.address == container.gateway}
    return next((link for link in host.links if link.index in holders and link.kind == "bridge"), None)


def _free_end(host: Node, bridge: Link) -> Link | None:
    return next(
        (
            link
            for link in host.links
            if link.kind == "veth" and link.master == bridge.index and not link.other
        ),
        None,
    )


def _next_index(host: Node) -> int:
    return max(link.index for link in host.links) + 1


def _container(name: str, container: Container, eth0: Link) -> Node:
    node = outside.empty(name, "container")
    interface = ip_interface(f"{container.address}/{container.prefixlen or 16}")
    held = Address(eth0.index, container.address, interface.network.prefixlen, label="eth0",
                   broadcast=str(interface.network.broadcast_address))  # fmt: skip
    default = Route("0.0.0.0/0", protocol=3, index=eth0.index, gateway=container.gateway)
    return replace(
        node,
        container=container,
        links=(*node.links, eth0),
        addresses=(*node.addresses, held),
        routes=(*node.routes, *_own(held), default),
    )
