"""Expectations of the gym: the symptom, the place, the cause, the proof and the cure of a fault.

Which fault it is follows from the bug report, which the learner's record holds as the answer to "report";
without one it is the fault that the lesson begins with. A grader does not ask: it knows whose fault it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from netlab import faults
from netlab.checks.expectations.answers import Saying, mistaken
from netlab.checks.expectations.reachability import is_answered
from netlab.checks.runner import Trouble
from netlab.checks.world import CONTAINER, HOST, OUTSIDE, World
from netlab.diagnosis.causes import CAUSES
from netlab.errors import NetlabError
from netlab.faults.fault import Fault
from netlab.i18n import gettext as _
from netlab.lessons.questions import REPORT

PROBES = 20
# What a command has to be about to show that cause. Several tools show the same table.
RULES = r"\b(ip6?tables|ebtables|nft)\b"
ROUTES = r"\bip( -\w+)* (r|ro|route|rule)\b"
LINKS = r"\bip( -\S+)* (l|link|a|addr|address)\b|\bbridge\b|\bethtool\b"
NEIGHBOURS = r"\bip( -\S+)* (n|neigh|neighbour)\b|\barp(ing)?\b"
SETTINGS = r"\bsysctl\b|/proc/sys/"
PACKETS = r"\btcpdump\b|\bping\b|\btracepath\b|\bcapture\b"
COUNTERS = r"/proc/net/|\bnstat\b|\bip( -\S+)* -s\b|\btc\b"
SOCKETS = r"\bss\b|\bnetstat\b"
TABLE_OF_CONNECTIONS = r"\bconntrack\b|nf_conntrack"
SHOWN_BY = {
    "forwarding-off": (SETTINGS, COUNTERS),
    "firewall-drop": (RULES,),
    "no-route": (ROUTES,),
    "no-way-back": (RULES, PACKETS, ROUTES),
    "route-refuses": (ROUTES,),
    "wrong-route": (ROUTES, PACKETS),
    "no-neighbour": (NEIGHBOURS, PACKETS),
    "wrong-neighbour": (NEIGHBOURS, PACKETS),
    "interface-down": (LINKS,),
    "no-address": (LINKS,),
    "wrong-address": (LINKS, ROUTES, PACKETS),
    "no-interface": (LINKS,),
    "wrong-prefix": (LINKS, ROUTES),
    "not-a-port": (LINKS,),
    "port-blocked": (LINKS,),
    "duplicate-address": (LINKS, NEIGHBOURS, PACKETS),
    "reverse-path": (SETTINGS, COUNTERS),
    "too-big": (LINKS, PACKETS, ROUTES, COUNTERS),
    "ttl-exceeded": (PACKETS, RULES, SETTINGS, COUNTERS),
    "no-proxy-arp": (SETTINGS, NEIGHBOURS, PACKETS),
    "arp-off": (LINKS, SETTINGS, NEIGHBOURS, PACKETS),
    "echo-ignored": (SETTINGS,),
    "nobody-there": (LINKS, RULES, NEIGHBOURS, PACKETS),
    "port-closed": (SOCKETS, PACKETS),
    "wrong-dnat": (RULES, PACKETS, TABLE_OF_CONNECTIONS),
    "wrong-snat": (RULES, PACKETS, TABLE_OF_CONNECTIONS),
    "beyond": (PACKETS,),
    "silent-program": (SOCKETS,),
    "conntrack-full": (TABLE_OF_CONNECTIONS, SETTINGS),
    "random-loss": (RULES, COUNTERS),
    "queue-full": (COUNTERS,),
    "ipv6-disabled": (SETTINGS, LINKS),
}


def fault_of(world: World) -> Fault:
    """The fault that the learner is at work on."""
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
    """The learner named a command that shows the cause."""

    def describe(self) -> str:
        return _("the command that shows it")

    def mistake(self, world: World, given: str) -> Trouble | None:
        if proves(fault_of(world).cause, given):
            return None
        return mistaken(
            "no-proof",
            given,
            _("What that prints looks the same whether this is the cause or not."),
            _("Which command prints the very table, setting or counter that stops the packet?"),
        )


def proves(cause: str, command: str) -> bool:
    """Whether a command prints what shows that cause."""
    return any(re.search(pattern, command) for pattern in SHOWN_BY[cause])


@dataclass(frozen=True, slots=True)
class Repaired:
    """What the bug report complains of is gone, and nothing else is broken."""

    def describe(self) -> str:
        return _("what the bug report complains of is gone, and the lab host still reaches the internet")

    def trouble(self, world: World) -> Trouble | None:
        symptom = fault_of(world).symptom
        count = PROBES if symptom.partial else 2
        try:
            probe = world.lab.probe(
                symptom.source,
                symptom.destination,
                count,
                proto=symptom.proto,
                port=symptom.port,
                size=symptom.size,
            )
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
        if not is_answered(world, HOST, OUTSIDE):
            return Trouble(
                "host-cut-off",
                _("the container is answered, and {host} gets no answer from {outside} any more").format(
                    host=HOST, outside=OUTSIDE
                ),
                _("The cure has broken something that worked before."),
                "ip route show default; ip -br addr show eth0",
            )
        return None
