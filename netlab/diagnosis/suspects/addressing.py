"""Addresses that are missing or do not belong on their link, and which would."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address, ip_interface

from netlab.diagnosis.finding import STRONG, Finding
from netlab.diagnosis.observation import Observation, cure, show
from netlab.diagnosis.verdict import Cure
from netlab.i18n import gettext as _
from netlab.model import Address, Interface, Node

LEAST_MTU = 1280  # of a link that carries IPv6: RFC 8200, section 5


def add(address: str, length: int, device: str) -> str:
    """The command. An IPv6 address is of use at once if it is not tested first whether another has it."""
    return f"ip addr add {address}/{length} dev {device}" + (" nodad" if ":" in address else "")


def passes_on(scene: Observation, node: Node) -> bool:
    """Whether it is told to pass packets on."""
    name = "net.ipv6.conf.all.forwarding" if scene.family == 6 else "net.ipv4.ip_forward"
    return node.sysctls.get(name) == "1"


def is_router(scene: Observation, node: Node) -> bool:
    """Whether others send by way of it, as far as one can see: it passes on, or ought to."""
    return node.kind in ("host", "internet") or passes_on(scene, node)


def neighbours_on(scene: Observation, interface: Interface) -> list[tuple[Node, Interface, Address]]:
    """(node, interface, address) of all others on that link, routers first."""
    found = []
    for key in scene.link(interface.id) - {interface.id}:
        other = scene.after.interface(key)
        if other is not None and key.netns != interface.netns:
            found += [(scene.node(key.netns), other, a) for a in scene.own(other)]
    return sorted(found, key=lambda one: (not is_router(scene, one[0]), one[2].address))


def gateway_for(scene: Observation, node: Node, device: str = "") -> str:
    """An address on one of the node's links (or that device's) by which it could leave; "" if none is in
    sight."""
    for interface in (i for i in node.interfaces if not device or i.name == device):
        networks = [ip_interface(str(own)).network for own in scene.own(interface)]
        for other, _there, address in neighbours_on(scene, interface) if networks else ():
            if is_router(scene, other) and any(
                ip_address(address.address) in network for network in networks
            ):
                return address.address
    return ""


def fitting_address(scene: Observation, interface: Interface, peer: Address) -> str:
    """An address in the peer's network that is this interface's: by what others remember of its MAC address,
    by Docker's way to make MAC addresses, or else the first that is free. "" if there is none."""
    network = ip_interface(str(peer)).network
    entries = [n for node in scene.after.nodes for n in node.neighbours]
    remembered = [n.address for n in entries if n.mac == interface.mac and n.mac]
    if interface.mac.startswith("02:42:") and scene.family == 4:
        remembered.append(str(IPv4Address(bytes.fromhex(interface.mac.replace(":", "")[4:]))))
    for address in remembered:
        if ip_address(address) in network and not scene.holders(address):
            return address
    return free_address(scene, peer)


def free_address(scene: Observation, peer: Address) -> str:
    """The first address of the peer's network that nobody holds; "" if there is none among the first 250."""
    network = ip_interface(str(peer)).network
    for number in range(2, min(network.num_addresses - 1, 250)):
        if not scene.holders(str(network[number])):
            return str(network[number])
    return ""


def missing_address(scene: Observation, node: Node) -> Finding | None:
    """Why no gateway is in reach: an interface without an address, or with one that is not of its link."""
    for interface in node.interfaces:
        if interface.kind == "loopback" or interface.master or not interface.is_up:
            continue
        own = scene.own(interface)
        others = [one for one in neighbours_on(scene, interface) if is_router(scene, one[0])]
        if not others or any(_covers(a, one[2]) for a in own for one in others):
            continue
        router, near, peer = others[0]
        narrow = next((a for a in own if ip_address(a.address) in ip_interface(str(peer)).network), None)
        if narrow is not None:
            return _narrow(scene, node, interface, narrow, peer)
        right = fitting_address(scene, interface, peer)
        has = " ".join(map(str, own))
        command = f"ip -{scene.family} addr show {interface.name}"
        says = _("{name} at the other end has {peer}").format(name=router.name, peer=peer)
        steps = cure(node, *(f"ip addr del {a} dev {interface.name}" for a in own))
        if scene.family == 6 and interface.mtu < LEAST_MTU:
            says += _("; with an MTU of {mtu} there is no IPv6").format(mtu=interface.mtu)
            steps += cure(node, f"ip link set {interface.name} mtu {near.mtu}")
        steps += cure(node, add(right, peer.prefixlen, interface.name)) if right else ()
        steps += default_by(scene, node, interface, peer.address)
        evidence = (show(node, command, has or "(nothing)", says),)
        text = _("{name} in {node_name} has no address of the network {peer} that it is in.").format(
            name=interface.name, node_name=node.name, peer=peer
        )
        return Finding("wrong-address" if own else "no-address", STRONG, text, evidence, steps)
    return None


