"""Every fault of the catalogue, once: broken as described, named with place and cause, cured as printed."""

from __future__ import annotations

import os

import pytest

from netlab import faults
from netlab.diagnosis.text import as_text
from netlab.diagnosis.trace import trace
from netlab.diagnosis.verdict import LIKELY, PROVED, Verdict
from netlab.errors import CommandFailed
from netlab.faults.fault import INTERNET, Command, Fault, Symptom
from netlab.faults.measure import measure
from netlab.faults.proof import NODE, is_about
from netlab.lab import Lab
from tests.support.patience import eventually
from tests.worlds.mistakes import MORE
from tests.worlds.places import state

COMES_AND_GOES = {"duplicate-ip"}  # each of the two is believed who was heard last
PINGS = int(os.environ.get("NETLAB_FAULT_PINGS", "10"))
UNSEEN = {"conntrack-full"}  # nothing changes but what the kernel counts
UNTRIED = {"conntrack-full": LIKELY}  # the connections are in no replica
MILDER = {"forward-policy-drop", "strict-rp-filter"}  # the cure opens less than was open before
PING = f"ping -c {PINGS} -i 0.02 -W 0.3"
BOTH_SIDES = f"""
ip neigh flush all
address=$(docker inspect -f '{{{{.NetworkSettings.IPAddress}}}}' if-test)
{PING} ${{address:-172.17.0.2}} &
docker exec if-test {PING} {INTERNET} &
wait
"""
SECONDS = 10.0  # until a server listens, an address is ready, a flag follows


def verdict_on(lab: Lab, symptom: Symptom) -> Verdict:
    """What a trace of the symptom says."""
    order = {"proto": symptom.proto, "port": symptom.port, "size": symptom.size, "df": symptom.df}
    count = 10 if symptom.partial else 3
    return trace(lab, symptom.source, symptom.destination, count=count, timeout=0.4, **order)  # type: ignore[arg-type]


def run_cure(lab: Lab, verdict: Verdict) -> None:
    """The cure, exactly as it is printed."""
    assert verdict.cure, as_text(verdict)
    for step in verdict.cure:
        done = lab.run(step.argv, node=step.node)
        assert done.returncode == 0, (step, done.stderr)


def reaches(lab: Lab, symptom: Symptom) -> bool:
    """Whether the same trace succeeds, at the latest when the kernel has caught up."""
    seen: list[Verdict] = []

    def all_arrive() -> bool:
        seen.append(verdict_on(lab, symptom))
        return seen[-1].received == seen[-1].sent

    assert eventually(all_arrive, SECONDS), as_text(seen[-1])
    assert not seen[-1].cause and not seen[-1].candidates
    return True


def is_one(cause: str, command: str) -> bool:
    """Whether a trace's command is one that somebody could name as a proof."""
    return is_about(cause, Command("host", tuple(NODE.sub("", command).split())))


@pytest.mark.parametrize("fault", faults.catalogue(), ids=lambda fault: fault.name)
def test_broken_named_cured_and_as_before(lab: Lab, fault: Fault) -> None:
    """The symptom occurs; place and cause are right and proved; the printed cure mends it and leaves the lab
    as it was healthy, or safer; so does the catalogue's own."""
    faults.prepare(lab, fault)
    assert eventually(lambda: measure(lab, fault.symptom).healthy, SECONDS), (
        "sick before anything is injected"
    )
    before = state(lab)
    faults.inject(lab, fault)
    verdict = verdict_on(lab, fault.symptom)
    told = as_text(verdict)
    assert verdict.received < verdict.sent and (verdict.received > 0) == fault.symptom.partial, told
    where = faults.place(lab.snapshot(), fault)
    assert str(verdict.last_seen or fault.symptom.source) == where, told
    assert (verdict.cause, verdict.certainty) == (fault.cause, UNTRIED.get(fault.name, PROVED)), told
    assert verdict.evidence and all(piece.command and piece.says for piece in verdict.evidence)
    assert any(is_one(fault.cause, piece.command) for piece in verdict.evidence), "no proof"
    assert state(lab) != before or fault.name in UNSEEN
    if fault.name in MILDER:
        faults.cure(lab, fault)
        assert eventually(lambda: state(lab) == before, SECONDS), set(state(lab)) ^ set(before)
        faults.inject(lab, fault)
    run_cure(lab, verdict)
    assert reaches(lab, fault.symptom)
    if fault.name in MILDER:
        return
    assert eventually(lambda: state(lab) == before, SECONDS), set(state(lab)) ^ set(before)
    if not fault.heavy:
        faults.inject(lab, fault)
        faults.cure(lab, fault)
        assert eventually(lambda: state(lab) == before, SECONDS), set(state(lab)) ^ set(before)


@pytest.mark.parametrize(
    "fault", [f for f in faults.catalogue() if f.name not in COMES_AND_GOES], ids=lambda fault: fault.name
)
def test_a_fault_stays(lab: Lab, fault: Fault) -> None:
    """Packets from both sides do not heal it, although whoever is asked for a MAC address learns one."""
    faults.prepare(lab, fault)
    assert eventually(lambda: measure(lab, fault.symptom).healthy, SECONDS)
    faults.inject(lab, fault)
    lab.script(BOTH_SIDES)
    assert not measure(lab, fault.symptom).healthy


@pytest.mark.parametrize("name", MORE)
def test_what_is_in_no_catalogue_is_named_and_cured_too(lab: Lab, name: str) -> None:
    """Works from evidence and by trying: the cause is proved, and the printed cure mends it."""
    inject, cause, setup, symptom = MORE[name]
    fault = Fault(name, "", inject, cause, "", (), setup, symptom)
    faults.prepare(lab, fault)
    assert eventually(lambda: measure(lab, fault.symptom).healthy, SECONDS)
    faults.inject(lab, fault)
    verdict = verdict_on(lab, fault.symptom)
    assert verdict.cause == fault.cause, as_text(verdict)
    assert verdict.certainty == PROVED, as_text(verdict)
    run_cure(lab, verdict)
    assert reaches(lab, fault.symptom)


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
    assert Symptom().destination == INTERNET
