"""docker network ls and inspect: Docker's own columns and fields."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from typing import Any

from netlab.engines.namespaces import networks
from netlab.engines.namespaces.docker import filters, output
from netlab.engines.namespaces.docker.columns import columns
from netlab.engines.namespaces.docker.inspect import moment
from netlab.engines.namespaces.docker.refused import Refused
from netlab.engines.namespaces.networks import Network
from netlab.engines.namespaces.store import Store, is_running

HEADS = {"ID": "NETWORK ID", "Name": "NAME", "Driver": "DRIVER", "Scope": "SCOPE"}


def listing(options: argparse.Namespace, store: Store) -> None:
    """docker network ls. Refused."""
    wanted = filters.parse(options.filter, filters.OF_NETWORKS)
    others = [
        replace(
            networks.default(), name=n, id=(n.encode().hex() * 16)[:64], driver={"none": "null"}.get(n, n)
        )
        for n in ("host", "none")
    ]
    used = {each.network for record in store.all() for each in record.endpoints}
    found = filters.nets(
        sorted([networks.default(), *others, *networks.known(store)], key=lambda n: n.name), wanted, used
    )
    rows = [
        {
            "ID": network.id if options.no_trunc else network.id[:12],
            "Name": network.name,
            "Driver": network.driver,
            "Scope": "local",
            "Internal": str(network.is_internal).lower(),
            "IPv6": str(bool(network.subnet6)).lower(),
            "Labels": ",".join(f"{key}={value}" for key, value in network.labels),
        }
        for network in found
    ]
    if options.quiet:
        print("".join(f"{row['ID']}\n" for row in rows), end="")
    elif options.format:
        print(output.fill_rows(options.format, rows, HEADS), end="")
    else:
        print(columns([tuple(HEADS.values()), *(tuple(row[key] for key in HEADS) for row in rows)]), end="")


def describe(store: Store, name: str) -> dict[str, Any] | None:
    """As `docker network inspect` has it; None if there is none."""
    if name in ("host", "none"):
        network = replace(
            networks.default(),
            name=name,
            id=(name.encode().hex() * 16)[:64],
            driver={"none": "null"}.get(name, name),
        )
        pools: list[dict[str, str]] = []
    else:
        found = networks.find_any(store, name)
        if found is None:
            return None
        network, pools = found, _pools(found)
    options = (
        {networks.BRIDGE_NAME: network.bridge} if network.name == networks.DEFAULT else dict(network.options)
    )
    return {
        "Name": network.name,
        "Id": network.id,
        "Created": moment(network.created),
        "Scope": "local",
        "Driver": network.driver,
        "EnableIPv6": bool(network.subnet6),
        "IPAM": {"Driver": "default", "Options": {}, "Config": pools},
        "Internal": network.is_internal,
        "Attachable": False,
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Containers": _members(store, network),
        "Options": options,
        "Labels": dict(network.labels),
    }


def _pools(network: Network) -> list[dict[str, str]]:
    asked = bool(network.said[0])
    gateway = network.gateway if not asked or network.said[1] else ""
    pool = {"Subnet": network.subnet, "IPRange": network.pool, "Gateway": gateway}
    pools = [{key: value for key, value in pool.items() if value}]
    return pools + ([{"Subnet": network.subnet6}] if network.subnet6 else [])


def _members(store: Store, network: Network) -> dict[str, dict[str, str]]:
    prefixlen6 = network.subnet6.partition("/")[2]
    return {
        record.id: {
            "Name": record.name,
            "EndpointID": "",
            "MacAddress": each.mac,
            "IPv4Address": f"{each.address}/{each.prefixlen}",
            "IPv6Address": f"{each.address6}/{prefixlen6}" if each.address6 else "",
        }
        for record in store.all()
        if is_running(record)
        for each in record.endpoints
        if each.network == network.name and each.address
    }


def inspect(options: argparse.Namespace, store: Store) -> None:
    """docker network inspect. Refused."""
    found = [describe(store, name) for name in options.names]
    there = [each for each in found if each]
    if there or not options.format:
        output.inspect_all(there, options.format) if there else print(json.dumps([]))
    if missing := [name for name, each in zip(options.names, found, strict=True) if each is None]:
        raise Refused(f"Error: No such network: {missing[0]}")
