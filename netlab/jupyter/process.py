"""A process in the lab, as Jupyter wants one: what it asks of a subprocess.Popen."""

from __future__ import annotations

import signal
from contextlib import suppress

from netlab import wire
from netlab.execution import Execution
from netlab.terminal import EXIT_LAB_DIED


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
                except (wire.Closed, OSError):
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
