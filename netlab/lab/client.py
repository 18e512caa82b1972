"""Asks a lab's keeper: one connection for each request."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from netlab.errors import LabDied
from netlab.i18n import gettext as _
from netlab.keeper import address, protocol

T = TypeVar("T")


class Client:
    """Part of netlab.lab.lab.Lab: a lab by its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def exchange(self) -> Path:
        """A folder that is seen under the same path on the machine and in the lab host, writable in both."""
        return address.exchange_folder(self.name)

    @property
    def folder(self) -> Path:
        """The lab's own folder on the machine, which the lab does not see."""
        return address.folder(self.name)

    def _connection(self) -> socket.socket:
        return address.connect(self.name)

    def _ask(self, kind: type[T], operation: str, fds: Sequence[int] = (), **words: Any) -> T:
        """What the keeper answers, as a value of that class."""
        try:
            return protocol.value(kind, self._answer(operation, fds, **words))
        except protocol.Closed as error:
            raise self._death() from error

    def _answer(self, operation: str, fds: Sequence[int] = (), **words: Any) -> Any:
        with self._connection() as sock:
            try:
                protocol.ask(sock, operation, fds, **words)
                answer, fds = protocol.receive(sock)
            except (protocol.Closed, OSError) as error:
                raise self._death() from error
        for fd in fds:  # nobody sends any
            os.close(fd)
        if "error" in answer:
            raise protocol.rebuild(answer)
        return answer.get("ok")

    def _death(self) -> LabDied:
        return LabDied(
            _("The lab {name!r} went away.").format(name=self.name),
            _("Start it again: ./run --lab {name} up").format(name=self.name),
        )
