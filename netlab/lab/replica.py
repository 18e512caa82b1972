"""A network once more, to be tried on: the client's side of netlab.keeper.replica.

    with lab.replica() as copy:
        copy.probe("if-test", "39.106.233.176").received        0, as in the lab
        copy.run(["iptables", "-P", "FORWARD", "ACCEPT"])
        copy.probe("if-test", "39.106.233.176").received        2
        copy.put_back()

Nobody lives in it: listeners are played, and there are no containers but their namespaces.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from netlab.errors import LabDied
from netlab.i18n import gettext as _
from netlab.keeper import protocol
from netlab.keeper.address import environment
from netlab.keeper.protocol import Command
from netlab.lab.network import Network
from netlab.model import codec
from netlab.model.pack import Pack
from netlab.packets.flight import Flight, Landing, Landings
from netlab.packets.probe import Probe
from netlab.packets.walk import Met, Walk


class Replica(Network):
    """Of the lab that `connect` leads to, from the `with` block's beginning to its end."""

    def __init__(self, name: str, connect: Callable[[], socket.socket]) -> None:
        super().__init__(name)
        self._connect = connect

    def __enter__(self) -> Replica:
        self._control = self._connect()
        try:
            protocol.ask(self._control, "replica")
            answer, _fds = protocol.receive(self._control)
        except (protocol.Closed, OSError):
            self._control.close()
            raise self._death() from None
        if "error" in answer:
            self._control.close()
            raise protocol.rebuild(answer)
        self._built = protocol.value(Pack, answer.get("ok"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self._control.close()

    def _connection(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self._control, [b"+"], [theirs.fileno()], socket.MSG_NOSIGNAL)
            except OSError:
                ours.close()
                raise self._death() from None
        return ours

    def substitutes(self) -> tuple[str, ...]:
        """What is otherwise than in the lab."""
        return self._built.remarks

    def probe_anew(
        self, node: str, destination: str, count: int = 2, timeout: float = 1.0, **order: Any
    ) -> Probe:
        """As `probe`, as if no packet had passed since the replica was made: what the kernels have learned by
        earlier ones is forgotten first."""
        words = {"destination": destination, "count": count, "timeout": timeout, **order}
        return self._ask(Probe, "probe", node=node, order=words, anew=True)

    def burst(self, flights: Sequence[Flight], timeout: float = 0.1) -> tuple[Landing, ...]:
        """Many packets at once, each of which has so many seconds (at most 1), and where they came in, in
        the same order. At most netlab.packets.flight.MOST. UnknownName, BadInput."""
        plain = [codec.to_plain(flight) for flight in flights]
        return self._ask(Landings, "burst", flights=plain, timeout=timeout).all

    def walk(
        self, node: str, destination: str, count: int = 2, timeout: float = 0.1, **order: Any
    ) -> tuple[Met, ...]:
        """As `probe_anew`, and which rules those packets met, and their answers: see netlab.packets.walk.

        Of rules of iptables-legacy nothing is told. UnknownName, BadInput."""
        words = {"destination": destination, "count": count, "timeout": timeout, **order}
        return self._ask(Walk, "walk", node=node, order=words).met

    def pack(self) -> Pack:
        """The whole network, as it is now, as a value."""
        return self._ask(Pack, "pack")

    def put_back(self) -> None:
        """As it was at first. LabError."""
        self._answer("unpack")

    def run(self, argv: Sequence[str], node: str = "host") -> subprocess.CompletedProcess[str]:
        """Run a command in the namespace of a node, with the lab host's programs; what it printed, together.
        LabError when it does not end; UnknownName."""
        command = Command(tuple(map(os.fsdecode, argv)), environment(self.name), node, "/")
        answer = self._answer("run", command=codec.to_plain(command))
        try:
            status, said = answer
            return subprocess.CompletedProcess(list(argv), int(status), str(said), "")
        except (TypeError, ValueError) as error:
            raise self._death() from error

    def _death(self) -> LabDied:
        return LabDied(
            _("The replica of {name!r} went away.").format(name=self.name), _("Look at: ./run status")
        )
