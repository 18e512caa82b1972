"""A container's published ports as long as they are open: their rules, and the proxy of each."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import suppress

from netlab.engines.namespaces import ports, proxy
from netlab.engines.namespaces.bridges import Rule
from netlab.engines.namespaces.networks import Network
from netlab.engines.namespaces.store import Endpoint, Record, Store

Doors = list[tuple[str, list[socket.socket]]]


def take(record: Record) -> Doors:
    """Sockets that have taken its ports of the lab host's, before anybody else does. EngineError."""
    doors: Doors = []
    try:
        for port in record.ports:
            doors.append((port, proxy.bind(port)))
    except BaseException:
        _close(doors)
        raise
    return doors


def _close(doors: Doors) -> None:
    for _port, held in doors:
        for door in held:
            door.close()


class Publication:
    """What `-p` has opened."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rules: list[Rule] = []
        self._proxies: list[int] = []
        self.way: tuple[Endpoint, Network] | None = None  # by which the ports lead in

    def open(self, record: Record, doors: Doors) -> None:
        """Rules and proxies; the sockets are the proxies' then. EngineError, OSError."""
        try:
            self.way = ports.way_in(self._store, record)
            make = ports.find_rules if record.is_twin else ports.publish
            self._rules = make(self._store, record)
            for port, held in doors:
                if self.way:
                    self._proxies.append(proxy.start(held, port, self.way[0].address))
        finally:
            _close(doors)

    def close(self) -> None:
        """Take all of it away. What is not there any more is no matter."""
        ports.withdraw(self._rules)
        self._rules = []
        for pid in self._proxies:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        self._proxies = []

    def follow(self, record: Record) -> None:
        """The container is in other networks now. EngineError, OSError."""
        if ports.way_in(self._store, record) != self.way:
            self.close()
            self.open(record, take(record))
