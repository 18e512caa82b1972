"""A lab, for those who use it: make it, look at it, run things in it, put it back, end it.

    lab = Lab.up("default")        on the machine; Lab.find("default") for one that is up
    lab = Lab.here()               in a notebook or a terminal of the lab host
    lab.run(["ip", "link"]); lab.snapshot(); lab.down()

Talks to the lab's keeper (netlab.keeper.server) and holds nothing itself. What not every command takes
(lessons, captures, watches, traces) is imported where it is used: all commands start with this module.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netlab.display import printable
from netlab.engines import ENGINES
from netlab.errors import BadInput, LabAlreadyUp, LabDied, LabNotFound
from netlab.i18n import gettext as _
from netlab.keeper import address, launch
from netlab.keeper.protocol import Status, Undone
from netlab.lab.commands import Commands

if TYPE_CHECKING:
    from networkx import MultiGraph

    from netlab.engines.protocol import Say
    from netlab.lab.capture import Recording
    from netlab.lab.iproute import NodeIPRoute
    from netlab.lab.monitor import Monitor, OnEnd, OnNotice
    from netlab.lab.tap import Tap
    from netlab.lab.watch import Change, Watch
    from netlab.model import Snapshot
    from netlab.model.pack import Pack
    from netlab.packets.probe import Probe

DEFAULT = "default"


class Lab(Commands):
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
        from netlab.lab.packing import load

        found = load(source)
        lab = cls.up(name, bare=True, **how)
        with ExitStack() as stack:
            stack.callback(lab.down)
            lab.become(found)
            stack.pop_all()
        return lab

    def copy(self, name: str, **how: Any) -> Lab:
        """This network once more, in a new lab, as `unpack` makes it: this one stays as it is."""
        return type(self).unpack(self.pack(), name, **how)

    def become(self, wanted: Pack) -> Pack:
        """Make this lab that network, by what differs: the pack as it was built, with remarks on what is
        otherwise. What lives in its namespaces goes on. On the machine alone. BadInput, LabError."""
        from netlab.lab.packing import hand_over
        from netlab.model.pack import Pack

        with hand_over(wanted) as fd:
            return self._ask(Pack, "unpack", fds=[fd])

    def mark(self, label: str) -> bool:
        """Keep how the lab is now under that word, for `undo`; whether it has changed since the last mark."""
        return bool(self._answer("mark", label=label))

    def undo(self, label: str = "") -> Undone:
        """Back to that mark, or without a word to the last one at which the lab was otherwise than now.

        UnknownName with the marks that there are; BadInput where there is nothing to undo.
        """
        return self._ask(Undone, "undo", label=label)

    def substitutes(self) -> tuple[str, ...]:
        """Of a twin: what is played by something else, or was refused by the kernel; else nothing."""
        return tuple(map(printable, self._answer("played")))

    # -- looking ------------------------------------------------------------------------------------

    def status(self) -> Status:
        """Its name, its engine and its nodes: what `./run status` shows."""
        return self._ask(Status, "status")

    def snapshot(self) -> Snapshot:
        """Every namespace of the lab, now."""
        from netlab.model import Snapshot

        return self._ask(Snapshot, "snapshot")

    def graph(self) -> MultiGraph:
        """The topology, now, as a networkx graph: see netlab.model.graph. LabNotFound, LabDied."""
        from netlab.model.graph import graph

        return graph(self.snapshot())

    def capture(self, points: Sequence[str] | None = None, *, noise: bool = False) -> Recording:
        """A `with` block that records at all interfaces, or "NODE INTERFACE", …; see netlab.lab.capture."""
        from netlab.lab.capture import Recording

        return Recording(self._connection, self.snapshot, points, noise)

    def watch(
        self,
        on_change: Callable[[Change], object] = lambda change: None,
        on_end: Callable[[], object] = lambda: None,
    ) -> Watch:
        """A `with` block that keeps a snapshot up to date and tells of each change; see netlab.lab.watch."""
        from netlab.lab.watch import Watch

        return Watch(self._connection, on_change, on_end)

    def monitor(self, on_notice: OnNotice, on_end: OnEnd = lambda: None) -> Monitor:
        """A `with` block that tells at once what the kernel notifies; see netlab.lab.monitor."""
        from netlab.lab.monitor import Monitor

        return Monitor(self._connection, on_notice, on_end)

    def tap(self, on_batch: Callable[[bytes], object]) -> Tap:
        """A `with` block that captures at points which may come and go; see netlab.lab.tap."""
        from netlab.lab.tap import Tap

        return Tap(self._connection, on_batch)

    def probe(self, node: str, destination: str, count: int = 2, timeout: float = 1.0, **order: Any) -> Probe:
        """Probes from a node, sent by the lab's keeper; `order` as in netlab.packets.probe.Order."""
        from netlab.packets.probe import Probe

        words = {"destination": destination, "count": count, "timeout": timeout, **order}
        return self._ask(Probe, "probe", node=node, order=words)

    def is_witnessed(
        self, node: str, destination: str, witness: str, timeout: float = 1.0, **order: Any
    ) -> bool:
        """Whether probes are answered, all of them, and it is the node `witness` that answers.

        It has seen each come in and its own answer leave, and no other answer is what the asker gets:
        who takes the address for theirs on the way, or sends it a copy, answers with other words. To each
        echo request the keeper answers there, too, with a secret of its own, and that has to come back.
        `order` as in `probe`.
        """
        from netlab.lab.witness import is_answered_by
        from netlab.packets.probe import Probe

        snapshot, wanted = self.snapshot(), {"count": 1, **order}
        there = [
            f"{name} {interface.name}"
            for name in dict.fromkeys((node, witness))
            for interface in snapshot.node(name).interfaces
            if interface.name != "lo"
        ]
        with self.capture(there) as seen:
            words = {"destination": destination, "timeout": timeout, **wanted}
            probe = self._ask(Probe, "probe", node=node, witness=witness, order=words)
        netns = snapshot.node(node).netns, snapshot.node(witness).netns
        secret = wanted.get("proto", "icmp") == "icmp" and ":" not in destination
        known = probe.confirmed if secret else probe.received
        return known == probe.received == probe.sent > 0 and is_answered_by(probe, seen.frames, *netns)

    def route(self, node: str, *words: str) -> tuple[str, str]:
        """`ip route get` with those words on a node: (the command, what it said)."""
        command, said = map(printable, self._answer("route", node=node, words=words))
        return command, said

    def ip(self, node: str = "host") -> NodeIPRoute:
        """pyroute2's IPRoute that speaks to the kernel of that node: a `with` block, see netlab.lab.iproute.

        It reads and changes what `ip` reads and changes there, from the machine and from inside, where
        `internet` can only be read. UnknownName, LabDied; what the kernel refuses is pyroute2's NetlinkError.
        """
        from netlab.lab.iproute import open_iproute

        with self._connection() as connection:
            return open_iproute(connection, node)
