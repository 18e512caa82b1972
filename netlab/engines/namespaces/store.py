"""What is known of each container: one folder of /run/netlab/containers per container.

Like everything on /run it is the lab host's own and goes with it. Whether a container *runs* is not
believed from here but asked of the kernel.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from netlab.engines.namespaces.fast_path import ENTRY, FOLDER, is_alive
from netlab.engines.namespaces.fast_path import entry as entry_of
from netlab.linux import files
from netlab.model import codec
from netlab.model.fields import Exact

LARGEST = 1 << 16  # bytes of a record


@dataclass(frozen=True)
class Record:
    """One container."""

    id: str  # 64 hexadecimal digits
    name: str
    image: str
    argv: tuple[Exact, ...]
    created: float  # seconds since the epoch
    env: Mapping[Exact, Exact] = field(default_factory=dict)
    network: str = "bridge"  # bridge, none, host, or one that was made
    wanted: str = ""  # the address that was asked for there
    ports: tuple[str, ...] = ()  # "8080:80/tcp"
    capabilities: tuple[int, ...] = ()
    init: bool = False
    remove: bool = False  # --rm
    hostname: str = ""
    workdir: Exact = "/"
    pid: int = 0  # of its process 1, in the lab host; 0 before the first start
    started: float = 0.0
    finished: float = 0.0
    exit_code: int = 0
    address: str = ""  # on docker0, or in the network that was made
    prefixlen: int = 16
    gateway: str = "172.17.0.1"
    mac: str = ""

    @property
    def short_id(self) -> str:
        """The twelve digits that Docker prints."""
        return self.id[:12]


class Store:
    """The records below `root` (the lab host's root directory, as seen by the caller)."""

    def __init__(self, root: str = "") -> None:
        self._root = root or "/"
        self.folder = Path(root + FOLDER)

    def path(self, record: Record) -> Path:
        """The folder of that container's record."""
        return self.folder / record.id

    def all(self) -> list[Record]:
        """Every container, the oldest first. What is not a record is passed over, and nothing is waited for:
        the keeper reads here, too, what whoever is root in the lab may have put there."""
        found = []
        for name in files.names(self._root, FOLDER):
            with suppress(OSError, ValueError):
                record = codec.read(Record, files.read(self._root, f"{FOLDER}/{name}/config.json", LARGEST))
                if record.id == name:
                    found.append(record)
        return sorted(found, key=lambda record: record.created)

    def save(self, record: Record) -> None:
        """Write the record, in place of an earlier one. OSError."""
        self.path(record).mkdir(parents=True, exist_ok=True)
        self._write(record)

    def _write(self, record: Record) -> None:
        if re.fullmatch(r"\w[\w.-]*", record.name, re.ASCII):
            can_be_entered = record.pid and all(map(str.isidentifier, record.env))
            entry = entry_of(record.pid, record.capabilities, record.env) if can_be_entered else ""
            self._replace(record, f"{ENTRY}{record.name}", entry)
        self._replace(record, "config.json", codec.write(record).decode())

    def _replace(self, record: Record, name: str, content: str) -> None:
        fresh = self.path(record) / f"fresh.{os.getpid()}"
        fresh.write_text(content)
        fresh.replace(self.path(record) / name)

    def remove(self, record: Record) -> None:
        """Forget a container."""
        self._take_away(self.path(record))

    def is_clear(self) -> bool:
        """Whether there is nothing to forget."""
        return not os.path.lexists(self.folder)

    def clear(self) -> None:
        """Forget all of them."""
        self._take_away(self.folder)

    def _take_away(self, folder: Path) -> None:
        """Out of sight at once, so that nobody who still writes to it (`note_end` does) brings it back."""
        away = self.folder.parent / f"removed-{folder.name}-{os.getpid()}"
        with suppress(FileNotFoundError):
            folder.rename(away)
        shutil.rmtree(away, ignore_errors=True)

    def note_end(self, pid: int, status: int, now: float) -> None:
        """Note that the process `pid`, perhaps a container's process 1, ended with exit status `status`."""
        for record in self.all():
            if record.pid == pid and record.remove:
                self.remove(record)
            elif record.pid == pid:
                with suppress(FileNotFoundError):  # removed in the meantime
                    self._write(replace(record, pid=0, exit_code=status, finished=now))


def is_running(record: Record) -> bool:
    """Whether the container's process 1 is there."""
    return is_alive(record.pid)
