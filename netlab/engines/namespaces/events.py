"""What has happened to containers and networks: one line of a bounded file for each event."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from netlab.engines.namespaces.fast_path import FOLDER
from netlab.engines.namespaces.store import Record

FILE = Path(FOLDER) / "events"
LARGEST = 1 << 20  # bytes of one file; there is the one before, too


def note(kind: str, action: str, identity: str, attributes: Mapping[str, str], now: float) -> None:
    """Append an event. What cannot be written is lost."""
    entry = {"time": now, "type": kind, "action": action, "id": identity, "attributes": dict(attributes)}
    with suppress(OSError), open(FILE, "a") as file:
        file.write(json.dumps(entry) + "\n")
        if file.tell() > LARGEST:
            os.replace(FILE, f"{FILE}.1")


def of_container(record: Record, action: str, now: float, **more: str) -> None:
    """The same, of a container."""
    note("container", action, record.id, {**more, "image": record.image, "name": record.name}, now)
