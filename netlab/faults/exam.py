"""What a learner says about a fault, compared with what the catalogue knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netlab import faults, keeper
from netlab.cards import Card
from netlab.errors import BadInput, UnknownName
from netlab.faults import gym
from netlab.faults.gym import Exercise
from netlab.faults.measure import measure
from netlab.model import Snapshot
from netlab.verdict import CAUSES

if TYPE_CHECKING:
    from netlab.lab import Lab


def ask(lab: Lab, seed: int) -> Card:
    """Break the lab in the way that belongs to the seed; the bug report."""
    fault = gym.begin(lab, seed=seed, inside=keeper.is_inside()).fault
    how = 'lab.diagnose("NODE INTERFACE", "CAUSE") when you know where it ends and why; then mend it.'
    return Card(f"Bug report {seed}", (fault.story, f"Measured: {fault.symptom}.", how))


def diagnose(lab: Lab, place: str, cause: str) -> Card:
    """Whether place and cause are right. What is wrong is said, what is right instead is not."""
    exercise = _current(lab)
    if cause not in CAUSES:
        raise UnknownName("cause", cause, CAUSES)
    snapshot = lab.snapshot()
    at_place = _same_place(snapshot, place, faults.place(snapshot, exercise.fault))
    by_cause = cause == exercise.fault.cause
    said = (
        f"place: {'right' if at_place else 'not there'} ({place})",
        f"cause: {'right' if by_cause else 'not that'} ({cause}: {CAUSES[cause].title})",
    )
    points = at_place + by_cause
    more = {
        2: "Now mend it: lab.repaired() says whether it works.",
        1: "Half of it. Look at what the counters, routes and settings there say.",
        0: "Capture again: the last place that saw the packet, and the first that did not.",
    }[points]
    return Card(f"Diagnosis: {points} of 2 points", (*said, more))


def repaired(lab: Lab) -> Card:
    """Whether the symptom is gone, by probes of the lab's own."""
    exercise = _current(lab)
    outcome = measure(lab, exercise.fault.symptom)
    found = f"{outcome.received} of {outcome.sent} probes were answered."
    if not outcome.healthy:
        return Card("Not repaired yet", (found, f"{exercise.fault.symptom}."))
    cure = "\n".join(f"{c.node}: {' '.join(faults.resolved(lab, c))}" for c in exercise.fault.cure)
    it_was = f"It was {exercise.fault.name}: {faults.title(exercise.fault)}. The catalogue mends it with:"
    return Card("Repaired", (found, it_was), cure)


def _current(lab: Lab) -> Exercise:
    exercise = gym.current(lab)
    if exercise is None:
        raise BadInput("No fault is in the lab, or the lab was put back since.", "Begin one: lab.fault(7)")
    return exercise


def _same_place(snapshot: Snapshot, said: str, right: str) -> bool:
    """A place without a node is the lab host's, as for captures. UnknownName for what is not there."""
    node, _, interface = said.strip().rpartition(" ")
    if not node and snapshot.has_node(interface):
        return snapshot.node(interface).name == right
    found = snapshot.node(node or "host")
    return f"{found.name} {found.interface(interface).name}" == right
