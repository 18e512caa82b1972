"""The keeper of a lab: process 1 of the lab's outer level, and the one lifeline of everything in it.
It owns `internet` and the quotas, starts the lab host one level down, and answers requests: at the machine's
door (everything), and at the lab host's (what a learner may ask). Each request is served by a forked child,
so that none can hold up or hurt the keeper. Its world is made by netlab.keeper.forkserver.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from functools import partial
from typing import Any, NoReturn, Protocol

from netlab import engines
from netlab.display import printable
from netlab.engines import base_lab
from netlab.engines.protocol import Daemonless, LabHost, Say
from netlab.errors import LabError, NetlabError
from netlab.i18n import gettext as _
from netlab.i18n import speaking
from netlab.keeper import init, protocol
from netlab.keeper.doors import Door, is_from_the_lab, is_owner
from netlab.keeper.execute import Loop, Spawner, entrances, start_daemon
from netlab.keeper.operations import LEARNERS, TWINS, Operations
from netlab.keeper.places import places
from netlab.keeper.protocol import Command
from netlab.keeper.reset.restore import Baseline, NamespaceState, Restorer
from netlab.keeper.reset.worker import ResetWorker
from netlab.keeper.spec import LabSpec, etc_of_host
from netlab.keeper.worker import Worker
from netlab.linux import sysctl
from netlab.linux.limits import for_children, wait_until_exceeded
from netlab.linux.sandbox import unshare
from netlab.linux.sandbox.rootfs import BindMount
from netlab.linux.sysctl import make_room

MOST_REPLICAS = 4
MOST_CHILDREN = 256  # at once: each request that is not for a command is a process on the keeper"s level


class Closable(Protocol):
    """What a child of the keeper's lets go of."""

    def close(self) -> None: ...


