"""`docker` in the namespaces engine is the learner's own: what it mounts, copies and reads stays in the lab."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.attacks.support import PRECIOUS, Lab


def said(lab: Lab, line: str, timeout: float = 30) -> str:
    done = lab.run(["bash", "-c", f"exec 2>&1; {line}"], timeout=timeout)
    assert "Traceback" not in done.stdout, done.stdout[-2000:]
    return done.stdout


ESCAPES = (
    "docker run --rm -v /:/x:rw alpine sh -c 'cat /x{victim}; echo bad >/x{victim}'",
    "docker run --rm --privileged -v /:/x alpine sh -c 'chroot /x sh -c \"echo bad >{victim}\"; cat {victim}'",
    "docker run --rm -v /proc/1/root:/x alpine sh -c 'cat /x{victim}; echo bad >/x{victim}'",
    "docker run --rm -v /proc/1/root/../../../../:/x alpine cat /x{victim}",
    "docker run --rm --privileged -v /.lower:/x alpine sh -c 'cat /x/../..{victim}'",
    "docker run --rm -v {victim}:/x alpine cat /x",
    "docker run --rm --mount type=bind,source={victim},target=/x alpine cat /x",
    "docker run -d --name a alpine sleep 100; docker cp {victim} a:/tmp/x; docker exec a cat /tmp/x",
    "docker run -d --name a alpine sleep 100; docker exec a ln -s {victim} /tmp/x; docker cp -L a:/tmp/x /tmp/y; "
    "cat /tmp/y; docker cp /etc/hostname a:/tmp/x",
    "docker run --rm --env-file {victim} alpine env",
    "docker compose -f {victim} config",
    "docker run --rm --network container:../../../..{victim} alpine true",
    "docker volume create ../../../..{victim}; docker run --rm -v ../../../..{victim}:/x alpine cat /x",
    "docker logs ../../../..{victim}; docker inspect ../../../..{victim}; docker rm -f ../../../..{victim}",
    "docker run -d --name ../../../..{victim} alpine true",
    "docker network create ../../../..{victim}; docker network create -o com.docker.network.bridge.name=../x y",
    "docker run --rm --sysctl net/../../..{victim}=bad alpine true",
    "docker run --rm --sysctl net.ipv4.../../../../..{victim}=bad alpine true",
    "docker run --rm -w /proc/1/root/../..{victim} alpine cat .",
    "docker run --rm --cidfile {victim} alpine true",
    "docker pull ../../../..{victim}; docker run --rm ../../../..{victim} true; docker tag alpine ../x",
    "docker top 1; docker run -d --name a alpine sleep 100; docker top a -ef --file={victim}; docker top a f {victim}",
)


@pytest.mark.parametrize("line", ESCAPES)
def test_nothing_of_the_machines_is_reached(lab: Lab, victim: Path, line: str) -> None:
    """Mounts, copies, names, files to read: each path is looked up in the lab, where that file is not."""
    os.chmod(victim, 0o666)
    os.chmod(victim.parent, 0o777)
    assert PRECIOUS.strip() not in said(lab, line.format(victim=victim))
    assert victim.read_text() == PRECIOUS


def test_the_machines_programs_cannot_be_changed_by_way_of_a_mount(lab: Lab) -> None:
    """A bind of a read-only folder stays one, also for a container with every right."""
    out = said(
        lab,
        "docker run --rm --privileged -v /usr:/x alpine sh -c "
        "'touch /x/bin/planted; mount -o remount,rw /x; touch /x/bin/planted; mount -o remount,rw,bind /x; "
        "touch /x/bin/planted'",
    )
    assert not Path("/usr/bin/planted").exists(), out


HOSTS = """
docker network create shop
docker run -d --name a --network shop alpine sleep 1000
docker exec a sh -c '{plant}'
docker network connect bridge a
docker network disconnect bridge a
docker exec a true
docker rm -f a
"""


@pytest.mark.parametrize(
    "plant",
    [
        "rm /etc/hosts; ln -s /dev/zero /etc/hosts",
        "rm /etc/hosts; mkfifo /etc/hosts",
        "rm /etc/hosts; ln -s /proc/self/root/../../etc/hosts /etc/hosts",
        "head -c 9000000 /dev/zero >/etc/hosts",
        "rm -r /etc/hosts /etc/resolv.conf; mkdir /etc/hosts /etc/resolv.conf",
        'printf "\\\\377\\\\n\\\\n   \\\\nx\\\\n" >/etc/hosts',
    ],
)
def test_what_a_container_puts_for_its_hosts_file_holds_nobody_up(lab: Lab, plant: str) -> None:
    """Links, FIFOs, endless and odd files: docker says something and goes on, and the lab's own file is as it was."""
    before = lab.script("cat /etc/hosts").stdout
    began = time.monotonic()
    said(lab, HOSTS.format(plant=plant), timeout=25)
    assert time.monotonic() - began < 20
    assert lab.script("cat /etc/hosts").stdout == before
    assert lab.script("docker ps -q").stdout == ""


