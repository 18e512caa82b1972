"""A replica in which cures are tried, one by one: what they do to the probes, and to everything else."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from netlab.diagnosis.flows import Flow, flows, working
from netlab.diagnosis.verdict import Cure, Experiment
from netlab.i18n import gettext as _
from netlab.lab.observable import Replicated

SECONDS = 0.1  # that an answer may take: everything is near
NSENTER = 4  # words before the command: nsenter -t PID -n
NOT_OF_THE_NETWORK = ("docker", "podman", "systemctl", "kill")  # what nobody who lives there could do


class Bench:
    """`order` says which probes, as netlab.packets.probe.Order does."""

    def __init__(self, replica: Replicated, source: str, destination: str, count: int, **order: Any) -> None:
        self.replica = replica
        self.experiments: list[Experiment] = []
        self.source, self.destination = source, destination
        self._count, self._order = count, order
        self._is_touched = False

    @property
    def flow(self) -> Flow:
        """What all this is about."""
        return Flow(self.source, self.destination, self._order["proto"], self._order["port"])

    @cached_property
    def worked(self) -> frozenset[Flow]:
        """What gets through as it is."""
        self.put_back()
        return working(self.replica, self._flows)

    @cached_property
    def _flows(self) -> tuple[Flow, ...]:
        return tuple(flow for flow in flows(self.replica.snapshot()) if flow != self.flow)

    def put_back(self) -> None:
        """As it was."""
        if self._is_touched:
            self.replica.put_back()
            self._is_touched = False

    def send(self) -> tuple[int, int]:
        """The probes, as the replica is now: how many were sent, and answered."""
        probe = self.replica.probe(self.source, self.destination, self._count, SECONDS, **self._order)
        return probe.sent, probe.received

    def shows_fault(self) -> bool:
        """Whether something is lost in the replica, too."""
        sent, answered = self.send()
        self.experiments.append(Experiment((), sent, answered))
        return answered < sent

    def apply(self, change: Sequence[Cure]) -> bool:
        """Whether each command of it went well; from the beginning on."""
        self.put_back()
        self._is_touched = bool(change)
        return all(self._run(step) for step in change)

    def heals(self, change: Sequence[Cure]) -> bool:
        """Whether with that alone all are answered, twice."""
        if not change or not all(can_be_tried(step) for step in change):
            return False
        went_well = self.apply(change)
        results = [self.send()]
        if went_well and results[0][0] == results[0][1]:
            results.append(self.send())
        self.experiments.append(Experiment(tuple(change), *map(sum, zip(*results, strict=True))))
        return went_well and len(results) == 2 and all(sent == got for sent, got in results)

    def effects(self, change: Sequence[Cure]) -> tuple[frozenset[Flow], frozenset[Flow]]:
        """(what worked and stops, what did not and is open) with that change."""
        before = self.worked
        self.apply(change)
        after = working(self.replica, self._flows)
        return before - after, after - before

    def _run(self, step: Cure) -> bool:
        argv = step.argv[NSENTER:] if step.within else step.argv
        return self.replica.run(argv, step.within or step.node).returncode == 0


def can_be_tried(step: Cure) -> bool:
    """Whether it is a command that changes a network, and no word for a person."""
    return bool(step.argv) and step.argv[0] not in NOT_OF_THE_NETWORK


def tell_effects(stops: frozenset[Flow], opens: frozenset[Flow]) -> tuple[str, ...]:
    """A sentence for each."""
    lines = [_("it stops {flow}, which worked").format(flow=flow) for flow in sorted(stops, key=str)]
    lines += [_("it opens {flow}").format(flow=flow) for flow in sorted(opens, key=str)]
    return tuple(lines)
