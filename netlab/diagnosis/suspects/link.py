"""Interfaces, cables and bridge ports: what lies below every address."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface

from netlab.diagnosis.finding import STRONG, Cleared, Finding
from netlab.diagnosis.focus import ARRIVE, BRIDGE, ROUTE, SEND, Focus
from netlab.diagnosis.observation import Observation, cure, show
from netlab.diagnosis.suspects.addressing import free_address, gateway_for, is_router
from netlab.diagnosis.verdict import Cure
from netlab.i18n import gettext as _
from netlab.model import Interface, InterfaceId, Node


def no_interface(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """The source has nothing but its loopback: the cable is gone, or was never there."""
    node = focus.node
    if focus.stage != SEND or any(i.kind != "loopback" for i in node.interfaces):
        return None
    evidence = (show(node, "ip -br link", "lo", _("there is no interface but the loopback")),)
    text = _("{name} has no interface but lo: nothing is plugged in.").format(name=node.name)
    return Finding("no-interface", STRONG, text, evidence, _plug_in(scene, node))


def _plug_in(scene: Observation, node: Node) -> tuple[Cure, ...]:
    """A new cable from the first bridge with an address to a container."""
    found = [
        (host, bridge, address)
        for host, bridge in scene.after.interfaces()
        if bridge.kind == "bridge" and host.kind == "host"
        for address in scene.own(bridge)
    ]
    if not found or not node.pid:
        return ()
    host, bridge, gateway = found[0]
    right, end = free_address(scene, gateway), f"veth{node.pid}"
    steps = cure(
        host,
        f"ip link add {end} type veth peer name eth0 netns {node.pid}",
        f"ip link set {end} master {bridge.name}",
        f"ip link set {end} up",
    )
    return steps + cure(
        node,
        f"ip addr add {right}/{gateway.prefixlen} dev eth0",
        "ip link set eth0 up",
        f"{scene.ip} route add default via {gateway.address} dev eth0",
    )


def interface_down(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """An interface that the packet had to pass is switched off."""
    for node, interface in _next_interfaces(scene, focus):
        if interface.is_up:
            continue
        return down(scene, node, interface)
    return Cleared("interface-down", _("every interface on the way is UP"))


def down(scene: Observation, node: Node, interface: Interface) -> Finding:
    """That interface is switched off."""
    flags = ",".join(sorted(interface.flags)) or _("no flags")
    says = _("there is no UP among its flags")
    evidence = (show(node, f"ip link show {interface.name}", f"{interface.name}: <{flags}>", says),)
    text = _("{name} in {node_name} is down.").format(name=interface.name, node_name=node.name)
    return Finding("interface-down", STRONG, text, evidence, _bring_up(scene, node, interface))


def _bring_up(scene: Observation, node: Node, interface: Interface) -> tuple:  # type: ignore[type-arg]
    """Up again, with the default route that went with it."""
    words = [f"ip link set {interface.name} up"]
    has_default = any(r.destination == "default" for r in node.routes)
    if not has_default and node.kind in ("container", "host") and scene.own(interface):
        gateway = gateway_for(scene, node)
        words += [f"ip route add default via {gateway}"] if gateway else []
    return cure(node, *words)


def _next_interfaces(scene: Observation, focus: Focus) -> list[tuple[Node, Interface]]:
    """The interfaces that the packet was at, or had to be at next; down ones first come to light here."""
    found: list[tuple[Node, Interface]] = []
    keys = []
    if focus.stage == SEND:
        own = [i for i in focus.node.interfaces if i.kind != "loopback"]
        keys = [i.id for i in own] + [i.peer for i in own if i.peer]
        on_link = {key for i in own for key in scene.link(i.id)} - set(keys)
        routers = [key for key in on_link if is_router(scene, scene.node(key.netns))]
        keys += sorted(routers, key=lambda key: (key.netns, key.index))
    if focus.interface is not None:
        keys.append(focus.interface.id)
        keys += [focus.interface.peer] if focus.interface.peer else []
        if focus.interface.master and focus.node.has_interface(focus.interface.master):
            keys.append(focus.node.interface(focus.interface.master).id)
    if focus.expected is not None:
        keys.append(InterfaceId(focus.expected.netns, focus.expected.index))
        expected = scene.after.interface(keys[-1])
        keys += [expected.peer] if expected is not None and expected.peer else []
    if focus.stage in (ROUTE, ARRIVE) and focus.packet is not None:
        keys += _way_out(scene, focus)
    for key in keys:
        interface = scene.after.interface(key)
        if interface is not None:
            found.append((scene.node(key.netns), interface))
    return found


def _way_out(scene: Observation, focus: Focus) -> list[InterfaceId]:
    """Down interfaces of the node whose network, or whose cable, leads to where the packet is going."""
    assert focus.packet is not None
    address = focus.packet.source if focus.stage == ARRIVE else focus.packet.destination
    targets = {i.id for _, i in scene.holders(address)}
    uplinks = [i for i in focus.node.interfaces if i.kind != "loopback" and not i.is_up]
    return [i.id for i in uplinks if scene.link(i.id) & targets or not scene.best_route(focus.node, address)]


def not_a_port(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """The host's end of the cable is on no bridge, or on one that leads nowhere, though the network of
    another bridge is asked for."""
    for end in (_host_end(scene, focus), *_far_ends(scene, focus)):
        found = _loose_end(scene, *end) if end is not None else None
        if found is not None:
            return found
    return Cleared("not-a-port", _("the cable is plugged into the bridge, or is routed"))


def _loose_end(scene: Observation, node: Node, interface: Interface) -> Finding | None:
    if interface.master and (
        not node.has_interface(interface.master) or scene.own(node.interface(interface.master))
    ):
        return None
    bridges = [
        i for i in node.interfaces if i.kind == "bridge" and i.name != interface.master and scene.own(i)
    ]
    routed = any(
        (r.device, r.family, r.table) == (interface.name, scene.family, "main") and r.protocol != "kernel"
        for r in node.routes
    )
    if not bridges or scene.own(interface) or routed:
        return None
    far = scene.node(interface.peer.netns) if interface.peer else None
    if far is None or not _belongs(scene, far, bridges[0]):
        return None
    bridge = bridges[0].name
    ports = " ".join(i.name for i in node.ports(bridge)) or "(none)"
    says = _("{name} is not among the ports of {bridge}").format(name=interface.name, bridge=bridge)
    says += (
        _(", but of {master}, which has no address").format(master=interface.master)
        if interface.master
        else ""
    )
    evidence = (show(node, f"ip -br link show master {bridge}", ports, says),)
    text = _("{name} is not plugged into {bridge}: what comes in there reaches nobody.").format(
        name=interface.name, bridge=bridge
    )
    steps = cure(node, f"ip link set {interface.name} master {bridge}")
    return Finding("not-a-port", STRONG, text, evidence, steps)


def _belongs(scene: Observation, node: Node, bridge: Interface) -> bool:
    """Whether the node at the other end has an address of that bridge's network."""
    networks = [ip_interface(str(a)).network for a in scene.own(bridge)]
    mine = [a for i in node.interfaces for a in scene.own(i)]
    return any(ip_address(a.address) in network for a in mine for network in networks)


