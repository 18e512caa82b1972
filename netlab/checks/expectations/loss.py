"""Expectations about loss: enough probes that nobody who has cured it is unlucky, and nobody else is lucky.

When something is lost, clues look for what is known to do it.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from netlab.checks.expectations.bridge import find_chain
from netlab.checks.expectations.reachability import Clue
from netlab.checks.runner import Trouble
from netlab.checks.world import CONTAINER, HOST, World
from netlab.errors import NetlabError
from netlab.i18n import gettext as _
from netlab.packets.probe import Probe

WAIT = 0.3  # seconds for the last answer; inside a lab it takes well under a millisecond


@dataclass(frozen=True, slots=True)
class NothingLost:
    """Of so many probes from that node every one is answered, and soon."""

    node: str
    destination: str
    count: int
    interval: float = 0.0  # seconds between two echo requests
    size: int = 56
    port: int = 0  # not 0: TCP connections to that port, all at once
    slow: float = 0.0  # not 0: milliseconds that no answer may take
    flaps: bool = False  # a link may go away: the lost ones then come in runs
    clues: tuple[Clue, ...] = ()

    def describe(self) -> str:
        words = _("none of {count} probes from {node} to {destination} is lost")
        if self.port:
            words = _("all of {count} connections at once from {node} to {destination} are taken")
        return words.format(count=self.count, node=self.node, destination=self.destination)

    def trouble(self, world: World) -> Trouble | None:
        probe = self._probe(world)
        if probe and probe.received == self.count and not self._waits(probe):
            return None
        trouble = self._why(world, probe)
        # Some were answered: a measurement is not repeated until it pleases.
        return replace(trouble, settled=True) if probe and sometimes(probe) else trouble

    def _why(self, world: World, probe: Probe | None) -> Trouble:
        if probe and self._waits(probe):
            return longer_queue(max(probe.round_trips_ms))
        outcomes = probe.outcomes if probe else ()
        longest = max((len(list(run)) for came, run in groupby(outcomes) if not came), default=0)
        if self.flaps and True in outcomes and longest >= IN_A_ROW:
            return in_runs(longest, self.count)
        for clue in self.clues:
            if trouble := clue(world):
                return trouble
        return Trouble(
            "still-lost",
            _("{received} of {count} probes from {node} to {destination} were answered").format(
                received=probe.received if probe else 0,
                count=self.count,
                node=self.node,
                destination=self.destination,
            ),
            _("Look at the row of probes first, then at the counters, before and after."),
            f'lab.loss("{self.node}", "{self.destination}", {self.count})',
        )

    def _waits(self, probe: Probe) -> bool:
        return bool(self.slow) and max(probe.round_trips_ms, default=0.0) > self.slow

    def _probe(self, world: World) -> Probe | None:
        """What came of them; None where the node is not there."""
        order: dict[str, Any] = {"interval": self.interval, "size": self.size}
        if self.port:
            order = {"proto": "tcp", "port": self.port, "hold": True}
        with suppress(NetlabError, OSError):
            return world.lab.probe(self.node, self.destination, self.count, WAIT, **order)
        return None


IN_A_ROW = 5  # lost probes: a fraction of the shortest time that the link is away


def sometimes(probe: Probe) -> bool:
    """Whether one was lost after another had been answered."""
    came = probe.outcomes
    return True in came and False in came[came.index(True) :]


def longer_queue(longest: float) -> Trouble:
    """The trouble of a queue that was made longer; `longest` is the slowest answer, in milliseconds."""
    return Trouble(
        "longer-queue",
        _("answers took up to {longest:.0f} ms, and still not all came").format(longest=longest),
        _(
            "Fewer packets are thrown away, and they wait instead: a longer queue turns loss into delay. "
            "The line is as slow as before."
        ),
        "tc -s qdisc show dev eth1",
    )


def in_runs(longest: int, count: int) -> Trouble:
    """The trouble of a link that goes away and comes back: so many probes in a row were lost."""
    return Trouble(
        "still-flapping",
        _("of {count} probes, {longest} in a row were lost, and others were answered").format(
            count=count, longest=longest
        ),
        _("Something goes away and comes back. What was set by hand lasts until it goes away again."),
        "ip monitor link",
    )


def dice(world: World) -> Trouble | None:
    """A rule throws dice for each packet that is forwarded."""
    chain = find_chain(world, "filter", "DOCKER-USER")
    rules = chain.rules if chain else ()
    for number, rule in enumerate(rules):
        found = re.search(r"--mode random --probability ([\d.]+)", rule.text)
        if not found or rule.target != "DROP":
            continue
        said = _("the chain DOCKER-USER holds the rule “{rule}”").format(rule=rule.text)
        delete = f"iptables -D DOCKER-USER {rule.text}"
        if float(found[1]) < LOADED:
            hint = _("It throws its dice more kindly, and still throws. Ten probes would not have told you.")
            return Trouble("less-loss", said, hint, delete)
        if any(later.target == "ACCEPT" for later in rules[number + 1 :]):
            hint = _("Rules are asked from the top. Whom this one drops never gets to the one below it.")
            return Trouble("too-late", said, hint, delete)
        return Trouble("dice", said, _("Every fifth packet or so is dropped by it, by chance."), delete)
    return None


LOADED = 0.15  # a smaller probability than the lesson's 0.2 was typed by the learner


def few_ports(world: World) -> Trouble | None:
    """A rule leaves the container's connections few source ports."""
    chain = find_chain(world, "nat", "POSTROUTING")
    for rule in chain.rules if chain else ():
        found = re.search(r"--to-(?:ports|source) \S*?(\d+)-(\d+)", rule.text)
        if not found:
            continue
        number = int(found[2]) - int(found[1]) + 1
        said = _("the rule “{rule}” leaves {number} source ports").format(rule=rule.text, number=number)
        delete = f"iptables -t nat -D POSTROUTING {rule.text}"
        if number > PORTS:
            hint = _("More than before, so that it takes longer until somebody complains.")
            return Trouble("more-ports", said, hint, delete)
        hint = _("One connection to the same server takes one port, until its note is gone.")
        return Trouble("few-ports", said, hint, delete)
    return None