def default_by(scene: Observation, node: Node, interface: Interface, gateway: str) -> tuple[Cure, ...]:
    """The default route, if the node has none that goes another way."""
    other = [r for r in node.routes if r.destination == "default" and r.device != interface.name]
    if any(r.family == scene.family and r.table == "main" for r in other):
        return ()
    return cure(node, f"{scene.ip} route replace default via {gateway} dev {interface.name}")


def _covers(own: Address, other: Address) -> bool:
    return ip_address(other.address) in ip_interface(str(own)).network


def _narrow(scene: Observation, node: Node, interface: Interface, has: Address, peer: Address) -> Finding:
    """An address whose prefix leaves the gateway outside."""
    device = interface.name
    evidence = (
        show(
            node,
            f"ip addr show {device}",
            f"inet {has}",
            _("{address} is not in the same network").format(address=peer.address),
        ),
    )
    text = _("{device} in {name} has {has}: with this netmask its gateway {address} is out of reach.").format(
        device=device, name=node.name, has=has, address=peer.address
    )
    steps = cure(node, f"ip addr del {has} dev {device}", add(has.address, peer.prefixlen, device))
    return Finding(
        "wrong-prefix", STRONG, text, evidence, steps + default_by(scene, node, interface, peer.address)
    )


def wrong_source(scene: Observation, source: Node, near: Interface, asker: str) -> Finding | None:
    """A packet that carries an address which does not belong on the link that it was sent by: `near` is the
    router's interface there."""
    peer = next(iter(scene.own(near)), None)
    mine = next((i for i in source.interfaces if any(a.address == asker for a in i.addresses)), None)
    if peer is None or mine is None or ip_address(asker) in ip_interface(str(peer)).network:
        return None
    own = scene.own(mine)
    wrong = next((a for a in own if a.address == asker), None)
    hinted = next((r for r in source.routes if r.source == asker and r.protocol != "kernel"), None)
    sends = _("it sends as {asker}").format(asker=asker)
    foreign = _("{asker} is not of this network").format(asker=asker)
    evidence = (
        show(source, f"ip addr show {mine.name}", " ".join(map(str, own)), sends),
        show(scene.node(near.netns), f"ip addr show {near.name}", str(peer), foreign),
    )
    text = _("{name} sends as {asker}, which does not belong to the network {peer} that it is in.").format(
        name=source.name, asker=asker, peer=peer
    )
    if hinted is not None and any(_covers(a, peer) for a in own if a.address != asker):
        says = _("src {asker} is told to be used").format(asker=asker)
        first = show(source, f"{scene.ip} route", str(hinted), says)
        words = f"{scene.ip} route replace {hinted.destination}"
        words += f" via {hinted.gateway}" if hinted.gateway else ""
        steps = cure(source, f"{words} dev {hinted.device}")
        return Finding("wrong-address", STRONG, text, (first, *evidence), steps)
    right = fitting_address(scene, mine, peer)
    if wrong is None or not right:
        return None
    steps = cure(source, add(right, peer.prefixlen, mine.name))
    steps += cure(source, f"ip addr del {wrong} dev {mine.name}")
    steps += cure(source, f"{scene.ip} route replace default via {peer.address} dev {mine.name}")
    return Finding("wrong-address", STRONG, text, evidence, steps)