class Keeper:
    """The keeper at work. `init` is the pid, here, of the lab host's process 1; `files` are the engine's."""

    def __init__(self, plan: LabSpec, doors: socket.socket, files: Sequence[int]) -> None:
        self.plan = plan
        self.engine = engines.engine(plan.engine)
        self.daemonless = self.engine if isinstance(self.engine, Daemonless) else None
        self.files = files
        self.loop = Loop()
        self.spawner = Spawner(self.loop)
        self.machine_door = doors
        self.to_init, theirs = socket.socketpair()
        with for_children(plan.limits):
            self.init = unshare.spawn(unshare.Identity.nested(), lambda: self._become_init(theirs))
        theirs.close()
        self.children: set[int] = set()
        self.replicas: set[int] = set()  # of those, the ones that keep a network of their own
        self.host = os.open(f"/proc/{self.init}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self.operations = Operations(
            self.plan.name, self.engine, self.init, self._put_back, lambda: self.twin
        )

    def _become_init(self, keeper: socket.socket) -> NoReturn:
        here = [BindMount(tree.path, tree.writable) for tree in self.plan.trees]
        init.main(keeper, self.engine, self.plan.python, etc_of_host(), here, self.plan.limits)

    def build(self, say: Say) -> None:
        """Lay out the base lab: while the lab host furnishes itself, if the engine runs nothing for that."""
        if not self.plan.bare:
            base_lab.build(self.host)
        if self.daemonless:
            self._lay_out(say)
        from netlab.keeper.twin import Twin  # while the lab host furnishes itself: it takes a while to load

        self._twin = Twin
        answer, fds = protocol.receive(self.to_init)  # nobody but us is in it yet
        if not answer.get("ready"):
            print(printable(answer.get("trace", "")), file=sys.stderr, flush=True)
            raise LabError(
                _("The lab host could not be set up: {error}.").format(error=answer.get("error")),
                _("Look at: ./run doctor"),
            )
        self.learners_door = socket.socket(fileno=fds[0])
        if not self.daemonless:
            self._lay_out(say)

    def _lay_out(self, say: Say) -> None:
        if self.plan.bare:
            sysctl.write_sysctls(base_lab.SYSCTLS, self.host)
            sysctl.write_sysctls(base_lab.SYSCTLS, None)
        else:
            self.engine.lay_out(self._lab_host(), self.files, say)
        # Before anybody can have changed anything: the lab host's settings, and internet's, which are the
        # same but for what a daemon has set.
        found = base_lab.baseline(self.host)
        self.baselines = found, found if self.daemonless else base_lab.baseline(None)
        self.remembered = Baseline()
        if self.plan.bare:
            return  # what a twin is put back to is a pack
        with closing(NamespaceState(self.host)) as host, closing(NamespaceState(None)) as internet:
            self.remembered.write([host.look(), internet.look()])

    def _lab_host(self) -> LabHost:
        return LabHost(self.init, self.host, partial(start_daemon, self.to_init))

    # -- serving ------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Answer until the lab ends."""
        self.resets = ResetWorker(
            self._fork, partial(self.operations.answer, "reset"), self._restorer, self.to_init
        )
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        answer = partial(self._handle, learner=False), partial(self._handle, learner=True)
        self.twins = Worker(
            self._fork,
            lambda request, client: self.operations.answer(str(request["op"]), request, client),
        )
        self.doors = (
            Door(self.machine_door, self.loop, is_owner(self.plan.owner), answer[0]),
            Door(self.learners_door, self.loop, is_from_the_lab, answer[1]),
        )
        make_room()
        find = partial(places, self.init, self.engine)
        self.twin = self._twin(
            self.plan, find, self._lab_host().root, self.engine, self.to_init, self.baselines[0]
        )
        self.twin.begin(self._fork)
        gc.freeze()  # a child that collects garbage would copy every page it looks at
        if self.plan.limits and self.plan.limits.memory:
            self._fork(self._end_when_exceeded)
        self.loop.watch_children(self._reap)
        self.loop.run(self._next_deadline)

    def _next_deadline(self) -> float | None:
        waits = [wait for door in self.doors if (wait := door.let_go_of_the_late()) is not None]
        return min(waits, default=None)

    def _end_when_exceeded(self) -> None:
        """In a child: end the lab when it takes too much, and leave a word in the keeper's log."""
        assert self.plan.limits
        why = wait_until_exceeded(self.plan.limits)
        print(_("The lab was ended: {why}.").format(why=why), file=sys.stderr, flush=True)
        os.kill(self.init, signal.SIGKILL)

    def _reap(self) -> None:
        ended = {pid for pid, _ in self.spawner.reap()}
        if self.init in ended:
            os._exit(0)  # without its host there is no lab
        self.children -= ended
        self.replicas -= ended

    def _handle(
        self, request: dict[str, Any], fds: list[int], client: socket.socket, *, learner: bool
    ) -> None:
        """Do what is asked for, or tell the error. The descriptors are for a command's streams."""
        try:
            with speaking(str(request.get("language", ""))):
                if self._serve(request, fds, client, learner=learner):
                    fds = []
                client.close()
        except (NetlabError, OSError) as error:
            with speaking(str(request.get("language", ""))):
                protocol.complain(client, error if isinstance(error, NetlabError) else _refusal(error))
        finally:
            for fd in fds:  # kept open here, they would keep the client's readers waiting
                os.close(fd)

    def _serve(
        self, request: dict[str, Any], fds: list[int], client: socket.socket, *, learner: bool
    ) -> bool:
        """Whether the descriptors have found their user. NetlabError, OSError."""
        operation = str(request.get("op"))
        if request.get("version") != protocol.VERSION and operation != "down":
            raise LabError(
                _("This lab was started by another version of netlab."),
                _("Start it again: ./run --lab {name} down, then up").format(name=self.plan.name),
            )
        if learner and operation not in LEARNERS:
            raise LabError(
                _("{operation!r} cannot be asked for from inside the lab.").format(operation=operation),
                _("Ask on the machine."),
            )
        if operation == "down":
            self._end(client)
        if operation == "exec":
            self._exec(Command.parse(request, fds), fds, client, learner=learner)
            return True
        is_replica = operation == "replica"
        if len(self.children) >= MOST_CHILDREN or (is_replica and len(self.replicas) >= MOST_REPLICAS):
            raise LabError(_("The lab has too much to do at once."), _("Try again in a moment."))
        if operation == "reset" and self.daemonless and not self.plan.bare:
            self.resets.pass_on({word: str(request.get(word, "")) for word in ("way", "language")}, client)
        elif operation in TWINS:
            self.twins.pass_on(request, client, fds)
        else:
            self._fork(
                lambda: self.operations.answer(operation, {**request, "fds": fds}, client),
                self.replicas if is_replica else None,
            )
        return False

    def _end(self, client: socket.socket) -> NoReturn:
        """End the lab: whoever asked for it is told when nothing can stop it any more, and can wait."""
        try:
            lab_host = os.pidfd_open(self.init)  # readable when the last process there has ended
            os.kill(self.init, signal.SIGKILL)
            self.machine_door.close()  # before the answer, so that the name is free when that is there
            protocol.send(client, {"ok": True}, [lab_host], at_once=True)
        finally:
            os._exit(0)

    def _fork(self, work: Callable[[], None], among: set[int] | None = None) -> None:
        if pid := os.fork():
            self.children.add(pid)
            if among is not None:
                among.add(pid)
            return
        try:
            kept: list[Closable] = [*self.doors, *self.spawner.running.values()]
            for each in kept:
                each.close()  # a door would keep the lab's name taken, a client's be kept from its end
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            work()
        except BaseException:
            traceback.print_exc()  # into the keeper's log: nothing is lost
        finally:
            os._exit(0)

    def _put_back(self, way: str) -> dict[str, Any]:
        return self.twin.put_back() if self.plan.bare else self.resets.put_back(way)

    def _restorer(self) -> Restorer:
        return Restorer(self.engine, self._lab_host(), self.files, self.baselines, self.remembered)

    def _exec(self, command: Command, fds: list[int], client: socket.socket, *, learner: bool) -> None:
        """Start it on its node. What becomes of it is said on a connection of its own, which the client gets:
        its other end is the lab host's to hold, and nothing else that is said here passes through it."""
        place = (
            None if command.node == "host" else self.operations.place(command.node)
        )  # most are for the host
        if place and place.kind == "internet" and learner:
            raise LabError(
                _("internet is out of the learner's reach."),
                _("On the machine: ./run exec --node internet"),
            )
        ours, theirs = protocol.claim_pair()
        with ours:
            if place and place.kind == "internet":
                self.spawner.start(command.request({}), fds, theirs)
            else:
                with theirs:
                    request = command.request(entrances(place.kind, place.pid, place.file) if place else {})
                    try:
                        protocol.send(self.to_init, request, [theirs.fileno(), *fds], at_once=True)
                    except BlockingIOError:
                        raise LabError(
                            _("The lab host takes no more commands: its process 1 does not read them."),
                            _("End the lab: ./run --lab {name} down").format(name=self.plan.name),
                        ) from None
                for fd in fds:
                    os.close(fd)
            with suppress(OSError):  # whoever asked has gone: then the command hears of it, too
                protocol.send(client, {"ok": True}, [ours.fileno()], at_once=True)


def _refusal(error: OSError) -> LabError:
    what = _("The lab could not do it: {error}.").format(error=error.strerror or error)
    return LabError(what, _("Look at: ./run status"))
