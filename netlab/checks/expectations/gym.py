"""Expectations of the gym: the symptom, the place, the cause, the proof and the cure of a fault.

Which fault it is follows from the bug report, which the learner's record holds as the answer to "report";
without one it is the fault that the lesson begins with. A grader does not ask: it knows whose fault it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from netlab import faults
from netlab.checks.expectations.answers import Saying, mistaken
from netlab.checks.expectations.reachability import is_answered
from netlab.checks.runner import Trouble
from netlab.checks.world import CONTAINER, HOST, OUTSIDE, World
from netlab.diagnosis.causes import CAUSES
from netlab.errors import BadInput, NetlabError
from netlab.faults import proof
from netlab.faults.fault import Fault, Symptom
from netlab.i18n import gettext as _
from netlab.lessons.questions import REPORT

PROBES = 20


def fault_of(world: World) -> Fault:
    """The fault that the learner is at work on."""
    if world.practice:
        return world.practice.fault
    return faults.find_reported(world.answers.get(REPORT, ""))


@dataclass(frozen=True, slots=True)
class SymptomSeen(Saying):
    """The learner has seen for himself how much is lost."""

    def describe(self) -> str:
        return _("what you measured: is every packet lost, or a part of them?")

    def mistake(self, world: World, given: str) -> Trouble | None:
        symptom = fault_of(world).symptom
        if given == ("some" if symptom.partial else "none"):
            return None
        return mistaken(
            "wrong-symptom",
            given,
            _("A bug report says what somebody believes. Measure it: 20 packets, not two."),
            f"docker exec {CONTAINER} ping -c 20 -i 0.1 -W 1 {symptom.destination}",
        )


@dataclass(frozen=True, slots=True)
class PlaceFound(Saying):
    """The learner named the interface that saw the packet last."""

    def describe(self) -> str:
        return _("the last interface that sees the packet, as NODE INTERFACE")

    def mistake(self, world: World, given: str) -> Trouble | None:
        try:
            right = faults.place(world.snapshot, fault_of(world))
            same = faults.same_place(world.snapshot, given, right)
        except NetlabError as error:
            return mistaken("no-such-place", given, error.what, "ip -br link")
        if same:
            return None
        return mistaken(
            "wrong-place",
            given,
            _("Either something further on saw it too, or this one never did."),
            _("with lab.capture() as seen: …, and then lab.timeline(seen)"),
        )


@dataclass(frozen=True, slots=True)
class CauseNamed(Saying):
    """The learner named the cause, by its code in labs/causes.md."""

    def describe(self) -> str:
        return _("the cause, by its code in causes.md")

    def mistake(self, world: World, given: str) -> Trouble | None:
        if given == fault_of(world).cause:
            return None
        if given not in CAUSES:
            return mistaken(
                "unknown-cause",
                given,
                _("That is none of the codes in causes.md."),
                _("for example: {causes}, …").format(causes=", ".join(sorted(CAUSES)[:6])),
            )
        return mistaken(
            "wrong-cause",
            f"{given} ({_(CAUSES[given].title)})",
            _("That would show like this: {shown_by} Here it does not.").format(
                shown_by=_(CAUSES[given].shown_by)
            ),
            _("Sysctls, routes, neighbours, firewall: read each at the place where the packet ends"),
        )


@dataclass(frozen=True, slots=True)
class ProofGiven(Saying):
    """The learner named a command that says something else while that fault is on than without it."""

    def describe(self) -> str:
        return _("a command that prints something else when the cause is gone")

    def mistake(self, world: World, given: str) -> Trouble | None:
        try:
            command = proof.generalize(proof.parse(given), world.snapshot)
        except BadInput as error:
            return mistaken("no-command", given, error.what, error.next_step)
        cause, practice = fault_of(world).cause, world.practice
        proves = proof.is_about(cause, command) and (practice.proves(command) if practice else None)
        if proves:
            return None
        if proves is None:
            return mistaken(
                "proof-again",
                given,
                _("What it prints with the fault on is noted. A proof prints something else without it."),
                _("Fix it first, then check this step again: the command is run once more"),
            )
        return mistaken(
            "no-proof",
            given,
            _("What that prints looks the same whether this is the cause or not."),
            _("Which command prints the very table, setting or counter that stops the packet?"),
        )


@dataclass(frozen=True, slots=True)
class Repaired:
    """What the bug report complains of is gone, and all else is there as before."""

    def describe(self) -> str:
        return _("what the bug report complains of is gone, and all that worked or was there before still is")

    def trouble(self, world: World) -> Trouble | None:
        return _rebuilt(world) or _sick(world) or _worse(world)


def _rebuilt(world: World) -> Trouble | None:
    """A new lab is no mended one: namespaces and cables are those that the fault was put into."""
    before = world.practice.before if world.practice else None
    if before is None:
        return None
    nodes = {node.netns for node in world.snapshot.nodes}
    there = {interface.id for _node, interface in world.snapshot.interfaces()}
    gone = [node.name for node in before.nodes if node.netns not in nodes]
    gone += [f"{node.name} {each.name}" for node, each in before.interfaces() if each.id not in there]
    if not gone:
        return None
    return Trouble(
        "rebuilt",
        _("{gone} is not there any more, or another one of the same name").format(gone=", ".join(gone[:4])),
        _("To rebuild everything is no fix: nobody knows what it was, and it comes back."),
        _("Begin again with the notebook's first cell, and change what your proof shows, nothing else"),
    )


def _sick(world: World) -> Trouble | None:
    """Whether the symptom is still there. The one who is asked has to see it, and to answer himself."""
    symptom = fault_of(world).symptom
    count = PROBES if symptom.partial else 2
    order: dict[str, Any] = {"proto": symptom.proto, "port": symptom.port, "size": symptom.size}
    try:
        probe = world.probe(symptom.source, symptom.destination, count, 1.0, **order)
        received = probe.received
    except (NetlabError, OSError):
        received = 0
    if received < count:
        return Trouble(
            "still-broken",
            _("{received} of {count} probes were answered").format(received=received, count=count),
            _("The symptom is still there. A cure changes what your proof has shown, and nothing else."),
            _("Show the cause once more: has it changed?"),
        )
    return _bypass(world, symptom, order)


def _bypass(world: World, symptom: Symptom, order: Mapping[str, Any]) -> Trouble | None:
    """Whether somebody else answers in the name of the one who is asked."""
    before = world.practice.before if world.practice else None
    owners = [node.name for node in (before or world.snapshot).nodes if node.owns(symptom.destination)]
    with suppress(NetlabError, OSError):
        if not owners or any(
            world.lab.is_witnessed(symptom.source, symptom.destination, owner, **order) for owner in owners
        ):
            return None
    return Trouble(
        "pretender",
        _("answers come back, and {owner} has not sent them").format(owner=", ".join(owners)),
        _("Something on the way answers in the name of {destination}.").format(
            destination=symptom.destination
        ),
        _("Take that away, and fix what stopped the packets"),
    )


def _worse(world: World) -> Trouble | None:
    """Whether something that worked while the fault was on does not any more."""
    reached = world.practice.reached if world.practice else frozenset()
    for node, address in sorted({(HOST, OUTSIDE), *reached}):
        if not is_answered(world, node, address):
            return Trouble(
                "host-cut-off" if node == HOST else "cut-off",
                _("{node} gets no answer from {address} any more").format(node=node, address=address),
                _("The cure has broken something that worked before."),
                "ip route show default; ip -br addr show eth0",
            )
    return None
