"""Cures for what a firewall drops: those that open least before those that open more."""

from __future__ import annotations

import shlex

from netlab.diagnosis.focus import Focus
from netlab.diagnosis.observation import Observation, step
from netlab.diagnosis.verdict import Cure
from netlab.model import Chain, Node, Packet, Rule

DOCKERS_RULES = (
    "-j DOCKER-USER",
    "-j DOCKER-ISOLATION-STAGE-1",
    "-o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "-o docker0 -j DOCKER",
    "-i docker0 ! -o docker0 -j ACCEPT",
    "-i docker0 -o docker0 -j ACCEPT",
)
ESTABLISHED: tuple[str, ...] = ("-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "ACCEPT")
# Of these, `iptables -D` finds again what `iptables -S` prints; of others it compares more than that.
PLAIN = ("tcp", "udp", "icmp", "icmp6", "conntrack", "state", "addrtype", "comment", "mark", "multiport")
NFT_ESTABLISHED: tuple[str, ...] = ("ct", "state", "established,related", "accept")
PORTS = ("tcp", "udp")
Ways = tuple[tuple[Cure, ...], tuple[tuple[Cure, ...], ...]]  # the first to be tried, and others


def ways_to_open(scene: Observation, focus: Focus, node: Node, chain: Chain, rule: Rule | None) -> Ways:
    """Of a rule, without it; of a policy, what Docker had there, a rule for this flow, or without it."""
    if rule is not None:
        times = [each.text for each in chain.rules].count(rule.text)
        once = undo(node, chain, rule)
        return (once,), (((once,) * times,) if times > 1 and chain.backend != "native" else ())
    docker = _dockers_rules(node, chain) if chain.name == "FORWARD" else ()
    accept = _accepts(scene, focus, node, chain)
    ways = [docker, *accept, (undo(node, chain, None),)]
    first, *others_ = [way for way in ways if way]
    return first, tuple(others_)


def _accepts(scene: Observation, focus: Focus, node: Node, chain: Chain) -> list[tuple[Cure, ...]]:
    """A rule for this flow before all others, in Docker's chain for users where that is; and with one for the
    answers."""
    packet = focus.packet
    if packet is None or focus.is_arp or chain.family not in ("ip", "ip6", "inet"):
        return []
    start: tuple[str, ...]
    if chain.backend == "native":
        start = ("nft", "insert", "rule", chain.family, chain.table, chain.name)
        flow, answers = _nft_words(scene, packet), NFT_ESTABLISHED
    else:
        own = {c.name for c in node.chains if (c.backend, c.family, c.table) == _place(chain)}
        users = chain.name == "FORWARD" and "DOCKER-USER" in own and chain.table == "filter"
        start = (tool(chain), "-t", chain.table, "-I", "DOCKER-USER" if users else chain.name)
        flow, answers = _iptables_words(scene, packet), ESTABLISHED
    back = (step(node, *start, *answers),)
    if focus.is_answer:
        return [back]
    this = (step(node, *start, *flow),)
    return [this, (*this, *back)]


def _place(chain: Chain) -> tuple[str, str, str]:
    return chain.backend, chain.family, chain.table


def _iptables_words(scene: Observation, packet: Packet) -> tuple[str, ...]:
    proto = "ipv6-icmp" if packet.protocol == "icmpv6" else packet.protocol
    port = ("--dport", str(packet.destination_port)) if packet.protocol in PORTS else ()
    return ("-s", packet.source, "-d", packet.destination, "-p", proto, *port, "-j", "ACCEPT")


def _nft_words(scene: Observation, packet: Packet) -> tuple[str, ...]:
    ip = "ip6" if scene.family == 6 else "ip"
    port = (packet.protocol, "dport", str(packet.destination_port)) if packet.protocol in PORTS else ()
    return (ip, "saddr", packet.source, ip, "daddr", packet.destination, *port, "accept")


def _dockers_rules(node: Node, chain: Chain) -> tuple[Cure, ...]:
    """What Docker had in FORWARD for docker0 and is missing, back at its place; () where Docker is not."""
    own = {c.name for c in node.chains if (c.backend, c.family, c.table) == (chain.backend, "ip", "filter")}
    if not {"DOCKER", "DOCKER-USER", "DOCKER-ISOLATION-STAGE-1"} <= own or not node.has_interface("docker0"):
        return ()
    there, place, steps = [rule.text for rule in chain.rules], 0, []
    for text in DOCKERS_RULES:
        if text in there:
            place = max(place, there.index(text) + 1)
            continue
        there.insert(place, text)
        place += 1
        words = (tool(chain), "-I", "FORWARD", str(place), *text.split())
        steps.append(step(node, *words))
    return tuple(steps)


def tool(chain: Chain) -> str:
    """The command that this chain is kept with."""
    base = {"ip": "iptables", "ip6": "ip6tables"}.get(chain.family, "nft")
    return f"{base}-legacy" if chain.backend == "legacy" else base


def undo(node: Node, chain: Chain, rule: Rule | None) -> Cure:
    """The command that takes a rule, or a policy, back."""
    if chain.backend == "native":
        where = (chain.family, chain.table, chain.name)
        if rule is None:
            return step(node, "nft", "chain", *where, "{", "policy", "accept", ";", "}")
        return step(node, "nft", "delete", "rule", *where, "handle", str(rule.handle))
    start = (tool(chain), "-t", chain.table)
    if rule is None:
        return step(node, *start, "-P", chain.name, "ACCEPT")
    texts = [each.text for each in chain.rules]
    return step(node, *start, "-D", chain.name, *words_of(rule.text, texts.index(rule.text) + 1))


def words_of(text: str, number: int) -> list[str]:
    """By which words `iptables -D` finds that rule, the one with that number from 1."""
    words = shlex.split(text)
    matches = {words[place + 1] for place, word in enumerate(words[:-1]) if word == "-m"}
    return words if matches <= set(PLAIN) else [str(number)]