FLOOD = """
import os, random, socket
lot = random.Random(25)
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ask = bytes.fromhex("123401000001000000000000") + b"\\3web" + bytes.fromhex("0000010001")
for number in range(20000):
    data = bytearray(ask if number % 2 else lot.randbytes(lot.randrange(600)))
    if data:
        data[lot.randrange(len(data))] = lot.randrange(256)
    sock.sendto(bytes(data), ("127.0.0.11", 53))
print("sent")
"""


def test_a_name_server_that_is_sent_nonsense_goes_on_answering(lab: Lab) -> None:
    """Twenty thousand datagrams, then a question."""
    said(lab, "docker network create shop; docker run -d --name web --network shop alpine sleep 1000")
    sent = lab.run(["docker", "exec", "-i", "web", "python3", "-"], input=FLOOD, timeout=30)
    assert sent.stdout == "sent\n"
    assert "172.18.0.2" in said(lab, "docker exec web getent hosts web")


CLIENT = """
import glob, socket, os
for path in glob.glob("/run/netlab/containers/*/attach"):
    for message in (b"", b"x", b"w", b"w12345678", b"i" + b"z" * 30000, b"e", b"n" * 100, b"q" * 1000):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.connect(path)
        sock.send(message)
    held = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(40)]
    for sock in held:
        sock.settimeout(0.2)
        try: sock.connect(path)
        except OSError: pass
"""


def test_a_shim_that_is_told_nonsense_goes_on(lab: Lab) -> None:
    """Messages that are none, many clients, a client that does not read: the container ends as it should."""
    said(lab, "docker run -d --name a alpine sh -c 'while :; do echo line; sleep 0.05; done'")
    assert lab.run(["python3", "-c", CLIENT], timeout=30).returncode == 0
    assert "line" in said(lab, "docker logs --tail 1 a")
    assert said(lab, "docker rm -f a; docker ps -aq") == "a\n"


def test_files_of_the_store_that_are_not_what_they_seem_stop_nobody(lab: Lab) -> None:
    """Records, logs, networks, images and events of the learner's own making."""
    plant = """
        docker network create shop; docker run -d --name real nginx; cd /run/netlab/containers
        echo '{"a": 1}' >networks.json; echo '[[1]]' >images.json; echo nonsense >events
        mkdir $(printf 'a%.0s' $(seq 64)); ln -s /dev/zero $(printf 'a%.0s' $(seq 64))/config.json
        mkdir $(printf 'b%.0s' $(seq 64)); mkfifo $(printf 'b%.0s' $(seq 64))/config.json
        echo '{"log": 1' >$(docker ps -q --no-trunc)/log
    """
    lab.script(plant)
    for line in (
        "docker ps -a",
        "docker images",
        "docker network ls",
        "docker network inspect shop",
        "docker logs real",
        "docker events --since 1h --until 0s",
    ):
        began = time.monotonic()
        said(lab, line, timeout=10)
        assert time.monotonic() - began < 5, line
    assert "real" in said(lab, "docker ps")
    assert [node.name for node in lab.snapshot().nodes if node.kind == "container"] == ["real"]
    lab.reset()
    assert said(lab, "docker ps -aq; docker network ls -q | wc -l") == "3\n"
