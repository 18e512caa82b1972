"""What becomes of containers in the namespaces engine: their end, restarts, health, and the verbs."""

from __future__ import annotations

import json

from netlab.lab import Lab
from tests.kernel.conftest import sh
from tests.support.patience import eventually


def test_a_container_that_ends_at_once_is_said_in_one_line(lab: Lab) -> None:
    """Its shell had nobody to talk to; what has something to do is not spoken of."""
    done = lab.script("docker run -d --name a alpine")
    assert done.returncode == 0 and "a has ended already" in done.stderr
    assert "ended" not in lab.script("docker run -d alpine true").stderr


def test_restart_policies_are_kept(lab: Lab) -> None:
    """always, on-failure with its number of tries; docker stop ends it, and restart goes on."""
    sh(
        lab,
        "docker run -d --name a --restart always x sleep 1000; kill -9 "
        "$(docker inspect -f '{{.State.Pid}}' a)",
    )
    ask = "docker inspect -f '{{.State.Status}} {{.RestartCount}}' a"
    assert eventually(lambda: sh(lab, ask) == "running 1\n")
    sh(lab, "docker stop a")
    assert sh(lab, ask).startswith("exited")
    sh(lab, "docker run -d --name b --restart on-failure:2 x sh -c 'echo again; exit 3'")
    assert eventually(lambda: sh(lab, "docker logs b") == "again\n" * 3)
    assert eventually(
        lambda: (
            "exited 3 2"
            in sh(lab, "docker inspect -f '{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}' b")
        )
    )


def test_a_health_check_tells_how_a_container_is(lab: Lab) -> None:
    """healthy once its command succeeds, unhealthy after so many tries."""
    sh(
        lab,
        "docker run -d --name a --health-cmd 'test -f /tmp/well' --health-interval "
        "50ms --health-retries 2 x sleep 999",
    )
    ask = "docker inspect -f '{{.State.Health.Status}}' a"
    assert eventually(lambda: sh(lab, ask) == "unhealthy\n")
    sh(lab, "docker exec a touch /tmp/well")
    assert eventually(lambda: sh(lab, ask) == "healthy\n")
    assert "(healthy)" in sh(lab, "docker ps")


def test_pause_rename_top_stats_port_events_and_the_rest(lab: Lab) -> None:
    """Verbs that look and touch."""
    sh(lab, "docker run -d --name a -P nginx; docker rename a b; docker pause b")
    assert "(Paused)" in sh(lab, "docker ps") and lab.script("docker exec b true").returncode == 1
    sh(lab, "docker unpause b; docker exec b true")
    assert "nginx: master process" in sh(lab, "docker top b")
    assert sh(lab, "docker stats --no-stream --format '{{.Name}} {{.PIDs}}'").startswith("b 1")
    assert sh(lab, "docker port b 80").startswith("0.0.0.0:49153")
    said = sh(lab, "docker events --since 1m --until 0s --format '{{.Action}}'").split()
    assert {"create", "start", "rename", "pause", "unpause"} <= set(said)
    sh(lab, "docker stop b; docker start b; docker kill -s TERM b; docker wait b")
    assert [
        r["Names"]
        for r in map(json.loads, sh(lab, "docker ps -a --filter status=exited --format json").splitlines())
    ] == ["b"]
    assert sh(lab, "ls /var/run/docker/netns") == ""
