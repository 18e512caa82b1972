"""Two interfaces on one link with the same address."""

from __future__ import annotations

from ipaddress import IPv4Address

from netlab.diagnosis.finding import STRONG, WEAK, Finding
from netlab.diagnosis.focus import Focus
from netlab.diagnosis.observation import Observation, cure, show
from netlab.diagnosis.suspects.addressing import add
from netlab.diagnosis.verdict import Cure
from netlab.i18n import gettext as _
from netlab.model import Interface, InterfaceId, Node


def twins(scene: Observation, focus: Focus) -> Finding | None:
    """Two interfaces on one link with the same IP or MAC address."""
    start = focus.interface.id if focus.interface is not None else None
    starts = [start] if start else [i.id for i in focus.node.interfaces if i.kind != "loopback"]
    link = {key for one in starts for key in scene.link(one)}
    seen: dict[str, tuple[Node, Interface]] = {}
    for key in sorted(link, key=lambda one: _may_keep_it(scene, one)):
        interface, node = scene.after.interface(key), scene.node(key.netns)
        if interface is None:
            continue
        names = [a.address for a in scene.own(interface)]
        names += [interface.mac] if not interface.master else []
        for name in names:
            if name in seen and seen[name][1].id != interface.id:
                misled = _was_misled(focus, seen[name][1], interface)
                return _twin(scene, seen[name], (node, interface), name, misled)
            seen.setdefault(name, (node, interface))
    return None


def _may_keep_it(scene: Observation, key: InterfaceId) -> tuple[bool, bool, bool, int, int]:
    """The order in which interfaces may keep an address: routers and whoever asks before their neighbours."""
    node = scene.node(key.netns)
    return (node.kind != "internet", node.name != scene.source, node.kind != "host", key.netns, key.index)


def _was_misled(focus: Focus, *twins: Interface) -> bool:
    """Whether the frame was addressed to one of the two: the choice between them went wrong."""
    macs = {twin.mac for twin in twins}
    packet = focus.packet
    return packet is not None and (
        packet.destination_mac in macs or (len(macs) == 1 and packet.source_mac in macs)
    )


def _twin(
    scene: Observation, first: tuple[Node, Interface], second: tuple[Node, Interface], name: str, misled: bool
) -> Finding:
    is_mac = len(name) == 17 and name.count(":") == 5
    if is_mac and second[1].kind == "bridge":  # others were told its address: the other end changes
        first, second = second, first
    node, interface = second
    evidence = tuple(
        show(
            n,
            f"ip {'link' if is_mac else 'addr'} show {i.name}",
            name,
            _("{interface} in {node} has {address}").format(interface=i.name, node=n.name, address=name),
        )
        for n, i in (first, second)
    )
    text = _("{interface} in {node} and {other} in {other_node} both have {address}.").format(
        interface=first[1].name,
        node=first[0].name,
        other=interface.name,
        other_node=node.name,
        address=name,
    )
    if is_mac:
        words = f"ip link set {interface.name} address {_other_mac(interface, name)}"
    else:
        prefix = next(a.prefixlen for a in interface.addresses if a.address == name)
        words = f"ip addr del {name}/{prefix} dev {interface.name}"
    steps = cure(node, words)
    if not is_mac:
        steps += _once_more(*first, name) if ":" in name else ()
        for other in _rememberers(scene, name):
            steps += cure(other, f"ip neigh flush to {name}")
    return Finding("duplicate-address", STRONG if misled else WEAK, text, evidence, steps)


def _rememberers(scene: Observation, name: str) -> list[Node]:
    """The source, and who else remembers for a while where the address was."""
    source = scene.after.node(scene.source)
    others = (node for node in scene.after.nodes if any(entry.address == name for entry in node.neighbours))
    return list({node.netns: node for node in (source, *others)}.values())


def _once_more(node: Node, interface: Interface, name: str) -> tuple[Cure, ...]:
    """The address of the one who keeps it: after a test that failed the kernel does not use it any more."""
    prefix = next(a.prefixlen for a in interface.addresses if a.address == name)
    return cure(node, f"ip addr del {name}/{prefix} dev {interface.name}", add(name, prefix, interface.name))


def _other_mac(interface: Interface, taken: str) -> str:
    """Docker's way: 02:42 and the IPv4 address; else any of the kind that is for private use."""
    for address in (a for a in interface.addresses if a.family == 4 and taken.startswith("02:42:")):
        return f"02:42:{IPv4Address(address.address).packed.hex(':')}"
    return f"02:00:00:{taken[9:]}"