def _far_ends(scene: Observation, focus: Focus) -> list[tuple[Node, Interface]]:
    """The ends on the host of the cables of whoever holds the address that is looked for."""
    asked = focus.packet.destination if focus.packet else scene.destination
    found = []
    for __, interface in scene.holders(asked):
        other = scene.after.interface(interface.peer) if interface.peer and interface.kind == "veth" else None
        if other is not None and scene.node(other.netns).kind == "host":
            found.append((scene.node(other.netns), other))
    return found


def _host_end(scene: Observation, focus: Focus) -> tuple[Node, Interface] | None:
    """The end on the host of the cable that the packet came by, when it was last seen there."""
    interface, node = focus.interface, focus.node
    if interface is not None and interface.kind == "bridge" and node.kind == "host":
        ports = [hop.frame.point.interface for hop in focus.journey.hops] if focus.journey else []
        interface = next((i for i in node.ports(interface.name) if i.name in ports), None)
    if interface is None or interface.kind != "veth":
        return None
    if node.kind == "host" and focus.stage in (ROUTE, BRIDGE, ARRIVE):
        return node, interface
    if interface.peer is None:
        return None
    other, far = scene.after.interface(interface.peer), scene.node(interface.peer.netns)
    return (far, other) if other is not None and far.kind == "host" else None


def port_blocked(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """A bridge port that is isolated or not in the forwarding state."""
    bridges = {i.name for i in focus.node.interfaces if i.kind == "bridge"}
    ports = [i for i in focus.node.interfaces if i.master in bridges]
    if not ports or not (focus.stage == BRIDGE or focus.is_arp):
        return None
    held = [i for i in ports if i.has_carrier and i.details.get("port state") not in ("forwarding", None)]
    isolated = [i for i in ports if i.details.get("isolated") == "on"]
    if held:
        state = held[0].details["port state"]
        text = _("{name}, port of {master}, is in the state {state}.").format(
            name=held[0].name, master=held[0].master, state=state
        )
        return _blockage(
            focus.node,
            held[0],
            (f"state {state}", _("it does not forward yet")),
            text,
            f"ip link set {held[0].master} type bridge stp_state 0 forward_delay 200",
            *(f"bridge link set dev {i.name} state 3" for i in held),
        )
    if len(isolated) > 1:
        text = _("{isolated} are isolated ports: they reach each other never.").format(
            isolated=_(" and ").join(i.name for i in isolated)
        )
        return _blockage(
            focus.node,
            isolated[0],
            ("isolated on", _("isolated ports do not talk")),
            text,
            *(f"bridge link set dev {i.name} isolated off" for i in isolated),
        )
    return Cleared("port-blocked", _("every port is forwarding, and not isolated"))


def _blockage(node: Node, port: Interface, seen: tuple[str, str], text: str, *commands: str) -> Finding:
    """`seen` is what bridge(8) says of the port, and what that means."""
    evidence = show(node, f"bridge -d link show dev {port.name}", *seen)
    return Finding("port-blocked", STRONG, text, (evidence,), cure(node, *commands))
