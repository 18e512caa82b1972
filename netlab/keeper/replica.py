"""A network once more, to be tried on: namespaces in which nobody lives. They go when whoever asked hangs up.

One child of the keeper's makes them. It gives up its rights first, and goes on as root of the lab host alone.
Whoever asked sends it one socket for each request. What is asked there is what can be asked of a lab
(netlab.keeper.observations), and two things more: to become like a pack, and to run a command, which the lab
host's process 1 starts.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

from netlab.errors import LabError
from netlab.i18n import gettext as _
from netlab.keeper import burst, protocol, walk
from netlab.keeper import pack as reading
from netlab.keeper.known_rules import KnownRules
from netlab.keeper.observations import Observations
from netlab.keeper.places import Place
from netlab.keeper.populate import Order
from netlab.keeper.protocol import Command
from netlab.keeper.responder import Responder
from netlab.keeper.unpack import Workshop, unpack
from netlab.linux import netns, syscalls
from netlab.linux.netlink.netfilter import Netfilter
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.wiring import addresses, neighbours, settings
from netlab.linux.wiring.reconcile import Node, Refusals
from netlab.model import codec
from netlab.model.outside import empty
from netlab.model.pack import Pack
from netlab.packets import flight

SECONDS_OF_SILENCE = 120.0
SECONDS_TO_RUN = 10.0
SECONDS_TO_LAND, MOST_CHILDREN = 1.0, 64
MOST_PRINTED = 4096  # bytes of what a command said
ROLES = ("host", "internet")
FLUSH = "/proc/sys/net/ipv4/route/flush"


class Replica:
    """Its namespaces, by name; `unchanged` are the settings of a fresh one."""

    def __init__(
        self, original: Pack, rules: KnownRules, unchanged: Mapping[str, str], to_init: socket.socket
    ) -> None:
        self._original, self._rules, self._to_init = original, rules, to_init
        self._unchanged, self._reader = unchanged, settings.Reader(unchanged)
        self._places: dict[tuple[str, str], Place] = {}
        self._responder = Responder(fork)
        self._children = 0  # requests that are being answered
        self._is_fresh = True  # nothing has been done in any of them
        for role in ROLES:
            self._add(role, role)

    def _add(self, kind: str, name: str, aliases: tuple[str, ...] = ()) -> None:
        fd = netns.make()
        path = f"/proc/self/fd/{fd}"
        self._places[kind, name] = Place(path, os.fstat(fd).st_ino, name, kind, 0, aliases)

    def places(self) -> list[Place]:
        """Where each namespace is entered, in this process and in its children."""
        return list(self._places.values())

    def become(self, wanted: Pack) -> Pack:
        """As netlab.lab.Lab.become. BadInput, LabError, OSError."""
        read = self._read_fresh if self._is_fresh else self._read
        made_by = self.places, read, self._populate, self._responder.play, self._unchanged
        workshop = Workshop(*made_by, has_proxies=False, rules=self._rules)
        self._is_fresh = False
        return unpack(wanted, workshop)

    def forget(self) -> None:
        """What passing packets have left: connections, neighbours, entries of bridges. What had been learned
        in the network that this is of stays known. OSError."""
        for place in self.places():
            with place.hold() as namespace, RouteSocket(namespace) as kernel:
                known = self._original.node(place.name)
                neighbours.forget(kernel, known or empty(place.name, place.kind))
                with Netfilter(namespace) as netfilter:
                    netfilter.forget_connections()

    def read(self) -> Pack:
        """All of it, now."""
        return self._read(self.places())

    def _read(self, places: Sequence[Place]) -> Pack:
        return reading.read(self._original.name, places, self._reader, rules=self._rules)

    def _read_fresh(self, places: Sequence[Place]) -> Pack:
        """One of them, and all others like that: as they have just been made, they are alike."""
        found = self._read(places[:1])
        like = found.nodes[0]
        nodes = (replace(like, name=each.name, kind=each.kind, aliases=each.aliases) for each in places)
        return replace(found, nodes=tuple(nodes))

    def _populate(self, order: Order) -> None:
        """In place of the lab host's process 1, which gives a namespace a process: here none has any."""
        for key in order.ended:
            os.close(int(self._places.pop(key).path.rpartition("/")[2]))
        aliases: dict[str, tuple[str, ...]] = {}
        for alias, name in order.aliases:
            aliases[name] = (*aliases.get(name, ()), alias)
        for name, __ in order.containers:
            self._add("container", name, aliases.get(name, ()))
        for name in order.namespaces:
            self._add("netns", name)

    # -- requests, each on a socket of its own

    def serve(self, control: socket.socket) -> None:
        """Until whoever asked for it hangs up, or says nothing for too long."""
        control.settimeout(SECONDS_OF_SILENCE)
        while True:
            try:
                fds = socket.recv_fds(control, 1, 1)[1]
            except OSError:
                return
            if len(fds) != 1:
                return
            with socket.socket(fileno=fds[0]) as client, suppress(protocol.Closed):
                request, brought = protocol.receive(client, longest=protocol.MAX_REQUEST)
                self._serve({**request, "fds": brought}, client)
                for fd in brought:
                    os.close(fd)
            self._reap()

    def _serve(self, request: dict[str, Any], client: socket.socket) -> None:
        """What makes namespaces is done here, all else by a child."""
        operations = _Operations(self)
        operation = str(request.get("op"))
        if operation == "unpack":
            operations.answer(operation, request, client)
        else:
            fork(lambda: operations.answer(operation, request, client))
            self._children += 1

    def _reap(self) -> None:
        """The children that have ended; with too many of them, wait for one."""
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG if self._children < MOST_CHILDREN else 0)[0]:
                self._children -= 1

    def take_over(self, fds: Sequence[int]) -> Pack:
        """As netlab.keeper.twin.Twin.take_over; without a file, how it was at first."""
        return self.become(reading.from_file(fds)) if fds else self.put_back()

    def put_back(self) -> Pack:
        """As it was at first, and as if no packet had passed. BadInput, LabError, OSError."""
        built = self.become(self._original)
        self.forget()
        for place in self.places():
            node = built.node(place.name)
            with place.hold() as namespace, RouteSocket(namespace) as kernel:
                if node:
                    known = Node(namespace, kernel, node, Refusals())
                    known.neighbours()
                    known.fdb()
                with netns.enter(namespace), suppress(OSError):
                    Path(FLUSH).write_text("1")  # which paths take smaller packets only
        return built

    def run(self, words: object) -> tuple[int, str]:
        """Its exit status, and what it printed at first. LabError, BadInput, OSError.

        After "netns" the name of a node means the one in here, which has no name that ip-netns(8) knows.
        """
        command = Command.parse({"command": words}, (0,) * protocol.STREAMS)
        for place in self.places():
            with place.hold() as namespace:
                addresses.skip_detection(namespace)
        find = Observations(self._original.name, self.places).place
        printed, theirs = os.pipe2(os.O_CLOEXEC)
        null = os.open(os.devnull, os.O_RDWR)
        with ExitStack() as stack:
            for fd in (printed, null):
                stack.callback(os.close, fd)
            namespace = stack.enter_context(find(command.node).hold())
            argv, others = list(command.argv), list[int]()
            for number, (before, word) in enumerate(pairwise(argv), 1):
                if before == "netns" and any(word == place.name for place in self.places()):
                    argv[number] = f"/proc/self/fd/{protocol.STREAMS + len(others)}"
                    others.append(stack.enter_context(find(word).hold()))
            request = replace(command, argv=tuple(argv)).request({})
            status = self._start(request, [null, theirs, theirs, namespace, *others])
            os.close(theirs)
            os.set_blocking(printed, False)
            with suppress(BlockingIOError):
                return status, os.read(printed, MOST_PRINTED).decode(errors="backslashreplace")
        return status, ""

    def _start(self, request: Mapping[str, Any], fds: Sequence[int]) -> int:
        """Have the lab host's process 1 run it, and wait: its exit status. LabError."""
        ours, claimed = protocol.claim_pair()
        with ours, claimed:
            try:
                protocol.send(self._to_init, request, [claimed.fileno(), *fds], at_once=True)
                claimed.close()
                ours.settimeout(SECONDS_TO_RUN)
                protocol.read_claim(ours, "pid", protocol.PIDS)
                return protocol.read_claim(ours, "exit", protocol.EXITS)[0].said
            except (protocol.Closed, OSError):
                raise LabError(
                    _("{command} did not end within {seconds:.0f} s.").format(
                        command=" ".join(request["argv"]), seconds=SECONDS_TO_RUN
                    ),
                    _("Run it on the lab itself."),
                ) from None


