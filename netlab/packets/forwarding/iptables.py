"""What a chain of iptables would do to a packet, read rule by rule: true, false, or not to be told.

Only for saying what stands next on the way, and why a rule was not met: what did happen, counters tell.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_network

from netlab.model import Chain, Node, Rule

FINAL = frozenset(("ACCEPT", "DROP", "REJECT", "SNAT", "MASQUERADE", "DNAT", "REDIRECT"))
PLAIN = (
    "-s",
    "-d",
    "-i",
    "-o",
    "-p",
    "--dport",
    "--sport",
    "--ctstate",
    "--state",
    "--icmp-type",
    "--dst-type",
)
KNOWN = ("addrtype", "conntrack", "state", "tcp", "udp", "icmp", "comment")  # matches whose options are read
SILENT = ("--comment", "--to-destination", "--to-source", "--to-ports", "--reject-with", "--set-xmark")


@dataclass(frozen=True, slots=True)
class Flow:
    """A packet as a hook sees it."""

    source: str
    destination: str
    protocol: str = "icmp"
    source_port: int = 0
    destination_port: int = 0
    iif: str = ""
    oif: str = ""
    state: str = "NEW"  # of its connection: NEW, ESTABLISHED, UNTRACKED
    local: bool | None = None  # whether the destination is the node's own, where that is known


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where the walk through a chain ended. `rule` is None for the policy; `sure` is False when a match on
    the way could not be told."""

    target: str
    chain: Chain
    rule: Rule | None = None
    number: int = 0
    sure: bool = True


def walk(node: Node, table: str, hook: str, flow: Flow, *, without: Rule | None = None) -> list[Outcome]:
    """What each chain at that hook (one for each backend) does to the packet; `without` a rule as if it were
    not there."""
    family = "ip6" if ":" in flow.destination else "ip"
    bases = [c for c in node.chains if (c.family, c.table, c.name) == (family, table, hook) and c.policy]
    found = []
    for base in bases:
        outcome = _through(node, base, flow, without, 0)
        found.append(outcome or Outcome(base.policy, base))
    return found


def _through(node: Node, chain: Chain, flow: Flow, without: Rule | None, depth: int) -> Outcome | None:
    """The first rule that ends the walk; None when it falls off the chain's end."""
    sure = True
    for number, rule in enumerate(chain.rules, 1):
        met = matches(rule.text, flow)
        if met is False or rule is without:
            continue
        sure = sure and met is True
        if rule.target == "RETURN":
            if met:
                return None
        elif rule.target in FINAL:
            if met or rule.target in ("DROP", "REJECT"):
                return Outcome(rule.target, chain, rule, number, sure)
        elif depth < 8 and (found := _jump(node, chain, rule, flow, without, depth)) is not None:
            return Outcome(found.target, found.chain, found.rule, found.number, sure and found.sure)
    return None


def _jump(
    node: Node, chain: Chain, rule: Rule, flow: Flow, without: Rule | None, depth: int
) -> Outcome | None:
    named = (chain.backend, chain.family, chain.table, rule.target)
    for other in node.chains:
        if (other.backend, other.family, other.table, other.name) == named:
            return _through(node, other, flow, without, depth + 1)
    return None


def matches(text: str, flow: Flow) -> bool | None:
    """Whether a rule, as iptables-save prints it, is for that packet; None when that cannot be told."""
    options = parse(text)
    if options is None:
        return None
    told: bool | None = True
    for option, value, negated in options:
        met = _one(option, value, flow) if option else None
        if met is None:
            told = None
        elif met == negated:
            return False
    return told


@lru_cache(1 << 14)
def parse(text: str) -> tuple[tuple[str, str, bool], ...] | None:
    """(option, value, whether it is negated) of what a rule asks for; "" for an option that is not known.

    None for a text that is no rule.
    """
    found: list[tuple[str, str, bool]] = []
    try:
        words, at, negated = shlex.split(text), 0, False
    except ValueError:  # a comment of the learner's, with a quotation mark too many
        return None
    while at < len(words):
        word = words[at]
        value = words[at + 1] if at + 1 < len(words) else ""
        if word == "!":
            negated, at = True, at + 1
            continue
        if word in ("-j", "-g"):
            break
        if word in PLAIN:
            found.append((word, value, negated))
        elif word not in SILENT and not (word == "-m" and value in KNOWN):
            found.append(("", "", False))
        negated, at = False, at + 2
    return tuple(found)


def _one(option: str, value: str, flow: Flow) -> bool | None:
    try:
        return _is_met(option, value, flow)
    except ValueError:  # what ipaddress does not know (a mask with holes), or no number
        return None


@lru_cache(1 << 14)
def _network(text: str) -> tuple[int, int, int]:
    """(version, mask, network) of an address, or of a network."""
    network = ip_network(text, strict=False)
    return network.version, int(network.netmask), int(network.network_address)


def _is_met(option: str, value: str, flow: Flow) -> bool | None:
    if option in ("-s", "-d"):
        version, __, address = _network(flow.source if option == "-s" else flow.destination)
        asked, mask, network = _network(value)
        return version == asked and address & mask == network
    if option in ("-i", "-o"):
        device = flow.iif if option == "-i" else flow.oif
        return device.startswith(value[:-1]) if value.endswith("+") else device == value
    if option == "-p":
        return value in (flow.protocol, "all") or (value, flow.protocol) == ("ipv6-icmp", "icmpv6")
    if option in ("--ctstate", "--state"):
        return flow.state in value.split(",")
    if option == "--dst-type":
        return flow.local if value == "LOCAL" else None
    if option == "--icmp-type":
        return value in ("8", "8/0", "any", "echo-request")
    port = flow.destination_port if option == "--dport" else flow.source_port
    low, _, high = value.partition(":")
    return int(low or 0) <= port <= int(high or (low if not _ else 65535))


def rules_of(node: Node) -> list[tuple[Chain, int, Rule]]:
    """(chain, number from 1, rule) of all rules."""
    return [(chain, number, rule) for chain in node.chains for number, rule in enumerate(chain.rules, 1)]
