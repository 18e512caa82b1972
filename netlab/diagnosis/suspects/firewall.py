"""Firewall rules, NAT rules, the connection table and queues: whoever counts what it drops."""

from __future__ import annotations

import re

from netlab.diagnosis.finding import Cleared, Finding, sure
from netlab.diagnosis.focus import ARRIVE, BRIDGE, CABLE, ROUTE, SEND, Focus
from netlab.diagnosis.observation import Observation, cure, show
from netlab.diagnosis.suspects.opening import tool, ways_to_open
from netlab.diagnosis.verdict import Evidence
from netlab.diagnosis.walk import Spot
from netlab.i18n import gettext as _
from netlab.model import Chain, Node, Rule
from netlab.packets.forwarding.iptables import Flow, matches

DROPS = ("DROP", "REJECT")
# Where nft's own chains may have dropped it; "" are those that are jumped to.
HOOKS = {
    SEND: ("output", "postrouting", ""),
    CABLE: ("output", "postrouting", "ingress", "egress", ""),
    BRIDGE: ("ingress", "prerouting", "input", "forward", "output", "postrouting", ""),
    ROUTE: ("ingress", "prerouting", "forward", "postrouting", "egress", ""),
    ARRIVE: ("ingress", "prerouting", "input", "output", "postrouting", "egress", ""),
}


def nodes_at(scene: Observation, focus: Focus) -> list[Node]:
    """The node where it ended, and the one it was sent to: a hook of either may have dropped it."""
    found = [focus.node]
    if focus.expected is not None:
        found.append(scene.node(focus.expected.netns))
    if focus.is_arp and focus.packet is not None:  # all on the link hear it, and one was to answer
        found += [node for node, _ in scene.holders(focus.packet.destination)]
    return list({node.netns: node for node in found}.values())


