"""Containers of a twin are looked after together, by one process, and each lives by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from netlab.errors import LabNotFound
from netlab.lab import Lab
from tests.kernel.conftest import sh
from tests.support.patience import eventually

FIVE = tuple(f"c{number}" for number in range(5))
NAMES = "docker ps -a --format '{{.Names}}'"
SHIMS = "grep -lz ^/usr/bin/containerd-shim /proc/[0-9]*/cmdline 2>/dev/null | wc -l"


@pytest.fixture
def twin(lab: Lab, lab_name: str) -> Iterator[Lab]:
    """One of a lab with five containers."""
    sh(lab, "\n".join(f"docker run -d --name {name} centos:8 sleep 36000" for name in FIVE))
    yield lab.copy(f"{lab_name}-twin")
    with suppress(LabNotFound):
        Lab.find(f"{lab_name}-twin").down()


def test_one_process_looks_after_all_of_them(twin: Lab) -> None:
    """They are as old as they stand in the pack, wherever they are listed."""
    assert sh(twin, SHIMS).strip() == "1"
    assert sh(twin, NAMES).split() == [*reversed(FIVE)]
    assert [name for name, kind in twin.status().nodes if kind == "container"] == [*FIVE]


def test_each_of_them_ends_and_starts_by_itself(twin: Lab) -> None:
    """One is removed, one killed, others stopped and started again; the last runs on, and is attached to."""
    sh(twin, "docker rm -f c0; docker kill c1; docker stop -t 0 c2; docker start c2; docker restart -t 0 c3")
    assert sh(twin, NAMES).split() == ["c4", "c3", "c2", "c1"]
    assert sh(twin, "docker inspect -f '{{.State.ExitCode}} {{.State.Running}}' c1") == "137 false\n"
    for name in ("c2", "c3", "c4"):
        assert sh(twin, f"docker exec {name} echo here") == "here\n"
    assert sh(twin, "(sleep 3; docker kill c4) >/dev/null & docker attach c4 || echo $?") == "137\n"
    assert eventually(lambda: sh(twin, "docker inspect -f '{{.State.Running}}' c4") == "false\n")
    assert sh(twin, "docker events --since 60s --until 0s --filter event=die | grep -c name=").strip() >= "4"


def test_a_container_of_a_twin_can_be_joined_to_a_network(twin: Lab) -> None:
    """The process that they share follows."""
    sh(twin, "docker network create --subnet 10.5.0.0/24 inner")
    sh(twin, "docker network connect inner c1; docker network connect inner c2")
    assert "0% packet loss" in sh(twin, "docker exec c1 ping -c 1 -W 2 10.5.0.3")
    assert "c2" in sh(twin, "docker exec c1 getent hosts c2")
