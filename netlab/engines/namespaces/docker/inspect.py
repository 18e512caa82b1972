"""What `docker ps`, `inspect`, `network` and `images` print: Docker's own columns and fields."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from netlab.engines.namespaces.docker import go_templates
from netlab.engines.namespaces.networks import Network
from netlab.engines.namespaces.store import Record, is_running

NETWORK_IDS = {name: (name.encode().hex() * 16)[:12] for name in ("bridge", "host", "none")}


def listing(records: list[Record], *, ids: bool, whole: bool, template: str) -> str:
    """The table of `docker ps`, one line a container; only ids, or a template's lines, if asked for."""
    rows = [_row(record, whole) for record in records]
    if ids:
        return "".join(f"{row['ID']}\n" for row in rows)
    if template:
        return "".join(go_templates.render(template.removeprefix("table "), row) + "\n" for row in rows)
    heads = ("CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES")
    keys = ("ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names")
    return _columns([heads, *(tuple(row[key] for key in keys) for row in rows)])


def _columns(rows: Sequence[tuple[str, ...]]) -> str:
    """As Docker sets them: three blanks behind the widest cell, and no column under ten letters."""
    widths = [max(10, *(len(row[i]) + 3 for row in rows)) for i in range(len(rows[0]))]
    lines = ("".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _row(record: Record, whole: bool) -> dict[str, str]:
    command = " ".join(record.argv)
    if not whole and len(command) > 20:
        command = command[:19] + "…"
    if is_running(record):
        status = f"Up {_ago(record.started)}"
    elif record.started:
        status = f"Exited ({record.exit_code}) {_ago(record.finished)} ago"
    else:
        status = "Created"
    return {
        "ID": record.id if whole else record.short_id,
        "Image": record.image,
        "Command": f'"{command}"',
        "RunningFor": f"{_ago(record.created)} ago",
        "Status": status,
        "Ports": ", ".join(f"0.0.0.0:{p.replace(':', '->', 1)}" for p in record.ports)
        if is_running(record)
        else "",
        "Names": record.name,
    }


def _ago(since: float) -> str:
    seconds = max(0, int(time.time() - since))
    if seconds < 1:
        return "Less than a second"
    for size, word in ((3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {word}s" if count > 1 else f"1 {word}"
    raise AssertionError("a second is the smallest unit")


def details(records: list[Record], template: str) -> str:
    """The JSON of `docker inspect`, or what a template makes of each; ValueError for an unknown part."""
    described = [describe(record) for record in records]
    if template:
        return "\n".join(go_templates.render(template, one) for one in described)
    return json.dumps(described, indent=4)


def _moment(seconds: float) -> str:
    return (
        datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if seconds
        else "0001-01-01T00:00:00Z"
    )


def describe(record: Record) -> dict[str, Any]:
    """One container as `docker inspect` shows it."""
    running = is_running(record)
    address = record.address if running else ""
    endpoint = {
        "IPAddress": address,
        "IPPrefixLen": record.prefixlen if address else 0,
        "Gateway": record.gateway if address else "",
        "MacAddress": record.mac if address else "",
    }
    bindings = {p.split(":")[1]: [{"HostIp": "0.0.0.0", "HostPort": p.split(":")[0]}] for p in record.ports}
    return {
        "Id": record.id,
        "Created": _moment(record.created),
        "Path": record.argv[0],
        "Args": record.argv[1:],
        "State": {
            "Status": "running" if running else "exited" if record.started else "created",
            "Running": running,
            "Pid": record.pid if running else 0,
            "ExitCode": 0 if running else record.exit_code,
            "StartedAt": _moment(record.started),
            "FinishedAt": _moment(record.finished),
        },
        "Image": record.image,
        "Name": f"/{record.name}",
        "HostConfig": {"NetworkMode": record.network, "PortBindings": bindings, "AutoRemove": record.remove},
        "Config": {
            "Hostname": record.hostname,
            "Env": [f"{key}={value}" for key, value in record.env.items()],
            "Cmd": record.argv,
            "Image": record.image,
        },
        "NetworkSettings": {
            "SandboxKey": f"/proc/{record.pid}/ns/net" if running else "",
            "Ports": bindings if running else {},
            **(endpoint if record.network == "bridge" else dict.fromkeys(endpoint, "") | {"IPPrefixLen": 0}),
            "Networks": {record.network: endpoint},
        },
    }


def networks(made: Sequence[Network]) -> str:
    """What `docker network inspect` prints of these networks: JSON."""
    rows = [("NETWORK ID", "NAME", "DRIVER", "SCOPE")]
    drivers = {"bridge": "bridge", "host": "host", "none": "null"}
    rows += [(NETWORK_IDS[n], n, drivers[n], "local") for n in drivers]
    rows += [(network.id[:12], network.name, "macvlan", "local") for network in made]
    return _columns([rows[0], *sorted(rows[1:], key=lambda row: row[1])]).rstrip("\n")


def network(records: list[Record], made: Sequence[Network], names: list[str]) -> str:
    """The JSON of `docker network inspect`; KeyError with the name of one that does not exist."""
    found = []
    macvlans = {network.name: network for network in made}
    for name in names:
        members = {
            r.id: {
                "Name": r.name,
                "MacAddress": r.mac,
                "IPv4Address": f"{r.address}/{r.prefixlen}" if r.address else "",
            }
            for r in records
            if r.network == name and is_running(r)
        }
        if name in macvlans:
            found.append(_macvlan(macvlans[name], members))
            continue
        pool = [{"Subnet": "172.17.0.0/16", "Gateway": "172.17.0.1"}] if name == "bridge" else []
        found.append(
            {
                "Name": name,
                "Id": NETWORK_IDS[name],
                "Driver": "null" if name == "none" else name,
                "IPAM": {"Driver": "default", "Config": pool},
                "Containers": members,
                "Options": {"com.docker.network.bridge.name": "docker0"} if name == "bridge" else {},
            }
        )
    return json.dumps(found, indent=4)


def _macvlan(network: Network, members: dict[str, dict[str, str]]) -> dict[str, Any]:
    pool = {"Subnet": network.subnet, "IPRange": network.pool, "Gateway": network.gateway}
    return {
        "Name": network.name,
        "Id": network.id,
        "Created": _moment(network.created),
        "Scope": "local",
        "Driver": "macvlan",
        "IPAM": {"Driver": "default", "Config": [{key: value for key, value in pool.items() if value}]},
        "Containers": members,
        "Options": dict(network.options),
    }


def images(records: list[Record]) -> str:
    """The image names that have been used; one root file system answers for all of them."""
    rows = [("REPOSITORY", "TAG", "IMAGE ID", "SIZE")]
    for image in sorted({record.image for record in records}):
        name, _, tag = image.partition(":")
        rows.append((name, tag or "latest", (image.encode().hex() * 12)[:12], "0B"))
    return _columns(rows).rstrip("\n")
