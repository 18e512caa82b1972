"""A process in the lab, as Jupyter wants one: what it asks of a subprocess.Popen."""

from __future__ import annotations

import select
import signal
import socket
from contextlib import suppress

from netlab import wire
from netlab.terminal import EXIT_LAB_DIED


class LabProcess:
    """The one at the other end of a connection that Lab.start has made, which is closed when it has ended.

    Closed earlier, as by the end of this Jupyter however it comes, it ends the process.
    """

    stdin = stdout = stderr = None

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit status; None as long as it runs."""
        if self.returncode is None:
            ready = select.poll()
            ready.register(self._connection, select.POLLIN)
            if ready.poll(0):
                self.wait()
        return self.returncode

    def wait(self) -> int:
        """The same, when it has ended."""
        if self.returncode is None:
            with self._connection:
                try:
                    self.returncode = int(wire.receive(self._connection, trusted=True)[0]["exit"])
                except (wire.Closed, OSError):
                    self.returncode = EXIT_LAB_DIED
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with suppress(OSError):  # it has just ended
                wire.send(self._connection, {"signal": number})

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)