class _Operations(Observations):
    """What can be asked of a replica."""

    def __init__(self, replica: Replica) -> None:
        super().__init__("", replica.places)
        self._known |= {
            "probe": self._probe_anew,
            "burst": self._burst,
            "walk": self._walk,
            "pack": lambda request, client: codec.to_plain(replica.read()),
            "unpack": lambda request, client: codec.to_plain(replica.take_over(request["fds"])),
            "run": lambda request, client: list(replica.run(request.get("command"))),
        }
        self._replica = replica

    def _burst(self, request: Mapping[str, Any], client: socket.socket) -> Any:
        """Many at once: see netlab.keeper.burst."""
        flights, seconds = flight.parse(request["flights"]), float(request["timeout"])
        if not 0 < seconds <= SECONDS_TO_LAND:
            raise ValueError("no such probe")
        with ExitStack() as stack:
            spaces = {place.name: stack.enter_context(place.hold()) for place in self._find()}
            for name in {each.node for each in flights}:
                self.place(name)
            found: list[flight.Landing] = []
            for start in range(0, len(flights), burst.AT_ONCE):
                if start:
                    self._replica.forget()
                found += burst.send(spaces, flights[start : start + burst.AT_ONCE], seconds)
            return codec.to_plain(flight.Landings(tuple(found)))

    def _walk(self, request: Mapping[str, Any], client: socket.socket) -> Any:
        """Which rules they meet, as if no packet had ever passed: see netlab.keeper.walk."""
        self._replica.forget()
        return codec.to_plain(walk.send(self._find(), self.place(str(request["node"])), request["order"]))

    def _probe_anew(self, request: Mapping[str, Any], client: socket.socket) -> Any:
        """As if no packet had ever passed: what is tried first decides nothing later."""
        if request.get("anew"):
            self._replica.forget()
        return self._probe(request, client)


def serve(
    pack: Callable[[], Pack],
    rules: KnownRules,
    unchanged: Mapping[str, str],
    user: str,
    to_init: socket.socket,
    control: socket.socket,
) -> NoReturn:
    """In a child of the keeper's: make it of that pack, of which `rules` are known then, say what is played,
    and serve. `user` is the path of the lab host's user namespace. BadInput, LabError, OSError."""
    original = pack()
    _give_up_rights(user)
    replica = Replica(original, rules, unchanged, to_init)
    built = replica.become(original)
    told = replace(built, nodes=())  # its remarks are what is of interest
    protocol.send(control, {"ok": codec.to_plain(told)})
    replica.serve(control)
    os._exit(0)


def _give_up_rights(user: str) -> None:
    """Be root of the lab host's level alone, in a network namespace of that level. OSError."""
    fd = os.open(user, os.O_RDONLY | os.O_CLOEXEC)
    syscalls.setns(fd, syscalls.CLONE_NEWUSER)
    os.close(fd)
    netns.go_to_fresh()


def fork(work: Callable[[], None]) -> None:
    """In a child, which ends after it."""
    if os.fork() == 0:
        try:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            work()
        finally:
            os._exit(0)
