"""What a Lab does with commands: run one and wait, run a script, start one and have its life in hand."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from netlab.keeper import address, protocol
from netlab.keeper.protocol import Command
from netlab.lab.client import Client
from netlab.lab.execution import SECONDS_TO_START, Execution, close, terminal
from netlab.lab.streams import Streams, to_memory

MOST_PRINTED = 1 << 26  # bytes that `run` keeps of each stream; a command that prints more is ended


class Commands(Client):
    """Part of netlab.lab.lab.Lab."""

    def run(
        self, argv: Sequence[str], node: str = "host", input: str = "", timeout: float = 30
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on a node and wait for it; what it printed. subprocess.TimeoutExpired."""
        printed, complained = bytearray(), bytearray()
        patience = min(timeout, SECONDS_TO_START)
        with (
            Streams() as streams,
            self.start(argv, streams.theirs, node=node, seconds=patience) as execution,
        ):
            streams.give()
            try:
                sinks = to_memory(printed, MOST_PRINTED), to_memory(complained, MOST_PRINTED)
                status = streams.pass_on(execution, input.encode(), sinks, timeout).said
            except TimeoutError as error:
                raise subprocess.TimeoutExpired(list(argv), timeout) from error
            except protocol.Closed as error:
                raise self._death() from error
        out, err = (text.decode(errors="backslashreplace") for text in (printed, complained))
        return subprocess.CompletedProcess(list(argv), status, out, err)

    def script(self, text: str, node: str = "host", timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run lines of bash on a node; it stops at the first that fails."""
        return self.run(["bash", "-e"], node, text, timeout)

    def start(
        self,
        argv: Sequence[str],
        fds: Sequence[int],
        *,
        node: str = "host",
        cwd: str = "/root",
        env: Mapping[str, str] | None = None,
        seconds: float = SECONDS_TO_START,
    ) -> Execution:
        """Start a command on a node with `fds` as its standard streams, within so many seconds.

        With a terminal: `start_tty`.
        """
        execution, got = self._start(self._command(argv, node, cwd, env), fds, seconds)
        close(got)
        return execution

    def start_tty(
        self,
        argv: Sequence[str],
        *,
        node: str = "host",
        cwd: str = "/root",
        env: Mapping[str, str] | None = None,
    ) -> tuple[Execution, int]:
        """The same with a terminal of its own: and the terminal's master side."""
        null = os.open("/dev/null", os.O_RDWR)
        try:
            command = self._command(argv, node, cwd, env, tty=True)
            execution, got = self._start(command, [null] * protocol.STREAMS, SECONDS_TO_START)
        finally:
            os.close(null)
        try:
            return execution, terminal(got)
        except protocol.Closed as error:
            execution.close()
            raise self._death() from error

    def _command(
        self, argv: Sequence[str], node: str, cwd: str, env: Mapping[str, str] | None, *, tty: bool = False
    ) -> Command:
        environment = {**address.environment(self.name), **(env or {})}
        return Command(tuple(map(os.fsdecode, argv)), environment, node, cwd, tty)

    def _start(self, command: Command, fds: Sequence[int], seconds: float) -> tuple[Execution, list[int]]:
        try:
            with self._connection() as sock:
                return Execution.begin(sock, command, fds, seconds)
        except (protocol.Closed, OSError) as error:
            raise self._death() from error
