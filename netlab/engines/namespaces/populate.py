"""Containers as a pack has them: made without a command line, and with nothing in them but one that waits.

Runs in children of the lab host's process 1.
"""

from __future__ import annotations

import os
import secrets
import signal
import time
from contextlib import suppress

from netlab.engines.namespaces import container, shim, streams
from netlab.engines.namespaces.docker.run import PATH
from netlab.engines.namespaces.store import Endpoint, Record, Store, is_running
from netlab.model import pack

WAIT = ("sleep", "infinity")
SECONDS_TO_END = 5.0


def make(name: str, described: pack.Container) -> None:
    """A running container of that name, without a network. EngineError, OSError."""
    store, identity = Store(), secrets.token_hex(32)
    hostname = described.hostname if described.hostname.isascii() else ""
    record = Record(
        id=identity,
        name=name,
        image=described.image or "twin",
        argv=WAIT,
        created=time.time(),
        env={"PATH": PATH, "HOSTNAME": hostname or identity[:12], "HOME": "/root"},
        network="none",
        capabilities=described.capabilities or container.DEFAULT_CAPABILITIES,
        hostname=hostname[:63] or identity[:12],
    )
    store.save(record)
    shim.launch(store, record)
    where = Endpoint(
        described.network,
        "eth0" if described.address else "",
        described.address,
        described.prefixlen,
        described.gateway,
        described.mac,
    )
    is_joined = described.network not in ("none", "host") and ":" not in described.network
    store.update(
        identity,
        network=described.network,
        endpoints=(where,) * is_joined,
        ports=described.ports,
        is_twin=True,
    )
    if described.ports:
        with suppress(OSError):  # somebody else has the port: its rules are there nevertheless
            streams.tell_networks(store.path(record))


def end(name: str) -> None:
    """End and forget a container. OSError."""
    store = Store()
    for record in store.all():
        if record.name == name:
            if is_running(record):
                os.kill(record.pid, signal.SIGKILL)
            store.remove(record)
