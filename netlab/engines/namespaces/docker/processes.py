"""docker top and stats: the processes of containers, as /proc has them."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from netlab.engines.namespaces.docker import output
from netlab.engines.namespaces.docker.columns import binary_size, columns, size
from netlab.engines.namespaces.docker.refused import Refused, find, find_running
from netlab.engines.namespaces.store import Record, Store, is_running
from netlab.linux import polling

PS_OPTIONS = re.compile(r"-?[a-zA-Z]{1,16}|-?-?[a-z]{1,16}=?[a-z_,%:]{0,200}", re.ASCII)
TICKS = os.sysconf("SC_CLK_TCK")
PERIOD = 1.0  # seconds between two tables
GLANCE = 0.1  # seconds over which the processor's share is measured at first
HEADS = ("CONTAINER ID", "NAME", "CPU %", "MEM USAGE / LIMIT", "MEM %", "NET I/O", "BLOCK I/O", "PIDS")
KEYS = ("Container", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs")


def pids(record: Record) -> list[int]:
    """The processes of a container, in the lab host's numbers."""
    found = []
    with suppress(OSError):
        home = os.stat(f"/proc/{record.pid}/ns/pid").st_ino
        for name in os.listdir("/proc"):
            with suppress(OSError):
                if name.isdigit() and os.stat(f"/proc/{name}/ns/pid").st_ino == home:
                    found.append(int(name))
    return sorted(found)


def top(options: argparse.Namespace, store: Store) -> None:
    """docker top. Refused."""
    record = find(store, options.container, "Error response from daemon")
    record = find_running(store, record.id)
    words = options.ps or ["-ef"]
    if not all(PS_OPTIONS.fullmatch(word) for word in words):
        raise Refused(f"docker top: these are not options of ps: {' '.join(words)}.")
    done = subprocess.run(["ps", *words], capture_output=True, text=True)
    head, *lines = done.stdout.splitlines() or [""]
    if done.returncode or "PID" not in head.split():
        said = done.stderr.strip().splitlines()
        raise Refused(f"Error response from daemon: ps: {said[0] if said else 'no column PID'}")
    at, wanted = head.split().index("PID"), set(map(str, pids(record)))
    rows = [head.split()]
    rows += [
        line.split(None, len(rows[0]) - 1)
        for line in lines
        if line.split()[at : at + 1] and line.split()[at] in wanted
    ]
    print(columns([tuple(row) for row in rows if len(row) == len(rows[0])]), end="")


def stats(options: argparse.Namespace, store: Store) -> None:
    """docker stats. Refused."""
    records = [find(store, name) for name in options.names] or store.all()
    if not (options.all or options.names):
        records = [record for record in records if is_running(record)]
    for number in polling.looks(0 if options.no_stream else polling.FOREVER, PERIOD):
        rows = _measure(records, options.no_trunc)
        if options.format:
            text = output.fill_rows(options.format, rows, dict(zip(KEYS, HEADS, strict=True)))
        else:
            text = columns([HEADS, *(tuple(row[key] for key in KEYS) for row in rows)])
        sys.stdout.write(text if options.no_stream or not sys.stdout.isatty() else f"\033[2J\033[H{text}")
        sys.stdout.flush()
        if options.no_stream and number == 0:
            return


def _measure(records: Sequence[Record], whole: bool) -> list[dict[str, Any]]:
    before = {record.id: _ticks(record) for record in records}
    began = time.monotonic()
    for _look in polling.looks(GLANCE, GLANCE):
        pass
    seconds = time.monotonic() - began
    with open("/proc/meminfo") as file:
        limit = int(file.readline().split()[1]) * 1024
    rows = []
    for record in records:
        used = _memory(record)
        received, sent = _traffic(record)
        share = max(0.0, (_ticks(record) - before[record.id]) / TICKS / seconds * 100)
        rows.append(
            {
                "Container": record.id if whole else record.short_id,
                "ID": record.id if whole else record.short_id,
                "Name": record.name,
                "CPUPerc": f"{share:.2f}%",
                "MemUsage": f"{binary_size(used)} / {binary_size(limit)}",
                "MemPerc": f"{used / limit * 100:.2f}%",
                "NetIO": f"{size(received)} / {size(sent)}",
                "BlockIO": "0B / 0B",
                "PIDs": str(len(pids(record))),
            }
        )
    return rows


def _ticks(record: Record) -> int:
    total = 0
    for pid in pids(record):
        with suppress(OSError, ValueError, IndexError), open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total


def _memory(record: Record) -> int:
    total = 0
    for pid in pids(record):
        with suppress(OSError, ValueError, IndexError), open(f"/proc/{pid}/statm") as file:
            fields = file.read().split()
            total += max(0, int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")
    return total


def _traffic(record: Record) -> tuple[int, int]:
    received = sent = 0
    with suppress(OSError, ValueError, IndexError), open(f"/proc/{record.pid}/net/dev") as file:
        for line in file.readlines()[2:]:
            name, _, rest = line.partition(":")
            if name.strip() != "lo":
                received, sent = received + int(rest.split()[0]), sent + int(rest.split()[8])
    return received, sent
