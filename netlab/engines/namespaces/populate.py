"""Containers as a pack has them: made without a command line, and with nothing in them but one that waits.

Runs in children of the lab host's process 1.
"""

from __future__ import annotations

import os
import secrets
import signal
import time
from dataclasses import replace

from netlab.engines.namespaces import container
from netlab.engines.namespaces.docker.run import PATH
from netlab.engines.namespaces.store import Record, Store, is_running
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
        ports=described.ports,
        capabilities=described.capabilities or container.DEFAULT_CAPABILITIES,
        hostname=hostname[:63] or identity[:12],
    )
    store.save(record)
    null = os.open("/dev/null", os.O_RDWR)
    try:
        started, __ = container.start(store, record, (null, null, null), wait=False)
    finally:
        os.close(null)
    joined = replace(
        started,
        network=described.network,
        address=described.address,
        prefixlen=described.prefixlen,
        gateway=described.gateway,
        mac=described.mac,
    )
    store.save(joined)


def end(name: str) -> None:
    """End and forget a container. OSError."""
    store = Store()
    for record in store.all():
        if record.name == name:
            if is_running(record):
                os.kill(record.pid, signal.SIGKILL)
            store.remove(record)


def describe(root: str) -> dict[int, pack.Container]:
    """The containers of the lab host whose root directory is `root`, by the pid of their process 1 there."""
    return {
        record.pid: pack.Container(
            image=record.image,
            hostname=record.hostname,
            program=os.path.basename(record.argv[0]) if record.argv else "",
            network=record.network,
            address=record.address,
            prefixlen=record.prefixlen,
            gateway=record.gateway,
            mac=record.mac,
            ports=record.ports,
            capabilities=record.capabilities,
        )
        for record in Store(root).all()
        if record.pid
    }
