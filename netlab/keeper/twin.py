"""The lab as a pack, and made of one: what its keeper does for both."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from netlab.display import one_line
from netlab.engines.protocol import Daemonless, Engine
from netlab.errors import BadInput, UnknownName
from netlab.i18n import gettext as _
from netlab.keeper import pack, populate, replica
from netlab.keeper.history import History, Mark
from netlab.keeper.known_rules import KnownRules
from netlab.keeper.pack import Containers
from netlab.keeper.places import Place, beside_roles
from netlab.keeper.protocol import Undone
from netlab.keeper.responder import Responder
from netlab.keeper.spec import LabSpec
from netlab.keeper.unpack import Workshop, unpack
from netlab.keeper.unread import containers_beside
from netlab.linux.netlink.netfilter import Netfilter
from netlab.linux.wiring import settings
from netlab.model import codec
from netlab.model.outside import empty
from netlab.model.pack import Listener, Pack
from netlab.model.pack_changes import differences
from netlab.model.pack_check import check

READS = 5  # of a lab that is being changed
MOST_TOLD, LONGEST_LABEL = 500, 100  # lines, characters


class Origin:
    """What a twin was made of: kept by the keeper, written once by a child of its."""

    def __init__(self) -> None:
        self._file = os.memfd_create("netlab-origin")

    def write(self, found: Pack) -> None:
        """Keep it, unless there is one."""
        if not os.fstat(self._file).st_size:
            os.pwrite(self._file, codec.write(found), 0)

    def read(self) -> Pack | None:
        """None as long as nothing has been unpacked."""
        size = os.fstat(self._file).st_size
        return codec.read(Pack, os.pread(self._file, size, 0)) if size else None


class Twin:
    """One lab, which is a twin if its plan is a bare one; `root` is its root directory, `baseline` what its
    settings were when nothing was in it."""

    def __init__(
        self,
        plan: LabSpec,
        places: Callable[[], Sequence[Place]],
        root: str,
        engine: Engine,
        to_init: socket.socket,
        baseline: Mapping[str, str],
    ) -> None:
        self._plan, self._places, self._root = plan, places, root
        self._every, self._to_init = engine, to_init  # whichever it is
        self._engine = engine if isinstance(engine, Daemonless) else None
        self._unchanged = pack.settings_of_baseline(baseline)
        self._reader = settings.Reader(self._unchanged)
        self._origin = Origin()
        self._history = History()
        self._rules = KnownRules()  # of the child that marks and undoes, and of each replica
        self._responder: Responder | None = None

    def begin(self, fork: Callable[[Callable[[], None]], None]) -> None:
        """At the keeper, once; all else runs in its children."""
        if self._plan.bare:
            self._responder = Responder(fork)

    def about(self) -> tuple[str, ...]:
        """What to know of a twin: of what it is one, and what is otherwise."""
        made_of = self._origin.read()
        return (_("a twin of {name}").format(name=made_of.name), *made_of.remarks) if made_of else ()

    def pack(self) -> Pack:
        """All of it, now."""
        return _with_programs(self._read_whole(), self._origin.read())

    def _read_whole(self) -> Pack:
        """Of one moment: where something came or went meanwhile, it is read again, a few times."""
        for __ in range(READS - 1):
            found = self._read(self._places())
            with suppress(codec.Malformed):
                check(found)
                return found
        return self._read(self._places())

    def _read(self, places: Sequence[Place]) -> Pack:
        described = self._engine.describe(self._root) if self._engine else {}
        found = self._look(places, described)
        containers = self._every.containers(self._root)
        known = {beside_roles(one_line(each.name), "container"): each.runs for each in containers}
        return replace(found, remarks=(*found.remarks, *containers_beside(found, known)))

    def _look(self, places: Sequence[Place], described: Containers | None = None) -> Pack:
        """The namespaces alone, unless what the engine says of containers is there, too."""
        return pack.read(self._plan.name, places, self._reader, described, self._rules)

    def take_over(self, fds: Sequence[int]) -> Pack:
        """Make the lab like the pack in a file without a name, which the lab's owner has handed over.

        BadInput, LabError, OSError.
        """
        built = self._unpack(pack.from_file(fds))
        if self._plan.bare:
            self._origin.write(built)
        return built

    def fill(self, fds: Sequence[int]) -> bool:
        """The same of a twin in which nobody has done anything yet. BadInput, LabError, OSError."""
        self._origin.write(self._unpack(pack.from_file(fds), is_fresh=True))
        return True

    def _unpack(self, wanted: Pack, now: Pack | None = None, *, is_fresh: bool = False) -> Pack:
        if self._engine is None:
            raise BadInput(
                _("A network cannot be unpacked into a lab with a real Docker."),
                _("Make a twin of its own: ./run unpack FILE"),
            )
        populate_lab = partial(populate.ask, self._to_init)
        play = self._responder.play if self._responder else _leave_alone
        workshop = Workshop(
            *(self._places, self._look, populate_lab, play, self._unchanged),
            is_fresh=is_fresh and self._plan.bare,
            rules=self._rules,
        )
        return unpack(wanted, workshop, now)

    def operation(self, name: str) -> Callable[[Mapping[str, Any], socket.socket], Any] | None:
        """What answers such a request; None if it is none of a twin's."""
        known: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "pack": lambda request: codec.to_plain(self.pack()),
            "unpack": lambda request: codec.to_plain(self.take_over(request["fds"])),
            "fill": lambda request: self.fill(request["fds"]),
            "played": lambda request: list(self.about()[1:]),
            "mark": lambda request: self.mark(_label(request)),
            "marked": lambda request: codec.to_plain(self.pack_at(_label(request))),
            "undo": lambda request: codec.to_plain(self.undo(_label(request))),
        }
        if name == "replica":
            return lambda request, client: self._replicate(client)
        work = known.get(name)
        return None if work is None else lambda request, client: work(request)

    def _replicate(self, control: socket.socket) -> None:
        user = self._root.removesuffix("root") + "ns/user"
        replica.serve(self._read_whole, self._rules, self._unchanged, user, self._to_init, control)

    def mark(self, label: str) -> bool:
        """Keep how the lab is now under that word; whether it is otherwise than at the last mark. OSError."""
        now = self.pack()
        with self._history.hold():
            last = self._history.last()
            has_changed = last is None or bool(differences(last.pack, now))
            self._history.add(Mark(label, last.pack if last and not has_changed else now))
        return has_changed

    def pack_at(self, label: str) -> Pack:
        """How it was at that mark. UnknownName, OSError."""
        with self._history.hold():
            return _find(self._history, lambda mark: mark.label == label, label)[1].pack

    def undo(self, label: str) -> Undone:
        """Go back to that mark, or without a word to the last that was otherwise; later ones are forgotten.

        UnknownName, BadInput, LabError, OSError.
        """
        now = self.pack()

        def is_wanted(mark: Mark) -> bool:
            return mark.label == label if label else bool(differences(mark.pack, now))

        with self._history.hold():
            number, there = _find(self._history, is_wanted, label)
            lines = differences(now, there.pack)
            if lines:
                self._unpack(there.pack, now)
            self._history.keep(number + 1)
        return Undone(there.label, tuple(lines[:MOST_TOLD]))

    def put_back(self) -> dict[str, Any]:
        """A twin as it was when it was made: as `reset` of a lab. LabError, OSError."""
        self._unpack(self._origin.read() or Pack(self._plan.name, nodes=(empty("host", "host"),)))
        for place in self._places():
            with suppress(OSError), place.hold() as namespace, Netfilter(namespace) as netfilter:
                netfilter.forget_connections()
        return {"way": "mended", "laps": {}}


