"""The keeper of a lab: process 1 of the lab's outer level, and the one lifeline of everything in it.
It owns `internet` and the quotas, starts the lab host one level down, and answers requests: at the machine's
door (everything), and at the lab host's (what a learner may ask). Each request is served by a forked child,
so that none can hold up or hurt the keeper. Its world is made by netlab.nursery.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from threading import Event
from typing import Any, NoReturn

from netlab import base, engines, events, herald, init, probe, record, sandbox, wire
from netlab.engines.protocol import LabHost, Say
from netlab.errors import LabDied, LabError, NetlabError, UnknownName
from netlab.language import gettext as _
from netlab.language import speaking
from netlab.limits import exceeded, for_children
from netlab.observe import Place, places, snapshot
from netlab.plan import ETC, Plan
from netlab.putback import End, Remembered, Restorer
from netlab.resets import Resets
from netlab.spawn import NAMESPACES, Loop, Spawner, start_daemon
from netlab.tree import Tree

# What may be asked from inside.
LEARNERS = ("status", "snapshot", "probe", "route", "capture", "tap", "watch", "monitor", "reset", "exec")


class Holder:
    """The keeper at work. `init` is the pid, here, of the lab host's process 1; `files` are the engine's."""

    def __init__(self, plan: Plan, doors: socket.socket, files: Sequence[int]) -> None:
        self.plan = plan
        self.engine = engines.engine(plan.engine)
        self.files = files
        self.loop = Loop()
        self.spawner = Spawner(self.loop)
        self.machine_door = doors
        self.to_init, theirs = socket.socketpair()
        with for_children(plan.limits):
            self.init = sandbox.spawn(sandbox.Identity.nested(), lambda: self._become_init(theirs))
        theirs.close()
        self.host = os.open(f"/proc/{self.init}/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def _become_init(self, keeper: socket.socket) -> NoReturn:
        self.machine_door.close()
        for fd in self.files:
            os.close(fd)
        here = [Tree(tree.path, tree.writable) for tree in self.plan.trees]
        init.main(keeper, self.engine, self.plan.python, ETC, here, self.plan.limits)

    def build(self, say: Say) -> None:
        """Lay out the base lab: while the lab host furnishes itself, if the engine runs nothing for that."""
        base.build(self.host)
        if self.engine.lasting:
            self._lay_out(say)
        answer, fds = wire.receive(self.to_init)
        if not answer["ready"]:
            raise LabError(
                _("The lab host could not be set up: {error}.").format(error=answer["error"]),
                _("Look at: ./run doctor"),
            )
        self.learners_door = socket.socket(fileno=fds[0])
        if not self.engine.lasting:
            self._lay_out(say)

    def _lay_out(self, say: Say) -> None:
        self.engine.lay_out(self._lab_host(), self.files, say)
        self.baseline = base.baseline(self.host)  # before anybody can have changed anything
        self.remembered = Remembered()
        with closing(End(self.host)) as host, closing(End(None)) as internet:
            self.remembered.write([host.look(), internet.look()])

    def _lab_host(self) -> LabHost:
        return LabHost(self.init, self.host, partial(start_daemon, self.to_init))

    # -- serving ------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Answer until the lab ends."""
        self.resets = Resets(self._fork, partial(self._answer, "reset"), self._restorer, self.to_init)
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        gc.freeze()  # a child that collects garbage would copy every page it looks at
        if self.plan.limits and self.plan.limits.memory:
            self._fork(self._end_when_exceeded)
        self.loop.watch_children(self._reap)
        self.loop.watch(self.machine_door, lambda: self._accept(self.machine_door, learner=False))
        self.loop.watch(self.learners_door, lambda: self._accept(self.learners_door, learner=True))
        self.loop.run()

    def _end_when_exceeded(self) -> None:
        """In a child: end the lab when it takes too much, and leave a word in the keeper's log."""
        assert self.plan.limits
        why = exceeded(self.plan.limits, Event().wait)
        print(_("The lab was ended: {why}.").format(why=why), file=sys.stderr, flush=True)
        os.kill(self.init, signal.SIGKILL)

    def _reap(self) -> None:
        if any(pid == self.init for pid, _ in self.spawner.reap()):
            os._exit(0)  # without its host there is no lab

    def _accept(self, door: socket.socket, *, learner: bool) -> None:
        client = door.accept()[0]
        client.settimeout(5)  # a client that says nothing must not hold us up for good
        fds: list[int] = []
        try:
            request, fds = wire.receive(client)
            client.settimeout(None)
            with speaking(str(request.get("language", ""))):
                if self._served(request, fds, client, learner=learner):
                    fds = []
        except (wire.Closed, OSError, KeyError, TypeError, ValueError, AttributeError):
            client.close()
        finally:
            for fd in fds:  # kept open here, they would keep the client's readers waiting
                os.close(fd)

    def _served(
        self, request: dict[str, Any], fds: list[int], client: socket.socket, *, learner: bool
    ) -> bool:
        """Do what is asked for, or tell the error; whether the descriptors have found their user."""
        operation = str(request["op"])
        try:
            if learner and operation not in LEARNERS:
                raise LabError(
                    _("{operation!r} cannot be asked for from inside the lab.").format(operation=operation),
                    _("Ask on the machine."),
                )
            if operation == "down":
                self._end(client)
            if operation == "exec":
                self._exec(request, fds, client, learner=learner)
                return True
            if operation == "reset" and self.engine.lasting:
                self.resets.pass_on(request, client)
            else:
                self._fork(lambda: self._answer(operation, request, client))
            client.close()
        except NetlabError as error:
            wire.complain(client, error)
        return False

    def _end(self, client: socket.socket) -> NoReturn:
        """End the lab: whoever asked for it is told when nothing can stop it any more, and can wait."""
        try:
            lab_host = os.pidfd_open(self.init)  # readable when the last process there has ended
            os.kill(self.init, signal.SIGKILL)
            self.machine_door.close()  # before the answer, so that the name is free when that is there
            wire.send(client, {"ok": True}, [lab_host])
        finally:
            os._exit(0)

    def _fork(self, work: Callable[[], None]) -> None:
        if os.fork():
            return
        try:
            for sock in (self.machine_door, self.learners_door, *self.spawner.running.values()):
                sock.close()  # a door would keep the lab's name taken, a client's be kept from its end
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            work()
        except BaseException:
            traceback.print_exc()  # into the keeper's log: nothing is lost
        finally:
            os._exit(0)

    def _answer(self, operation: str, request: Mapping[str, Any], client: socket.socket) -> None:
        """In a child: do one request and send its answer, or the error."""
        try:
            if not hasattr(self, f"_do_{operation}"):
                raise UnknownName(_("request"), operation, LEARNERS)
            result = getattr(self, f"_do_{operation}")(request, client)
            wire.send(client, {"ok": result}, values=True)
        except NetlabError as error:
            wire.complain(client, error)
        except OSError as error:
            kind = LabError if os.path.exists(f"/proc/{self.init}/ns/net") else LabDied  # it is ending
            wire.complain(
                client,
                kind(
                    _("The lab could not do {operation}: {error}.").format(operation=operation, error=error),
                    _("Look at: ./run status"),
                ),
            )

    def _do_status(self, _: Mapping[str, Any], __: socket.socket) -> dict[str, Any]:
        found = [(place.name, place.kind) for place in places(self.init, self.engine)]
        about = self.engine.about(f"/proc/{self.init}/root")
        return {"name": self.plan.name, "engine": self.engine.name, "about": about, "nodes": found}

    def _do_snapshot(self, _: Mapping[str, Any], __: socket.socket) -> Any:
        return snapshot(self.plan.name, self.init, self.engine)

    def _do_probe(self, request: Mapping[str, Any], _: socket.socket) -> Any:
        return probe.send(self._place(str(request["node"])).path, probe.Order.parse(request))

    def _do_route(self, request: Mapping[str, Any], _: socket.socket) -> tuple[str, str]:
        return probe.route(self._place(str(request["node"])).path, list(map(str, request["words"])))

    def _do_capture(self, request: Mapping[str, Any], client: socket.socket) -> list[int]:
        paths = self._paths()
        points = [(paths[int(netns)], int(index)) for netns, index in request["points"]]
        self.rings = record.open_all(dict(enumerate(points)))  # open until this child has answered
        return record.serve(client, self.rings)

    def _paths(self) -> dict[int, str]:
        return {place.netns: place.path for place in places(self.init, self.engine)}

    def _do_tap(self, _: Mapping[str, Any], client: socket.socket) -> bool:
        return record.follow(client, self._paths)

    def _do_watch(self, _: Mapping[str, Any], client: socket.socket) -> bool:
        return events.serve(client, self.plan.name, lambda: places(self.init, self.engine))

    def _do_monitor(self, _: Mapping[str, Any], client: socket.socket) -> bool:
        return herald.serve(client, lambda: places(self.init, self.engine))

    def _do_reset(self, request: Mapping[str, Any], _: socket.socket) -> dict[str, Any]:
        return self.resets.put_back(str(request.get("way", "kept")))

    def _restorer(self) -> Restorer:
        return Restorer(self.engine, self._lab_host(), self.files, self.baseline, self.remembered)

    def _place(self, name: str) -> Place:
        known = places(self.init, self.engine)
        for place in known:
            if name == place.name or name in place.aliases:
                return place
        raise UnknownName(_("node"), name, [place.name for place in known])

    def _exec(self, request: dict[str, Any], fds: list[int], client: socket.socket, *, learner: bool) -> None:
        node = str(request.get("node", "host"))
        if node == "host":  # by far the most: nothing needs to be looked for
            return self._pass_on(request, fds, client, {})
        place = self._place(node)
        if place.kind == "internet":
            if learner:
                raise LabError(
                    _("internet is out of the learner's reach."),
                    _("On the machine: ./run exec --node internet"),
                )
            self.spawner.start(request, fds, client)
            return
        if place.kind == "container":
            enter = {kind: f"/proc/{place.pid}/ns/{kind}" for kind in NAMESPACES}
        else:
            name = f"/run/netns/{(place.aliases or (place.name,))[0]}"
            enter = {"net": f"/proc/{place.pid}/ns/net" if place.pid else name}
        self._pass_on(request, fds, client, enter)

    def _pass_on(self, request: dict[str, Any], fds: list[int], client: socket.socket, enter: Any) -> None:
        """Have the lab host's process 1 start it, in those namespaces."""
        request = {**request, "op": "exec", "enter": enter, "outlives": False}
        wire.send(self.to_init, request, [client.fileno(), *fds])
        client.close()
        for fd in fds:
            os.close(fd)
