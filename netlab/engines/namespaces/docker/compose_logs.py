"""What the containers of a project print, each line with who it is from."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress

from netlab.engines.namespaces import log
from netlab.engines.namespaces.compose import plan
from netlab.engines.namespaces.docker.logs import PAUSE
from netlab.engines.namespaces.store import Record, Store, is_running
from netlab.linux import polling


def short(record: Record) -> str:
    """ "web-1"."""
    return f"{record.labels.get(plan.SERVICE, record.name)}-{record.labels.get(plan.NUMBER, '1')}"


def line(record: Record, text: str, width: int) -> str:
    """One line of its output."""
    return f"{short(record).ljust(width)}  | {text.rstrip(chr(10))}\n"


def show(records: Sequence[Record], store: Store, tail: int | None) -> dict[str, int]:
    """All that is kept, in the order of time; how far each one's file was read."""
    width = max((len(short(record)) for record in records), default=0)
    positions, found = {}, []
    for record in records:
        path = store.path(record) / log.FILE
        positions[record.id] = path.stat().st_size if path.exists() else 0
        entries = [(time, record, text) for time, _, text in log.entries(store.path(record))]
        found += entries if tail is None else entries[len(entries) - tail :] if tail else []
    for _time, record, text in sorted(found, key=lambda entry: entry[0]):
        sys.stdout.write(line(record, text, width))
    sys.stdout.flush()
    return positions


def follow(store: Store, records: Sequence[Record], tail: int | None = None) -> None:
    """The same, and what is printed from now on, until all have ended."""
    width = max((len(short(record)) for record in records), default=0)
    positions = show(records, store, tail)
    for _look in polling.looks(polling.FOREVER, PAUSE):
        states = [store.get(record.id) for record in records]
        for record in records:
            with suppress(FileNotFoundError), open(store.path(record) / log.FILE, errors="replace") as file:
                file.seek(positions[record.id])
                for _time, _stream, text in log.read(file):
                    sys.stdout.write(line(record, text, width))
                positions[record.id] = file.tell()
        sys.stdout.flush()
        if not any(now and (is_running(now) or now.is_restarting) for now in states):
            return
