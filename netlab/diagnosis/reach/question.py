"""What is asked: "internet → *", "if-test -> 10.0.0.0/24 tcp 5432"; and which packets that means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from netlab.errors import BadInput
from netlab.i18n import gettext as _
from netlab.model import Node, Snapshot
from netlab.packets.flight import Flight
from netlab.packets.forwarding.iptables import Flow, matches
from netlab.packets.forwarding.iptables import parse as parse_rule

ANY = "*"
Network = IPv4Network | IPv6Network
MOST = 1500  # packets of one question
MOST_COUNTED = 100_000  # of those that are left out
LONGEST = 400  # characters
_ARROW = re.compile(r"\s*(?:→|->)\s*")
_SERVICE = re.compile(r"(.+?)(?:\s+(icmp|ping|tcp|udp)(?:\s+(\S+))?)?", re.DOTALL)
DOCKERS_NAMES = "127.0.0.11"  # where Docker answers a container for names: nobody else is meant to ask there
_PUBLISHED = re.compile(r"(?<!! )-p (tcp|udp)\b.*?--dport (\d{1,5})\b")


@dataclass(frozen=True, slots=True)
class Question:
    """From which end to which: a node, an address, a network or *; of one protocol and port, or of all."""

    source: str = ANY
    destination: str = ANY
    proto: str = ""
    port: int = 0

    def __str__(self) -> str:
        port = f" {self.proto}" if self.proto else ""
        return f"{self.source} → {self.destination}{port}{f' {self.port}' if self.port else ''}"


def parse(text: str) -> Question:
    """BadInput for what is no question."""
    ends = _ARROW.split(text.strip()) if len(text) <= LONGEST else []
    if len(ends) != 2 or not all(ends):
        raise BadInput(
            _("{text!r} is no question of the form FROM → TO.").format(text=text[:LONGEST]),
            _('For example: ./run reach "internet → *", or "if-test -> 172.17.0.0/16 tcp 80"'),
        )
    destination, proto, port = _SERVICE.fullmatch(ends[1]).groups()  # type: ignore[union-attr]
    return Question(ends[0], destination, {"ping": "icmp"}.get(proto, proto or ""), _parse_port(proto, port))


def _parse_port(proto: str | None, port: str | None) -> int:
    if port is None:
        return 0
    if proto not in ("tcp", "udp"):
        raise BadInput(_("A ping has no port: {port}.").format(port=port[:20]), "tcp 5432")
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise BadInput(_("{port} is no port.").format(port=port[:20]), _("Ports are 1 to 65535."))
    return int(port)


def flights(question: Question, snapshot: Snapshot) -> tuple[list[Flight], int]:
    """The packets, MOST at most, and how many more there are. UnknownName, BadInput."""
    found: dict[Flight, None] = {}
    left_out = 0
    for flight in _flights(question, snapshot):
        if len(found) < MOST:
            found[flight] = None
        elif left_out < MOST_COUNTED:
            left_out += 1
        else:
            break
    return list(found), left_out


def _flights(question: Question, snapshot: Snapshot) -> Iterator[Flight]:
    sources = _sources(question.source, snapshot)
    for holder, address in _destinations(question.destination, snapshot):
        services = _services(question, holder, address)
        for node, own in sources:
            if node is holder or (own and (":" in own) != (":" in address)):
                continue
            for proto, port in services:
                yield Flight(node.name, address, proto, port, own)


def _sources(end: str, snapshot: Snapshot) -> list[tuple[Node, str]]:
    """(node, the address that it asks with; "" for the one that its kernel chooses)."""
    if end == ANY:
        return [(node, "") for node in snapshot.nodes if _can_ask(node)]
    if (network := _network(end)) is None:
        return [(snapshot.node(end), "")]
    found = [
        (node, address)
        for node in snapshot.nodes
        for address in _addresses(node)
        if ip_address(address) in network
    ]
    if not found:
        raise _nobody(end)
    return found


def _destinations(end: str, snapshot: Snapshot) -> list[tuple[Node | None, str]]:
    """(who holds it, address); an address that nobody holds is asked, too."""
    if end != ANY and _network(end) is None:
        node = snapshot.node(end)
        if not _addresses(node):
            raise BadInput(
                _("{node} has no address that anybody could reach.").format(node=node.name),
                _("Give it one, or ask for another end."),
            )
        return [(node, address) for address in _addresses(node)]
    held: list[tuple[Node | None, str]] = [
        (node, address)
        for node in snapshot.nodes
        for address in _addresses(node)
        if end == ANY or ip_address(address) in ip_network(end, strict=False)
    ]
    if held:
        return held
    if end != ANY and "/" not in end:
        return [(snapshot.owner_of(end), end)]
    raise _nobody(end)


def _network(end: str) -> Network | None:
    """An address or a network; None for what is a node's name. BadInput."""
    try:
        network = ip_network(end, strict=False)
    except ValueError:
        if re.fullmatch(r"[\d.]+(/\d*)?|[0-9a-fA-F]*:[0-9a-fA-F:.]*(/\d*)?|.*/.*", end):
            raise BadInput(
                _("{end!r} is neither an address nor a network.").format(end=end), "172.17.0.0/16"
            ) from None
        return None
    return network


def _nobody(end: str) -> BadInput:
    return BadInput(_("Nobody has an address in {end}.").format(end=end), _("Look at: ./run status"))


def _can_ask(node: Node) -> bool:
    return node.kind == "container" or any(i.kind != "loopback" for i in node.interfaces)


def _addresses(node: Node) -> list[str]:
    """The global ones, each once; those of cards before those of lo."""
    cards = sorted(node.interfaces, key=lambda each: each.kind == "loopback")
    return list(dict.fromkeys(a.address for i in cards for a in i.addresses if a.scope == "global"))


def _services(question: Question, holder: Node | None, address: str) -> list[tuple[str, int]]:
    """The port that was asked for; or else ping, what listens there, and what is published there."""
    if question.port:
        return [(question.proto, question.port)]
    found = [("icmp", 0)]
    if holder is not None:
        others = [each for each in holder.listeners if each.port and each.address != DOCKERS_NAMES]
        found += [(each.protocol, each.port) for each in others]
        rules = [r for chain in holder.chains for r in chain.rules if r.target in ("DNAT", "REDIRECT")]
        found += [service for rule in rules if (service := _find_port(rule.text, address))]
    wanted = [each for each in dict.fromkeys(found) if question.proto in ("", each[0])]
    return sorted(wanted, key=lambda each: (each[0] != "icmp", each))


def _find_port(rule: str, address: str) -> tuple[str, int] | None:
    """Which port such a rule leads elsewhere, if it is one of that address."""
    told = _PUBLISHED.search(rule)
    if told is None or not 0 < int(told[2]) < 65536:
        return None
    limits = Flow("", address)
    asked = [each for each in parse_rule(rule) or () if each[0] == "-d"]
    wanted = " ".join(f"{'! ' * negated}-d {value}" for __, value, negated in asked)
    return (told[1], int(told[2])) if matches(wanted, limits) is not False else None
