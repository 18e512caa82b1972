"""A lab, for those who use it: make it, look at it, run things in it, put it back, end it.

    lab = Lab.up("default")        on the machine; Lab.find("default") for one that is up
    lab = Lab.here()               in a notebook or a terminal of the lab host
    lab.run(["ip", "link"]); lab.snapshot(); lab.down()

Talks to the lab's keeper (netlab.keeper.server) and holds nothing itself. What not every command takes
(lessons, captures, watches, traces) is imported where it is used: all commands start with this module.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsBytes

from netlab.display import printable
from netlab.engines import ENGINES
from netlab.errors import BadInput, LabAlreadyUp, LabDied, LabNotFound
from netlab.i18n import gettext as _
from netlab.keeper import address, launch
from netlab.keeper.protocol import Status, Undone
from netlab.lab.commands import Commands
from netlab.lab.network import Network

if TYPE_CHECKING:
    from netlab.engines.protocol import Say
    from netlab.lab.replica import Replica
    from netlab.model.pack import Pack

DEFAULT = "default"


class Lab(Commands, Network):
    """One lab that is up, by name. Methods raise LabDied when it no longer is."""

    whole = True  # a snapshot holds all that there is

    # -- coming and going ---------------------------------------------------------------------------

    @classmethod
    def up(
        cls,
        name: str = DEFAULT,
        *,
        engine: str = ENGINES[0],
        say: Say = lambda _: None,
        confined: launch.Confinement | None = None,
        forkserver: launch.ForkServer | None = None,
        bare: bool = False,
    ) -> Lab:
        """Make a lab and wait until it is ready; `say` is told what is being done where that takes a while.

        `confined` is for somebody whom one does not trust; with a `forkserver` the second of many is quicker;
        in a `bare` one nothing is laid out. LabAlreadyUp, SandboxRefused, ToolMissing, BadInput.
        """
        try:
            launch.start(name, engine, say, confined, forkserver, bare=bare)
        except LabAlreadyUp:
            cls(name).check_engine(engine)
            raise
        return cls(name)

    def check_engine(self, engine: str) -> None:
        """LabAlreadyUp when the lab of this name has another engine than that."""
        with suppress(LabNotFound, LabDied):  # it is on its way, or on its way out
            if (found := self.status().engine) != engine:
                name = "" if self.name == DEFAULT else f"--lab {self.name} "
                what = _("A lab named {name!r} is up already, with the engine {found}, not {engine}.")
                how = _("Use it: ./run {name}--engine {found}; or end it: ./run {name}down")
                what = what.format(name=self.name, found=found, engine=engine)
                raise LabAlreadyUp(what, how.format(name=name, found=found))

    @classmethod
    def find(cls, name: str = DEFAULT) -> Lab:
        """The lab of that name, if it is up; LabNotFound."""
        lab = cls(address.check_name(name))
        lab.status()
        return lab

    @classmethod
    def here(cls) -> Lab:
        """The lab that this process runs in; BadInput outside of one."""
        if not address.is_inside():
            raise BadInput(
                _("This runs on the machine itself, not in a lab (in a notebook: with an ordinary kernel)."),
                _("In JupyterLab choose Kernel → Change Kernel → “netlab (lab host)”; start it with ./run"),
            )
        return cls(os.environ.get("NETLAB_LAB", DEFAULT))

    def down(self) -> None:
        """End the lab and everything in it.

        When this returns, nothing can stop that any more and the name is free. The kernel takes a moment to
        end the processes; then a thread removes the lab's files, and this process ends after it.
        """
        launch.end(self.name)

    def reset(self, way: str = "kept") -> str:
        """Put the base lab back: no containers, no extra links, rules or settings.

        The cheapest of the ways in netlab.keeper.reset.restore, from `way` on, that makes it so; which one it
        was.
        """
        return str(self.put_back(way)["way"])

    def put_back(self, way: str = "kept") -> Mapping[str, Any]:
        """As `reset`: the "way", and "laps", what at the keeper took how many milliseconds."""
        return dict(self._answer("reset", way=way))

    # -- as a file, and as a copy: see netlab.lab.packing -----------------------------------------------

    def pack(self, path: str | Path | None = None) -> Pack:
        """The whole network as a value, and with a `path` as a file for `unpack`. BadInput, LabError."""
        from netlab.lab.packing import save
        from netlab.model.pack import Pack

        found = self._ask(Pack, "pack")
        if path is not None:
            save(found, Path(path))
        return found

    @classmethod
    def unpack(cls, source: str | Path | Pack, name: str, **how: Any) -> Lab:
        """A new lab with the network of a file or value of `pack`; `how`, and errors, as in `up`. Its status
        has what is played by something else. BadInput says why a file holds none."""
        from netlab.lab.packing import hand_over, load

        with ExitStack() as stack:
            fd = stack.enter_context(hand_over(load(source)))
            lab = cls.up(name, bare=True, **how)
            with ExitStack() as failed:
                failed.callback(lab.down)
                lab._answer("fill", fds=[fd])
                failed.pop_all()
        return lab

    def copy(self, name: str, **how: Any) -> Lab:
        """This network once more, in a new lab, as `unpack` makes it: this one stays as it is."""
        return type(self).unpack(self.pack(), name, **how)

    def mark(self, label: str) -> bool:
        """Keep how the lab is now under that word, for `undo`; whether it has changed since the last mark."""
        return bool(self._answer("mark", label=label))

    def pack_at(self, label: str) -> Pack:
        """The network as it was at that mark, the last of that word. UnknownName with all that there are."""
        from netlab.model.pack import Pack

        return self._ask(Pack, "marked", label=label)

    def undo(self, label: str = "") -> Undone:
        """Back to that mark, or without a word to the last one at which the lab was otherwise than now.

        UnknownName with the marks that there are; BadInput where there is nothing to undo.
        """
        return self._ask(Undone, "undo", label=label)

    def substitutes(self) -> tuple[str, ...]:
        """Of a twin: what is played by something else, or was refused by the kernel; else nothing."""
        return tuple(map(printable, self._answer("played")))

    # -- looking: see netlab.lab.network, too -------------------------------------------------------

    def send(self, packet: SupportsBytes, node: str = "host") -> None:
        """Send one IPv4 packet from a node as it is, header and all: bytes, or one of scapy's packets.

        The kernel puts in the checksum, and an identification if there is none. BadInput, CommandFailed.
        """
        from netlab.lab import raw

        raw.send(self.run, packet, node, self.snapshot().node(node).pid)

    def status(self) -> Status:
        """Its name, its engine and its nodes: what `./run status` shows."""
        return self._ask(Status, "status")

    def replica(self) -> Replica:
        """A `with` block that has this network once more, to be tried on; see netlab.lab.replica."""
        from netlab.lab.replica import Replica

        return Replica(self.name, self._connection)
