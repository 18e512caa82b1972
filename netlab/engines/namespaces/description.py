"""What a pack says of containers, out of their records: at the keeper."""

from __future__ import annotations

import os

from netlab.engines.namespaces.store import Store
from netlab.model import pack


def describe(root: str) -> dict[int, pack.Container]:
    """The containers of the lab host whose root directory is `root`, by the pid of their process 1 there."""
    return {
        record.pid: pack.Container(
            image=record.image,
            hostname=record.hostname,
            program=os.path.basename(record.argv[0]) if record.argv else "",
            network=record.network,
            address=record.address,
            prefixlen=record.endpoint.prefixlen,
            gateway=record.endpoint.gateway,
            mac=record.endpoint.mac,
            ports=record.ports,
            capabilities=record.capabilities,
        )
        for record in Store(root).all()
        if record.pid
    }
