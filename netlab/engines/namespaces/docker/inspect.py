"""One container as `docker inspect` describes it: Docker's own fields."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from netlab.engines.namespaces import capabilities, images, networks, ports
from netlab.engines.namespaces.docker.rows import state
from netlab.engines.namespaces.fast_path import SANDBOXES
from netlab.engines.namespaces.store import Endpoint, Mount, Record, Store, is_running

FIRST_DAY = "0001-01-01T00:00:00Z"


def moment(seconds: float) -> str:
    """As Docker writes a time."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if seconds else FIRST_DAY


def describe(store: Store, record: Record) -> dict[str, Any]:
    """The whole of it."""
    running = is_running(record)
    return {
        "Id": record.id,
        "Created": moment(record.created),
        "Path": record.argv[0],
        "Args": list(record.argv[1:]),
        "State": _state(record),
        "Image": f"sha256:{images.identity(record.image)}",
        "LogPath": str(store.path(record) / "log"),
        "Name": f"/{record.name}",
        "RestartCount": record.restarts,
        "Driver": "overlay2",
        "Platform": "linux",
        "HostConfig": _host_config(record),
        "Mounts": [_mount(mount) for mount in record.mounts],
        "Config": _config(record),
        "NetworkSettings": _network_settings(store, record, running),
    }


def _config(record: Record) -> dict[str, Any]:
    return {
        "Hostname": record.hostname,
        "Domainname": "",
        "User": record.user,
        "AttachStdin": False,
        "AttachStdout": False,
        "AttachStderr": False,
        "ExposedPorts": {port: {} for port in record.exposed},
        "Tty": record.tty,
        "OpenStdin": record.interactive,
        "StdinOnce": False,
        "Env": [f"{key}={value}" for key, value in record.env.items() if not _is_usual(record, key)],
        "Cmd": list(record.argv if not record.entrypoint else record.argv[len(record.entrypoint) :]),
        "Image": record.image,
        "Volumes": None,
        "WorkingDir": "" if record.workdir == "/" else record.workdir,
        "Entrypoint": list(record.entrypoint) or None,
        "OnBuild": None,
        "Labels": dict(record.labels),
    }


def _is_usual(record: Record, name: str) -> bool:
    """What Docker sets beside what the image and its user have."""
    usual = {"HOSTNAME": record.hostname, "HOME": "/root", "TERM": "xterm"}
    return name in usual and record.env[name] == usual[name]


def _state(record: Record) -> dict[str, Any]:
    now, running = state(record), is_running(record)
    found = {
        "Status": now,
        "Running": running,
        "Paused": now == "paused",
        "Restarting": now == "restarting",
        "OOMKilled": False,
        "Dead": False,
        "Pid": record.pid if running else 0,
        "ExitCode": 0 if running else record.exit_code,
        "Error": record.error,
        "StartedAt": moment(record.started),
        "FinishedAt": moment(record.finished if record.started else 0.0),
    }
    return found | (
        {"Health": {"Status": record.is_healthy, "FailingStreak": 0, "Log": []}} if record.health else {}
    )


def _bindings(record: Record, any_address: str) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for ip, host, inside, protocol in map(ports.split, record.ports):
        for address in [ip] if ip or not any_address else ["0.0.0.0", "::"]:
            found.setdefault(f"{inside}/{protocol}", []).append({"HostIp": address, "HostPort": host})
    return found


def _host_config(record: Record) -> dict[str, Any]:
    binds = [
        f"{mount.volume or mount.source}:{mount.target}{':ro' if mount.read_only else ''}"
        for mount in record.mounts
        if mount.source
    ]
    return {
        "Binds": binds or None,
        "NetworkMode": record.network,
        "PortBindings": _bindings(record, ""),
        "RestartPolicy": {"Name": record.restart, "MaximumRetryCount": record.retries},
        "AutoRemove": record.remove,
        "CapAdd": list(record.caps[0]) or None,
        "CapDrop": list(record.caps[1]) or None,
        "Dns": list(record.dns),
        "DnsSearch": list(record.search),
        "ExtraHosts": list(record.hosts) or None,
        "Links": [f"/{link}" for link in record.links] or None,
        "Privileged": len(record.capabilities) == len(capabilities.NAMES),
        "Sysctls": dict(record.sysctls) or None,
        "Init": record.init or None,
        "Memory": 0,
        "NanoCpus": 0,
    }


def _mount(mount: Mount) -> dict[str, Any]:
    name = {"Name": mount.volume} if mount.volume else {}
    return {
        "Type": mount.kind,
        **name,
        "Source": mount.source,
        "Destination": mount.target,
        **({"Driver": "local"} if mount.volume else {}),
        "Mode": "ro" if mount.read_only else "",
        "RW": not mount.read_only,
        "Propagation": "rprivate" if mount.kind == "bind" else "",
    }


def _endpoint(store: Store, each: Endpoint, running: bool) -> dict[str, Any]:
    network = networks.find_any(store, each.network)
    there = running and bool(each.address)
    wanted = {"IPAMConfig": {"IPv4Address": each.wanted} if each.wanted else None}
    return {
        **wanted,
        "Links": None,
        "Aliases": list(each.aliases) or None,
        "NetworkID": network.id if network else "",
        "EndpointID": "",
        "Gateway": each.gateway if there else "",
        "IPAddress": each.address if there else "",
        "IPPrefixLen": each.prefixlen if there else 0,
        "IPv6Gateway": network.gateway6 if there and network else "",
        "GlobalIPv6Address": each.address6 if there else "",
        "GlobalIPv6PrefixLen": int(network.subnet6.partition("/")[2])
        if there and each.address6 and network
        else 0,
        "MacAddress": each.mac if there else "",
        "DriverOpts": None,
    }


OF_BRIDGE = (
    *("EndpointID", "Gateway", "GlobalIPv6Address", "GlobalIPv6PrefixLen"),
    *("IPAddress", "IPPrefixLen", "IPv6Gateway", "MacAddress"),
)


def _network_settings(store: Store, record: Record, running: bool) -> dict[str, Any]:
    """Where it is; an address of docker0's stands there twice."""
    known = {each.network: _endpoint(store, each, running) for each in record.endpoints}
    if not known:
        empty = _endpoint(store, Endpoint(record.network.partition(":")[0]), False)
        known = {} if ":" in record.network else {record.network: empty}
    own = known.get(networks.DEFAULT) or _endpoint(store, Endpoint(""), False)
    show = running and bool(record.endpoints)
    exposed: dict[str, Any] = dict.fromkeys(record.exposed) if show else {}
    return {
        "Bridge": "",
        "SandboxID": record.id if running else "",
        "HairpinMode": False,
        "Ports": {**exposed, **(_bindings(record, "both") if show else {})},
        "SandboxKey": f"{SANDBOXES.replace('/run', '/var/run')}/{record.short_id}" if running else "",
        **{name: own[name] for name in OF_BRIDGE},
        "Networks": known,
    }
