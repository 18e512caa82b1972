"""However a lab with a real dockerd ends, nothing of it is left: process, mount, cgroup, namespace, file."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from netlab.engines.docker.engine import DATA
from netlab.errors import LabNotFound
from netlab.keeper import address
from netlab.lab import Lab
from tests.kernel.conftest import sh
from tests.kernel.lab.test_end import processes_of
from tests.support.patience import eventually

LARGEST_REST = 1 << 20  # bytes: a log, and empty folders


def name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def cgroups_named(word: str) -> list[str]:
    return [folder for folder, _, _ in os.walk("/sys/fs/cgroup") if word in os.path.basename(folder)]


@pytest.mark.parametrize("victim", ["dockerd", "containerd", "netlab-keeper", "netlab-init"])
def test_kill_9_leaves_nothing_behind(lab_name: str, victim: str) -> None:
    """The daemon's end is not the lab's, and `down` is enough; its keeper's or init's is the end of all."""
    machines_own = sorted(os.listdir(DATA)) if os.access(DATA, os.R_OK) else []
    lab = Lab.up(lab_name, engine="docker")
    identity = sh(
        lab, "docker run -d --name aa -p 8080:80 x1 sleep 1000; docker run -d x1 sleep 1000"
    ).split()[0]
    pids = processes_of(lab_name)
    os.kill(next(pid for pid in pids if name_of(pid) == victim), signal.SIGKILL)
    if victim in ("dockerd", "containerd"):
        assert lab.snapshot().node("aa"), "its containers go on without it"
        lab.down()
    assert eventually(lambda: not [pid for pid in pids if name_of(pid)])
    assert eventually(lambda: lab_name not in address.names())
    with pytest.raises(LabNotFound):
        lab.status()
    assert cgroups_named(identity) == []
    assert machines_own == (sorted(os.listdir(DATA)) if os.access(DATA, os.R_OK) else [])
    rest = [file for file in address.folder(lab_name).rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in rest) < LARGEST_REST, rest


def test_three_labs_with_three_daemons_do_not_see_each_other(lab_name: str) -> None:
    """The same names and addresses in each; what is done in one is not seen in another."""
    labs = [Lab.up(f"{lab_name}-{number}", engine="docker") for number in range(3)]
    try:
        for lab in labs:
            sh(lab, "docker run -d --name if-test -p 8080:80 centos:8.1.1911 sleep 36000")
        sh(labs[0], "docker rm -f if-test; echo 1 > /proc/sys/net/ipv4/ip_forward")
        seen = [lab.snapshot() for lab in labs]
        assert [[n.name for n in s.nodes if n.kind == "container"] for s in seen] == [
            [],
            ["if-test"],
            ["if-test"],
        ]
        assert [s.node("host").sysctls["net.ipv4.ip_forward"] for s in seen] == ["1", "0", "0"]
        assert len({sh(lab, "docker info --format '{{.ID}}'") for lab in labs}) == 3
        labs[1].down()
        assert sh(labs[2], "docker exec if-test hostname -i").strip() == "172.17.0.2"
    finally:
        for lab in (labs[0], labs[2]):
            lab.down()
