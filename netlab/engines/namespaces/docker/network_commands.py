"""docker network: create, connect, disconnect, ls, inspect, rm. Bridges and macvlan networks."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import suppress
from dataclasses import replace

from netlab.engines.namespaces import bridges, endpoints, events, networks, streams
from netlab.engines.namespaces.docker.network_design import design
from netlab.engines.namespaces.docker.refused import Refused, find
from netlab.engines.namespaces.networks import Network
from netlab.engines.namespaces.store import Endpoint, Record, Store, is_running
from netlab.errors import EngineError

DAEMON = "Error response from daemon"


def create(options: argparse.Namespace, store: Store) -> None:
    """docker network create. Refused, EngineError."""
    print(make(store, options).id)


def make(store: Store, options: argparse.Namespace) -> Network:
    """A network as these options say; what Docker refuses is refused in its words. EngineError."""
    settings = dict(word.partition("=")[::2] for word in options.opt)
    with store.lock():
        others = networks.known(store)
        network = design(options, settings, others)
        if options.name in (*networks.BUILT_IN, *(other.name for other in others)):
            raise Refused(f"{DAEMON}: network with name {options.name} already exists")
        if network.driver == "bridge":
            bridges.make(network)
        networks.save(store, [*others, network])
    events.note("network", "create", network.id, {"name": network.name, "type": network.driver}, time.time())
    return network


def find_network(store: Store, name: str) -> Network:
    """Of that name or id. Refused."""
    network = networks.find_any(store, name)
    if network is None:
        raise Refused(f"{DAEMON}: network {name} not found")
    return network


def connect(options: argparse.Namespace, store: Store) -> None:
    """docker network connect. Refused, EngineError."""
    if options.network in ("host", "none"):
        raise Refused(f"{DAEMON}: container cannot be connected to {options.network} network")
    network = find_network(store, options.network)
    record = find(store, options.container, DAEMON)
    join(store, record, network, options.ip, tuple(options.alias))


def join(store: Store, record: Record, network: Network, wanted: str, aliases: tuple[str, ...]) -> None:
    """Connect a container, which may run, to one more network. Refused."""
    if record.network == "host" or record.network.startswith("container:"):
        raise Refused(
            f"{DAEMON}: container sharing network namespace with another container or "
            "host cannot be connected to any other network"
        )
    if any(each.network == network.name for each in record.endpoints):
        if is_running(record):
            raise Refused(
                f"{DAEMON}: endpoint with name {record.name} already exists in network {network.name}"
            )
        return
    if network.name == networks.DEFAULT and (wanted or aliases):
        raise Refused(
            f"{DAEMON}: user specified IP address and network-scoped aliases "
            "are for user defined networks only"
        )
    own = (*aliases, record.short_id) if network.name != networks.DEFAULT else ()
    endpoint = Endpoint(network.name, aliases=own, wanted=wanted)
    with store.lock():
        try:
            if is_running(record):
                endpoint = endpoints.plug_in(store, record, endpoint)
        except EngineError as error:
            raise Refused(f"{DAEMON}: {error.what}") from error
        joined = replace(record, endpoints=(*record.endpoints, endpoint))
        store.save(joined)
    _settle(store, joined, network, "connect")


def disconnect(options: argparse.Namespace, store: Store) -> None:
    """docker network disconnect. Refused."""
    network = find_network(store, options.network) if options.network not in ("host", "none") else None
    record = find(store, options.container, DAEMON)
    if network is None:
        raise Refused(f"{DAEMON}: container cannot be disconnected from {options.network} network")
    endpoint = next((each for each in record.endpoints if each.network == network.name), None)
    if endpoint is None:
        raise Refused(f"{DAEMON}: container {record.id} is not connected to network {network.name}")
    with store.lock():
        if is_running(record):
            endpoints.unplug(record, endpoint)
        parted = replace(record, endpoints=tuple(each for each in record.endpoints if each != endpoint))
        store.save(parted)
    _settle(store, parted, network, "disconnect")


def _settle(store: Store, record: Record, network: Network, action: str) -> None:
    """Routes, names and ports follow."""
    if is_running(record):
        endpoints.route_by(record)
        endpoints.write_names(record)
        with suppress(OSError):
            streams.tell_networks(store.path(record))
    about = {"container": record.id, "name": network.name, "type": network.driver}
    events.note("network", action, network.id, about, time.time())


def remove(options: argparse.Namespace, store: Store) -> int:
    """docker network rm."""
    status = 0
    for name in options.names:
        try:
            delete(store, name)
            print(name)
        except Refused as refused:
            print(refused, file=sys.stderr)
            status = 1
    return status


def delete(store: Store, name: str) -> None:
    """Remove a network that nobody uses. Refused."""
    if name in networks.BUILT_IN:
        raise Refused(f"{DAEMON}: {name} is a pre-defined network and cannot be removed")
    network = networks.find(store, name)
    if network is None:
        raise Refused(f"Error: No such network: {name}")
    if any(each.network == network.name for r in store.all() if is_running(r) for each in r.endpoints):
        raise Refused(
            f"{DAEMON}: error while removing network: network {network.name} "
            f"id {network.id} has active endpoints"
        )
    if network.driver == "bridge":
        bridges.remove(network)
    with store.lock():
        networks.save(store, [other for other in networks.known(store) if other.id != network.id])
    events.note("network", "destroy", network.id, {"name": network.name, "type": network.driver}, time.time())
