"""Containers as a pack has them: made without a command line, and with nothing in them but one that waits.

Runs in children of the lab host's process 1.
"""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections.abc import Iterable
from dataclasses import replace

from netlab.engines.namespaces import common_shim, container
from netlab.engines.namespaces.docker.run import PATH
from netlab.engines.namespaces.store import Endpoint, Record, Store, is_running
from netlab.model import pack

WAIT = ("sleep", "infinity")


def make(wanted: Iterable[tuple[str, pack.Container]]) -> None:
    """Running containers of those names, the oldest first, without cables. EngineError, OSError."""
    store, now = Store(), time.time()
    containers = []
    for number, (name, described) in enumerate(wanted):
        record = _record(name, described, now + number / 1e6)
        store.path(record).mkdir(parents=True)
        containers.append((record, _where_it_is(record, described)))
    common_shim.launch(store, containers)


def _record(name: str, described: pack.Container, created: float) -> Record:
    identity = secrets.token_hex(32)
    hostname = described.hostname if described.hostname.isascii() else ""
    return Record(
        id=identity,
        name=name,
        image=described.image or "twin",
        argv=WAIT,
        created=created,
        env={"PATH": PATH, "HOSTNAME": hostname or identity[:12], "HOME": "/root"},
        network="none",
        capabilities=described.capabilities or container.DEFAULT_CAPABILITIES,
        hostname=hostname[:63] or identity[:12],
    )


def _where_it_is(record: Record, described: pack.Container) -> Record:
    """Once it has started: where it is joined to a network, as the pack says."""
    where = Endpoint(
        described.network,
        "eth0" if described.address else "",
        described.address,
        described.prefixlen,
        described.gateway,
        described.mac,
    )
    is_joined = described.network not in ("none", "host") and ":" not in described.network
    return replace(
        record,
        network=described.network,
        endpoints=(where,) * is_joined,
        ports=described.ports,
        is_twin=True,
    )


def end(name: str) -> None:
    """End and forget a container. OSError."""
    store = Store()
    for record in store.all():
        if record.name == name:
            if is_running(record):
                os.kill(record.pid, signal.SIGKILL)
            store.remove(record)
