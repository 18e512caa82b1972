"""Watches the machine's own network namespace: no lab may ever change anything in it, not for an instant."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import IO

# Neighbours and prefixes come and go with the machine's own traffic, so they are not watched.
OBJECTS = ("link", "address", "route", "mroute", "rule", "netconf", "nsid")
# What a router's advertisement or a lease renews all the time has nothing to do with a lab.
RENEWED = re.compile(r"\bproto (ra|dhcp)\b|\bdynamic\b")
SYSCTLS = Path("/proc/sys/net")
COUNTS = re.compile(r"nf_conntrack_count$")  # goes with the machine's own traffic


class MachineWatch:
    """`with MachineWatch() as watch: …; assert not watch.seen()`.

    Everybody may listen to rtnetlink. The firewall's events are root's alone, but then so are its changes.
    """

    def __enter__(self) -> MachineWatch:
        self._sysctls = _sysctls()
        self._listeners: list[tuple[subprocess.Popen[bytes], IO[bytes]]] = []
        self._listen("ip", "-o", "monitor", *OBJECTS)
        if os.geteuid() == 0:
            self._listen("nft", "monitor")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process, output in self._listeners:
            process.kill()
            process.wait()
            output.close()

    def seen(self) -> list[str]:
        """Every change since the beginning, as the tools print it."""
        events = []
        for process, output in self._listeners:
            if process.poll() is not None:
                raise RuntimeError(
                    f"{process.args!r} ended with status {process.returncode}: nobody watched."
                )
            events += _written(output).decode(errors="replace").splitlines()
        now = _sysctls()
        changed = [name for name, value in self._sysctls.items() if now.get(name, value) != value]
        events += [f"{name}: {self._sysctls[name]} → {now[name]}" for name in changed]
        return [event for event in events if event.strip() and not RENEWED.search(event)]

    def _listen(self, *command: str) -> None:
        output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        self._listeners.append((process, output))
        deadline, pause = time.monotonic() + 10, threading.Event()
        while not _is_subscribed(process.pid):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{' '.join(command)} does not listen: {_written(output).decode()}")
            pause.wait(0.01)


def _written(output: IO[bytes]) -> bytes:
    """All of it. The writer shares our position in the file, so that must not move."""
    return os.pread(output.fileno(), os.fstat(output.fileno()).st_size, 0)


def _is_subscribed(pid: int) -> bool:
    """Whether a netlink socket of that process listens to any group."""
    rows = [line.split() for line in Path("/proc/net/netlink").read_text().splitlines()[1:]]
    return any(int(row[2]) == pid and int(row[3], 16) for row in rows)


def _sysctls() -> dict[str, str]:
    values = {}
    for folder, _, files in os.walk(SYSCTLS):
        for name in files:
            path = Path(folder, name)
            if COUNTS.search(name):
                continue
            try:
                values[str(path)] = path.read_text(errors="replace").strip()
            except OSError:  # write-only, or root's alone
                continue
    return values
