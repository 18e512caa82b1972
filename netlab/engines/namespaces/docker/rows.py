"""One container as `docker ps` has it: its fields by their names in templates."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from netlab.engines.namespaces import ports
from netlab.engines.namespaces.store import Record, is_running

HEADS = {
    "ID": "CONTAINER ID",
    "Image": "IMAGE",
    "Command": "COMMAND",
    "RunningFor": "CREATED",
    "CreatedAt": "CREATED AT",
    "Status": "STATUS",
    "State": "STATE",
    "Ports": "PORTS",
    "Names": "NAMES",
    "Networks": "NETWORKS",
    "Mounts": "MOUNTS",
    "Labels": "LABELS",
    "LocalVolumes": "LOCAL VOLUMES",
    "Size": "SIZE",
}


def ago(since: float) -> str:
    """How long ago that was: "2 minutes"."""
    seconds = max(0, int(time.time() - since))
    if seconds < 1:
        return "Less than a second"
    if seconds < 60:
        return f"{seconds} second{'s' if seconds > 1 else ''}"
    minutes = seconds // 60
    if minutes == 1:
        return "About a minute"
    if minutes < 60:
        return f"{minutes} minutes"
    hours = round(seconds / 3600)
    return "About an hour" if hours == 1 else f"{hours} hours"


def state(record: Record) -> str:
    """created, running, paused, restarting or exited."""
    if is_running(record):
        return "paused" if record.is_paused else "running"
    if record.is_restarting:
        return "restarting"
    return "exited" if record.started else "created"


def _status(record: Record) -> str:
    now = state(record)
    if now in ("running", "paused"):
        health = {"starting": " (health: starting)", "": ""}.get(record.is_healthy, f" ({record.is_healthy})")
        return f"Up {ago(record.started)}{health}{' (Paused)' if now == 'paused' else ''}"
    if now == "restarting":
        return f"Restarting ({record.exit_code}) {ago(record.finished)} ago"
    return f"Exited ({record.exit_code}) {ago(record.finished)} ago" if now == "exited" else "Created"


def row(record: Record, *, whole: bool) -> dict[str, Any]:
    """Its fields; the id and the command cut short unless they are wanted whole."""
    command = " ".join(record.argv)
    if not whole and len(command) > 20:
        command = command[:19] + "…"
    volumes = [mount for mount in record.mounts if mount.kind == "volume"]
    exposed = [port for port in record.exposed if not any(p.endswith(f":{port}") for p in record.ports)]
    created = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%d %H:%M:%S +0000 UTC")
    return {
        "ID": record.id if whole else record.short_id,
        "Image": record.image,
        "Command": f'"{command}"',
        "RunningFor": f"{ago(record.created)} ago",
        "CreatedAt": created,
        "Status": _status(record),
        "State": state(record),
        "Ports": ", ".join([*ports.list_ports(record), *exposed]) if is_running(record) else "",
        "Names": record.name,
        "Networks": ",".join(each.network for each in record.endpoints) or record.network.partition(":")[0],
        "Mounts": ",".join(mount.volume or mount.source for mount in record.mounts),
        "Labels": ",".join(f"{key}={value}" for key, value in record.labels.items()),
        "LocalVolumes": str(len(volumes)),
        "Size": "0B",
        "Label": lambda name: record.labels.get(name, ""),
    }
