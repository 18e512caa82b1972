"""A proof: a command that says something else while the fault is on than it does when that alone is gone.

    command = parse("iptables -nvL DOCKER-USER")          # or "if-test: ip route"
    is_about("firewall-drop", command)                    # it is one of those that show such a cause
    try_out("proof-1-0", fault, command)                  # run with the fault on and off, in a lab of its own

Of what it prints numbers that move from one run to the next count as moving, whatever they are: a counter
that stands still proves something, and the time of day does not.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from itertools import zip_longest

from netlab import faults
from netlab.errors import BadInput, CommandFailed, LabError, NetlabError
from netlab.faults.fault import Command, Fault, Symptom
from netlab.faults.measure import measure
from netlab.i18n import gettext as _
from netlab.keeper.launch import Confinement, ForkServer
from netlab.lab import Lab
from netlab.linux import polling
from netlab.model import Snapshot

APART = 1.1  # seconds from one run to the next: whatever the time of day moves has moved then
SECONDS = 4  # for one run of a command; what listens for packets is interrupted then
MOST_LINES, MOST_LETTERS = 150, 400  # of a proof that somebody is to read, and of the command
NODE = re.compile(r"([\w.-]+):\s+(?=\S)")
SHELL = re.compile(r"[;&|<>`\n]|\$\(")
# How one gets to another node: docker exec, ip netns exec, nsenter.
ENTRIES = (
    r"docker\s+exec\s+(-\S+\s+)*\S+",
    r"ip\s+netns\s+exec\s+\S+",
    r"nsenter(\s+-\S+(\s+@\S+)?)+",
    "sudo",
)
ENTRY = rf"(({'|'.join(ENTRIES)})\s+)*"
# What a command has to be about to show that cause. Several tools show the same table.
RULES = r"ip6?tables(?:-save)?|ebtables|nft"
ROUTES = r"ip(?: -\w+)* (?:r|ro|route|rule)"
LINKS = r"ip(?: -\S+)* (?:l|link|a|addr|address)|bridge|ethtool"
NEIGHBOURS = r"ip(?: -\S+)* (?:n|neigh|neighbour)|arp(?:ing)?"
SETTINGS = r"sysctl|cat /proc/sys/"
PACKETS = r"tcpdump|ping|tracepath|traceroute"
COUNTERS = r"cat /proc/net/|nstat|ip(?: -\S+)* -s|tc"
SOCKETS = r"ss|netstat"
CONNECTIONS = r"conntrack|cat /proc/(?:sys/)?net/\S*nf_conntrack"
SHOWN_BY = {
    "forwarding-off": (SETTINGS, COUNTERS),
    "firewall-drop": (RULES,),
    "no-route": (ROUTES,),
    "no-way-back": (RULES, PACKETS, ROUTES),
    "route-refuses": (ROUTES,),
    "wrong-route": (ROUTES, PACKETS),
    "no-neighbour": (NEIGHBOURS, PACKETS, ROUTES),
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
    "setting": (SETTINGS,),
    "nobody-there": (LINKS, RULES, NEIGHBOURS, PACKETS),
    "port-closed": (SOCKETS, PACKETS),
    "wrong-dnat": (RULES, PACKETS, CONNECTIONS),
    "wrong-snat": (RULES, PACKETS, CONNECTIONS),
    "beyond": (PACKETS,),
    "silent-program": (SOCKETS,),
    "conntrack-full": (CONNECTIONS, SETTINGS),
    "random-loss": (RULES, COUNTERS),
    "queue-full": (COUNTERS,),
    "ipv6-disabled": (SETTINGS, LINKS),
}
# Faults that hurt as most others do.
OTHERS = ("ip-forward-off", "docker-user-drop", "veth-down")

# What a command prints: each line without its numbers, and each of these with its place there.
Look = frozenset[tuple[str, int, str]]


@dataclass(frozen=True)
class Practice:
    """A fault that somebody is at work on, and what is known of the lab before they were."""

    fault: Fault
    before: Snapshot | None = None  # with the fault on
    reached: frozenset[tuple[str, str]] = frozenset()  # which node had answers from which address then
    proves: Callable[[Command], bool | None] = lambda command: None  # None: the second run is still to come


def parse(text: str) -> Command:
    """One command, as somebody names it: "NODE: WORDS", or words alone for the lab host. BadInput."""
    said = text.strip().removeprefix("!").strip()
    found = NODE.match(said)
    node, words = (found[1], said[found.end() :]) if found else ("host", said)
    if len(words) > MOST_LETTERS or SHELL.search(words):
        raise BadInput(
            _("That is more than one command."), _("Name the one that shows it, without ; | & < > or $( ).")
        )
    try:
        argv = tuple(shlex.split(words))
    except ValueError as error:
        raise BadInput(
            _("A quotation mark is not closed in {words}.").format(words=words), _("Close it.")
        ) from error
    if not argv:
        raise BadInput(_("That names no command."), _("For example: host: ip route"))
    return Command(node, argv)


def is_about(cause: str, command: Command) -> bool:
    """Whether it prints a table, a setting or a counter that can show that cause."""
    return rank(cause, command) is not None


def rank(cause: str, command: Command) -> int | None:
    """How directly it shows that cause, from 0; None if not at all."""
    words = " ".join(command.argv)
    tools = enumerate(SHOWN_BY[cause])
    return next((n for n, tool in tools if re.match(rf"{ENTRY}(\S*/)?({tool})\b", words)), None)


def generalize(command: Command, snapshot: Snapshot) -> Command:
    """With what is called otherwise in each lab, cables and processes, as the catalogue names it."""
    words = {}
    for node in snapshot.nodes:
        if node.pid:
            words[str(node.pid)] = f"@pid:{node.name}"
        for interface in node.interfaces:
            if interface.name == "eth0" and interface.peer and (end := snapshot.interface(interface.peer)):
                words[end.name] = f"@veth:{node.name}"
    return Command(command.node, tuple(words.get(word, word) for word in command.argv))


def look(lab: Lab, command: Command, symptom: Symptom) -> Look:
    """Run it twice while somebody tries what does not work; numbers that have moved from one run to the next
    are ↑. Nothing where it cannot be run, or prints more than somebody reads."""
    runs: list[list[str]] = []
    for _number in polling.looks(APART, APART):  # a clock tells nobody
        runs.append(run(lab, command, symptom))
        if len(runs) == 1:
            with suppress(LabError, OSError):  # what moves has moved then, whoever was the first before
                measure(lab, symptom)
    if len(runs) < 2:
        runs.append(run(lab, command, symptom))
    first, second = runs[:2]
    if max(len(first), len(second)) > MOST_LINES:
        return frozenset()
    return frozenset(part for pair in zip_longest(first, second, fillvalue="") for part in _parts(*pair))


def run(lab: Lab, command: Command, symptom: Symptom) -> list[str]:
    """Run it while somebody tries what does not work: the lines that it prints, none if it cannot be run."""
    ended = threading.Event()

    def try_it() -> None:
        with suppress(LabError, OSError):
            measure(lab, symptom)
            while not ended.is_set():
                measure(lab, symptom)

    trying = threading.Thread(target=try_it)
    trying.start()
    try:
        argv = ["timeout", "-s", "INT", "-k", "1", str(SECONDS), *faults.resolve(lab, command)]
        done = lab.run(argv, command.node, timeout=3 * SECONDS)
        return f"{done.stdout}\n{done.stderr}".splitlines()
    except (NetlabError, OSError, subprocess.TimeoutExpired):
        return []
    finally:
        ended.set()
        trying.join()


def _parts(one: str, other: str) -> Iterator[tuple[str, int, str]]:
    """The line's words, and its numbers: those that differ in the other run's line as ↑."""
    first, second = (re.split(r"(\d+)", " ".join(line.split())) for line in (one, other))
    words = "#".join(first[::2])
    yield words, 0, ""
    for place, (number, then) in enumerate(zip_longest(first[1::2], second[1::2]), 1):
        if number is not None:
            yield words, place, number if number == then or first[::2] != second[::2] else "↑"


def differ(on: Sequence[Look], off: Sequence[Look], others: Sequence[Look] = ()) -> bool:
    """Whether something is there each time while the fault is on and never without it, or the other way
    round. Of a number that moves in any of these looks, or in the `others`, it counts whether it does."""
    counters = {(words, place) for each in (*on, *off, *others) for words, place, said in each if said == "↑"}

    def whether_it_moves(each: Look) -> Look:
        return frozenset((w, p, "=" if (w, p) in counters and said != "↑" else said) for w, p, said in each)

    ours, theirs = ([whether_it_moves(each) for each in looks] for looks in (on, off))
    always_on, always_off = (reduce(Look.intersection, looks) for looks in (ours, theirs))
    ever_on, ever_off = (reduce(Look.union, looks) for looks in (ours, theirs))
    return bool((always_on - ever_off) | (always_off - ever_on))


def try_out(
    name: str,
    fault: Fault,
    command: Command,
    confined: Confinement | None = None,
    forkserver: ForkServer | None = None,
) -> bool:
    """Whether that command proves that fault: tried in a new lab of that name, where nobody else is at work.

    It is run with nothing but the fault put in and taken out again, twice, and with others in its place that
    hurt in the same way: what says the same then shows the symptom, and not the cause. LabError.
    """
    lab = Lab.up(name, confined=confined, forkserver=forkserver)
    try:
        faults.prepare(lab, fault)
        _lift_limits(lab)
        off, on = [look(lab, command, fault.symptom)], list[Look]()
        for _round in range(2):
            faults.inject(lab, fault)
            on.append(look(lab, command, fault.symptom))
            faults.cure(lab, fault)
            off.append(look(lab, command, fault.symptom))
            if not differ(on, off):
                return False
        others = [other for other in map(faults.find, OTHERS) if other.cause != fault.cause]
        return all(
            differ(on, seen, off) for other in others if (seen := _instead(lab, other, command, fault))
        )
    except CommandFailed:
        return False
    finally:
        with suppress(LabError):
            lab.down()


def _lift_limits(lab: Lab) -> None:
    """Have each packet's sender told why it goes no further. The kernel says so once a second, and what tries
    beside the command would use that up."""
    for node in ("host", "internet"):
        lab.run(["sysctl", "-eqw", "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0"], node)


def _instead(lab: Lab, other: Fault, command: Command, fault: Fault) -> list[Look]:
    """What it says while that other fault is on; nothing where that does not hurt in the same way."""
    try:
        faults.inject(lab, other)
        alike = not measure(lab, fault.symptom).healthy
        return [look(lab, command, fault.symptom) for _ in range(2)] if alike else []
    except CommandFailed:
        return []
    finally:
        with suppress(CommandFailed):
            faults.cure(lab, other)
