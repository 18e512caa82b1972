"""A lab with a real dockerd: it comes, is used, and is put back."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from netlab.engines.docker import tools
from netlab.errors import LabAlreadyUp, UnknownName
from netlab.lab import Lab
from tests.kernel.conftest import sh

RULES_AND_BRIDGE = "iptables-save | grep -v ^[#:]; ip -br addr show docker0"


def test_the_base_lab_is_dockers_own_and_does_not_forward(lab: Lab) -> None:
    """docker0 with its fixed address and MAC, Docker's chains and MASQUERADE; ip_forward 0, FORWARD DROP."""
    seen = lab.snapshot()
    assert [node.name for node in seen.nodes] == ["host", "internet"]
    host = seen.node("host")
    assert host.interface("docker0").mac == "02:42:5e:0c:a7:01"
    assert [str(a) for a in host.interface("docker0").addresses if a.family == 4] == ["172.17.0.1/16"]
    assert host.sysctls["net.ipv4.ip_forward"] == "0"
    assert host.chain("filter", "FORWARD").policy == "DROP"
    assert host.chain("filter", "DOCKER-USER")
    assert any(rule.target == "MASQUERADE" for rule in host.chain("nat", "POSTROUTING").rules)
    assert lab.probe("host", "39.106.233.176", 1).reached
    assert lab.status().engine == "docker"
    assert lab.status().about[0].startswith("Docker ")


def test_the_client_talks_to_a_real_daemon_of_many_users(lab: Lab) -> None:
    """`docker info` is the daemon's, and files of an image may belong to anybody."""
    info = json.loads(sh(lab, "docker info --format '{{json .}}'"))
    assert info["ServerVersion"] in lab.status().about[0]
    assert sh(lab, "docker run --rm netlab/lab sh -c 'touch /x; chown 999:65534 /x; stat -c %u:%g /x'") == (
        "999:65534\n"
    )


def test_containers_are_seen_by_name_with_their_network(lab: Lab) -> None:
    """A container joined by Docker is a node of the snapshot, and commands reach it by name."""
    sh(lab, "docker run -d --name if-test centos:8.1.1911 sleep 36000")
    sh(lab, "docker run -d --name alone --network none centos:8.1.1911 sleep 36001")
    seen = lab.snapshot()
    eth0 = seen.node("if-test").interface("eth0")
    assert str(eth0.addresses[0]) == "172.17.0.2/16"
    assert (eth0.mac == "02:42:ac:11:00:02") == (tools.require().numbers < (28, 0, 0))
    assert eth0.peer is not None
    port = seen.interface(eth0.peer)
    assert port is not None and port.master == "docker0"
    assert [i.name for i in seen.node("alone").interfaces] == ["lo"]
    assert "172.17.0.2" in sh(lab, "ip -br addr", "if-test")
    found = sh(lab, """ps -ef | grep "sleep 36000" | grep -v grep | awk '{print $2}'""").split()
    assert found == [sh(lab, "docker inspect -f '{{.State.Pid}}' if-test").strip()]
    assert seen.node("if-test").pid == int(found[0])
    sh(lab, "docker rm -f if-test alone")
    with pytest.raises(UnknownName, match="if-test"):
        lab.run(["true"], node="if-test")


def test_a_learners_nonsense_in_dockers_files_is_passed_over(lab: Lab) -> None:
    """Files that are not what they seem neither hold up a snapshot nor show up in it."""
    sh(lab, "docker run -d --name real x1 sleep 1000")
    sh(
        lab,
        """
        cd /var/lib/docker/containers
        mkdir a b c d e
        mkfifo a/config.v2.json; ln -s /dev/zero b/config.v2.json; echo '{"Name":' > c/config.v2.json
        echo '{"Name": "/fake", "Created": 1, "State": {"Pid": "1; rm"}}' > d/config.v2.json
        echo '{"Name": "/host", "Created": 1, "State": {"Pid": 1}}' > e/config.v2.json
        """,
    )
    assert [node.name for node in lab.snapshot().nodes] == ["real", "host", "internet"]


def test_without_a_terminal_it_is_left_out_with_a_note(lab: Lab) -> None:
    """`docker exec -it` in a cell runs its command, and the cell's other lines as well."""
    sh(lab, "docker run -d --name aa x1 sleep 1000")
    done = lab.run(
        ["bash", "-e"], input="docker exec -it aa hostname -s\ndocker run --rm -ti x1 echo two\necho three\n"
    )
    assert done.returncode == 0
    assert done.stdout.split()[1:] == ["two", "three"]
    assert done.stderr.count("not a terminal") == 2
    assert lab.run("docker exec -i aa cat".split(), input="through").stdout == "through"


