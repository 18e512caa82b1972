"""trace --here: on a real machine, which a lab host plays; what is outside of it is the world."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys

import pytest

from netlab.diagnosis import here
from netlab.errors import BadInput
from netlab.lab import Lab
from tests.kernel.conftest import sh
from tests.support.patience import eventually
from tests.worlds.places import state

THERE = "39.106.233.176"
TRACE = [sys.executable, "-m", "netlab", "trace", "--here", "--json", "--from"]


@pytest.fixture
def world(lab: Lab) -> Lab:
    """A host with a container, as Docker makes it."""
    sh(lab, "docker run -d --name web c sleep 36000; echo 1 > /proc/sys/net/ipv4/ip_forward")
    return lab


def told(world: Lab, source: str, destination: str = THERE, status: int = 1) -> dict[str, object]:
    """What the command says, which is run on the machine itself."""
    done = world.run([*TRACE, source, destination])
    assert done.returncode == status, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


def test_a_container_by_name_and_by_process(world: Lab) -> None:
    """Reached, by way of what the machine can see; the same for the number of a process in it."""
    pid = world.snapshot().node("web").pid
    for source in ("web", str(pid)):
        seen = told(world, source, status=0)
        assert [hop["node"] for hop in seen["journeys"][0]] == ["web", "host", "host", "host"]  # type: ignore[index]


def test_why_a_container_gets_no_answer_and_the_cure_from_the_host(world: Lab) -> None:
    """Cause and place as in a lab; what is to be done inside a container is done from the host."""
    sh(world, "echo 0 > /proc/sys/net/ipv4/ip_forward")
    seen = told(world, "web")
    assert (seen["cause"], seen["last_seen"]) == (
        "forwarding-off",
        {"node": "host", "interface": "docker0"},
    )
    pid = world.snapshot().node("web").pid
    sh(world, f"echo 1 > /proc/sys/net/ipv4/ip_forward; nsenter -t {pid} -n ip route del default")
    seen = told(world, "web")
    assert seen["cause"] == "no-route"
    (step,) = seen["cure"]  # type: ignore[misc]
    assert step["node"] == "host" and step["argv"][:4] == ["nsenter", "-t", str(pid), "-n"]
    assert world.run(step["argv"]).returncode == 0
    assert told(world, "web", status=0)["reached"]


def test_beyond_the_uplink_nothing_is_claimed(world: Lab) -> None:
    """It went out and nothing came back; without a translation that is likely why."""
    seen = told(world, "web", "39.106.233.99")
    assert (seen["cause"], seen["last_seen"]) == ("beyond", {"node": "host", "interface": "eth0"})
    sh(world, "iptables -t nat -F POSTROUTING")
    seen = told(world, "web")
    assert (seen["cause"], seen["certainty"]) == ("no-way-back", "likely")
    sh(world, " ".join(seen["cure"][0]["argv"]))  # type: ignore[index]
    assert told(world, "web", status=0)["reached"]


def test_it_changes_nothing_and_what_cannot_be_traced_is_said(world: Lab) -> None:
    """Rules, routes and settings are as before; an unknown container is status 2, with a name near it."""
    before = state(world)
    told(world, "host", status=0)
    done = world.run([*TRACE, "wbe", THERE])
    assert (done.returncode, done.stdout) == (2, "") and "Did you mean 'web'?" in done.stderr
    assert state(world) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_trace_leaves_nothing(world: Lab, number: int) -> None:
    """Neither on the machine, nor in a lab: no process, no rule, no socket, no setting."""
    before = state(world)
    sh(world, "echo 0 > /proc/sys/net/ipv4/ip_forward")
    packets = "ss -0 -a -n | wc -l"
    quiet = sh(world, packets)
    outside = [sys.executable, "-m", "netlab", "--lab", world.name, "trace", "--from", "web", THERE]
    with subprocess.Popen(outside, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as trace:
        assert eventually(lambda: sh(world, packets) != quiet), "it never began to capture"
        trace.send_signal(number)
        assert trace.wait(10) != 0
    assert eventually(lambda: sh(world, packets) == quiet)
    inside = f"{shlex.join(TRACE)} web {THERE} >/dev/null 2>&1 & echo $!"
    pid = int(sh(world, inside))
    assert eventually(lambda: sh(world, packets) != quiet), "it never began to capture"
    sh(world, f"kill -{int(number)} {pid}")
    assert eventually(lambda: world.run(["test", "-e", f"/proc/{pid}"]).returncode == 1)
    assert eventually(lambda: sh(world, packets) == quiet)
    sh(world, "echo 1 > /proc/sys/net/ipv4/ip_forward")
    assert state(world) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root has the rights; ./run test kernel runs it as both")
def test_without_the_rights_it_says_so() -> None:
    """One message, and nothing is sent."""
    with pytest.raises(BadInput, match="Only root"):
        here.trace("host", "127.0.0.1")
