"""A replica in which cures are tried, one by one: what they do to the probes, and to everything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from netlab.diagnosis.finding import Program
from netlab.diagnosis.flows import Flow, find_working_at_once, flows
from netlab.diagnosis.verdict import Cure, Experiment
from netlab.errors import LabError
from netlab.i18n import gettext as _
from netlab.lab.observable import Replicated
from netlab.model import Rule, Snapshot
from netlab.model.pack import Listener, Pack
from netlab.model.pack import Node as PackNode
from netlab.packets.walk import Met

SECONDS = 0.1  # that an answer may take: everything is near
QUICK = 0.06
SMALL = 56  # bytes
FEW = 2  # probes
BY_HANDLE = ("nft", "delete", "rule")
NSENTER = 4  # words before the command: nsenter -t PID -n
NOT_OF_THE_NETWORK = ("docker", "podman", "systemctl", "kill")  # what nobody who lives there could do


class Bench:
    """`order` says which probes, as netlab.packets.probe.Order does."""

    def __init__(self, replica: Replicated, source: str, destination: str, count: int, **order: Any) -> None:
        self.replica = replica
        self.experiments: list[Experiment] = []
        self.source, self.destination = source, destination
        self._count, self._order = count, order
        self._seen: Snapshot | None = None
        self._now: tuple[Cure, ...] | None = ()  # how it differs from the original; None: somehow
        self._loses_all = True
        self.remembers = False  # whether that heals, but for what the kernels were told about lost probes
        self._tried: dict[tuple[Cure, ...], tuple[bool, bool]] = {}  # whether it heals, and `remembers`
        self._measured: dict[tuple[Cure, ...], tuple[frozenset[Flow], frozenset[Flow]]] = {}

    @property
    def flow(self) -> Flow:
        """What all this is about."""
        return Flow(self.source, self.destination, self._order["proto"], self._order["port"])

    def adapt(self, seen: Snapshot, count: int) -> None:
        """To the network as it was looked at for the verdict, and to that many probes."""
        self._seen = seen
        if count != self._count:
            self._count = count
            self.experiments.clear()
            self._tried.clear()

    def shows_fault(self) -> bool:
        """Whether something is lost in the replica, too. Asked once."""
        if not self.experiments:
            self.put_back()
            sent, answered = self.send()
            self.experiments.append(Experiment((), sent, answered))
            self._loses_all = answered == 0
        first = self.experiments[0]
        return first.answered < first.sent

    @cached_property
    def walk(self) -> tuple[Met, ...] | None:
        """Which rules the probes meet, as it is; None where that cannot be told."""
        self.put_back()
        count = 1 if self._loses_all else self._count
        try:
            return tuple(self.replica.walk(self.source, self.destination, count, QUICK, **self._order))
        except LabError:
            return None

    def look_around(self) -> frozenset[Flow]:
        """What gets through as it is, beside the probes."""
        return self._worked

    @cached_property
    def _worked(self) -> frozenset[Flow]:
        self.put_back()
        return find_working_at_once(self.replica, self._flows, frozenset(self._flows))  # none is missed

    @cached_property
    def _flows(self) -> tuple[Flow, ...]:
        return tuple(flow for flow in flows(self.replica.snapshot()) if flow != self.flow)

    def put_back(self) -> None:
        """As it was."""
        if self._now != ():
            self.replica.put_back()
            self._now = ()

    def send(self) -> tuple[int, int]:
        """The probes, as the replica is now: how many were sent, and answered."""
        probe = self.replica.probe_anew(self.source, self.destination, self._count, SECONDS, **self._order)
        return probe.sent, probe.received

    def apply(self, change: Sequence[Cure]) -> bool:
        """Whether each command of it went well; from the beginning on."""
        if self._now == tuple(change) != ():
            return True
        self.put_back()
        return self._run(change)

    def _run(self, change: Sequence[Cure]) -> bool:
        self._now = None
        commands = [(step.within or step.node, step.argv[NSENTER * bool(step.within) :]) for step in change]
        commands = [(node, self._with_names(argv)) for node, argv in commands]
        if any(argv[: len(BY_HANDLE)] == BY_HANDLE for __, argv in commands):
            here = self.replica.snapshot()
            commands = [(node, self._with_handle(node, argv, here)) for node, argv in commands]
        went_well = all(self.replica.run(argv, node).returncode == 0 for node, argv in commands)
        self._now = tuple(change) if went_well else None
        return went_well

    def _with_names(self, argv: tuple[str, ...]) -> tuple[str, ...]:
        """Namespaces that are told by a process in them have none in the replica, but the same name."""
        pids = {str(node.pid): node.name for node in self._seen.nodes if node.pid} if self._seen else {}
        words = list(argv)
        for number, (before, word) in enumerate(pairwise(argv), 1):
            if before == "netns" and word in pids:
                words[number] = pids[word]
        return tuple(words)

    def _with_handle(self, node: str, argv: tuple[str, ...], here: Snapshot) -> tuple[str, ...]:
        """Rules of nft's have other numbers in the replica, and the same places."""
        if argv[: len(BY_HANDLE)] != BY_HANDLE or self._seen is None:
            return argv
        *words, handle = argv
        there = [rule.handle for rule in _rules(self._seen, node, argv)]
        number = there.index(int(handle)) if int(handle) in there else len(there)
        rules = _rules(here, node, argv)
        return (*words, str(rules[number].handle)) if number < len(rules) else argv

    def heals(self, change: Sequence[Cure]) -> bool:
        """Whether with that alone all are answered, without it not, and right after that with it again.
        The same is tried once."""
        key = tuple(change)
        if key not in self._tried:
            self.remembers = False
            self._tried[key] = self._heals(change), self.remembers
        healed, self.remembers = self._tried[key]
        return healed

    def _heals(self, change: Sequence[Cure]) -> bool:
        if not change or not all(can_be_tried(step) for step in change):
            return False
        sent, answered = self.send() if self.apply(change) else (1, 0)
        if sent == answered:
            self.put_back()
            control = self.send()
            self.experiments.append(Experiment((), *control))
            again = self.send() if control[1] < control[0] and self._run(change) else (1, 0)
            self.remembers = control[1] < control[0] and again[1] < again[0]
            sent, answered = sent + again[0], answered + again[1]
        self.experiments.append(Experiment(tuple(change), sent, answered))
        return sent == answered

    def passes_when_small(self) -> bool:
        """Whether nothing is changed, and short probes are answered."""
        self.put_back()
        order = {**self._order, "size": SMALL}
        probe = self.replica.probe_anew(self.source, self.destination, self._count, SECONDS, **order)
        return probe.received == probe.sent

    def heals_with(self, program: Program, change: Sequence[Cure]) -> bool:
        """Whether with that change, and with a program that listens, all are answered, and without it not."""
        self.apply(change)
        before, original = self.send(), self.replica.pack()
        listener = Listener(program.protocol, "::" if ":" in self.destination else "0.0.0.0", program.port)
        nodes = {node.name: node for node in original.nodes}
        there = nodes[program.node]
        nodes[program.node] = replace(there, listeners=(*_others(there, listener), listener))
        self.become(replace(original, nodes=tuple(nodes.values())))
        sent, answered = self.send()
        told = _("a program that listens on {proto} port {port}").format(
            proto=program.protocol, port=program.port
        )
        self.experiments.append(Experiment((*change, Cure(program.node, (told,))), sent, answered))
        return before[1] < before[0] and sent == answered

    def heals_as(self, wanted: Pack) -> bool:
        """Whether in that network as many probes as it takes to tell are answered: a queue that has just been
        made lets the first one pass."""
        self.become(wanted)
        count = FEW if self._loses_all else self._count
        probe = self.replica.probe_anew(self.source, self.destination, count, QUICK, **self._order)
        return probe.received == probe.sent

    def become(self, wanted: Pack) -> None:
        """Make the replica that network. LabError."""
        self._now = None
        self.replica.become(wanted)

    def effects(self, change: Sequence[Cure]) -> tuple[frozenset[Flow], frozenset[Flow]]:
        """(what worked and stops, what did not and is open) with that change. The same is tried once."""
        key = tuple(change)
        if key not in self._measured:
            self._measured[key] = self._measure(change)
        return self._measured[key]

    def _measure(self, change: Sequence[Cure]) -> tuple[frozenset[Flow], frozenset[Flow]]:
        before = self._worked
        self.apply(change)
        after = find_working_at_once(self.replica, self._flows, before)
        stops = before - after
        if stops:
            held = {a.address for __, i in self.replica.snapshot().interfaces() for a in i.addresses}
            stops = frozenset(flow for flow in stops if flow.destination in held)  # others are no address now
        return stops, after - before


def _others(node: PackNode, listener: Listener) -> tuple[Listener, ...]:
    """What listens there, but on that port."""
    port = (listener.protocol, listener.port)
    return tuple(each for each in node.listeners if (each.protocol, each.port) != port)


def _rules(snapshot: Snapshot, node: str, argv: tuple[str, ...]) -> tuple[Rule, ...]:
    """Those of the chain that a command of nft's is about."""
    family, table, name = argv[len(BY_HANDLE) : len(BY_HANDLE) + 3]
    chains = snapshot.node(node).chains
    key = ("native", family, table, name)
    found = (c.rules for c in chains if (c.backend, c.family, c.table, c.name) == key)
    return next(found, ())


def can_be_tried(step: Cure) -> bool:
    """Whether it is a command that changes a network, and no word for a person."""
    return bool(step.argv) and step.argv[0] not in NOT_OF_THE_NETWORK


def tell_effects(stops: frozenset[Flow], opens: frozenset[Flow]) -> tuple[str, ...]:
    """A sentence for each."""
    lines = [_("the cure stops {flow}, which worked").format(flow=flow) for flow in sorted(stops, key=str)]
    lines += [_("the cure also opens {flow}").format(flow=flow) for flow in sorted(opens, key=str)]
    return tuple(lines)
