"""Join a running container to a network, and part it from one: cables, addresses, the default route."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_interface

from netlab.engines import base_lab
from netlab.engines.namespaces import container, networks
from netlab.engines.namespaces.networks import Network
from netlab.engines.namespaces.store import Endpoint, Record, Store
from netlab.errors import EngineError
from netlab.i18n import gettext as _
from netlab.linux import files
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.netns import enter

LARGEST_HOSTS = 1 << 20


def join_all(store: Store, record: Record) -> Record:
    """Plug a container that has just begun into its networks: the record with its addresses. EngineError."""
    joined = replace(record, endpoints=())
    for endpoint in record.endpoints:
        joined = replace(joined, endpoints=(*joined.endpoints, plug_in(store, joined, endpoint)))
    if joined.endpoints:
        route_by(joined)
        write_names(joined)
    return joined


def plug_in(store: Store, record: Record, endpoint: Endpoint) -> Endpoint:
    """One more cable, up, with its addresses; how it is joined then. The lock is held. EngineError."""
    network = _network(store, endpoint.network)
    taken = set(networks.addresses(store, network.name))
    interface = networks.next_interface(record.endpoints)
    address = networks.address_in(network, endpoint.wanted, taken)
    address6 = networks.address6_in(network, taken)
    mac = endpoint.wanted_mac or "02:42:" + socket.inet_aton(address).hex(":")
    namespace = os.open(f"/proc/{record.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _make(record, network, interface, mac, namespace)
        if address6:
            with (
                enter(namespace),
                suppress(OSError),
                open(f"/proc/sys/net/ipv6/conf/{interface}/disable_ipv6", "w") as switch,
            ):
                switch.write("0")
        with RouteSocket(namespace) as inside:
            inside.add_address(interface, address, network.prefixlen)
            if address6:
                inside.add_address(interface, address6, int(network.subnet6.partition("/")[2]))
            inside.set_up(interface)
        if network.driver == "bridge":
            with RouteSocket() as host:
                host.set_master(outside(record, interface), network.bridge)
                host.set_up(outside(record, interface))
    except OSError as error:
        if network.driver == "macvlan":
            raise EngineError(f"failed to create the macvlan port: {error.strerror or error}") from error
        raise
    finally:
        os.close(namespace)
    return replace(networks.occupy(endpoint, network, interface, address, address6), mac=mac)


def _make(record: Record, network: Network, interface: str, mac: str, namespace: int) -> None:
    with RouteSocket() as host:
        if network.driver == "bridge":
            host.add_veth(outside(record, interface), interface, namespace, peer_mac=mac, txqlen=0)
        else:
            host.add_macvlan(interface, network.parent, network.mode, namespace, mac)


def outside(record: Record, interface: str) -> str:
    """The name of the cable's other end, in the lab host."""
    first = 7 * int(interface.removeprefix("eth")) % (len(record.id) - 6)
    return f"veth{record.id[first : first + 7]}"


def _network(store: Store, name: str) -> Network:
    """The network as it is at this moment: docker0 may have another address by now. EngineError."""
    if name != networks.DEFAULT:
        network = networks.find(store, name)
        if network is None:
            raise EngineError(f"network {name} not found")
        return network
    with RouteSocket() as host:
        links = {link.name: link for link in host.interfaces()}
    if base_lab.BRIDGE not in links:
        raise EngineError(_("there is no docker0 in the lab host (./run reset brings it back)"))
    address = next((a for a in links[base_lab.BRIDGE].addresses if a.family == 4), None)
    if address is None:
        raise EngineError(_("docker0 has no address to route the container by (./run reset brings it back)"))
    found = ip_interface(str(address))
    return replace(networks.default(), subnet=str(found.network), gateway=str(found.ip))


def unplug(record: Record, endpoint: Endpoint) -> None:
    """Take a cable away. What somebody else has taken away is no matter."""
    with suppress(OSError):
        namespace = os.open(f"/proc/{record.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            with RouteSocket(namespace) as inside:
                inside.delete_link(endpoint.interface)
        finally:
            os.close(namespace)


def route_by(record: Record) -> None:
    """Send what no other route takes by way of the first network that leads out. EngineError."""
    way = next((each for each in gateways(record.endpoints) if each.gateway), None)
    try:
        namespace = os.open(f"/proc/{record.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            with RouteSocket(namespace) as inside:
                inside.delete_default_route()
                if way:
                    inside.add_default_route(way.gateway)
        finally:
            os.close(namespace)
    except OSError as error:
        raise EngineError(f"failed to set gateway: {error.strerror or error}") from error


def gateways(endpoints: Sequence[Endpoint]) -> list[Endpoint]:
    """In the order in which Docker takes a way out, and published ports in: by the networks' names."""
    return sorted(endpoints, key=lambda each: each.network)


def write_names(record: Record) -> None:
    """Bring the container's hosts, resolv.conf and nsswitch.conf in step with where it is."""
    own = {each.address for each in record.endpoints if each.address}
    lines = [f"{each.address}\t{record.hostname}\n" for each in record.endpoints if each.address]
    try:
        with files.descriptor(f"/proc/{record.pid}/root", "etc", files.FOLDER) as etc:
            kept = files.read(etc, "hosts", LARGEST_HOSTS).decode(errors="replace").splitlines(keepends=True)
            kept = [line for line in kept if line.split()[1:2] != [record.hostname] or line.split()[0] in own]
            content = "".join([*kept, *(line for line in lines if line not in kept)])
            files.replace(etc, "hosts", content.encode(), 0o644)
            files.replace(etc, "resolv.conf", container.resolv_conf(record).encode(), 0o644)
            files.replace(etc, "nsswitch.conf", container.nsswitch(record).encode(), 0o644)
    except OSError as error:
        raise EngineError(f"failed to write the container's names: {error.strerror or error}") from error


def show_namespace(record: Record, path: str) -> None:
    """The container's network namespace under a name, where Docker has it: for ip-netns(8) and nsenter(1).

    A link, which keeps nothing alive: a namespace ends with its container.
    """
    with suppress(OSError):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.symlink(f"/proc/{record.pid}/ns/net", path)


def hide_namespace(path: str) -> None:
    """Take that name away."""
    with suppress(OSError):
        os.unlink(path)
