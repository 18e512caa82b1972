"""Address translation by a rule: to where nobody answers, or from an address that nobody answers to."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from ipaddress import ip_address

from netlab.diagnosis.finding import STRONG, Cleared, Finding, sure
from netlab.diagnosis.focus import ARRIVE, Focus
from netlab.diagnosis.observation import Observation, show, step
from netlab.diagnosis.suspects.firewall import listing
from netlab.diagnosis.suspects.opening import tool, undo
from netlab.diagnosis.verdict import Cure
from netlab.i18n import gettext as _
from netlab.model import Chain, Node, Rule
from netlab.packets.forwarding.iptables import Flow, walk
from netlab.packets.forwarding.next_hop import dnat_target

# The first address of a target, and the first port: [v6]:port, v6, v4:port, and a port alone.
_TO = re.compile(r"--to-(?:destination|source) (\S+)")
_NATIVE = re.compile(r"\b[ds]nat (?:ip6? )?to (\S+)")
_TARGET = re.compile(
    r"(?:\[([0-9a-f:.]+)[^]]*\]|([0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*)|([0-9.]*))(?:-[0-9a-f:.]+?)?(?::(\d+).*)?"
)


def parse_target(rule: str) -> tuple[str, int] | None:
    """(address or "", port or 0) that a rule puts in; None where that is no address."""
    told = _TO.search(rule) or _NATIVE.search(rule)
    found = _TARGET.fullmatch(told[1]) if told else None
    if found is None or not any(found.groups()):
        return None
    return found[1] or found[2] or found[3] or "", int(found[4] or 0)


def translations(scene: Observation, target: str) -> Iterator[tuple[Node, Chain, int, Rule, str, int]]:
    """(node, chain, number, rule, new address, new port or 0) of the rules that these packets met."""
    for node in scene.after.nodes:
        for chain, rule, number, __ in scene.counted_rules(node):
            if rule is None or rule.target != target:
                continue
            found = parse_target(rule.text)
            if found:
                kept = scene.destination if target == "DNAT" else ""
                if address := found[0] or kept:
                    yield node, chain, number, rule, address, found[1]


def wrong_dnat(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """A rule gave the packet a destination that nobody holds, or where nobody listens."""
    for node, chain, number, rule, address, port in translations(scene, "DNAT"):
        why = _no_such_service(scene, node, focus, address, port or scene.port)
        if not why:
            continue
        where = f"{address}:{port}" if port else address
        name = _("rule {number} of {table}/{name}").format(number=number, table=chain.table, name=chain.name)
        text = _("On {name}, {rule} sends the packet to {where}: {why}.").format(
            name=node.name, rule=name, where=where, why=why
        )
        evidence = (
            listing(node, chain, _("{name} counted it").format(name=name)),
            show(node, "ss -lntu; ip -br addr", where, why),
        )
        steps = _mend_dnat(scene, node, chain, number, rule, address, port)
        return Finding("wrong-dnat", STRONG, text, evidence, steps)
    return _never_met(scene, focus)


def _never_met(scene: Observation, focus: Focus) -> Finding | None:
    """A rule would have given the packet its destination, but one before it accepts everything."""
    packet, node = focus.packet, focus.node
    if packet is None or focus.is_arp or focus.is_answer or not dnat_target(node, packet):
        return None
    if any(where.netns == node.netns for where, *_ in translations(scene, "DNAT")):
        return None
    iif = focus.interface.name if focus.interface else ""
    ports = (packet.source_port, packet.destination_port)
    flow = Flow(packet.source, packet.destination, packet.protocol, *ports, iif)
    for outcome in walk(node, "nat", "PREROUTING", flow):
        if outcome.target == "ACCEPT" and outcome.rule is not None:
            says = _("rule {number} of nat/{name} accepts it before any DNAT rule is met").format(
                number=outcome.number, name=outcome.chain.name
            )
            evidence = (listing(node, outcome.chain, says),)
            steps = (undo(node, outcome.chain, outcome.rule),)
            return Finding("wrong-dnat", sure(outcome.sure), f"On {node.name}, {says}.", evidence, steps)
    return None


def _no_such_service(scene: Observation, node: Node, focus: Focus, address: str, port: int) -> str:
    """Why the new destination cannot answer; "" when it could."""
    if ip_address(address).is_loopback:
        routed = [n for n, v in node.sysctls.items() if n.endswith(".route_localnet") and v == "1"]
        return "" if routed else _("packets from outside may not go to a loopback address")
    holders = scene.holders(address)
    if not holders:
        asked = focus.is_arp and focus.packet is not None and focus.packet.destination == address
        return _("nobody holds {address}").format(address=address) if scene.whole or asked else ""
    holder = holders[0][0]
    others = open_ports(holder, scene.proto)
    if scene.proto in ("tcp", "udp") and others and not listens(holder, scene.proto, address, port):
        return _("no program of {name} listens on port {port}").format(name=holder.name, port=port)
    return ""


def open_ports(node: Node, protocol: str) -> list[int]:
    """The ports of that node on which others than itself are waited for, in order."""
    found = {one.port for one in node.listeners if one.protocol == protocol}
    shut = {one.port for one in node.listeners if ip_address(one.address).is_loopback}
    return sorted(found - shut)


def listens(node: Node, protocol: str, address: str, port: int) -> bool:
    """Whether a socket of that node waits for what is sent there."""
    return any(
        (one.protocol, one.port) == (protocol, port) and one.address in (address, "0.0.0.0", "::")
        for one in node.listeners
    )


def _mend_dnat(
    scene: Observation, node: Node, chain: Chain, number: int, rule: Rule, address: str, port: int
) -> tuple[Cure, ...]:
    """To the one place that listens, when there is just one; else the rule is taken back."""
    places = _places(scene, node, address, port)
    if chain.backend == "native" or len(places) != 1 or not node.owns(scene.destination):
        return (undo(node, chain, rule),)
    host, right = places[0]
    words = shlex.split(rule.text)
    words[words.index("--to-destination") + 1] = f"{host}:{right}"
    mended = step(node, tool(chain), "-t", chain.table, "-R", chain.name, str(number), *words)
    return (mended, *_let_in(node, chain, address, port, right)) if host == address else (mended,)


def _let_in(node: Node, nat: Chain, address: str, port: int, right: int) -> Iterator[Cure]:
    """The rules that let packets to that port in, for the right one: an engine has one for each that it
    publishes."""
    for chain in node.chains:
        if (chain.backend, chain.family, chain.table) != (nat.backend, nat.family, "filter"):
            continue
        for number, rule in enumerate(chain.rules, 1):
            words = shlex.split(rule.text)
            if rule.target != "ACCEPT" or f"{address}/32" not in words or "--dport" not in words:
                continue
            at = words.index("--dport") + 1
            if words[at] == str(port):
                words[at] = str(right)
                yield step(node, tool(chain), "-t", chain.table, "-R", chain.name, str(number), *words)


def _places(scene: Observation, node: Node, address: str, port: int) -> list[tuple[str, int]]:
    """(address, port) of what listens where the rule wanted to go, or else on that port in a container."""
    holders = scene.holders(address)
    if holders:
        return [(address, number) for number in open_ports(holders[0][0], scene.proto)]
    return [
        (held.address, port)
        for other, interface in scene.after.interfaces()
        for held in interface.addresses
        if other.kind == "container" and held.family == scene.family and held.scope == "global"
        if listens(other, scene.proto, held.address, port)
    ]


def wrong_snat(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """A rule gave the packet a source address that does not lead back to the node of the rule."""
    for node, chain, number, rule, address, __ in translations(scene, "SNAT"):
        if node.owns(address) and not _unknown_there(scene, focus, address):
            continue
        name = _("rule {number} of {table}/{name}").format(number=number, table=chain.table, name=chain.name)
        why = _("which the far end cannot reach") if node.owns(address) else _("which it does not hold")
        text = _("On {name}, {rule} puts in {address} as the source, {why}: answers go astray.").format(
            name=node.name, rule=name, address=address, why=why
        )
        held = " ".join(str(a) for i in node.interfaces for a in i.addresses if a.family == scene.family)
        evidence = (
            listing(node, chain, _("{name} counted it").format(name=name)),
            show(node, "ip -br addr", held, f"{address}: {why}"),
        )
        return Finding("wrong-snat", STRONG, text, evidence, _mend_snat(scene, node, chain, number, rule))
    return None


def _unknown_there(scene: Observation, focus: Focus, address: str) -> bool:
    return focus.stage == ARRIVE and scene.best_route(focus.node, address) is None


def _mend_snat(scene: Observation, node: Node, chain: Chain, number: int, rule: Rule) -> tuple[Cure, ...]:
    """Taken back where another rule translates as well; else replaced by MASQUERADE."""
    flow = outgoing_flow(scene, node)
    others = walk(node, "nat", "POSTROUTING", flow, without=rule) if flow else []
    if chain.backend == "native" or any(o.target in ("MASQUERADE", "SNAT") for o in others):
        return (undo(node, chain, rule),)
    words = shlex.split(rule.text)
    at = words.index("-j")
    command = (tool(chain), "-t", chain.table, "-R", chain.name, str(number), *words[:at], "-j", "MASQUERADE")
    return (step(node, *command),)


def outgoing_flow(scene: Observation, node: Node) -> Flow | None:
    """The probe as it leaves that node, before its source is translated; None if it was not seen there."""
    for journey in scene.requests:
        hops = [h for h in journey.hops if h.frame.point.netns == node.netns]
        came = [h for h in hops if h.frame.direction == "in"]
        if not hops:
            continue
        packet, source = (came or hops)[-1].packet, journey.first.packet.source
        iif = came[-1].frame.point.interface if came else ""
        route = scene.best_route(node, packet.destination, source, iif)
        if route is not None:
            ports = (packet.source_port, packet.destination_port)
            return Flow(source, packet.destination, packet.protocol, *ports, iif=iif, oif=route.device)
    return None