def firewall_drop(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """A rule or policy that drops, and whose counter rose by as much as was lost."""
    looked = []
    for node in nodes_at(scene, focus):
        for chain, rule, number, rose in scene.counted_rules(node):
            target = rule.target if rule else chain.policy
            if (
                target not in DROPS
                or rose < min(1, scene.lost)
                or not _may_be_ours(scene, focus, chain, rule)
            ):
                continue
            return _drop(scene, focus, node, chain, rule, number, rose, 1 if focus.is_arp else scene.lost)
        uncounted = _filled_table(node, focus)
        if uncounted is not None:
            return _drop(scene, focus, node, *uncounted, 0, scene.lost)
        looked.append(node.name)
    return Cleared(
        "firewall-drop",
        _("no rule or policy that drops counted a packet on {looked}").format(looked=", ".join(looked)),
    )


def _may_be_ours(scene: Observation, focus: Focus, chain: Chain, rule: Rule | None) -> bool:
    """On a machine that has other traffic, a rule that is not for this packet counted somebody else's."""
    if scene.whole or rule is None or focus.packet is None or focus.is_arp or chain.backend == "native":
        return True
    packet, iif = focus.packet, focus.interface.name if focus.interface else ""
    ports = (packet.source_port, packet.destination_port)
    state = "ESTABLISHED" if focus.is_answer else "NEW"
    words = re.sub(r"(! )?(-o|-s|-d) \S+", "", rule.text)  # these may change on the way
    return (
        matches(words, Flow(packet.source, packet.destination, packet.protocol, *ports, iif, "", state))
        is not False
    )


def _filled_table(node: Node, focus: Focus) -> tuple[Chain, Rule | None, int] | None:
    """The first rule, or else policy, of nft's own that drops and keeps no counter, at a hook on the way."""
    chains = [c for c in node.chains if c.backend == "native" and c.hook in HOOKS[focus.stage]]
    for chain in chains:
        for number, rule in enumerate(chain.rules, 1):
            if rule.target in DROPS and not rule.counted:
                return chain, rule, number
    return next(((c, None, 0) for c in chains if c.policy == "DROP"), None)


def _drop(
    scene: Observation,
    focus: Focus,
    node: Node,
    chain: Chain,
    rule: Rule | None,
    number: int,
    rose: int,
    enough: int,
) -> Finding:
    """`enough`: how many packets it must have counted to be proved; of ARP requests one holds up all."""
    name = (
        f"{chain.table}/{chain.name}"
        if chain.family == "ip"
        else f"{chain.family} {chain.table}/{chain.name}"
    )
    random = rule is not None and ("statistic" in rule.text or "numgen random" in rule.text)
    what = (
        _("rule {number} of {name} ({text})").format(number=number, name=name, text=rule.text)
        if rule
        else _("the policy of {name}, {policy},").format(name=name, policy=chain.policy)
    )
    counted = (
        _("counted {rose} of the {lost} lost packets").format(rose=rose, lost=scene.lost)
        if rose
        else _("matches, and keeps no counter")
    )
    evidence = (listing(node, chain, f"{what} {counted}"),)
    certainty = sure(rose >= enough > 0 or (random and rose > 0))
    text = _("On {name}, {what} drops the packet: it {counted}.").format(
        name=node.name, what=what, counted=counted
    )
    code = "random-loss" if random else "firewall-drop"
    ways = ways_to_open(scene, focus, node, chain, rule)
    spot = Spot.of(node.name, chain, number) if code == "firewall-drop" and not focus.is_arp else None
    return Finding(code, certainty, text, evidence, *ways, spot=spot)


def listing(node: Node, chain: Chain, says: str) -> Evidence:
    """The chain as its own command shows it."""
    if chain.backend == "native":
        command = f"nft list chain {chain.family} {chain.table} {chain.name}"
        lines = [_("type … policy {policy};").format(policy=chain.policy.lower())] if chain.policy else []
        lines += [rule.text for rule in chain.rules]
    else:
        command = f"{tool(chain)} -t {chain.table} -S {chain.name} -v"
        head = f"-P {chain.name} {chain.policy}" if chain.policy else f"-N {chain.name}"
        lines = [f"{head} -c {chain.packets} {chain.bytes}" if chain.policy else head]
        lines += [f"-A {chain.name} {rule.text} -c {rule.packets} {rule.bytes}" for rule in chain.rules]
    return show(node, command, "\n".join(lines), says)


def conntrack_full(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """The connection table drops what finds no room in it."""
    node = focus.node
    rose = scene.increase(node, "conntrack.drop") + scene.increase(node, "conntrack.early_drop")
    if rose <= 0:
        return Cleared("conntrack-full", _("conntrack -S shows no drop on {name}").format(name=node.name))
    count, most = (node.sysctls.get(f"net.netfilter.nf_conntrack_{n}", "?") for n in ("count", "max"))
    evidence = show(
        node,
        "conntrack -S",
        _("drop +{rose} (table: {count} of {most})").format(rose=rose, count=count, most=most),
        _("new connections find no room"),
    )
    text = _("The connection table of {name} is full: {rose} packets were dropped for it.").format(
        name=node.name, rose=rose
    )
    return Finding("conntrack-full", sure(rose >= scene.lost), text, (evidence,), cure(node, "conntrack -F"))


def queue_full(scene: Observation, focus: Focus) -> Finding | Cleared | None:
    """A queueing discipline on the way that dropped, or whose filters did."""
    for node in scene.after.nodes if scene.whole else nodes_at(scene, focus):
        for name in node.counters:
            rose = scene.increase(node, name) if name.startswith("qdisc ") else 0
            if rose > 0:
                __, device, kind = name.split()
                return _queue(scene, node, device, kind, rose)
    for node in nodes_at(scene, focus):
        for interface in node.interfaces:
            if interface.details.get("qdisc") == "blackhole":
                return _queue(scene, node, interface.name, "blackhole", 0)
    return Cleared("queue-full", _("no queue on the way dropped anything (tc -s qdisc)"))


def _queue(scene: Observation, node: Node, device: str, kind: str, rose: int) -> Finding:
    """What a queue did, by its kind: clsact and ingress hold filters; blackhole drops all, uncounted."""
    what = (
        _("a filter at {kind}").format(kind=kind)
        if kind in ("clsact", "ingress")
        else _("the {kind} queue").format(kind=kind)
    )
    says = (
        _("{rose} packets were dropped by {what} of {device}").format(rose=rose, what=what, device=device)
        if rose
        else _("{what} of {device} drops everything").format(what=what, device=device)
    )
    evidence = show(
        node,
        f"tc -s qdisc show dev {device}",
        _("qdisc {kind} … dropped +{rose}").format(kind=kind, rose=rose),
        says,
    )
    code = {"netem": "random-loss", "clsact": "firewall-drop", "ingress": "firewall-drop"}.get(
        kind, "queue-full"
    )
    steps = cure(node, f"tc qdisc del dev {device} {kind if kind in ('clsact', 'ingress') else 'root'}")
    certainty = sure(rose >= min(scene.lost, 1) or kind == "blackhole")
    return Finding(code, certainty, f"On {node.name}, {says}.", (evidence,), steps)
