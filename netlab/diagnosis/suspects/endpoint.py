"""The ends: a destination that is not there, does not answer, or answers the wrong way."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface

from netlab.diagnosis.finding import STRONG, WEAK, Cleared, Finding, Program
from netlab.diagnosis.focus import ARRIVE, CABLE, ROUTE, SEND, Focus
from netlab.diagnosis.observation import Observation, cure, show, show_sysctl, sysctl
from netlab.diagnosis.suspects.addressing import (
    add,
    default_by,
    fitting_address,
    is_router,
    missing_address,
    neighbours_on,
)
from netlab.diagnosis.suspects.nat import listens
from netlab.diagnosis.verdict import Cure
from netlab.i18n import gettext as _
from netlab.model import Interface, Node, Packet


def nobody_there(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """The packet came as far as the internet, and no node of the lab holds its destination."""
    if focus.is_answer or focus.is_arp or focus.stage != ROUTE or focus.node.kind == "host":
        return None
    asked = focus.packet.destination if focus.packet else scene.destination
    if focus.node.kind != "internet" and scene.whole and not scene.holders(asked):
        says = _("it was sent to the MAC address of {name}, which does not hold {asked}").format(
            name=focus.node.name, asked=asked
        )
        found = show(focus.node, "ip -br addr", "", says)
        return Finding(
            "nobody-there",
            STRONG,
            _("Nobody holds {asked} (any more): {says}.").format(asked=asked, says=says),
            (found,),
        )
    if scene.holders(asked):
        return Cleared("nobody-there", _("{asked} is held by a node of the lab").format(asked=asked))
    held = " ".join(
        str(a) for _, i in scene.after.interfaces() for a in i.addresses if a.family == scene.family
    )
    evidence = (
        show(
            focus.node,
            "ip -br addr",
            held,
            _("{asked} is not among all the lab's addresses").format(asked=asked),
        ),
    )
    steps = cure(focus.node, f"ip addr add {asked}/{128 if scene.family == 6 else 32} dev lo")
    return Finding(
        "nobody-there", STRONG, _("No node of the lab holds {asked}.").format(asked=asked), evidence, steps
    )


def echo_ignored(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """The destination is told not to answer pings."""
    if focus.stage != ARRIVE or focus.is_arp or scene.proto != "icmp":
        return None
    name = "net.ipv6.icmp.echo_ignore_all" if scene.family == 6 else "net.ipv4.icmp_echo_ignore_all"
    if sysctl(focus.node, name) != "1":
        return Cleared(
            "echo-ignored",
            _("{name} is {sysctl} on {node_name}").format(
                name=name, sysctl=sysctl(focus.node, name), node_name=focus.node.name
            ),
        )
    evidence = (show_sysctl(focus.node, name, _("echo requests are thrown away")),)
    return Finding(
        "echo-ignored",
        STRONG,
        _("{name} is told not to answer pings.").format(name=focus.node.name),
        evidence,
        cure(focus.node, f"sysctl -w {name}=0"),
    )


def port_closed(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """The packet arrived, and the destination says itself that nobody listens."""
    if not scene.refused or focus.is_arp:
        return None
    asker, arrived = scene.after.node(scene.source), [j for j in scene.requests if j.reached]
    if arrived:
        packet, node = arrived[-1].last_seen.packet, scene.node(arrived[-1].last_seen.frame.point.netns)
        address, port = packet.destination, packet.destination_port
    elif asker.owns(scene.destination) or ip_address(scene.destination).is_loopback:
        node, address, port = asker, scene.destination, scene.port  # by lo, which is not captured
    else:
        return Cleared("port-closed", _("the refusal did not come from the destination"))
    if listens(node, scene.proto, address, port):
        return Cleared(
            "port-closed",
            _("a program of {name} listens on port {destination_port}").format(
                name=node.name, destination_port=port
            ),
        )
    return _refusal(scene, asker, node, port)


def _refusal(scene: Observation, asker: Node, node: Node, port: int) -> Finding:
    there = ", ".join(f"{one.address}:{one.port}" for one in node.listeners if one.protocol == scene.proto)
    says = _("nobody waits on port {destination_port}").format(destination_port=port)
    evidence = (
        show(node, "ss -lntu", there or "(nothing)", says),
        show(asker, f"nc {scene.destination}", scene.errors[0], _("so the kernel refuses")),
    )
    text = _("{name} answers, but no program of it listens on port {destination_port}.").format(
        name=node.name, destination_port=port
    )
    if any((one.protocol, one.port) == (scene.proto, port) for one in node.listeners):
        text = _("On {name}, the program on port {destination_port} listens to itself only: {there}.").format(
            name=node.name, destination_port=port, there=there
        )
    return Finding("port-closed", STRONG, text, evidence, program=Program(node.name, scene.proto, port))


def beyond(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """It left a machine of the real world by an interface behind which nothing can be seen."""
    if scene.whole or focus.stage != CABLE or focus.interface is None or focus.packet is None:
        return None
    if focus.is_arp or focus.is_answer or scene.link(focus.interface.id) != {focus.interface.id}:
        return None
    node, source = focus.node, focus.packet.source
    command = f"tcpdump -ni {focus.interface.name} host {scene.destination}"
    if node.kind == "host" and not node.owns(source):
        says = _("it leaves with the source {source}, which is not one of {name}'s addresses").format(
            source=source, name=node.name
        )
        route = scene.best_route(node, source)
        steps: tuple[Cure, ...] = ()
        if route is not None and route.destination != "default":
            name = "ip6tables" if scene.family == 6 else "iptables"
            words = f"-A POSTROUTING -s {route.destination} ! -o {route.device} -j MASQUERADE"
            steps = cure(node, f"{name} -t nat {words}")
        text = _("On {name}, {says}: the MASQUERADE rule is missing, and answers may not find back.").format(
            name=node.name, says=says
        )
        return Finding("no-way-back", WEAK, text, (show(node, command, f"{source} > …", says),), steps)
    says = _("it went out, and nothing came back")
    text = _("It left {name} by {interface_name} and was not answered: beyond that nothing is seen.").format(
        name=node.name, interface_name=focus.interface.name
    )
    return Finding("beyond", STRONG, text, (show(node, command, f"{source} > {scene.destination}", says),))


def silent_program(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """A datagram reached a socket that waits for it; whether to answer is the program's affair."""
    if (
        scene.proto != "udp"
        or focus.stage != ARRIVE
        or focus.is_arp
        or focus.is_answer
        or focus.packet is None
    ):
        return None
    port = focus.packet.destination_port
    if not listens(focus.node, "udp", focus.packet.destination, port):
        return None
    evidence = (show(focus.node, "ss -lnu", f":{port}", _("a program waits, and nothing refused")),)
    if other := _answered_from(scene, focus.packet):
        text = _(
            "A program of {name} answers from {other}, not from {asked}: whoever asked takes no answer from "
            "a stranger. It has to be bound to {asked}, or to answer from where it was asked."
        ).format(name=focus.node.name, other=other, asked=focus.packet.destination)
        return Finding("silent-program", STRONG, text, evidence)
    text = _("A program of {name} listens on UDP port {port}, and did not answer.").format(
        name=focus.node.name, port=port
    )
    return Finding("silent-program", WEAK, text, evidence)


