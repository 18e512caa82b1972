"""The ends: a destination that is not there, does not answer, or answers the wrong way."""

from __future__ import annotations

from netlab.diagnosis.finding import Cleared, Finding
from netlab.diagnosis.focus import ARRIVE, ROUTE, Focus
from netlab.diagnosis.scene import Scene, cure, shown, sysctl, sysctl_shown
from netlab.verdict import LIKELY, PROVED


def nobody_there(scene: Scene, focus: Focus) -> Finding | Cleared | None:
    """The packet came as far as the internet, and no node of the lab holds its destination."""
    if focus.is_answer or focus.is_arp or focus.stage != ROUTE or focus.node.kind != "internet":
        return None
    if scene.holders(scene.destination):
        return Cleared("nobody-there", f"{scene.destination} is held by a node of the lab")
    held = " ".join(str(a) for _, i in scene.after.interfaces() for a in i.addresses if a.family == 4)
    evidence = (
        shown(focus.node, "ip -br addr", held, f"{scene.destination} is not among all the lab's addresses"),
    )
    return Finding("nobody-there", PROVED, f"No node of the lab holds {scene.destination}.", evidence)


def echo_ignored(scene: Scene, focus: Focus) -> Finding | Cleared | None:
    """The destination is told not to answer pings."""
    if focus.stage != ARRIVE or focus.is_arp or scene.proto != "icmp":
        return None
    name = "net.ipv4.icmp_echo_ignore_all"
    if sysctl(focus.node, name) != "1":
        return Cleared("echo-ignored", f"{name} is {sysctl(focus.node, name)} on {focus.node.name}")
    evidence = (sysctl_shown(focus.node, name, "echo requests are thrown away"),)
    return Finding(
        "echo-ignored",
        PROVED,
        f"{focus.node.name} is told not to answer pings.",
        evidence,
        cure(focus.node, f"sysctl -w {name}=0"),
    )


def port_closed(scene: Scene, focus: Focus) -> Finding | Cleared | None:
    """The destination says itself that nobody listens."""
    if not scene.refused:
        return None
    evidence = (
        shown(
            scene.after.node(scene.source),
            f"nc {scene.destination}",
            scene.errors[0],
            "somebody answered: no",
        ),
    )
    return Finding(
        "port-closed", PROVED, f"{scene.destination} answers, but no program listens on that port.", evidence
    )


def wrong_way(scene: Scene, focus: Focus) -> Finding | Cleared | None:
    """The answer's route leads by another interface than the one behind which the asker is."""
    if focus.stage not in (ARRIVE, ROUTE) or focus.packet is None or focus.interface is None or focus.is_arp:
        return None
    node = focus.node
    address = focus.packet.source if focus.stage == ARRIVE else focus.packet.destination
    route = scene.best_route(node, address)
    if route is None or route.gateway or not node.has_interface(route.device or "-"):
        return None
    homes = [i.id for n, i in scene.holders(address) if n.netns != node.netns]
    command, answer = scene.route(node.name, address)
    device = answer.split(" dev ")[1].split()[0] if " dev " in answer else route.device
    if not homes or not node.has_interface(device) or scene.link(node.interface(device).id) & set(homes):
        return Cleared("wrong-route", f"the route to {address} leads to the link that it is on")
    home = next((i for i in node.interfaces if scene.link(i.id) & set(homes)), None)
    routes = "\n".join(
        str(r) for r in node.routes if r.table == "main" and r.destination == route.destination
    )
    evidence = (
        shown(node, command, answer, f"{node.name} sends to {address} by {device}"),
        shown(
            node,
            "ip route",
            routes,
            "two equal routes: the first wins" if "\n" in routes else "so says the table",
        ),
    )
    place = home.name if home else "none of its interfaces"
    text = f"{node.name} sends what is for {address} out by {device}, but it is behind {place}."
    words = cure(node, f"ip route add {address}/32 dev {home.name}") if home else ()
    return Finding("wrong-route", PROVED, text, evidence, words)


def ipv6_disabled(scene: Scene, focus: Focus) -> Finding | Cleared | None:
    """IPv6 is wanted where it is switched off."""
    if ":" not in scene.destination:
        return None
    for node in scene.after.nodes:
        for interface in node.interfaces:
            name = f"net.ipv6.conf.{interface.name}.disable_ipv6"
            if interface.kind != "loopback" and sysctl(node, name) == "1":
                text = f"IPv6 is disabled on {interface.name} in {node.name}."
                return Finding(
                    "ipv6-disabled",
                    LIKELY,
                    text,
                    (sysctl_shown(node, name, "no IPv6 there"),),
                    cure(node, f"sysctl -w {name}=0"),
                )
    return None
