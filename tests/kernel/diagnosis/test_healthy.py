"""Healthy networks of other shapes get "reached", the path, and no cause; IPv6 faults are named and cured."""

from __future__ import annotations

import pytest

from netlab import faults
from netlab.diagnosis.text import as_text
from netlab.diagnosis.trace import trace
from netlab.diagnosis.verdict import LIKELY, PROVED, Verdict
from netlab.faults.fault import STANDARD, Symptom
from netlab.lab import Lab
from tests.support.patience import eventually
from tests.worlds.networks import FAR_6, FAULTS_6, HEALTHY, ROUTER_6


def traced(lab: Lab, what: Symptom) -> Verdict:
    order = {"proto": what.proto, "port": what.port, "size": what.size}
    return trace(lab, what.source, what.destination, count=3, timeout=0.5, **order)  # type: ignore[arg-type]


def until_reached(lab: Lab, what: Symptom) -> Verdict:
    """The verdict when a probe is answered, or none was for long: servers and addresses need a moment, and a
    trace that fails takes many."""
    order = {"proto": what.proto, "port": what.port, "size": what.size}
    eventually(lambda: lab.probe(what.source, what.destination, 1, 0.5, **order).received)
    return traced(lab, what)


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_variant_gets_its_path_and_no_cause(lab: Lab, name: str) -> None:
    """Reached by every probe, by way of the nodes that are on the way, with nothing blamed."""
    setup, what, path = HEALTHY[name]
    lab.reset()
    faults.perform(lab, (*STANDARD, *setup))
    verdict = until_reached(lab, what)
    assert (verdict.received, verdict.cause, verdict.candidates) == (3, "", ()), as_text(verdict)
    assert [hop.frame.point.node for hop in verdict.journeys[0].hops] == path
    assert "✔ reached, by way of" in as_text(verdict)


@pytest.mark.parametrize("proto", ["udp", "tcp"])
def test_ipv6_ports_are_probed_too(lab: Lab, proto: str) -> None:
    """Nobody listens: the far end says so, over IPv6, and that is the verdict."""
    lab.reset()
    faults.perform(lab, (*STANDARD, *ROUTER_6))
    assert until_reached(lab, Symptom(destination=FAR_6)).reached
    verdict = trace(lab, "if-test", FAR_6, proto=proto, port=4711, count=2, timeout=0.5)
    assert (verdict.cause, verdict.certainty) == ("port-closed", LIKELY), as_text(verdict)


@pytest.mark.parametrize("name", FAULTS_6)
def test_ipv6_faults_are_named_and_cured(lab: Lab, name: str) -> None:
    """The cause is proved, and the printed cure makes the same trace succeed."""
    inject, cause = FAULTS_6[name]
    what = Symptom(destination=FAR_6)
    lab.reset()
    faults.perform(lab, (*STANDARD, *ROUTER_6))
    assert until_reached(lab, what).received == 3
    faults.perform(lab, inject)
    verdict = traced(lab, what)
    assert (verdict.cause, verdict.certainty, verdict.received) == (cause, PROVED, 0), as_text(verdict)
    for step in verdict.cure:
        done = lab.run(step.argv, node=step.node)
        assert done.returncode == 0, (step, done.stderr)
    assert until_reached(lab, what).received == 3, as_text(verdict)
