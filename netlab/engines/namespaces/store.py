"""What is known of each container: one folder of /run/netlab/containers per container.

Like everything on /run it is the lab host's own and goes with it. Whether a container *runs* is not
believed from here but asked of the kernel.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from netlab.engines.namespaces.fast_path import ENTRY, FOLDER, is_alive
from netlab.engines.namespaces.fast_path import entry as entry_of
from netlab.linux import files
from netlab.model import codec
from netlab.model.fields import Exact

LARGEST = 1 << 17  # bytes of a record
LOCK = "lock"


@dataclass(frozen=True)
class Endpoint:
    """Where a container is, or is to be, joined to one network."""

    network: str
    interface: str = ""  # in the container; "" while it is not plugged in
    address: str = ""
    prefixlen: int = 16
    gateway: str = ""
    mac: str = ""
    address6: str = ""
    aliases: tuple[str, ...] = ()
    wanted: str = ""  # the address that was asked for
    wanted_mac: str = ""


@dataclass(frozen=True)
class Mount:
    """A folder or file of the lab host's that a container sees; without a source a tmpfs."""

    target: Exact
    source: Exact = ""
    kind: str = "bind"  # bind, volume, tmpfs
    volume: str = ""
    read_only: bool = False


@dataclass(frozen=True)
class Record:
    """One container."""

    id: str  # 64 hexadecimal digits
    name: str
    image: str
    argv: tuple[Exact, ...]
    created: float  # seconds since the epoch
    env: Mapping[Exact, Exact] = field(default_factory=dict)
    network: str = "bridge"  # bridge, none, host, container:ID, or one that was made
    endpoints: tuple[Endpoint, ...] = ()
    ports: tuple[str, ...] = ()  # "8080:80/tcp", or "127.0.0.1:8080:80/tcp"
    exposed: tuple[str, ...] = ()  # "80/tcp": what the image says of itself, too
    capabilities: tuple[int, ...] = ()
    init: bool = False
    remove: bool = False  # --rm
    hostname: str = ""
    workdir: Exact = "/"
    pid: int = 0  # of its process 1, in the lab host; 0 before the first start
    started: float = 0.0
    finished: float = 0.0
    exit_code: int = 0
    tty: bool = False
    interactive: bool = False
    entrypoint: tuple[Exact, ...] = ()  # those of `argv` that come first, where somebody has chosen them
    program: str = ""  # of the lab's own that plays the image's; "" if argv is a command
    user: str = ""
    mounts: tuple[Mount, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    sysctls: Mapping[str, str] = field(default_factory=dict)
    dns: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()  # "name:192.0.2.7"
    links: tuple[str, ...] = ()  # "container:alias"
    caps: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())  # added, dropped: as they were typed
    restart: str = "no"
    retries: int = 0  # of on-failure at most; 0: without end
    restarts: int = 0
    is_restarting: bool = False
    is_halted: bool = False  # somebody has stopped it
    is_paused: bool = False
    stop_signal: str = "TERM"
    shim: int = 0  # the process that looks after it
    error: str = ""
    is_twin: bool = False  # it came with a pack, and so did the rules of its ports
    health: tuple[Exact, ...] = ()  # the command that tells, its interval in seconds, and its tries
    is_healthy: str = ""  # "", starting, healthy, unhealthy

    @property
    def short_id(self) -> str:
        """The twelve digits that Docker prints."""
        return self.id[:12]

    @property
    def endpoint(self) -> Endpoint:
        """The first one, or one that is nowhere."""
        return self.endpoints[0] if self.endpoints else Endpoint("")

    @property
    def address(self) -> str:
        """The first that it has."""
        return next((each.address for each in self.endpoints if each.address), "")


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
                record = self._read(name)
                if record.id == name:
                    found.append(record)
        return sorted(found, key=lambda record: record.created)

    def _read(self, identity: str) -> Record:
        return codec.read(Record, files.read(self._root, f"{FOLDER}/{identity}/config.json", LARGEST))

    def get(self, identity: str) -> Record | None:
        """The container with that id; None if there is none any more."""
        with suppress(OSError, ValueError):
            return self._read(identity)
        return None

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Nobody else gives out addresses or ports, or changes a record by way of `update`, meanwhile."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)

    def update(self, identity: str, **fields: Any) -> Record | None:
        """Change these fields of a record as it is now; what it is then, or None if there is none."""
        with self.lock():
            record = self.get(identity)
            if record:
                record = replace(record, **fields)
                with suppress(FileNotFoundError):  # removed in the meantime
                    self._write(record)
            return record

    def save(self, record: Record) -> None:
        """Write the record, in place of an earlier one. OSError."""
        self.path(record).mkdir(parents=True, exist_ok=True)
        self._write(record)

    def _write(self, record: Record) -> None:
        if re.fullmatch(r"\w[\w.-]*", record.name, re.ASCII):
            can_be_entered = record.pid and not record.is_paused and all(map(str.isidentifier, record.env))
            words = (record.pid, record.capabilities, record.env, record.workdir)
            entry = entry_of(*words) if can_be_entered else ""
            self._replace(record, f"{ENTRY}{record.name}", entry)
        self._replace(record, "config.json", codec.write(record).decode())

    def forget_name(self, record: Record) -> None:
        """It gets another one."""
        (self.path(record) / f"{ENTRY}{record.name}").unlink(missing_ok=True)

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
