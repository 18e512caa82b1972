"""Every fault of the gym: it shows what its story says, where it says, and its cure leaves nothing behind."""

from __future__ import annotations

import time

import pytest

from netlab import faults
from netlab.errors import CommandFailed
from netlab.faults.measure import Outcome, measure
from netlab.faults.model import Command, Fault, Symptom
from netlab.lab import Lab
from tests.kernel.places import last_place, state

CATALOGUE = faults.catalogue()
UNSEEN = {"conntrack-full"}  # nothing changes but what the kernel counts
SECONDS = 5.0  # until a server listens, an address is ready, a flag follows


def until_healthy(lab: Lab, symptom: Symptom) -> Outcome:
    """What came of probes that all got through, or of the last ones tried."""
    deadline = time.monotonic() + SECONDS
    while not (found := measure(lab, symptom)).healthy and time.monotonic() < deadline:
        pass
    return found


@pytest.mark.parametrize("fault", CATALOGUE, ids=[fault.name for fault in CATALOGUE])
def test_it_breaks_as_described_and_is_cured(lab: Lab, fault: Fault) -> None:
    """Healthy, then the symptom, last seen at the stated place; then healthy again and as before."""
    faults.prepare(lab, fault)
    assert until_healthy(lab, fault.symptom).healthy, "the lab is sick before anything is injected"
    before = state(lab)
    faults.inject(lab, fault)
    with lab.capture() as seen:
        sick = measure(lab, fault.symptom)
    assert sick.shows(fault.symptom), sick
    assert last_place(seen, fault.symptom) == faults.place(seen.before, fault)
    assert state(lab) != before or fault.name in UNSEEN
    faults.cure(lab, fault)
    assert (cured := until_healthy(lab, fault.symptom)).healthy, cured
    deadline = time.monotonic() + SECONDS
    while (after := state(lab)) != before and time.monotonic() < deadline:
        pass
    assert after == before


def test_a_command_that_fails_is_named(lab: Lab) -> None:
    """Node, command and what it said."""
    with pytest.raises(CommandFailed, match="On host, ip link set nothere up failed: Cannot find device"):
        faults.perform(lab, [Command("host", ("ip", "link", "set", "nothere", "up"))])


def test_what_the_symptom_measures_is_told_apart(lab: Lab) -> None:
    """A healthy lab shows no symptom; total loss is not partial loss, and the other way round."""
    fault = faults.find("random-loss")
    faults.prepare(lab, fault)
    assert not measure(lab, fault.symptom).shows(fault.symptom)
    faults.inject(lab, fault)
    assert measure(lab, fault.symptom).shows(fault.symptom)
    assert not measure(lab, Symptom(), 20).shows(Symptom())
    lab.run(["ip", "link", "set", "docker0", "down"])
    assert not measure(lab, fault.symptom).shows(fault.symptom)
    assert measure(lab, Symptom()).shows(Symptom())
