"""The instrument against the catalogue: for every fault the right cause, and a cure that works as printed."""

from __future__ import annotations

import pytest

from netlab import faults
from netlab.diagnose import as_text, trace
from netlab.errors import BadInput
from netlab.faults.model import Fault
from netlab.lab import Lab
from netlab.verdict import PROVED, Verdict

# What the instrument does not decide yet, and says so; any other cause for these would be wrong.
UNDECIDED = {
    "duplicate-mac": "nobody counts what a bridge sends to the wrong one of two ports",
    "prohibit-rule": "the rules of ip rule are not read yet",
}
# Causes that are named, but whose printed cure does not yet bring the lab back.
UNCURED = {
    "far-address-gone": "nobody holds the address, and the instrument does not know who should",
    "small-uplink": "the other end of the cable is narrow as well",
    "wrong-dnat": "which port was meant is not known; the rule is taken back",
}
NO_IPV6 = ("ipv6-disabled",)


def verdict_on(lab: Lab, fault: Fault) -> Verdict:
    """What a trace of the fault's symptom says."""
    seen = fault.symptom
    order = {"proto": seen.proto, "port": seen.port, "size": seen.size, "df": seen.df, "timeout": 0.4}
    return trace(lab, seen.source, seen.destination, count=10 if seen.partial else 3, **order)  # type: ignore[arg-type]


@pytest.mark.parametrize("fault", faults.catalogue(), ids=lambda fault: fault.name)
def test_every_fault_is_named_and_cured_or_honestly_left_open(lab: Lab, fault: Fault) -> None:
    """Never a wrong cause that is called proved; the cure, run as printed, makes the same trace succeed."""
    faults.prepare(lab, fault)
    faults.inject(lab, fault)
    if fault.name in NO_IPV6:
        with pytest.raises(BadInput, match="IPv4"):
            verdict_on(lab, fault)
        return
    verdict = verdict_on(lab, fault)
    assert verdict.received < verdict.sent
    if fault.name in UNDECIDED:
        assert verdict.cause in ("", fault.cause) and verdict.certainty != PROVED, as_text(verdict)
        return
    assert verdict.cause == fault.cause, as_text(verdict)
    assert verdict.evidence
    if fault.name in UNCURED:
        return
    for step in verdict.cure:
        done = lab.run(step.argv, node=step.node)
        assert done.returncode == 0, (step, done.stderr)
    after = verdict_on(lab, fault)
    assert after.received == after.sent, f"{as_text(verdict)}\n{as_text(after)}"
