"""A host with Podman, whose networks CNI's plugins make: packed as a real machine is, rebuilt without it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from netlab.diagnosis.trace import trace
from netlab.errors import LabNotFound
from netlab.lab import Lab
from netlab.model import netpack
from tests.kernel.conftest import sh
from tests.support.need import need

ELSEWHERE = "198.51.100.7"  # which nobody in the lab has
CONF = "/tmp/containers.conf"
# Without what is counted, and without comments, in which CNI names containers by what looks like a token.
COMMENT = r'( -m comment)? --comment ("([^"\\]|\\.)*"|[^ ]+)'
BARE = f"sed -E 's/\\[[0-9:]+\\]//; s/{COMMENT}//g' | grep -v '^#'"
START = f"""
export CONTAINERS_CONF={CONF} HOME=/root
cat >{CONF} <<end
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "crun"
[containers]
cgroups = "disabled"
seccomp_profile = "unconfined"
apparmor_profile = "unconfined"
end
mkdir -p /tmp/image/bin; cp $(command -v busybox) /tmp/image/bin/sleep
tar -C /tmp/image -c bin | podman import - small
podman run -d --name web -p 8080:80 small /bin/sleep 36000
podman run -d --name db small /bin/sleep 36000
podman run -d --name beside --network container:web small /bin/sleep 36000
podman create --name later small /bin/sleep 36000
sysctl -qw net.ipv4.ip_forward=0
"""


@pytest.fixture
def twin_name(lab_name: str) -> Iterator[str]:
    """The name of a lab without Podman, which is ended after the test."""
    yield f"{lab_name}-twin"
    with suppress(LabNotFound):
        Lab.find(f"{lab_name}-twin").down()


def test_a_twin_of_a_host_with_podman_has_its_fault(lab: Lab, twin_name: str) -> None:
    """Containers by Podman's names, with its networks and ports, and the rules of CNI's plugins as they are;
    the fault is named, and the twin healed by its cure."""
    for tool in ("podman", "crun", "busybox"):
        need(tool)
    sh(lab, START)
    file = lab.exchange / "podman.netpack"
    words = [f"CONTAINERS_CONF={CONF}", "HOME=/root", sys.executable, "-m", "netlab", "pack", "--here"]
    done = lab.run(["env", *words, "-o", str(file)])
    assert done.returncode == 0, done.stdout + done.stderr
    found = netpack.read(Path(file).read_bytes())
    containers = {node.name: node.container for node in found.nodes if node.kind == "container"}
    web = containers["web"]
    assert web and (web.network, web.address, web.ports) == ("podman", "10.88.0.2", ("8080:80/tcp",))
    assert containers.keys() == {"web", "db"}
    told = " ".join(found.remarks)
    assert "beside: a container without its own network" in told and "later: a stopped" in told
    twin = Lab.unpack(found, twin_name)
    for table in ("nat", "filter"):
        listed = f"iptables-save -t {table} | {BARE}"
        assert sh(twin, listed) == sh(lab, listed)
    assert trace(twin, "db", ELSEWHERE).cause == "forwarding-off"
    sh(twin, "sysctl -qw net.ipv4.ip_forward=1")
    assert trace(twin, "db", ELSEWHERE).loss == 0
    assert twin.run(["ping", "-c", "1", "-W", "2", web.address], node="db").returncode == 0
