"""docker network create and rm: macvlan networks. The others are real Docker's."""

from __future__ import annotations

import argparse
import ipaddress
import secrets
import time

from netlab.engines.namespaces import networks
from netlab.engines.namespaces.docker.refused import ELSEWHERE, Refused
from netlab.engines.namespaces.store import Store, is_running
from netlab.i18n import gettext as _
from netlab.linux.netlink.route import RouteSocket

OURS = ("parent", "macvlan_mode")


def create(options: argparse.Namespace, store: Store) -> None:
    """docker network create; what Docker refuses is refused in its words."""
    others = networks.known(store)
    settings = dict(word.partition("=")[::2] for word in options.opt)
    _check(options, settings)
    if options.name in ("bridge", "host", "none", *(other.name for other in others)):
        raise Refused(f"Error response from daemon: network with name {options.name} already exists")
    subnet = ipaddress.ip_network(options.subnet)
    if any(subnet.overlaps(ipaddress.ip_network(other.subnet)) for other in others):
        raise Refused("Error response from daemon: Pool overlaps with other one on this address space")
    gateway = options.gateway or str(next(subnet.hosts()))
    network = networks.Network(
        secrets.token_hex(32),
        options.name,
        str(subnet),
        gateway,
        settings["parent"],
        options.ip_range,
        tuple(settings.items()),
        time.time(),
    )
    networks.save(store, [*others, network])
    print(network.id)


def _check(options: argparse.Namespace, settings: dict[str, str]) -> None:
    """Refused for what this engine has not, or Docker would not take."""
    if options.driver != "macvlan" or not options.subnet or "parent" not in settings:
        words = _(
            "docker network create: only -d macvlan with --subnet and -o parent=… is there. {elsewhere}"
        )
        raise Refused(words.format(elsewhere=_(ELSEWHERE)))
    if (
        any(name not in OURS for name in settings)
        or settings.get("macvlan_mode", networks.MODES[0]) not in networks.MODES
    ):
        words = _("docker network create: -o {options} is not there. {elsewhere}")
        raise Refused(words.format(options=", ".join(settings), elsewhere=_(ELSEWHERE)))
    for word in (options.subnet, options.gateway, options.ip_range):
        try:
            ipaddress.ip_network(word or "0.0.0.0", strict=False)
        except ValueError as error:
            raise Refused(f"invalid argument: {error}") from error
    with RouteSocket() as host:
        if settings["parent"] not in {link.name for link in host.interfaces()}:
            raise Refused(
                f"Error response from daemon: invalid subinterface vlan name {settings['parent']}, "
                "example formatting is eth0.10"
            )


def remove(options: argparse.Namespace, store: Store) -> None:
    """docker network rm."""
    for name in options.names:
        network = networks.find(store, name)
        if network is None:
            raise Refused(f"Error: No such network: {name}")
        if any(record.network == network.name and is_running(record) for record in store.all()):
            raise Refused(
                f"Error response from daemon: error while removing network: network {network.name} id "
                f"{network.id} has active endpoints"
            )
        networks.save(store, [other for other in networks.known(store) if other != network])
        print(name)
