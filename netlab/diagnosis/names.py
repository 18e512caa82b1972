"""The address that a name stands for, as the node itself finds it; or why it finds none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_address
from subprocess import CompletedProcess
from typing import Protocol

from netlab.display import printable
from netlab.errors import BadInput
from netlab.i18n import gettext as _
from netlab.linux.resolv_conf import ResolvConf

_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?", re.ASCII)
DOCKERS, RESOLVED = "127.0.0.11", "127.0.0.53"


class Runnable(Protocol):
    """Commands can be run on its nodes."""

    def run(self, argv: Sequence[str], node: str = "host") -> CompletedProcess[str]: ...


def find_address(lab: Runnable, node: str, name: str) -> str:
    """An address as it is; of a name, the first one that the node's own C library gives.

    BadInput says who was to be asked on that node; UnknownName.
    """
    if _is_address(name) or not _NAME.fullmatch(name):
        return name  # what is neither is told by whoever takes it for an address
    said = lab.run(["getent", "ahosts", name], node=node).stdout.split()
    if said and _is_address(said[0]):
        return said[0]
    servers = ResolvConf.parse(lab.run(["cat", "/etc/resolv.conf"], node=node).stdout).servers
    what, next_step = _why(node, name, servers)
    raise BadInput(what, next_step)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _why(node: str, name: str, servers: Sequence[str]) -> tuple[str, str]:
    """(what is wrong, what next)"""
    words = {"node": printable(node), "name": name}
    if not servers:
        what = _("{node} finds no address of {name}: its /etc/resolv.conf names nobody to ask.")
        return what.format(**words), _("Give the address, for example 39.106.233.176.")
    server = servers[0]
    if server == DOCKERS:
        what = _(
            "{node} finds no address of {name}: it asks {server}, Docker's own name server, which knows "
            "containers of the same network, and asks the host's name servers for all others."
        )
        next_step = _("Is it in a network of its own with {name}? docker network connect NETWORK {node}")
    elif server == RESOLVED:
        what = _(
            "{node} finds no address of {name}: it asks {server}, where systemd-resolved listens on a host; "
            "in a network namespace of its own nobody listens there."
        )
        next_step = _("Write a name server that it reaches into its /etc/resolv.conf.")
    else:
        what = _("{node} finds no address of {name}: it asks {server}, which gives none.")
        next_step = "./run trace --from {node} {server} --proto udp --port 53"
    return what.format(server=server, **words), next_step.format(server=server, **words)
