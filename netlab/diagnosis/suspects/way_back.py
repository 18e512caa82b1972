"""No way back: the destination cannot answer an address that was not translated, or is nowhere."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_interface, ip_network

from netlab.diagnosis.finding import STRONG, Cleared, Finding
from netlab.diagnosis.focus import ARRIVE, Focus
from netlab.diagnosis.observation import Observation, cure, show
from netlab.diagnosis.suspects.addressing import gateway_for, missing_address, wrong_source
from netlab.diagnosis.suspects.firewall import listing
from netlab.diagnosis.suspects.nat import outgoing_flow
from netlab.diagnosis.suspects.opening import tool, undo
from netlab.diagnosis.suspects.routing import lookups, missing_connected_route
from netlab.diagnosis.verdict import Cure, Evidence
from netlab.i18n import gettext as _
from netlab.model import Interface, Node, Rule
from netlab.packets.forwarding.iptables import Flow, Outcome, rules_of, walk


def no_way_back(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """The destination cannot answer: its peer's address was not translated on the way, or does not exist."""
    if focus.stage != ARRIVE or focus.packet is None or focus.is_answer:
        return None
    for look in lookups(scene, focus):
        node, address, decision = look.node, look.address, look.decision(scene)
        asked = look.ask(scene)
        if decision.route is not None or decision.refuses or "unreachable" not in asked[1].lower():
            return Cleared(
                "no-way-back", _("{name} has a route to {address}").format(name=node.name, address=address)
            )
        evidence = [
            show(
                node,
                *asked,
                _("{name} knows no way back to {address}").format(name=node.name, address=address),
            )
        ]
        text = _("The packet reached {name} from {address}, to which it knows no way back.").format(
            name=node.name, address=address
        )
        host = _translator(scene, focus)
        if node.kind != "internet" and (bare := missing_address(scene, node)):
            return bare
        if node.kind != "internet" and gateway_for(scene, node):
            text = _("{name} has no route to {address}, and so cannot answer.").format(
                name=node.name, address=address
            )
            steps = cure(node, f"{scene.ip} route add default via {gateway_for(scene, node)}")
            return Finding("no-route", STRONG, text, tuple(evidence), steps)
        if host is None:
            gateway = gateway_for(scene, node)
            steps = cure(node, f"{scene.ip} route add default via {gateway}") if gateway else ()
            return Finding("no-way-back", STRONG, text, tuple(evidence), steps)
        if host.owns(address):  # translated it was
            return _own_fault(scene, node, host, address, text, evidence)
        entry = _entry(scene, focus, host)
        astray = wrong_source(scene, scene.after.node(scene.source), entry, address) if entry else None
        return astray or _why_not_translated(scene, host, address, text, evidence)
    return None


def _own_fault(
    scene: Observation, node: Node, host: Node, address: str, text: str, evidence: list[Evidence]
) -> Finding:
    """The far end does not know the router itself: its own link, or the router's address, is wrong."""
    homes = {i.id for _, i in scene.holders(address)}
    for interface in node.interfaces:
        for own in scene.own(interface) if scene.link(interface.id) & homes else []:
            if ip_address(address) in ip_interface(str(own)).network:
                return replace(
                    missing_connected_route(scene, node, interface, own, address), cause="no-way-back"
                )
    return missing_address(scene, host) or Finding("no-way-back", STRONG, text, tuple(evidence))


def _translator(scene: Observation, focus: Focus) -> Node | None:
    """The last node that passed the packet on."""
    passed = [scene.node(hop.frame.point.netns) for hop in focus.journey.hops] if focus.journey else []
    between = [n for n in passed if n.netns not in (focus.node.netns, passed[0].netns)]
    return between[-1] if between else None


def _entry(scene: Observation, focus: Focus, host: Node) -> Interface | None:
    """The interface by which the packet came into that node."""
    assert focus.journey is not None
    names = [
        h.frame.point.interface
        for h in focus.journey.hops
        if h.frame.point.netns == host.netns and h.frame.direction == "in"
    ]
    return host.interface(names[-1]) if names and host.has_interface(names[-1]) else None


def _why_not_translated(
    scene: Observation, host: Node, address: str, text: str, evidence: list[Evidence]
) -> Finding:
    """Why no rule of the host put its own address in, and what would make one."""
    exempt = [found for found in rules_of(host) if _exempts(scene, host, found[2])]
    if exempt:
        chain, number, rule = exempt[0]
        says = _("rule {number} exempts it from connection tracking, and so from translation").format(
            number=number
        )
        text += f" On {host.name} {says}."
        return Finding(
            "no-way-back", STRONG, text, (*evidence, listing(host, chain, says)), (undo(host, chain, rule),)
        )
    flow = outgoing_flow(scene, host)
    outcomes = walk(host, "nat", "POSTROUTING", flow) if flow else []
    early = next((o for o in outcomes if o.target == "ACCEPT" and o.rule is not None), None)
    if early is not None and early.rule is not None:
        says = _("rule {number} of nat/{name} accepts it before any rule translates it").format(
            number=early.number, name=early.chain.name
        )
        text += f" On {host.name}, {says}."
        steps = _let_through(scene, host, flow, early)
        return Finding("no-way-back", STRONG, text, (*evidence, listing(host, early.chain, says)), steps)
    network, bridge = _network_of(scene, host, address)
    text += _(" {name} should have put its own address in: the MASQUERADE rule is missing.").format(
        name=host.name
    )
    name = "ip6tables" if scene.family == 6 else "iptables"
    evidence.append(
        show(host, f"{name} -t nat -S POSTROUTING", _nat(scene, host), _("no rule translates that source"))
    )
    steps = cure(host, f"{name} -t nat -A POSTROUTING -s {network} ! -o {bridge} -j MASQUERADE")
    return Finding("no-way-back", STRONG, text, tuple(evidence), steps)


def _exempts(scene: Observation, host: Node, rule: Rule) -> bool:
    if "notrack" not in rule.text.lower():
        return False
    texts = {found.text for _, found, _, _ in scene.counted_rules(host) if found is not None}
    return not rule.counted or rule.text in texts


def _let_through(scene: Observation, host: Node, flow: Flow | None, early: Outcome) -> tuple[Cure, ...]:
    """Without the rule that accepts, and with one that translates if there is none behind it."""
    assert early.rule is not None and flow is not None
    steps: tuple[Cure, ...] = (undo(host, early.chain, early.rule),)
    behind = walk(host, "nat", "POSTROUTING", flow, without=early.rule)
    if not any(o.target in ("MASQUERADE", "SNAT") for o in behind):
        network, bridge = _network_of(scene, host, flow.source)
        steps += cure(
            host, f"{tool(early.chain)} -t nat -A POSTROUTING -s {network} ! -o {bridge} -j MASQUERADE"
        )
    return steps


def _nat(scene: Observation, node: Node) -> str:
    family = "ip6" if scene.family == 6 else "ip"
    chains = [c for c in node.chains if (c.family, c.table, c.name) == (family, "nat", "POSTROUTING")]
    lines = [f"-A POSTROUTING {rule.text}" for chain in chains for rule in chain.rules]
    return "\n".join(lines) or "-P POSTROUTING ACCEPT"


def _network_of(scene: Observation, host: Node, address: str) -> tuple[str, str]:
    """(network, interface) that the address belongs to, as the host's routes have it."""
    route = scene.best_route(host, address)
    if route is None or route.destination == "default":
        return str(ip_network(address)), route.device if route else "docker0"
    return route.destination, route.device
