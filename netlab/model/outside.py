"""What a twin cannot have is played: cards of a machine, links of a kind that a kernel lacks, and the world.

Each such link becomes a cable into `internet`. Where a pack is of a real machine, that owns every address
which is not the machine's, answers, and knows no way to what is behind the machine: as the world does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_network

from netlab.i18n import gettext as _
from netlab.model import pack

LO, LOCAL, HOST_SCOPE, BOOT, KERNEL, LOCAL_KIND, BROADCAST_KIND, THROW_KIND = 1, 255, 254, 3, 2, 2, 3, 9
BY_HAND = 1  # of addr_gen_mode: no address by itself
SERVED = (("tcp", 53), ("udp", 53), ("tcp", 80), ("tcp", 443))
NAME = "internet"
Key = tuple[str, int]  # of a node, of a link


def is_card(node: pack.Node, link: pack.Link) -> bool:
    """Whether it leads out: hardware, or a cable with an address of which nobody saw the other end."""
    if link.kind == "veth" and link.other is None and not link.master:
        return any(address.index == link.index for address in node.addresses)
    return link.kind == ""


def cables(found: pack.Pack, lacking: Collection[Key] = ()) -> pack.Pack:
    """The pack, with an internet, and with cables into that in place of what is a card or `lacking`."""
    nodes = {node.name: node for node in found.nodes}
    nodes.setdefault(NAME, empty(NAME, NAME))
    remarks = list(found.remarks)
    for node in found.nodes:
        for link in node.links:
            if link.kind == "veth" and link.other is None and not is_card(node, link):
                near, behind = _with_somebody(node.name, link, nodes)
                nodes[node.name], nodes[behind.name] = _with_link(nodes[node.name], near), behind
                told = _("{node}: nobody could see what is behind {link}: a namespace with nothing in it is")
                remarks.append(told.format(node=node.name, link=link.name))
    for node in list(nodes.values()):
        for link in node.links:
            if is_card(node, link) or (node.name, link.index) in lacking:
                far = _cable(nodes[NAME], node.name, link)
                near = replace(link, kind="veth", other=pack.End(NAME, far.index), details={})
                nodes[node.name] = _with_link(nodes[node.name], near)
                nodes[NAME] = _with_link(nodes[NAME], far)
                told = _("{node}: {link} ({kind}) is played by a cable into internet")
                remarks.append(told.format(node=node.name, link=link.name, kind=link.kind or _("a card")))
    return replace(found, nodes=tuple(nodes.values()), remarks=tuple(dict.fromkeys(remarks)))


def world(found: pack.Pack) -> pack.Pack:
    """The pack of a machine whose cables have been laid, with a world at their other end: it is whole."""
    if found.whole:
        return found
    nodes = tuple(_world(node, found.nodes) if node.name == NAME else node for node in found.nodes)
    remark = _("beyond the machine: internet owns every other address, and answers")
    return replace(found, whole=True, nodes=nodes, remarks=(*found.remarks, remark))


def _cable(outside: pack.Node, node: str, link: pack.Link) -> pack.Link:
    index = max((each.index for each in outside.links), default=LO) + 1
    end = pack.End(node, link.index)
    return pack.Link(
        index, f"cable{index}", "veth", up=True, mtu=link.mtu, other=end, addr_gen_mode=BY_HAND,
        flags=frozenset({"MULTICAST"}),
    )  # fmt: skip


def _with_somebody(node: str, link: pack.Link, nodes: Mapping[str, pack.Node]) -> tuple[pack.Link, pack.Node]:
    """A cable whose other end nobody has seen, and the namespace that it leads to."""
    name = next(n for n in (f"behind {link.name}", f"behind {node} {link.name}") if n not in nodes)
    blank = empty(name, "netns")
    far = pack.Link(2, "eth0", "veth", up=True, mtu=link.mtu, other=pack.End(node, link.index),
                    flags=frozenset({"MULTICAST"}), addr_gen_mode=BY_HAND)  # fmt: skip
    return replace(link, other=pack.End(name, 2)), replace(blank, links=(*blank.links, far))


def _with_link(node: pack.Node, link: pack.Link) -> pack.Node:
    others = [each for each in node.links if each.index != link.index]
    return replace(node, links=tuple(sorted([*others, link], key=lambda each: each.index)))


def empty(name: str, kind: str) -> pack.Node:
    """A namespace in which lo is up, and nothing else is."""
    lo = pack.Link(LO, "lo", "loopback", up=True, mac="00:00:00:00:00:00", mtu=65536)
    own = {"index": LO, "table": LOCAL, "protocol": KERNEL, "source": "127.0.0.1"}
    return pack.Node(
        name,
        kind,
        links=(lo,),
        addresses=(
            pack.Address(LO, "127.0.0.1", 8, label="lo", scope=HOST_SCOPE),
            pack.Address(LO, "::1", 128, scope=HOST_SCOPE, protocol=1),
        ),
        routes=(
            pack.Route("127.0.0.0/8", kind=LOCAL_KIND, scope=HOST_SCOPE, **own),  # type: ignore[arg-type]
            pack.Route("127.0.0.1/32", kind=LOCAL_KIND, scope=HOST_SCOPE, **own),  # type: ignore[arg-type]
            pack.Route("127.255.255.255/32", kind=BROADCAST_KIND, scope=253, **own),  # type: ignore[arg-type]
            pack.Route("::1/128", protocol=KERNEL, index=LO, metric=256),
        ),
        policies=tuple(
            pack.PolicyRule(family, preference, table=table, details={"protocol": str(KERNEL)})
            for family, tables in ((4, (255, 254, 253)), (6, (255, 254)))
            for preference, table in zip((0, 32766, 32767), tables, strict=False)
        ),
    )


def _ways(
    cards: Mapping[tuple[str, int], int], held: Sequence[tuple[str, pack.Address]]
) -> Iterator[pack.Route]:
    """To the cards at its cables; and none to the networks that lie behind them."""
    yield from (
        pack.Route(
            f"{address.address}/{128 if ':' in address.address else 32}",
            table=LOCAL,
            protocol=BOOT,
            scope=0 if ":" in address.address else 253,
            index=cards[name, address.index],
            metric=1024 if ":" in address.address else 0,
        )
        for name, address in held
        if (name, address.index) in cards
    )
    behind = {
        str(ip_network(f"{address.address}/{address.prefixlen}", strict=False))
        for name, address in held
        if (name, address.index) not in cards and ":" not in address.address
    }
    yield from (pack.Route(net, table=LOCAL, kind=THROW_KIND, protocol=BOOT) for net in sorted(behind))


def _world(outside: pack.Node, nodes: Collection[pack.Node]) -> pack.Node:
    """Every address is its own, but those of the cards at its cables; it knows no way to those behind.

    At each cable it is the gateway that the machine knows there.
    """
    cards = {(link.other.node, link.other.index): link.index for link in outside.links if link.other}
    held = [(node.name, address) for node in nodes for address in node.addresses if address.index != LO]
    ways = list(_ways(cards, held))
    gateways = {
        (route.gateway, cards[node.name, route.index])
        for node in nodes
        for route in node.routes
        if (node.name, route.index) in cards and route.gateway and ":" not in route.gateway
    }
    ways += [
        pack.Route(f"{gateway}/32", LOCAL, LOCAL_KIND, KERNEL, HOST_SCOPE, index=index, source=gateway)
        for gateway, index in sorted(gateways)
    ]
    all_of_it = (
        pack.Route("0.0.0.0/0", table=LOCAL, kind=LOCAL_KIND, protocol=BOOT, scope=HOST_SCOPE, index=LO),
        pack.Route("::/0", table=LOCAL, kind=LOCAL_KIND, protocol=BOOT, index=LO, metric=1024),
    )
    listeners = tuple(pack.Listener(protocol, "0.0.0.0", port) for protocol, port in SERVED)
    held_here = tuple(
        pack.Address(index, gateway, 32, label=next(i.name for i in outside.links if i.index == index))
        for gateway, index in sorted(gateways)
    )
    return replace(
        outside,
        addresses=(*outside.addresses, *held_here),
        routes=(*outside.routes, *all_of_it, *ways),
        listeners=listeners,
    )
