"""Firewall rules, NAT rules, the connection table and queues: whoever counts what it drops."""

from __future__ import annotations

import re
import shlex

from netlab.diagnosis.finding import Cleared, Finding, sure
from netlab.diagnosis.focus import Focus
from netlab.diagnosis.scene import Scene, cure, shown
from netlab.model import Chain, Node, Rule
from netlab.verdict import LIKELY, PROVED, Cure, Evidence

DROPS = ("DROP", "REJECT")


def nodes_at(scene: Scene, focus: Focus) -> list[Node]:
    """The node where it ended, and the one it was sent to: a hook of either may have dropped it."""
    found = [focus.node]
    if focus.expected is not None:
        found.append(scene.node(focus.expected.netns))
    return list({node.netns: node for node in found}.values())


def firewall_drop(scene: Scene, focus: Focus) -> Finding | Cleared | None:
    """A rule or policy that drops, and whose counter rose by as much as was lost."""
    looked = []
    for node in nodes_at(scene, focus):
        for chain, rule, number, rose in scene.moved(node):
            target = rule.target if rule else chain.policy
            if target not in DROPS or rose < min(1, scene.lost):
                continue
            return _dropped(scene, node, chain, rule, number, rose, 1 if focus.is_arp else scene.lost)
        uncounted = [
            (c, r, n)
            for c in node.chains
            for n, r in enumerate(c.rules, 1)
            if r.target in DROPS and not r.counted
        ]
        if uncounted:
            return _dropped(scene, node, *uncounted[0], 0, scene.lost)
        looked.append(node.name)
    return Cleared("firewall-drop", f"no rule or policy that drops counted a packet on {', '.join(looked)}")


def _dropped(
    scene: Scene, node: Node, chain: Chain, rule: Rule | None, number: int, rose: int, enough: int
) -> Finding:
    """`enough`: how many packets it must have counted to be proved; of ARP requests one holds up all."""
    name = (
        f"{chain.table}/{chain.name}"
        if chain.family == "ip"
        else f"{chain.family} {chain.table}/{chain.name}"
    )
    random = rule is not None and ("statistic" in rule.text or "numgen random" in rule.text)
    what = f"rule {number} of {name} ({rule.text})" if rule else f"the policy of {name}, {chain.policy},"
    counted = f"counted {rose} of the {scene.lost} lost packets" if rose else "matches, and keeps no counter"
    evidence = (listing(node, chain, f"{what} {counted}"),)
    certainty = sure(rose >= enough > 0 or (random and rose > 0))
    text = f"On {node.name}, {what} drops the packet: it {counted}."
    code = "random-loss" if random else "firewall-drop"
    return Finding(code, certainty, text, evidence, (undo(node, chain, rule),))


def tool(chain: Chain) -> str:
    """The command that this chain is kept with."""
    base = {"ip": "iptables", "ip6": "ip6tables"}.get(chain.family, "nft")
    return f"{base}-legacy" if chain.backend == "legacy" else base


def listing(node: Node, chain: Chain, says: str) -> Evidence:
    """The chain as its own command shows it."""
    if chain.backend == "native":
        command = f"nft list chain {chain.family} {chain.table} {chain.name}"
        lines = [f"type … policy {chain.policy.lower()};"] if chain.policy else []
        lines += [rule.text for rule in chain.rules]
    else:
        command = f"{tool(chain)} -t {chain.table} -S {chain.name} -v"
        head = f"-P {chain.name} {chain.policy}" if chain.policy else f"-N {chain.name}"
        lines = [f"{head} -c {chain.packets} {chain.bytes}" if chain.policy else head]
        lines += [f"-A {chain.name} {rule.text} -c {rule.packets} {rule.bytes}" for rule in chain.rules]
    return shown(node, command, "\n".join(lines), says)


def undo(node: Node, chain: Chain, rule: Rule | None) -> Cure:
    """The command that takes a rule, or a policy, back."""
    if chain.backend == "native":
        where = (chain.family, chain.table, chain.name)
        if rule is None:
            return Cure(node.name, ("nft", "chain", *where, "{", "policy", "accept", ";", "}"))
        return Cure(node.name, ("nft", "delete", "rule", *where, "handle", str(rule.handle)))
    start = (tool(chain), "-t", chain.table)
    if rule is None:
        return Cure(node.name, (*start, "-P", chain.name, "ACCEPT"))
    return Cure(node.name, (*start, "-D", chain.name, *shlex.split(rule.text)))


def wrong_dnat(scene: Scene, focus: Focus) -> Finding | Cleared | None:
    """A DNAT rule that this packet matched, and whose new destination does not answer as the old would."""
    for node in scene.after.nodes:
        for chain, rule, number, rose in scene.moved(node):
            if rule is None or rule.target != "DNAT" or not scene.requests:
                continue
            rewritten = [
                r
                for j in scene.requests
                for h in j.hops
                for r in h.rewrites
                if r.field.startswith("destination")
            ]
            if not any(not r.field.endswith("mac") for r in rewritten):
                continue
            to = re.search(r"--to-destination (\S+)", rule.text)
            place = to[1] if to else "elsewhere"
            text = f"On {node.name}, rule {number} of nat/{chain.name} sends the packet to {place}."
            says = f"{rose} packets were given another destination, and no answer came from there"
            return Finding(
                "wrong-dnat",
                PROVED if scene.refused else LIKELY,
                text,
                (listing(node, chain, says),),
                (undo(node, chain, rule),),
            )
    return None


def conntrack_full(scene: Scene, focus: Focus) -> Finding | Cleared | None:
    """The connection table drops what finds no room in it."""
    node = focus.node
    rose = scene.risen(node, "conntrack.drop") + scene.risen(node, "conntrack.early_drop")
    if rose <= 0:
        return Cleared("conntrack-full", f"conntrack -S shows no drop on {node.name}")
    count, most = (node.sysctls.get(f"net.netfilter.nf_conntrack_{n}", "?") for n in ("count", "max"))
    evidence = shown(
        node, "conntrack -S", f"drop +{rose} (table: {count} of {most})", "new connections find no room"
    )
    text = f"The connection table of {node.name} is full: {rose} packets were dropped for it."
    return Finding("conntrack-full", sure(rose >= scene.lost), text, (evidence,), cure(node, "conntrack -F"))


def queue_full(scene: Scene, focus: Focus) -> Finding | Cleared | None:
    """A queueing discipline on the way that dropped."""
    for node in scene.after.nodes:
        for name in node.counters:
            rose = scene.risen(node, name) if name.startswith("qdisc ") else 0
            if rose <= 0:
                continue
            _, device, kind = name.split()
            lossy = kind == "netem"
            says = f"{rose} packets were dropped by the {kind} queue of {device}"
            evidence = shown(node, f"tc -s qdisc show dev {device}", f"qdisc {kind} … dropped +{rose}", says)
            text = f"On {node.name}, {says}."
            return Finding(
                "random-loss" if lossy else "queue-full",
                sure(rose >= min(scene.lost, 1)),
                text,
                (evidence,),
                cure(node, f"tc qdisc del dev {device} root"),
            )
    return Cleared("queue-full", "no queue on the way dropped anything (tc -s qdisc)")
