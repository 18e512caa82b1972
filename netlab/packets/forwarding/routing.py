"""Which route a packet takes, by all rules of `ip rule` and all tables: the kernel's choice, retraced.

Values only. Who wants to be sure asks the kernel as well (`ip route get … from … iif …`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from netlab.model import Node, PolicyRule, Route

REFUSING = ("blackhole", "unreachable", "prohibit")
STANDARD = (PolicyRule(0, table="local"), PolicyRule(32766, table="main"), PolicyRule(32767, table="default"))
Ip = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Decision:
    """The rule that decided, and its route; no route when the rule itself refuses, or nothing matched.

    `thrown`: the throw routes that were met on the way. `unsure`: a rule asks for what is not known here.
    """

    rule: PolicyRule | None = None
    route: Route | None = None
    thrown: tuple[Route, ...] = ()
    unsure: bool = False

    @property
    def refuses(self) -> bool:
        """Whether a rule or a route says no, rather than nothing being there."""
        if self.route is not None:
            return self.route.kind in REFUSING
        return self.rule is not None and self.rule.action in REFUSING


def decide(
    node: Node, destination: str, source: str = "", iif: str = "", mark: int = 0, *, local: bool = True
) -> Decision:
    """The choice for a packet to `destination`; without `iif` one that the node itself sends.

    `local=False` leaves the table of the node's own addresses out.
    """
    wanted = ip_address(destination)
    origin = ip_address(source) if source else None
    thrown: list[Route] = []
    unsure, jump = False, -1
    for rule in _rules(node, wanted.version):
        if rule.preference < jump or (rule.table == "local" and not local):
            continue
        if not _applies(rule, wanted, origin, iif, mark):
            continue
        unsure = unsure or rule.partial
        if rule.action == "goto":
            jump = rule.goto
        elif rule.action in REFUSING:
            return Decision(rule, None, tuple(thrown), unsure)
        elif rule.action == "lookup":
            route = longest(node.routes, wanted, rule.table)
            if route is not None and route.kind == "throw":
                thrown.append(route)
            elif route is not None and prefix(route) > rule.suppress:
                return Decision(rule, route, tuple(thrown), unsure)
    return Decision(None, None, tuple(thrown), unsure)


def _rules(node: Node, version: int) -> Sequence[PolicyRule]:
    found = [rule for rule in node.policies if rule.family == version]
    return sorted(found or STANDARD, key=lambda rule: rule.preference)


def _applies(rule: PolicyRule, destination: Ip, source: Ip | None, iif: str, mark: int) -> bool:
    fits = all(
        (
            not rule.iif or rule.iif == (iif or "lo"),
            not rule.oif,  # only for sockets that are bound to a device
            not rule.destination or _within(destination, rule.destination),
            not rule.source or (source is not None and _within(source, rule.source)),
            (mark & rule.mask) == rule.mark,
        )
    )
    return fits != rule.inverted


@lru_cache(1 << 12)
def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text, strict=False)


def _within(address: Ip, network: str) -> bool:
    asked = _network(network)
    return asked.version == address.version and address in asked


def prefix(route: Route) -> int:
    """The length of its prefix; 0 for default."""
    if route.destination == "default":
        return 0
    return int(_network(route.destination).prefixlen)


def longest(routes: Sequence[Route], address: Ip, table: str) -> Route | None:
    """The longest match in a table, then the lowest metric; of equals the first listed."""
    fits = [r for r in routes if r.table == table and _covers(r, address)]
    return min(fits, key=lambda r: (-prefix(r), r.metric), default=None)


def _covers(route: Route, address: Ip) -> bool:
    if route.family != address.version or route.kind in ("broadcast", "multicast", "anycast"):
        return False
    return route.destination == "default" or _within(address, route.destination)