PORTS = 4  # that the lesson leaves


@dataclass(frozen=True, slots=True)
class PortUp:
    """A clue: that interface of the lab host is there, a port of docker0, and up."""

    name: str

    def __call__(self, world: World) -> Trouble | None:
        port = world.interface(HOST, self.name)
        if port is None:
            return Trouble(
                "cable-gone",
                _("the lab host has no interface {name}").format(name=self.name),
                _("What flaps can be ended by cutting the cable. The shop would have liked to keep it."),
                _("Run the notebook's first cell again: it makes a new cable"),
            )
        if port.master != "docker0":
            return Trouble(
                "not-a-port",
                _("{name} is not plugged into docker0").format(name=self.name),
                _("Without a master it leads to the lab host alone, and there nobody is 172.17.0.7."),
                f"ip link set {self.name} master docker0",
            )
        return None


def port_down(world: World) -> Trouble | None:
    """veth_shop is down, and stays so."""
    port = world.interface(HOST, "veth_shop")
    if port is None or port.is_up:
        return None
    return Trouble(
        "port-down",
        _("veth_shop is down"),
        _("If the program was caught at a moment when it had just set it down, nobody sets it up again."),
        "ip link set veth_shop up",
    )


@dataclass(frozen=True, slots=True)
class OneOwner:
    """One machine holds the address, and it is the one that it belongs to."""

    address: str
    owner: str

    def describe(self) -> str:
        return _("{owner} holds {address}, and nobody else").format(owner=self.owner, address=self.address)

    def trouble(self, world: World) -> Trouble | None:
        holders = [node.name for node in world.snapshot.nodes if node.owns(self.address)]
        if holders == [self.owner]:
            return None
        if self.owner in holders:
            return Trouble(
                "duplicate",
                _("{address} is held by {holders}").format(
                    address=self.address, holders=_(" and by ").join(holders)
                ),
                _("Whoever asks who has it gets two answers. Which one he believes is luck, and it changes."),
                f"ip -n {next(name for name in holders if name != self.owner)} addr",
            )
        return Trouble(
            "wrong-owner",
            _("{owner} has not got {address} any more").format(owner=self.owner, address=self.address),
            _("One of the two had to lose it: not the one with the server."),
            f"ip -n {self.owner} addr add {self.address}/16 dev eth0",
        )


@dataclass(frozen=True, slots=True)
class OldNote:
    """A clue: the lab host, or if-test, has noted another MAC address than the owner's."""

    address: str
    owner: str

    def __call__(self, world: World) -> Trouble | None:
        eth0 = world.interface(self.owner, "eth0")
        for name in (HOST, CONTAINER):
            node = world.node(name)
            notes = [n for n in node.neighbours if n.address == self.address and n.mac] if node else []
            if eth0 and any(note.mac != eth0.mac for note in notes):
                return Trouble(
                    "old-note",
                    _("{name} has noted {mac} for {address}, which is not {owner}'s").format(
                        name=name, mac=notes[0].mac, address=self.address, owner=self.owner
                    ),
                    _("Nobody has two addresses any more, and the old answer is still believed."),
                    f"ip neigh show {self.address}; ip neigh flush dev docker0",
                )
        return None
