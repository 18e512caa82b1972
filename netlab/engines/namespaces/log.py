"""What a container has printed, line by line, with the time, as Docker's json-file driver has it.

The file is bounded: when it is full it becomes the one before, of which there is one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

FILE = "log"
LARGEST = 4 << 20  # bytes of one file
LONGEST = 1 << 14  # bytes of a line; a longer one is cut in pieces
LARGEST_LINE = LONGEST * 8  # of the file, at most: every character may be escaped


def moment(seconds: float) -> str:
    """The time as Docker writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")


class Log:
    """What is written to; `write` may get pieces of lines."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._begun = {"stdout": b"", "stderr": b""}

    def write(self, stream: str, data: bytes, now: float) -> None:
        """Note what was printed. What cannot be written (no room) is lost."""
        *lines, rest = (self._begun[stream] + data).split(b"\n")
        entries = [line + b"\n" for line in lines]
        while len(rest) > LONGEST:
            entries, rest = [*entries, rest[:LONGEST]], rest[LONGEST:]
        self._begun[stream] = rest
        self._append(stream, entries, now)

    def close(self, now: float) -> None:
        """Also the lines that have no end."""
        for stream, rest in self._begun.items():
            self._append(stream, [rest] if rest else [], now)
        self._begun = dict.fromkeys(self._begun, b"")

    def _append(self, stream: str, entries: list[bytes], now: float) -> None:
        if not entries:
            return
        said = moment(now)
        lines = (
            json.dumps({"log": entry.decode(errors="replace"), "stream": stream, "time": said}) + "\n"
            for entry in entries
        )
        with suppress(OSError), open(self._path, "a") as file:
            file.write("".join(lines))
            if file.tell() > LARGEST:
                os.replace(self._path, f"{self._path}.1")


def entries(folder: Path) -> Iterator[tuple[str, str, str]]:
    """(time, stream, what was printed) of all that is kept; what is no entry is passed over."""
    for name in (f"{FILE}.1", FILE):
        with suppress(OSError), open(folder / name, errors="replace") as file:
            yield from read(file)


def read(file: object) -> Iterator[tuple[str, str, str]]:
    """The same of one file that is open, from where it stands."""
    while line := file.readline(LARGEST_LINE):  # type: ignore[attr-defined]
        with suppress(ValueError, KeyError, TypeError):
            entry = json.loads(line)
            yield str(entry["time"]), str(entry["stream"]), str(entry["log"])
