"""The gym's faults: a catalogue of what goes wrong in container networks, and how each is made and cured.

prepare(lab, fault)    the healthy lab that the fault starts from
inject(lab, fault)     break it
measure(lab, fault.symptom).shows(fault.symptom)
cure(lab, fault)       mend it
"""

from __future__ import annotations

import hashlib
import hmac
import random
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from netlab.diagnosis.verdict import CAUSES
from netlab.errors import BadInput, CommandFailed, look_up
from netlab.faults import levels
from netlab.faults.fault import STANDARD, Command, Fault
from netlab.faults.filters import FILTERS
from netlab.faults.links import LINKS
from netlab.faults.routes import ROUTES
from netlab.faults.sysctls import SYSCTLS
from netlab.i18n import gettext as _
from netlab.model import Snapshot

if TYPE_CHECKING:
    from netlab.lab import Lab

TWO = 100_000  # from this number on it stands for two faults at once
LARGEST = (1 << 63) - 1  # of the numbers that stand for a fault: what a note can hold
DIGITS = 18  # so many at most are read as a number
FIRST = "docker-user-drop"  # what the lesson of the gym begins with


def catalogue(*, inside: bool = False) -> tuple[Fault, ...]:
    """All faults; with `inside` those that can be made and cured without touching `internet`."""
    return tuple(fault for fault in LINKS + SYSCTLS + ROUTES + FILTERS if fault.inside or not inside)


def find(name: str) -> Fault:
    """The fault of that name; UnknownName."""
    return look_up(_("fault"), name, {fault.name: fault for fault in catalogue()})


def find_reported(report: str) -> Fault:
    """The fault of a bug report: of a number, or of a variant's seed; without either the gym's first."""
    if not report:
        return find(FIRST)
    return pick(report, inside=True)


def pick(seed: int | str, *, inside: bool = False) -> Fault:
    """The fault that belongs to a seed: the same each time; to a number from TWO on, two at once. Never one
    that is heavy.

    Nor, inside, one that only packets show that may not be cut: a sender remembers for minutes what it
    learned of the way's MTU, so that nobody could see the cure.

    A number is the same in digits: what a report says leads to the fault that was put in. BadInput.
    """
    if isinstance(seed, str) and seed.isdecimal() and len(seed) <= DIGITS:
        seed = int(seed)
    if not isinstance(seed, str):
        check_number(seed)
    if isinstance(seed, int) and seed >= TWO:
        return levels.join(*map(find, levels.PAIRS[seed % len(levels.PAIRS)]))
    return random.Random(seed).choice(drawable(inside=inside))


def check_number(number: object) -> None:
    """BadInput for what is no number that stands for a fault."""
    if type(number) is not int or not 0 <= number <= LARGEST:
        raise BadInput(
            _("No fault has that number: they are whole, from 0 to {largest}.").format(largest=LARGEST),
            _("For example lab.fault(7); without one the next fault is chosen for you."),
        )


def drawable(*, inside: bool = False) -> list[Fault]:
    """What a seed may stand for, but for the pairs."""
    light = [fault for fault in catalogue(inside=inside) if not fault.heavy]
    return [fault for fault in light if not (inside and fault.symptom.df)]


def number_of(fault: Fault, dice: random.Random, *, inside: bool = False) -> int:
    """Some number that stands for that fault, which can be drawn, or is a pair: its name need not be told."""
    names = [f"{first}+{second}" for first, second in levels.PAIRS]
    if fault.name in names:
        return TWO + len(names) * dice.randrange(1000) + -TWO % len(names) + names.index(fault.name)
    first = dice.randrange(TWO // 2)
    return next(n for n in range(first, TWO) if pick(n, inside=inside).name == fault.name)


def pairs() -> list[Fault]:
    """Two faults at once, as the last level has them."""
    return [levels.join(find(first), find(second)) for first, second in levels.PAIRS]


def draw(secret: bytes, learners_seed: str) -> Fault:
    """The fault that a learner's gym is graded with: nobody without the secret can tell which it is."""
    drawn = hmac.new(secret, f"gym {learners_seed}".encode(), hashlib.sha256)
    return pick(drawn.hexdigest(), inside=True)


def prepare(lab: Lab, fault: Fault) -> None:
    """Put the lab back and bring it to the healthy state that the fault starts from. CommandFailed."""
    lab.reset()
    perform(lab, STANDARD)
    perform(lab, fault.setup)


def inject(lab: Lab, fault: Fault) -> None:
    """Break it. CommandFailed."""
    perform(lab, fault.inject)


def cure(lab: Lab, fault: Fault) -> None:
    """Mend it, with the catalogue's own commands. CommandFailed."""
    perform(lab, fault.cure)


def perform(lab: Lab, commands: Iterable[Command]) -> None:
    """Run commands, each on its node, up to the first that fails."""
    for command in commands:
        argv = resolve(lab, command)
        done = lab.run(argv, command.node, timeout=120)
        if done.returncode:
            raise CommandFailed(
                _("On {node}, {argv} failed: {stderr}").format(
                    node=command.node, argv=" ".join(argv), stderr=(done.stderr or done.stdout).strip()
                ),
                _("The lab is not as it was meant to be; put it back: ./run reset"),
            )


def resolve(lab: Lab, command: Command) -> list[str]:
    """The command's words with @veth, @pid:NAME and @python replaced by what the kernel says now."""
    if not any(word.startswith("@") for word in command.argv):
        return list(command.argv)
    snapshot = lab.snapshot()
    return [_word(snapshot, word) for word in command.argv]


def place(snapshot: Snapshot, fault: Fault) -> str:
    """Where that fault's packet is last seen, with the interface's real name."""
    return " ".join(_word(snapshot, word) for word in fault.where.split())


def same_place(snapshot: Snapshot, said: str, right: str) -> bool:
    """Whether NODE INTERFACE is that place; one without a node is the lab host's, as for captures.

    UnknownName for what is not there.
    """
    node, _, interface = said.strip().rpartition(" ")
    if not node and snapshot.has_node(interface):
        return snapshot.node(interface).name == right
    found = snapshot.node(node or "host")
    return f"{found.name} {found.interface(interface).name}" == right


def _word(snapshot: Snapshot, word: str) -> str:
    kind, __, name = word.partition(":")
    if kind == "@python":
        return sys.executable
    if kind == "@pid":
        return str(snapshot.node(name).pid)
    if kind == "@veth":
        peer = snapshot.node(name or "if-test").interface("eth0").peer
        found = snapshot.interface(peer) if peer else None
        if found is None:
            raise CommandFailed(
                _("The cable of {name} has no other end.").format(name=name or "if-test"), "./run reset"
            )
        return found.name
    return word


def title(fault: Fault) -> str:
    """What it is, in the words of a verdict."""
    return _(CAUSES[fault.cause].title)
