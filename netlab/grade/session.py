"""The cells of a submission, run one by one in its lab, with limits that hold from outside.

    with Session(lab, "04") as session:
        ran = session.run(3, cell)

Whatever a cell does, it comes back within its time, with an end that says what happened.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from netlab import display
from netlab.grade.submission import Cell
from netlab.i18n import gettext as _
from netlab.keeper import address, protocol
from netlab.lab import Lab

CELL_SECONDS = 60.0
SECONDS_TO_STOP = 3.0  # after an interrupt
SECONDS_TO_TAKE = 1.0  # what was printed, where somebody in the background goes on printing
OUTPUT_KEPT = 64 << 10  # bytes of each cell, for the teacher to read
OUTPUT_LIMIT = 8 << 20  # bytes of each cell; more is no answer to anything
LONGEST_CLAIM = 256 << 10  # bytes
PROGRESS = "/root/.netlab-progress.json"


@dataclass(frozen=True, slots=True)
class CellRun:
    """What became of one cell. `end` is "" when it ran through, else why it did not."""

    cell: int  # counted from 1 among the code cells
    seconds: float
    output: str
    error: str = ""  # of the cell's own: "NameError: …"
    end: str = ""


@dataclass
class Session:
    """One learner's kernel. `gone` says why there is none any more."""

    lab: Lab
    lesson: str
    cell_seconds: float = CELL_SECONDS
    predictions: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    gone: str = ""

    def __enter__(self) -> Session:
        self._orders, self._output, self._control, theirs = self._pipes()
        command = [sys.executable, "-m", "netlab.grade.cell_runner"]
        try:
            self._execution = self.lab.start(command, theirs, cwd="/root", env={"NETLAB_PROGRESS": PROGRESS})
        finally:
            for fd in theirs:
                os.close(fd)
        self._printed, self._count = bytearray(), 0
        self._taking, self._has_ended = threading.Lock(), False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def _pipes(self) -> tuple[int, int, int, list[int]]:
        orders, ours = os.pipe()
        output, prints = os.pipe()
        control, says = os.pipe()
        for fd in (ours, output, control):  # others can open the lab's ends, and take what was there
            os.set_blocking(fd, False)
        return ours, output, control, [orders, prints, says]

    def __exit__(self, *_: object) -> None:
        os.close(self._orders)
        self._execution.close()  # ends what still runs
        self._reader.join(SECONDS_TO_STOP)
        os.close(self._control)

    def run(self, number: int, cell: Cell) -> CellRun:
        """Run one cell, wait for its end, stop it when it takes too long or prints too much."""
        if self.gone:
            return CellRun(number, 0.0, "", end=self.gone)
        self._printed, self._count = bytearray(), 0
        started = time.monotonic()
        order = {"cell": number, "source": cell.source, "lesson": self.lesson}
        deadline = started + self.cell_seconds
        end, error = self._order(json.dumps(order).encode() + b"\n", deadline), ""
        if not end:
            end, error = self._wait(number, deadline)
        seconds = time.monotonic() - started
        self._take_the_rest()
        text = bytes(self._printed).decode(errors="replace")
        if self._count > len(self._printed):
            text += _("\n[… {count} bytes more]").format(count=self._count - len(self._printed))
        return CellRun(number, round(seconds, 2), text, error, end)

    def _order(self, line: bytes, deadline: float) -> str:
        """Hand it over; why it was not taken, if so: a cell may have forged its own end, and go on."""
        view = memoryview(line)
        while view:
            if not select.select([], [self._orders], [], max(0.0, deadline - time.monotonic()))[1]:
                self.gone = _("its kernel was ended, as it did not take the next cell")
                self._execution.close()
                break
            try:
                view = view[os.write(self._orders, view) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                self._lost()
                break
        return self.gone

    def _wait(self, number: int, deadline: float) -> tuple[str, str]:
        """(why it did not run through, its error)."""
        stopped = ""
        while True:
            line = self._line(deadline, watch_output=not stopped)
            if line is None:
                self._lost()
                return stopped or self.gone, ""
            if line:
                claim = self._claim(line)
                if claim.get("cell") == number:
                    return stopped, display.one_line(str(claim.get("error", "")), 500)
                continue
            if stopped:  # it was interrupted, and does not care
                self.gone = _("its kernel was ended, as it did not stop when interrupted")
                self._execution.close()
                return stopped, ""
            stopped = (
                _("stopped: it printed more than {output_limit} MiB").format(output_limit=OUTPUT_LIMIT >> 20)
                if self._count > OUTPUT_LIMIT
                else _("stopped after {cell_seconds:.0f} seconds").format(cell_seconds=self.cell_seconds)
            )
            with suppress(OSError):
                self._execution.send_signal(signal.SIGINT)
            deadline = time.monotonic() + SECONDS_TO_STOP

    def _line(self, deadline: float, *, watch_output: bool) -> bytes | None:
        """The next line of the replayer's; b"" at the deadline or after too much output; None at the end."""
        line = bytearray()
        while (left := deadline - time.monotonic()) > 0:
            if watch_output and self._count > OUTPUT_LIMIT:
                return b""
            if not select.select([self._control], [], [], min(left, 0.1))[0]:
                continue
            try:
                part = os.read(self._control, 1 << 16)
            except BlockingIOError:
                continue
            if not part:
                return None
            line += part
            if line.endswith(b"\n"):
                return bytes(line)
            if len(line) > LONGEST_CLAIM:
                return None
        return b""

    def _claim(self, lines: bytes) -> Mapping[str, object]:
        """The last line of the replayer's, or of whoever pretends to be it: claims, never evidence."""
        with suppress(ValueError, TypeError, AttributeError, LookupError, RecursionError):
            said = json.loads(lines.splitlines()[-1])
            self.predictions = _texts(said["predictions"])
            self.answers = {**_texts(said["answers"]), **self.answers}  # the first one counts
            return dict(said)
        return {}

    def _lost(self) -> None:
        """Say whether it is the kernel alone that has ended, or the whole lab."""
        try:
            self._execution.wait(SECONDS_TO_STOP)
            self.gone = _("its kernel ended")
        except (protocol.Closed, OSError):
            self.gone = address.last_words(self.lab.name) or _("The lab ended.")

    def _read(self) -> None:
        """Take what is printed off the pipe for as long as there is somebody who prints."""
        while not self._has_ended:
            select.select([self._output], [], [])
            self._take()
        os.close(self._output)

    def _take_the_rest(self) -> None:
        """All that was printed: it was in the pipe before the cell's end was told."""
        deadline = time.monotonic() + SECONDS_TO_TAKE
        while self._take() and time.monotonic() < deadline:
            pass

    def _take(self) -> bool:
        """Take what is in the pipe at this moment; whether there was something."""
        with self._taking:
            if self._has_ended or not select.select([self._output], [], [], 0)[0]:
                return False
            try:
                part = os.read(self._output, 1 << 16)
            except BlockingIOError:
                return False
            self._has_ended = not part
            self._count += len(part)
            self._printed += part[: max(0, OUTPUT_KEPT - len(self._printed))]
            return bool(part)


def _texts(table: object) -> dict[str, str]:
    """A table of short texts, as predictions and answers are; TypeError for anything else."""
    if not isinstance(table, dict) or len(table) > 100:
        raise TypeError("not a table of texts")
    return {
        display.printable(str(key), 20): display.printable(str(value), 200) for key, value in table.items()
    }