def _label(request: Mapping[str, Any]) -> str:
    return str(request.get("label", ""))[:LONGEST_LABEL]


def _find(history: History, is_wanted: Callable[[Mark], bool], label: str) -> tuple[int, Mark]:
    """The newest that is, and its number. UnknownName where that word is none, BadInput."""
    labels = []
    for number, mark in history.latest():
        if is_wanted(mark):
            return number, mark
        labels.append(mark.label)
    if label:
        raise UnknownName(_("mark"), label, labels[::-1])
    raise BadInput(
        _("There is nothing to undo: the lab is as it was at every mark."),
        _("A mark is set before each cell, and by lab.mark(NAME)."),
    )


def _with_programs(found: Pack, made_of: Pack | None) -> Pack:
    """In a twin one process plays all listeners: whose they are in truth says what it was made of."""
    known = {
        (node.name, replace(each, program="")): each.program
        for node in (made_of.nodes if made_of else ())
        for each in node.listeners
    }
    nodes = [
        replace(
            node,
            listeners=tuple(
                replace(each, program=known.get((node.name, replace(each, program="")), each.program))
                for each in node.listeners
            ),
        )
        for node in found.nodes
    ]
    return replace(found, nodes=tuple(nodes))


def _leave_alone(nodes: Sequence[tuple[int, Sequence[Listener]]]) -> list[str]:
    """In a lab of somebody's own its listeners are programs."""
    return []