def test_with_a_terminal_docker_has_it(lab: Lab) -> None:
    """In JupyterLab's terminals `-it` is a terminal, as in any."""
    sh(lab, "docker run -d --name aa x1 sleep 1000")
    seen = lab.run(["script", "-qec", "docker exec -it aa tty", "/dev/null"]).stdout
    assert "/dev/pts/" in seen


def test_any_images_name_is_answered_offline_with_a_note(lab: Lab) -> None:
    """Once with a note, then known; a pull answers too; a name that is none is refused in Docker's words."""
    first = lab.run("docker run --rm centos:8.1.1911 true".split())
    again = lab.run("docker run --rm centos:8.1.1911 true".split())
    assert (first.returncode, again.returncode) == (0, 0)
    assert "answered by the lab's own image" in first.stderr
    assert "answered by" not in again.stderr
    assert lab.run("docker pull quay.io/who/what:1.2".split()).returncode == 0
    listed = sh(lab, "docker images --format '{{.Repository}}:{{.Tag}}'").split()
    assert {"centos:8.1.1911", "quay.io/who/what:1.2"} <= set(listed)
    refused = lab.run("docker run --rm NoSuch:x true".split())
    assert refused.returncode == 125 and "invalid reference format" in refused.stderr


def test_a_published_port_is_reached_from_outside(lab: Lab) -> None:
    """-p works by Docker's own rules."""
    sh(lab, "echo 1 > /proc/sys/net/ipv4/ip_forward")
    serve = "echo hello > /index.html; busybox httpd -f -h / -p 80"
    sh(lab, f"docker run -d --name web -p 8080:80 nginx sh -c '{serve}'")
    fetch = "for i in $(seq 50); do curl -sf -m1 http://192.0.2.10:8080/ && exit; done; exit 1"
    done = lab.run(["bash", "-c", fetch], node="internet")
    assert (done.returncode, done.stdout) == (0, "hello\n")


def test_reset_takes_everything_back_and_quickly(lab: Lab) -> None:
    """Containers, networks, volumes, images' names, rules, settings, and a daemon that is gone."""
    before = sh(lab, f"{RULES_AND_BRIDGE}; docker images -q; docker network ls -q | wc -l")
    sh(
        lab,
        """
        docker network create mine; docker volume create data
        docker run -d --name aa --network mine -v data:/data -p 8080:80 x1 sleep 1000
        docker run -d --name bb --privileged --network host --restart always x1 sleep 1000
        ip link set docker0 down; ip link del docker0; iptables -F; iptables -t nat -F
        echo 1 > /proc/sys/net/ipv4/ip_forward
        mount -t tmpfs none /var/lib/docker/containers
        rm -f /run/docker.sock; echo x > /etc/docker/daemon.json
        kill -9 $(cat /run/docker.pid)
        """,
    )
    lab.reset()
    assert [node.name for node in lab.snapshot().nodes] == ["host", "internet"]
    after = sh(lab, f"{RULES_AND_BRIDGE}; docker images -q; docker network ls -q | wc -l")
    assert after.splitlines()[-1] == "3"
    assert after.splitlines()[:-2] == before.splitlines()[:-2]
    rest = sh(lab, "cat /proc/sys/net/ipv4/ip_forward; docker ps -aq; docker volume ls -q; ls /etc/docker")
    assert rest in ("0\n", "0\nkey.json\n")  # its own, before Docker 28
    assert "sleep 1000" not in sh(lab, "ps -ef")


def test_without_its_daemon_docker_says_how_to_have_it_back(lab: Lab) -> None:
    """The client's own message, and ours with the next step; containers go on and are still seen."""
    sh(lab, "docker run -d --name aa x1 sleep 1000; kill -9 $(cat /run/docker.pid)")
    done = lab.run(["docker", "ps"])
    assert done.returncode != 0
    assert "./run reset" in done.stderr and "Cannot connect to the Docker daemon" in done.stderr
    assert lab.snapshot().node("aa")
    assert "does not answer" in lab.status().about[0]


def test_it_is_ready_and_says_what_it_does(lab: Lab, lab_name: str) -> None:
    """From nothing to a lab whose docker runs a container; how long that takes is for tests/bench."""
    said: list[str] = []
    other = Lab.up(lab_name, engine="docker", say=said.append)
    try:
        assert other.run("docker run --rm --network none x1 true".split()).returncode == 0
    finally:
        other.down()
    assert any("daemon" in line for line in said) and any("image" in line for line in said)


def test_a_lab_of_another_engine_is_not_taken_for_this_one(lab: Lab) -> None:
    """The message names both engines, and both ways to go on."""
    with pytest.raises(LabAlreadyUp, match=r"engine docker, not namespaces(.|\n)*--engine docker(.|\n)*down"):
        Lab.up(lab.name)
    command = [sys.executable, "-m", "netlab", "--lab", lab.name, "--engine", "docker", "up"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and "is up already.\n" in done.stderr
