"""What watch, monitor and tap have in common: a connection to the keeper, and the thread that reads it."""

from __future__ import annotations

import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self


class Subscription(ABC):
    """A `with` block during which the keeper tells something, and a thread of its own takes it in."""

    def __init__(self, connect: Callable[[], socket.socket]) -> None:
        self._connect = connect

    def __enter__(self) -> Self:
        self._socket = self._connect()
        try:
            self._begin()
        except BaseException:
            self._socket.close()
            raise
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    @abstractmethod
    def _begin(self) -> None:
        """Say what is wanted, and take the first answer. NetlabError if there is none."""

    @abstractmethod
    def _read(self) -> None:
        """In the thread: take in what comes, until the connection ends."""
