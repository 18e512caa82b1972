"""The networks that a learner makes with `docker network create`. All are macvlan ones."""

from __future__ import annotations

import ipaddress
import json
import os
import socket
from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from netlab.engines.namespaces.store import Store
from netlab.errors import EngineError
from netlab.linux.netlink.route import RouteSocket

MODES = ("bridge", "private", "vepa", "passthru")
FILE = "networks.json"


@dataclass(frozen=True)
class Network:
    """One macvlan network."""

    id: str  # 64 hexadecimal digits
    name: str
    subnet: str  # "192.0.2.0/24"
    gateway: str
    parent: str
    pool: str = ""  # where addresses are taken from, if not from all of the subnet
    options: tuple[tuple[str, str], ...] = ()
    created: float = 0.0  # seconds since the epoch

    @property
    def mode(self) -> str:
        """Of a macvlan or ipvlan network: "bridge" unless another was asked for."""
        return dict(self.options).get("macvlan_mode") or MODES[0]

    @property
    def prefixlen(self) -> int:
        """How many bits of its addresses name the network."""
        return ipaddress.ip_network(self.subnet).prefixlen


def known(store: Store) -> list[Network]:
    """The networks that were made, the oldest first."""
    file = Path(store.folder) / FILE
    try:
        entries = json.loads(file.read_text())
    except (OSError, ValueError):
        return []
    names = {field.name for field in fields(Network)}
    parts = ({key: value for key, value in entry.items() if key in names} for entry in entries)
    return [Network(**{**part, "options": tuple(map(tuple, part["options"]))}) for part in parts]


def find(store: Store, name: str) -> Network | None:
    """The network of that name that somebody has made; None if there is none."""
    return next((network for network in known(store) if name in (network.name, network.id)), None)


def save(store: Store, networks: list[Network]) -> None:
    """Those are all the networks there are."""
    store.folder.mkdir(parents=True, exist_ok=True)
    fresh = store.folder / f"{FILE}.{os.getpid()}"
    fresh.write_text(json.dumps([asdict(network) for network in networks]))
    fresh.replace(store.folder / FILE)


def address_in(network: Network, wanted: str, taken: Collection[str]) -> str:
    """The address that a container gets there. EngineError, in Docker's words, if it cannot have one."""
    subnet = ipaddress.ip_network(network.subnet)
    if wanted:
        if ipaddress.ip_address(wanted) not in subnet:
            raise EngineError(
                f"Invalid address {wanted}: It does not belong to any of this network's subnets"
            )
        if wanted in taken or wanted == network.gateway:
            raise EngineError("Address already in use")
        return wanted
    edges = {str(subnet.network_address), str(subnet.broadcast_address), network.gateway, *taken}
    for address in ipaddress.ip_network(network.pool or network.subnet, strict=False):
        if str(address) not in edges:
            return str(address)
    raise EngineError("no available IPv4 addresses on this network's address pools")


def join(network: Network, pid: int, address: str) -> str:
    """Put a macvlan with that address into the container whose process 1 is `pid`: its MAC address.

    EngineError if the kernel refuses.
    """
    mac = "02:42:" + socket.inet_aton(address).hex(":")
    namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    try:
        with RouteSocket() as host, RouteSocket(namespace) as inside:
            host.add_macvlan("eth0", network.parent, network.mode, namespace, mac)
            inside.add_address("eth0", address, network.prefixlen)
            inside.set_up("eth0")
            inside.add_default_route(network.gateway)
    except OSError as error:
        raise EngineError(f"failed to create the macvlan port: {error.strerror or error}") from error
    finally:
        os.close(namespace)
    return mac
