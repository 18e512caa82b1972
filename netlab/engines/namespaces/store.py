"""What is known of each container: one folder of /run/netlab/containers per container.

Like everything on /run it is the lab host's own and goes with it. Whether a container *runs* is not
believed from here but asked of the kernel.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from netlab.engines.namespaces.quick import ENTRY, FOLDER, is_alive
from netlab.engines.namespaces.quick import entry as entry_of


@dataclass(frozen=True)
class Record:
    """One container."""

    id: str  # 64 hexadecimal digits
    name: str
    image: str
    argv: list[str]
    created: float  # seconds since the epoch
    env: dict[str, str] = field(default_factory=dict)
    network: str = "bridge"  # bridge, none, host, or one that was made
    wanted: str = ""  # the address that was asked for there
    ports: list[str] = field(default_factory=list)  # "8080:80/tcp"
    capabilities: list[int] = field(default_factory=list)
    init: bool = False
    remove: bool = False  # --rm
    hostname: str = ""
    workdir: str = "/"
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
        return self.id[:12]


class Store:
    """The records below `root` (the lab host's root directory, as seen by the caller)."""

    def __init__(self, root: str = "") -> None:
        self.folder = Path(root + FOLDER)

    def path(self, record: Record) -> Path:
        return self.folder / record.id

    def all(self) -> list[Record]:
        """Every container, the oldest first. What is not a record is passed over."""
        found = []
        for file in self.folder.glob("*/config.json"):
            try:
                found.append(_parse(file.read_text()))
            except (OSError, ValueError, TypeError):
                continue
        return sorted(found, key=lambda record: record.created)

    def save(self, record: Record) -> None:
        self.path(record).mkdir(parents=True, exist_ok=True)
        self._write(record)

    def _write(self, record: Record) -> None:
        if re.fullmatch(r"\w[\w.-]*", record.name, re.ASCII):
            can_be_entered = record.pid and all(map(str.isidentifier, record.env))
            entry = entry_of(record.pid, record.capabilities, record.env) if can_be_entered else ""
            self._replace(record, f"{ENTRY}{record.name}", entry)
        self._replace(record, "config.json", json.dumps(asdict(record)))

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
        """Out of sight at once, so that nobody who still writes to it (`ended` does) brings it back."""
        away = self.folder.parent / f"removed-{folder.name}-{os.getpid()}"
        with suppress(FileNotFoundError):
            folder.rename(away)
        shutil.rmtree(away, ignore_errors=True)

    def ended(self, pid: int, status: int, now: float) -> None:
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


def _parse(text: str) -> Record:
    """ValueError or TypeError for what is none: the file is the learner's."""
    try:
        known = json.loads(text)
    except RecursionError:
        raise ValueError("not a record") from None
    record = Record(**{f.name: known[f.name] for f in fields(Record) if f.name in known})
    if not isinstance(record.pid, int) or not isinstance(record.name, str):
        raise TypeError("not a record")
    if not isinstance(record.created, int | float):  # they are put in order by it
        raise TypeError("not a record")
    return record
