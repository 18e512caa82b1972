"""A fault that is being practised: put into a lab, kept in mind without its name, and taken out again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from netlab import faults
from netlab.errors import BadInput, CommandFailed
from netlab.faults.fault import INTERNET, Command, Fault
from netlab.faults.measure import WAIT, Outcome, measure
from netlab.i18n import gettext as _
from netlab.keeper import address
from netlab.linux import files
from netlab.model import codec

if TYPE_CHECKING:
    from netlab.faults.proof import Practice
    from netlab.lab import Lab

SECONDS = 5.0  # until a server listens and an address is ready
NOTE, TOLD, LARGEST = "fault.json", "report.json", 1 << 12
GATEWAY = "172.17.0.1"
INSIDE = Path("/run/netlab")  # each side keeps its own note


@dataclass(frozen=True, slots=True)
class Exercise:
    """A fault in a lab. It counts as long as the if-test that it was made for lives: a reset ends it."""

    fault: Fault
    netns: int


def begin(lab: Lab, *, name: str = "", seed: int | str | None = None, inside: bool = False) -> Exercise:
    """Put the lab back, make sure that it is healthy, break it, and make sure that it shows.

    By name, or by seed; of a seeded one only the seed is written down. UnknownName, BadInput, CommandFailed.
    """
    fault = faults.find(name) if seed is None else faults.pick(seed, inside=inside)
    if inside and not fault.inside:
        raise BadInput(
            _("{name} needs internet, which is out of reach inside of the lab.").format(name=fault.name),
            _("On the machine: ./run --lab {name} fault inject {fault_name}").format(
                name=lab.name, fault_name=fault.name
            ),
        )
    faults.prepare(lab, fault)
    healthy = until(lab, fault, lambda outcome: outcome.healthy)
    if not healthy.healthy:
        raise CommandFailed(
            _("The lab is sick before anything was broken: {received} of {sent} answered.").format(
                received=healthy.received, sent=healthy.sent
            ),
            _("Look at: ./run doctor"),
        )
    faults.inject(lab, fault)
    sick = until(lab, fault, lambda outcome: outcome.shows(fault.symptom))
    if not sick.shows(fault.symptom):
        raise CommandFailed(
            _("The fault does not show: {received} of {sent} probes were answered.").format(
                received=sick.received, sent=sick.sent
            ),
            _("./run reset, then another one: ./run fault list"),
        )
    exercise = Exercise(fault, lab.snapshot().node("if-test").netns)
    which = {"name": name} if seed is None else {"seed": seed, "inside": inside}
    files.replace(str(_notes(lab)), NOTE, codec.encode({**which, "netns": exercise.netns}))
    return exercise


def current(lab: Lab) -> Exercise | None:
    """The fault that was put into this lab last, unless the lab has been put back since."""
    try:
        note = codec.parse(files.read(str(_notes(lab)), NOTE, LARGEST))
        fault = (
            faults.find(note["name"]) if "name" in note else faults.pick(note["seed"], inside=note["inside"])
        )
        exercise = Exercise(fault, int(note["netns"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    snapshot = lab.snapshot()
    if not snapshot.has_node("if-test") or snapshot.node("if-test").netns != exercise.netns:
        return None
    return exercise


def tell_inside(lab: Lab, exercise: Exercise, report: str) -> None:
    """Leave that report in the lab: a notebook that is started there takes up the fault as it is.

    From the machine; neither the fault's name nor its story is in it. CommandFailed.
    """
    note = codec.encode({"report": report, "netns": exercise.netns}).decode()
    for argv in (["mkdir", "-p", str(INSIDE)], ["tee", str(INSIDE / TOLD)]):
        done = lab.run(argv, input=note)
        if done.returncode:
            raise CommandFailed(done.stderr.strip(), _("./run reset, then another one: ./run fault list"))


def find_report(lab: Lab) -> str:
    """Inside: the report of a fault that somebody has put into this lab from the machine, if it is still the
    same lab; "" if there is none."""
    try:
        note = codec.parse(files.read(str(INSIDE), TOLD, LARGEST))
        report, netns = str(note["report"]), int(note["netns"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return report if any(node.netns == netns for node in lab.snapshot().nodes) else ""


def _notes(lab: Lab) -> Path:
    """The folder with the note: the machine's is one that the lab does not see."""
    if not address.is_inside():
        return lab.folder
    INSIDE.mkdir(exist_ok=True)
    return INSIDE


def practise(lab: Lab, fault: Fault, proves: Callable[[Command], bool | None]) -> Practice:
    """What a lab in which that fault has just begun is compared with when it is mended."""
    from netlab.faults.proof import Practice  # here: whoever puts in a fault needs no proofs

    before = lab.snapshot()
    reached = {
        (node.name, address)
        for node in before.nodes
        for address in (INTERNET, GATEWAY)
        if node.kind != "internet" and lab.probe(node.name, address, 1, WAIT).reached
    }
    return Practice(fault, before, frozenset(reached), proves)


def mend(lab: Lab, fault: Fault) -> bool:
    """Cure it with the catalogue's commands; whether anything was left to cure. CommandFailed."""
    if measure(lab, fault.symptom).healthy:
        return False
    faults.cure(lab, fault)
    outcome = until(lab, fault, lambda outcome: outcome.healthy)
    if not outcome.healthy:
        raise CommandFailed(
            _(
                "The cure of {name} ran, and still only {received} of {sent} probes are "
                "answered: something else is broken as well."
            ).format(name=fault.name, received=outcome.received, sent=outcome.sent),
            _("./run reset puts the lab back."),
        )
    return True


def until(lab: Lab, fault: Fault, good: Callable[[Outcome], bool]) -> Outcome:
    """Probe until what comes of it is as wanted; the last outcome."""
    deadline = time.monotonic() + SECONDS
    while not good(outcome := measure(lab, fault.symptom)) and time.monotonic() < deadline:
        pass
    return outcome
