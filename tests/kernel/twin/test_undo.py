"""Back to how a lab was: by the marks that its keeper keeps; and what would be, tried in a copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from netlab.errors import BadInput, UnknownName
from netlab.lab import Lab
from netlab.model.pack_changes import differences
from netlab.twin.experiment import attempt
from tests.kernel.conftest import sh

HOME = Path(__file__).parents[3]
INTERNET = "39.106.233.176"
RULES = (
    "iptables -N MINE; iptables -A MINE -p tcp -m multiport --dports 80,443 -j DROP; ip6tables -P INPUT DROP"
)
OLD = "iptables-legacy -A INPUT -s 10.6.6.7 -j DROP"
SET = "nft add table inet mine; nft add set inet mine s '{ type ipv4_addr; elements = { 10.0.0.1 } }'"
SAVES = "iptables-nft-save; ip6tables-nft-save; iptables-legacy-save; nft list table inet mine || true"
SAVE = f"({SAVES}) 2>/dev/null | sed 's/\\[.*//' | grep -v '^#'"


def test_a_step_is_undone_and_the_one_before_it(lab: Lab) -> None:
    """Each undo goes to the last mark that was otherwise; one at which nothing had changed is passed by."""
    sh(lab, "docker run -d --name if-test centos:8 sleep 36000")
    start = lab.pack()
    assert lab.mark("cell 1")
    sh(lab, "ip link add br7 type bridge")
    middle = lab.pack()
    assert lab.mark("cell 2") and not lab.mark("cell 3")
    sh(lab, "ip link del docker0; docker rm -f if-test")
    undone = lab.undo()
    assert undone.label == "cell 3" and any("docker0" in line for line in undone.lines)
    assert differences(middle, lab.pack()) == []
    assert lab.undo().label == "cell 1"
    assert differences(start, lab.pack()) == []
    with pytest.raises(BadInput, match="nothing to undo"):
        lab.undo()


def test_a_lab_goes_to_a_mark_by_name(lab: Lab) -> None:
    """From inside as well, where a notebook's cell asks; for a name that is none, the marks are told."""
    lab.mark("before")
    start = lab.pack()
    sh(lab, "ip addr add 10.9.9.9/24 dev eth0; iptables -P FORWARD ACCEPT")
    lab.mark("later")
    inside = "from netlab.lab import Lab; print(Lab('x').undo('before').label)"
    assert sh(lab, f"python3 -c \"import sys; sys.path.insert(0, '{HOME}'); {inside}\"") == "before\n"
    assert differences(start, lab.pack()) == []
    with pytest.raises(UnknownName, match="later"):
        lab.undo("later")


@pytest.mark.parametrize("more", ["true", OLD, SET])
def test_rules_of_every_kind_are_put_back(lab: Lab, more: str) -> None:
    """As they are listed: iptables' of both kinds, and nft's own with a set."""
    sh(lab, f"{RULES}; {more}")
    before = sh(lab, SAVE)
    lab.mark("here")
    sh(lab, "nft flush ruleset; iptables -P OUTPUT DROP; ip link add br7 type bridge")
    assert sh(lab, SAVE) != before
    lab.undo("here")
    assert sh(lab, SAVE) == before


def test_what_a_command_would_do_is_tried_in_a_copy(lab: Lab) -> None:
    """What it changes, and what gets through then; the lab itself has not changed."""
    sh(lab, "docker run -d --name if-test centos:8 sleep 36000")
    before = lab.pack()
    trial = attempt(
        lab, "sysctl -w net.ipv4.ip_forward=1", [("if-test", INTERNET), ("if-test", "172.17.0.1")]
    )
    assert (trial.before, trial.after, trial.status) == ((False, True), (True, True), 0)
    assert any("ip_forward" in line for line in trial.changes)
    assert f"if-test → {INTERNET}: gets no answer now, gets through then" in trial.lines
    assert differences(before, lab.pack()) == []
    assert attempt(lab, ["false"]).lines[0].startswith("it fails with status 1")
