"""A command that runs in a lab: what is heard of it there, and what it is told."""

from __future__ import annotations

import os
import select
import socket
import stat
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from netlab.errors import LabError
from netlab.i18n import gettext as _
from netlab.keeper import protocol
from netlab.model import codec

SECONDS_TO_START = 30.0
TERMINALS = (5, *range(128, 136), *range(136, 144))  # major numbers of /dev/ptmx and of pseudo-terminals


class Execution:
    """Made by Lab.start. Its exit status comes from the lab, where a learner may have invented it.

    To close it before the command has ended, or to end the process that holds it, kills the command.
    """

    def __init__(self, claims: socket.socket) -> None:
        self._claims = claims

    @classmethod
    def begin(
        cls, keeper: socket.socket, command: protocol.Command, fds: Sequence[int], seconds: float
    ) -> tuple[Execution, list[int]]:
        """Have it started in that time; it, and the descriptors that the lab gave: a terminal.

        protocol.Closed, OSError, LabError, and what the keeper complains of.
        """
        protocol.ask(keeper, "exec", fds, command=codec.to_plain(command))
        answer, got = protocol.receive(keeper)
        if "error" in answer or len(got) != 1:
            close(got)
            raise protocol.rebuild(answer)
        execution = cls(socket.socket(fileno=got[0]))
        try:
            execution._claims.settimeout(seconds)
            return execution, protocol.read_claim(execution._claims, "pid", protocol.PIDS)[1]
        except TimeoutError:
            execution.close()
            raise LabError(
                _("The lab host does not start commands: somebody in the lab holds its process 1."),
                _("End the lab: ./run down"),
            ) from None
        except protocol.Closed:
            execution.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._claims.close()

    def fileno(self) -> int:
        """Readable when the command has ended, or the lab has gone."""
        return self._claims.fileno()

    def wait(self, seconds: float | None = None) -> protocol.FromLab[int]:
        """The exit status, when it has ended. TimeoutError; protocol.Closed when the lab, or it, has gone."""
        self._claims.settimeout(seconds)
        status, fds = protocol.read_claim(self._claims, "exit", protocol.EXITS)
        close(fds)
        return status

    def has_ended(self) -> bool:
        """Whether the command has ended, now."""
        poll = select.poll()
        poll.register(self._claims, select.POLLIN)
        return bool(poll.poll(0))

    def send_signal(self, number: int) -> None:
        """OSError when it has ended, or takes no more of them."""
        protocol.claim(self._claims, "signal", number)


def terminal(fds: list[int]) -> int:
    """The one descriptor, if it is a terminal's. protocol.Closed for anything else that a lab may send."""
    if len(fds) == 1:
        found = os.fstat(fds[0])
        if stat.S_ISCHR(found.st_mode) and os.major(found.st_rdev) in TERMINALS and os.isatty(fds[0]):
            return fds[0]
    close(fds)
    raise protocol.Closed("the lab sent no terminal")


def close(fds: list[int]) -> None:
    """Close these descriptors."""
    for fd in fds:
        os.close(fd)
