"""Traces where the containers are real: from outside the lab, and on the Docker host itself."""

from __future__ import annotations

import json
import sys

from netlab.diagnosis.trace import trace
from netlab.lab import Lab
from tests.kernel.conftest import sh

THERE = "39.106.233.176"
HERE = [sys.executable, "-m", "netlab", "trace", "--here", "--json", "--from", "if-test", THERE]


def test_why_a_real_container_gets_no_answer(lab: Lab) -> None:
    """The lecture's fault, seen from both sides; its cure, and then a rule in DOCKER-USER."""
    sh(lab, "docker run -d --name if-test centos:8.1.1911 sleep 36000")
    outside = trace(lab, "if-test", THERE, count=3, timeout=0.4)
    done = lab.run(HERE)
    inside = json.loads(done.stdout)
    assert (done.returncode, outside.cause, inside["cause"]) == (1, "forwarding-off", "forwarding-off")
    (step,) = inside["cure"]
    sh(lab, " ".join(step["argv"]))
    assert json.loads(lab.run(HERE).stdout)["reached"]
    sh(lab, "iptables -I DOCKER-USER -i docker0 -j DROP")
    blocked = json.loads(lab.run(HERE).stdout)
    assert blocked["cause"] == "firewall-drop" and "DOCKER-USER" in blocked["explanation"]
    sh(lab, " ".join(blocked["cure"][0]["argv"]))
    assert json.loads(lab.run(HERE).stdout)["reached"]
