"""What is different between two snapshots, in words.

An interface is the same one when its MAC address and kind are the same, wherever it is now: a link that
moves to another namespace may get another index there, and another name later.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from netlab.i18n import gettext as _
from netlab.model import Chain, Interface, InterfaceId, Node, Snapshot

MASTER_SWITCH = "net.ipv4.ip_forward"  # writing it writes every device's forwarding
ACCEPTED_ROUTES = frozenset({"local", "broadcast", "multicast", "anycast"})


def describe_changes(previous: Snapshot, current: Snapshot) -> tuple[str, ...]:
    """One sentence for each difference: namespaces, interfaces, addresses, routes, sysctls, firewall."""
    said: list[str] = []
    before, after = {n.netns: n for n in previous.nodes}, {n.netns: n for n in current.nodes}
    came = [node.name for key, node in after.items() if key not in before]
    went = [node.name for key, node in before.items() if key not in after]
    said += [
        _("{name} is a new namespace now").format(name=name)
        if name in went
        else _("{name} appeared").format(name=name)
        for name in came
    ]
    said += [_("{name} is gone").format(name=name) for name in went if name not in came]
    said += _renamings(before, after)
    pairs = same_interfaces(previous, current)
    for old, new in pairs:
        said += _interface(old, new, before, after)
    matched_old, matched_new = {old.id for old, _ in pairs}, {new.id for _, new in pairs}
    for node, interface in previous.interfaces():
        if interface.id not in matched_old and node.netns in after:
            said.append(_("{name} is gone from {node_name}").format(name=interface.name, node_name=node.name))
    for node, interface in current.interfaces():
        # Every new namespace has a lo, and nobody made it.
        if interface.id not in matched_new and node.netns in before and interface.kind != "loopback":
            said.append(
                _("{name} appeared in {node_name}{with_}").format(
                    name=interface.name, node_name=node.name, with_=_with(interface)
                )
            )
    for netns, node in after.items():
        if netns in before:
            said += _node(before[netns], node)
    return tuple(said)


def marks(previous: Snapshot, current: Snapshot) -> dict[InterfaceId, str]:
    """For each interface that is not as it was: "new", "moved" or "changed"."""
    found: dict[InterfaceId, str] = {}
    pairs = {new.id: old for old, new in same_interfaces(previous, current)}
    for __, interface in current.interfaces():
        old = pairs.get(interface.id)
        if old is None:
            found[interface.id] = "new"
        elif old.netns != interface.netns:
            found[interface.id] = "moved"
        elif _looks(old) != _looks(interface):
            found[interface.id] = "changed"
    return found


def same_interfaces(previous: Snapshot, current: Snapshot) -> list[tuple[Interface, Interface]]:
    """Each interface as it was and as it is: first by place, then by MAC address and kind."""
    old = {i.id: i for _, i in previous.interfaces()}
    new = {i.id: i for _, i in current.interfaces()}
    stayed = [key for key in new if key in old and _kin(old[key], new[key])]
    pairs = [(old[key], new[key]) for key in stayed]
    left = [i for key, i in old.items() if key not in set(stayed)]
    for key, interface in new.items():
        if key in set(stayed) or not interface.mac or interface.kind == "loopback":  # lo never moves
            continue
        twins = [i for i in left if (i.mac, i.kind) == (interface.mac, interface.kind)]
        if twins:
            left.remove(twins[0])
            pairs.append((twins[0], interface))
    return pairs


def _kin(old: Interface, new: Interface) -> bool:
    """The same place holds the same interface: an index may be used again for another one."""
    return old.kind == new.kind and (old.mac == new.mac or old.name == new.name)


def _looks(interface: Interface) -> tuple[object, ...]:
    return (
        interface.name,
        interface.is_up,
        interface.has_carrier,
        interface.master,
        interface.mac,
        interface.mtu,
        frozenset(str(a) for a in interface.addresses),
    )


def _with(interface: Interface) -> str:
    listed = [str(address) for address in interface.addresses if address.scope != "link"]
    return _(" with {addresses}").format(addresses=", ".join(listed)) if listed else ""


def _renamings(before: dict[int, Node], after: dict[int, Node]) -> Iterable[str]:
    for key, node in after.items():
        if key in before and before[key].name != node.name:
            yield _("{name} is now called {node_name}").format(name=before[key].name, node_name=node.name)


def _interface(
    old: Interface, new: Interface, before: dict[int, Node], after: dict[int, Node]
) -> Iterable[str]:
    where = after[new.netns].name
    if old.netns != new.netns:
        became = _(" and became {name}").format(name=new.name) if old.name != new.name else ""
        yield _("{name} moved to {where}{became}").format(name=old.name, where=where, became=became)
    elif old.name != new.name:
        yield _("{name} in {where} is now called {new_name}").format(
            name=old.name, where=where, new_name=new.name
        )
    name = _("{interface} in {node}").format(interface=new.name, node=where)
    if old.is_up != new.is_up:
        yield (_("{name} came up") if new.is_up else _("{name} went down")).format(name=name)
    elif old.has_carrier != new.has_carrier:
        yield (_("{name} got a carrier") if new.has_carrier else _("{name} lost its carrier")).format(
            name=name
        )
    if new.is_up and not old.is_up and not new.has_carrier:
        yield _("{name} has no carrier").format(name=name)
    if old.master != new.master:
        yield (
            _("{name} became a port of {master}").format(name=new.name, master=new.master)
            if new.master
            else _("{name} left {master}").format(name=new.name, master=old.master)
        )
    if old.mac != new.mac:
        yield _("{name} has another MAC address: {mac} → {new_mac}").format(
            name=name, mac=old.mac, new_mac=new.mac
        )
    if old.mtu != new.mtu:
        yield _("mtu of {name} went from {mtu} to {new_mtu}").format(name=name, mtu=old.mtu, new_mtu=new.mtu)
    was, now = ([str(a) for a in interface.addresses if a.scope != "link"] for interface in (old, new))
    yield from (_("address {a} added to {name}").format(a=a, name=name) for a in now if a not in was)
    yield from (_("address {a} removed from {name}").format(a=a, name=name) for a in was if a not in now)


def _node(old: Node, new: Node) -> Iterable[str]:
    was, now = _routes(old), _routes(new)
    yield from (
        _("route {text} added in {name}").format(text=text, name=new.name) for text in now if text not in was
    )
    yield from (
        _("route {text} removed in {name}").format(text=text, name=new.name)
        for text in was
        if text not in now
    )
    for name in _settings(old, new):
        yield _("{name} went from {sysctls} to {new_sysctls} in {new_name}").format(
            name=name, sysctls=old.sysctls[name], new_sysctls=new.sysctls[name], new_name=new.name
        )
    chains = {(c.backend, c.family, c.table, c.name): c for c in new.chains}
    former = {(c.backend, c.family, c.table, c.name): c for c in old.chains}
    for key, chain in chains.items():
        yield from _chain(former.get(key), chain, new.name)
    for key, chain in former.items():
        if key not in chains:
            yield _("chain {called} is gone from {name}").format(called=_name(chain), name=old.name)


def _settings(old: Node, new: Node) -> Iterable[str]:
    """The sysctls that somebody changed: not those that came or went with their device, or follow another,
    or are a count."""
    for name in sorted(old.sysctls.keys() & new.sysctls.keys()):
        follows = ".conf." in name and name.startswith("net.ipv4.") and name.endswith(".forwarding")
        if follows and old.sysctls.get(MASTER_SWITCH) != new.sysctls.get(MASTER_SWITCH):
            continue
        if old.sysctls[name] != new.sysctls[name] and not name.endswith("_count"):
            yield name


def _routes(node: Node) -> list[str]:
    """The routes that somebody set, not the ones that the kernel keeps for each address.

    Whether a route's link has a carrier is left out: that is told of the interface.
    """
    shown = []
    for route in node.routes:
        automatic = route.kind in ACCEPTED_ROUTES or route.destination.startswith("fe80:")
        if automatic or route.table == "local":
            continue
        suffix = "" if route.table == "main" else f" table {route.table}"
        shown.append(f"{replace(route, flags=route.flags - {'linkdown'})}{suffix}")
    return shown


def _chain(old: Chain | None, new: Chain, node: str) -> Iterable[str]:
    name = _name(new)
    if old is None:
        # The kernel's own chains appear when somebody first lists them: only what they do is news.
        if new.policy and new.policy != "ACCEPT":
            yield _("policy of {name} is {policy} in {node}").format(name=name, policy=new.policy, node=node)
        elif not new.policy:
            yield _("chain {name} appeared in {node}").format(name=name, node=node)
    elif old.policy != new.policy:
        yield _("policy of {name} went from {policy} to {new_policy} in {node}").format(
            name=name, policy=old.policy or _("none"), new_policy=new.policy or _("none"), node=node
        )
    was = [rule.text for rule in old.rules] if old else []
    now = [rule.text for rule in new.rules]
    yield from (
        _("rule “{text}” added to {name} in {node}").format(text=text, name=name, node=node)
        for text in _without(now, was)
    )
    yield from (
        _("rule “{text}” removed from {name} in {node}").format(text=text, name=name, node=node)
        for text in _without(was, now)
    )
    if was != now and sorted(was) == sorted(now):
        yield _("the rules of {name} in {node} are in another order").format(name=name, node=node)


def _without(texts: list[str], others: list[str]) -> list[str]:
    """The texts that the others lack, counting repetitions: the same rule twice is two rules."""
    rest = list(others)
    found = []
    for text in texts:
        if text in rest:
            rest.remove(text)
        else:
            found.append(text)
    return found


def _name(chain: Chain) -> str:
    """ "FORWARD" is the filter table's, as everybody says; others are named with their table."""
    name = chain.name if chain.table == "filter" else f"{chain.table} {chain.name}"
    return name if chain.family == "ip" else f"{chain.family} {name}"
