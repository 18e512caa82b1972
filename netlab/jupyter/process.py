"""A process in the lab, as Jupyter wants one: what it asks of a subprocess.Popen."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from netlab.display import printable
from netlab.keeper import protocol
from netlab.lab.execute import EXIT_LAB_DIED
from netlab.lab.execution import Execution

LONGEST_LINE = 1 << 12  # bytes


@contextmanager
def copied_to(stream: int) -> Iterator[int]:
    """A descriptor for what a process of the lab prints: a thread copies that to a stream of ours, as text
    that no terminal obeys, until nobody in the lab has it open. It is ours for the time of the block."""
    read, write = os.pipe()
    threading.Thread(target=_copy, args=(read, stream), daemon=True).start()
    try:
        yield write
    finally:
        os.close(write)


def _copy(read: int, stream: int) -> None:
    with os.fdopen(read, "rb") as lines, suppress(OSError):
        while line := lines.readline(LONGEST_LINE):
            os.write(stream, printable(line.decode(errors="backslashreplace")).encode())


class LabProcess:
    """The one that Lab.start has made. The end of this Jupyter, however it comes, ends it."""

    stdin = stdout = stderr = None

    def __init__(self, execution: Execution) -> None:
        self._execution = execution
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit status; None as long as it runs."""
        if self.returncode is None and self._execution.has_ended():
            self.wait()
        return self.returncode

    def wait(self) -> int:
        """The same, when it has ended."""
        if self.returncode is None:
            with self._execution:
                try:
                    self.returncode = self._execution.wait().said
                except (protocol.Closed, OSError):
                    self.returncode = EXIT_LAB_DIED
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with suppress(OSError):  # it has just ended
                self._execution.send_signal(number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)
