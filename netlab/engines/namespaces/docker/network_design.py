"""What a network that somebody wants to make is to be: its subnets, gateways and options, checked."""

from __future__ import annotations

import argparse
import ipaddress
import re
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from netlab.engines.namespaces import networks
from netlab.engines.namespaces.docker.checks import NAME
from netlab.engines.namespaces.docker.refused import ELSEWHERE, Refused
from netlab.engines.namespaces.networks import Network
from netlab.i18n import gettext as _
from netlab.linux.netlink.route import RouteSocket

DAEMON = "Error response from daemon"
OURS = ("parent", "macvlan_mode")
OF_BRIDGES: tuple[str, ...] = (networks.BRIDGE_NAME, networks.ICC, networks.MASQUERADE)
LINK = re.compile(r"[^\s/]{1,15}")


def design(options: argparse.Namespace, settings: dict[str, str], others: Sequence[Network]) -> Network:
    """What is to be made. Refused, EngineError."""
    if not NAME.fullmatch(options.name):
        raise Refused(
            f"{DAEMON}: {options.name} includes invalid characters for a network name, only "
            "[a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"
        )
    _check(options, settings)
    if (options.gateway or options.ip_range) and not options.subnet:
        raise Refused("every ip-range or gateway must have a corresponding subnet")
    subnet, subnet6 = _subnets(options, others)
    gateways = [_gateway(word, [subnet, *subnet6]) for word in options.gateway]
    pools = [_network(word, "ip-range", strict=False) for word in options.ip_range]
    pool = next((str(net) for net in pools if net.version == 4), "")
    first = next(subnet.hosts())
    if pool and options.driver == "bridge" and not pool.startswith(f"{subnet[0]}/"):
        first = ipaddress.IPv4Network(pool)[0]  # Docker takes the first of what it gives out
    six = [str(address) for address in gateways if address.version == 6] + [str(net[1]) for net in subnet6]
    return Network(
        secrets.token_hex(32),
        options.name,
        str(subnet),
        next((str(address) for address in gateways if address.version == 4), str(first)),
        settings.get("parent", ""),
        pool,
        tuple(settings.items()),
        time.time(),
        driver=options.driver,
        is_internal=options.internal,
        subnet6=str(subnet6[0]) if subnet6 else "",
        gateway6=six[0] if six else "",
        labels=tuple(label.partition("=")[::2] for label in options.label),
        said=(options.subnet[0] if options.subnet else "", options.gateway[0] if options.gateway else ""),
    )


def _subnets(
    options: argparse.Namespace, others: Sequence[Network]
) -> tuple[ipaddress.IPv4Network, list[ipaddress.IPv6Network]]:
    """The one of IPv4, and that of IPv6 if there is to be one. Refused, EngineError."""
    subnets = [_network(word, "subnet") for word in options.subnet]
    fours = [net for net in subnets if isinstance(net, ipaddress.IPv4Network)]
    sixes = [net for net in subnets if isinstance(net, ipaddress.IPv6Network)]
    if len(fours) > 1 or len(sixes) > 1:
        words = _("docker network create: one subnet of each kind. {elsewhere}")
        raise Refused(words.format(elsewhere=_(ELSEWHERE)))
    if options.ipv6 and not sixes:
        raise Refused(
            f"{DAEMON}: could not find an available, non-overlapping IPv6 address pool among the defaults to "
            "assign to the network"
        )
    taken = [ipaddress.IPv4Network(other.subnet) for other in [networks.default(), *others]]
    if not fours:
        fours = [networks.free_pool([*taken, *_routes()])]
    elif any(fours[0].overlaps(other) for other in taken):
        raise Refused(f"{DAEMON}: Pool overlaps with other one on this address space")
    if fours[0].num_addresses < 4:
        raise Refused(f"{DAEMON}: {fours[0]} has no room for a gateway and a container")
    return fours[0], sixes if options.ipv6 else []


def _network(word: str, what: str, *, strict: bool = True) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        if "/" not in word:
            raise ValueError
        return ipaddress.ip_network(word, strict=strict)
    except ValueError:
        raise Refused(f"invalid argument: {what} {word}: invalid CIDR address: {word}") from None


def _gateway(word: str, subnets: Sequence[Any]) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        address = ipaddress.ip_address(word)
    except ValueError:
        raise Refused(f"invalid argument: gateway {word}: invalid IP address") from None
    if not any(address in subnet for subnet in subnets):
        raise Refused(f"no matching subnet for gateway {word}")
    return address


def _check(options: argparse.Namespace, settings: dict[str, str]) -> None:
    """Refused for what this engine has not, or Docker would not take."""
    if options.driver not in ("bridge", "macvlan"):
        known = options.driver in ("overlay", "ipvlan", "host", "null")
        if known:
            words = _("docker network create: -d {driver}. {elsewhere}")
            raise Refused(words.format(driver=options.driver, elsewhere=_(ELSEWHERE)))
        raise Refused(f'{DAEMON}: plugin "{options.driver}" not found')
    ours = OURS if options.driver == "macvlan" else OF_BRIDGES
    unknown = [name for name in settings if name not in ours]
    if unknown or settings.get("macvlan_mode", networks.MODES[0]) not in networks.MODES:
        words = _("docker network create: -o {options} is not there. {elsewhere}")
        raise Refused(words.format(options=", ".join(unknown or settings), elsewhere=_(ELSEWHERE)))
    name = settings.get(networks.BRIDGE_NAME)
    with RouteSocket() as host:
        links = {link.name for link in host.interfaces()}
    if name is not None and (not LINK.fullmatch(name) or name in links):
        raise Refused(f"{DAEMON}: the name {name} for a bridge is {'taken' if name in links else 'no name'}")
    if options.driver == "macvlan":
        if not options.subnet or "parent" not in settings:
            words = _("docker network create: -d macvlan wants --subnet and -o parent=… here. {elsewhere}")
            raise Refused(words.format(elsewhere=_(ELSEWHERE)))
        if settings["parent"] not in links:
            raise Refused(
                f"{DAEMON}: invalid subinterface vlan name {settings['parent']}, "
                "example formatting is eth0.10"
            )


def _routes() -> list[ipaddress.IPv4Network]:
    """The subnets that the lab host is in by now."""
    found = []
    with RouteSocket() as host, suppress(ValueError):
        for link in host.interfaces():
            for address in link.addresses:
                if address.family == 4:
                    found.append(ipaddress.ip_interface(str(address)).network)
    return [net for net in found if isinstance(net, ipaddress.IPv4Network)]
