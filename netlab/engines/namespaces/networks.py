"""The networks that a learner makes with `docker network create`, and the addresses in them."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from netlab.engines import base_lab
from netlab.engines.namespaces.store import Endpoint, Store, is_running
from netlab.errors import EngineError
from netlab.linux import files
from netlab.model import codec

MODES = ("bridge", "private", "vepa", "passthru")
FILE = "networks.json"
LARGEST = 1 << 18  # bytes of it
DEFAULT = "bridge"  # Docker's own network, on docker0
BUILT_IN = (DEFAULT, "host", "none")
BRIDGE_NAME = "com.docker.network.bridge.name"
ICC = "com.docker.network.bridge.enable_icc"
MASQUERADE = "com.docker.network.bridge.enable_ip_masquerade"
MTU = "com.docker.network.driver.mtu"
# Where Docker takes a subnet from when nobody says one.
POOLS = [
    *(f"172.{number}.0.0/16" for number in range(18, 32)),
    *(f"192.168.{n * 16}.0/20" for n in range(16)),
]


@dataclass(frozen=True)
class Network:
    """One network that was made, or Docker's own on docker0."""

    id: str  # 64 hexadecimal digits
    name: str
    subnet: str  # "192.0.2.0/24"
    gateway: str
    parent: str = ""  # of a macvlan network
    pool: str = ""  # where addresses are taken from, if not from all of the subnet
    options: tuple[tuple[str, str], ...] = ()
    created: float = 0.0  # seconds since the epoch
    driver: str = "macvlan"
    is_internal: bool = False
    subnet6: str = ""
    gateway6: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    said: tuple[str, str] = ("", "")  # the subnet and the gateway that were asked for

    @property
    def mode(self) -> str:
        """Of a macvlan or ipvlan network: "bridge" unless another was asked for."""
        return dict(self.options).get("macvlan_mode") or MODES[0]

    @property
    def prefixlen(self) -> int:
        """How many bits of its addresses name the network."""
        return ipaddress.ip_network(self.subnet).prefixlen

    @property
    def bridge(self) -> str:
        """The name of its bridge in the lab host."""
        if self.name == DEFAULT:
            return base_lab.BRIDGE
        return dict(self.options).get(BRIDGE_NAME) or f"br-{self.id[:12]}"

    def has(self, option: str) -> bool:
        """Whether a switch of the bridge driver's is on, as all are unless somebody says "false"."""
        return dict(self.options).get(option, "true").lower() not in ("false", "0")


def default() -> Network:
    """Docker's own, which is there before anybody makes one."""
    subnet = ipaddress.ip_interface(f"{base_lab.BRIDGE_ADDRESS}/{base_lab.BRIDGE_PREFIX}").network
    identity = (DEFAULT.encode().hex() * 16)[:64]
    return Network(identity, DEFAULT, str(subnet), base_lab.BRIDGE_ADDRESS, driver="bridge")


def known(store: Store) -> list[Network]:
    """The networks that were made, the oldest first. What is none is passed over."""
    found = []
    with suppress(OSError, ValueError):
        entries = codec.parse(files.read(str(store.folder), FILE, LARGEST))
        for entry in entries if isinstance(entries, list) else ():
            with suppress(ValueError):
                found.append(codec.from_plain(Network, entry))
    return found


def find(store: Store, name: str) -> Network | None:
    """The network that somebody has made with that name or id, or the first digits of that; None if there
    is none."""
    for network in known(store):
        if name == network.name or (len(name) >= 3 and network.id.startswith(name)):
            return network
    return None


def find_any(store: Store, name: str) -> Network | None:
    """The same, Docker's own on docker0 included."""
    own = default()
    if name == own.name or (len(name) >= 12 and own.id.startswith(name)):
        return own
    return find(store, name)


def save(store: Store, networks: list[Network]) -> None:
    """Those are all the networks there are."""
    store.folder.mkdir(parents=True, exist_ok=True)
    fresh = store.folder / f"{FILE}.{os.getpid()}"
    fresh.write_bytes(codec.encode([codec.to_plain(network) for network in networks]))
    fresh.replace(store.folder / FILE)


def addresses(store: Store, network: str) -> Iterator[str]:
    """Those that running containers have in that network."""
    for record in store.all():
        if is_running(record):
            for each in record.endpoints:
                if each.network == network:
                    yield from filter(None, (each.address, each.address6))


def address_in(network: Network, wanted: str, taken: Collection[str]) -> str:
    """The address that a container gets there. EngineError, in Docker's words, if it cannot have one."""
    subnet = ipaddress.ip_network(network.subnet)
    if wanted:
        try:
            inside = ipaddress.ip_address(wanted) in subnet
        except ValueError:
            raise EngineError(f"invalid IP address: {wanted}") from None
        if not inside:
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


def address6_in(network: Network, taken: Collection[str]) -> str:
    """The IPv6 address that a container gets there, "" where the network has none. EngineError."""
    if not network.subnet6:
        return ""
    subnet = ipaddress.IPv6Network(network.subnet6)
    for number in range(2, 1 << min(16, 128 - subnet.prefixlen)):
        address = str(subnet[number])
        if address not in taken and address != network.gateway6:
            return address
    raise EngineError("no available IPv6 addresses on this network's address pools")


def free_pool(taken: Collection[ipaddress.IPv4Network]) -> ipaddress.IPv4Network:
    """The first subnet of Docker's own that nobody has. EngineError."""
    for pool in map(ipaddress.IPv4Network, POOLS):
        if not any(pool.overlaps(other) for other in taken):
            return pool
    raise EngineError("could not find an available, non-overlapping IPv4 address pool among the defaults")


def next_interface(endpoints: Collection[Endpoint]) -> str:
    """The name that the next one gets: eth0, or the first that is free."""
    names = {each.interface for each in endpoints}
    return next(name for number in range(1 << 10) if (name := f"eth{number}") not in names)


def occupy(endpoint: Endpoint, network: Network, interface: str, address: str, address6: str) -> Endpoint:
    """What an endpoint is once it is there; its MAC address comes last, from who makes it."""
    gateway = "" if network.is_internal else network.gateway
    return replace(
        endpoint,
        interface=interface,
        address=address,
        prefixlen=network.prefixlen,
        gateway=gateway,
        address6=address6,
    )
