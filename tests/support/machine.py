"""Watches the machine's own network namespace: no lab may ever change anything in it, not for an instant."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO

# Neighbours and prefixes come and go with the machine's own traffic, so they are not watched.
OBJECTS = ("link", "address", "route", "mroute", "rule", "netconf", "nsid")
# What a router's advertisement or a lease renews all the time has nothing to do with a lab.
RENEWED = re.compile(r"\bproto (ra|dhcp)\b|\bdynamic\b")
SYSCTLS = "/proc/sys/net"
COUNTS = re.compile(r"nf_conntrack_count$")  # goes with the machine's own traffic


class MachineWatch:
    """`with MachineWatch() as watch: …; assert not watch.seen()`.

    Everybody may listen to rtnetlink. The firewall's events are root's alone, but then so are its changes.
    """

    def __enter__(self) -> MachineWatch:
        self._told: list[str] = []
        self._sysctls = {name: value for name in _sysctls() if (value := _value(name)) is not None}
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
        for name, value in self._sysctls.items():
            if (now := _value(name)) not in (value, None):
                events.append(f"{name}: {value} → {now}")
        return [event for event in events if event.strip() and not RENEWED.search(event)]

    def news(self) -> list[str]:
        """What is seen and was not when this was asked before: after each test it is asked once."""
        before, self._told = Counter(self._told), self.seen()
        return list((Counter(self._told) - before).elements())

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


def _sysctls() -> Iterator[str]:
    """The files of the machine's settings."""
    for folder, _, files in os.walk(SYSCTLS):
        yield from (os.path.join(folder, name) for name in files if not COUNTS.search(name))


def _value(name: str) -> str | None:
    """What is in such a file; None where it is gone, write-only, or root's alone. A thousand of them are read
    after each test, so without what makes a Path comfortable."""
    try:
        with open(name, "rb", buffering=0) as file:
            return file.read().decode(errors="replace").strip()
    except OSError:
        return None
