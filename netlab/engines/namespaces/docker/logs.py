"""docker logs: what a container has printed."""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime

from netlab.engines.namespaces import log
from netlab.engines.namespaces.docker.refused import Refused, find
from netlab.engines.namespaces.store import Record, Store, is_running
from netlab.linux import polling

Entry = tuple[str, str, str]
PAUSE = 0.1  # seconds between two looks at a file, which tells nobody that it has grown
DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")
MOST_DIGITS = 12


def logs(options: argparse.Namespace, store: Store) -> None:
    """docker logs. Refused."""
    record = find(store, options.container)
    since, until = (moment(word) if word else None for word in (options.since, options.until))
    file = store.path(record) / log.FILE
    position = file.stat().st_size if file.exists() else 0
    lines: Iterable[Entry] = list(log.entries(store.path(record)))
    newest = max((line[0] for line in lines), default="")
    lines = [line for line in lines if (not since or line[0] >= since) and (not until or line[0] <= until)]
    if options.tail != "all":
        if not options.tail.lstrip("-").isdigit() or len(options.tail) > MOST_DIGITS:
            raise Refused(f"Error response from daemon: strconv: invalid number of lines: {options.tail}")
        lines = deque(lines, int(options.tail)) if not options.tail.startswith("-") else lines
    for line in lines:
        _print(line, options.timestamps)
    if options.follow:
        for line in _new_lines(store, record, position):
            if line[0] > newest and (not until or line[0] <= until):
                _print(line, options.timestamps)


def _print(entry: Entry, has_time: bool) -> None:
    stream = sys.stdout if entry[1] == "stdout" else sys.stderr
    stream.write(f"{entry[0]} {entry[2]}" if has_time else entry[2])
    stream.flush()


def _new_lines(store: Store, record: Record, position: int) -> Iterator[Entry]:
    """What stands behind that position of the file, until the container ends."""
    path = store.path(record) / log.FILE
    for _look in polling.looks(polling.FOREVER, PAUSE):
        now = store.get(record.id)
        with suppress(FileNotFoundError), open(path, errors="replace") as file:
            file.seek(position if path.stat().st_size >= position else 0)
            yield from log.read(file)
            position = file.tell()
        if now is None or not (is_running(now) or now.is_restarting):
            return


def moment(word: str) -> str:
    """ "10m", "1s", "1700000000", "2026-11-30T12:00:00" as the log writes times. Refused."""
    duration = DURATION.fullmatch(word)
    if word and duration and len(word) <= MOST_DIGITS:
        hours, minutes, seconds = (float(part or 0) for part in duration.groups())
        return log.moment(time.time() - hours * 3600 - minutes * 60 - seconds)
    if re.fullmatch(r"\d{1,11}(\.\d{1,9})?", word):
        return log.moment(float(word))
    try:
        then = datetime.fromisoformat(word.replace("Z", "+00:00"))
    except ValueError:
        raise Refused(
            'Error response from daemon: invalid value for "since": failed to '
            f'parse value as time or duration: "{word}"'
        ) from None
    return log.moment((then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp())
