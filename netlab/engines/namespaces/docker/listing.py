"""docker ps, inspect and port: what there is, in Docker's words."""

from __future__ import annotations

import argparse
from typing import Any

from netlab.engines.namespaces import ports
from netlab.engines.namespaces.docker import (
    filters,
    image_commands,
    inspect,
    network_listing,
    output,
    volumes,
)
from netlab.engines.namespaces.docker.columns import columns
from netlab.engines.namespaces.docker.refused import Refused, find
from netlab.engines.namespaces.docker.rows import HEADS, row
from netlab.engines.namespaces.store import Store, is_running

TABLE = ("ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names")


def ps(options: argparse.Namespace, store: Store) -> None:
    """docker ps. Refused."""
    wanted = filters.parse(options.filter, filters.OF_CONTAINERS)
    records = list(reversed(store.all()))
    last = 1 if options.latest else options.last
    asks_for_state = bool({"status", "exited"} & wanted.keys())
    if not (options.all or last or asks_for_state):
        records = [record for record in records if is_running(record)]
    records = filters.containers(records, wanted, store)
    records = records[:last] if last else records
    rows = [row(record, whole=options.no_trunc) for record in records]
    if options.quiet:
        print("".join(f"{each['ID']}\n" for each in rows), end="")
    elif options.format:
        print(output.fill_rows(options.format, rows, HEADS), end="")
    else:
        heads = tuple(HEADS[name] for name in TABLE) + (("SIZE",) if options.size else ())
        cells = [tuple(each[name] for name in TABLE) + (("0B",) if options.size else ()) for each in rows]
        print(columns([heads, *cells]), end="")


KINDS = ("container", "network", "volume", "image")


def inspect_objects(options: argparse.Namespace, store: Store) -> None:
    """docker inspect: a container, a network, a volume or an image. Refused."""
    if options.type and options.type not in KINDS:
        raise Refused(f'"{options.type}" is not a valid value for --type')
    found, missing = [], ""
    for name in options.names:
        described = next(
            filter(
                None, (_describe(store, kind, name) for kind in [options.type] * bool(options.type) or KINDS)
            ),
            None,
        )
        if described is None:
            missing = missing or name
        else:
            found.append(described)
    if found or not missing:
        output.inspect_all(found, options.format)
    elif missing:
        print("[]" if not options.format else "")
    if missing:
        raise Refused(f"Error: No such {options.type or 'object'}: {missing}")


def _describe(store: Store, kind: str, name: str) -> dict[str, Any] | None:
    try:
        if kind == "container":
            return inspect.describe(store, find(store, name))
        if kind == "network":
            return network_listing.describe(store, name)
        if kind == "volume":
            return volumes.describe(name)
        return image_commands.describe(name)
    except Refused:
        return None


def port(options: argparse.Namespace, store: Store) -> None:
    """docker port. Refused."""
    record = find(store, options.container)
    shown = ports.list_ports(record) if is_running(record) else []
    wanted = options.port if "/" in options.port or not options.port else f"{options.port}/tcp"
    found = [(inside, outer) for outer, _, inside in (each.partition("->") for each in shown)]
    if wanted and not any(inside == wanted for inside, _ in found):
        raise Refused(f"Error: No public port '{wanted}' published for {options.container}")
    for inside, outer in found:
        if not wanted:
            print(f"{inside} -> {outer}")
        elif inside == wanted:
            print(outer)