def _answered_from(scene: Observation, asked: Packet) -> str:
    """The address that a datagram for the probe's port came from, where it is not the one that was asked."""
    for journey in scene.journeys:
        packet = journey.first.packet
        ports = packet.source_port, packet.destination_port
        is_an_answer = packet.protocol == "udp" and ports == (asked.destination_port, asked.source_port)
        if is_an_answer and packet.source != asked.destination:
            return packet.source
    return ""


def ipv6_disabled(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """IPv6 is wanted on a link where the source, or a router, has it switched off."""
    if scene.family != 6 or focus.stage == CABLE:
        return None
    starts = [focus.interface.id] if focus.interface else []
    if focus.stage in (SEND, ROUTE):
        starts += [i.id for i in focus.node.interfaces]
    for key in sorted({key for one in starts for key in scene.link(one)}, key=lambda k: (k.netns, k.index)):
        interface, node = scene.after.interface(key), scene.node(key.netns)
        if interface is None or interface.master or interface.kind == "loopback":
            continue
        name = f"net.ipv6.conf.{interface.name}.disable_ipv6"
        is_needed = is_router(scene, node) or node.name == scene.source
        if sysctl(node, name) == "1" and (is_needed or _was_asked_for(scene, focus, interface)):
            text = _("IPv6 is disabled on {name} in {node_name}: it has no address there.").format(
                name=interface.name, node_name=node.name
            )
            says = _("IPv6 is off there, and its addresses are gone")
            steps = cure(node, f"sysctl -w {name}=0") + _address_again(scene, focus, node, interface)
            return Finding("ipv6-disabled", STRONG, text, (show_sysctl(node, name, says),), steps)
    return Cleared("ipv6-disabled", _("disable_ipv6 is 0 on the way"))


def no_global_address(scene: Observation, focus: Focus) -> Finding | None:
    """It was sent with an address of one link, with which no router passes it on."""
    packet = scene.requests[-1].first.packet if scene.requests else None
    if packet is None or scene.family != 6 or focus.is_answer or not ip_address(packet.source).is_link_local:
        return None
    return missing_address(scene, scene.after.node(scene.source))


def _was_asked_for(scene: Observation, focus: Focus, interface: Interface) -> bool:
    """Whether somebody remembers that the address, which nobody holds now, was there."""
    asked = focus.packet.destination if focus.packet else scene.destination
    if scene.holders(asked):
        return False
    known = [entry for node in scene.after.nodes for entry in node.neighbours if entry.address == asked]
    return any(entry.mac == interface.mac for entry in known if entry.mac)


def _address_again(scene: Observation, focus: Focus, node: Node, interface: Interface) -> tuple[Cure, ...]:
    """The address that went when IPv6 was switched off: the one that is asked for, or one that fits."""
    others = neighbours_on(scene, interface)
    if scene.own(interface) or not others:
        return ()
    length, asked = others[0][2].prefixlen, focus.packet.destination if focus.packet else ""
    wanted = asked and ip_address(asked) in ip_interface(str(others[0][2])).network
    if node.name != scene.source and wanted and not scene.holders(asked):
        return cure(node, add(asked, length, interface.name))
    right = fitting_address(scene, interface, others[0][2])
    steps = cure(node, add(right, length, interface.name))
    return steps + default_by(scene, node, interface, others[0][2].address)
