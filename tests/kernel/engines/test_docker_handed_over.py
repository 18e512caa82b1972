"""What `docker` hands over to process 1, or to a shell, is what it would do itself, sooner."""

from __future__ import annotations

import re

from netlab.lab import Lab
from tests.kernel.conftest import sh


def test_the_plain_exec_is_the_one_with_options(lab: Lab) -> None:
    """By name or the id's first digits: environment, rights and folder, and the same refusals."""
    identity = sh(lab, "docker run -d --name a -e WHO=me -w /tmp x sleep 1000").strip()
    shown = "grep Cap /proc/self/status; ls -l --time-style=+ /proc/self/ns /proc/self/fd/0"
    look = f"sh -c 'env | sort; pwd; {shown}'"
    for plain in (f"docker exec {name} {look}" for name in ("a", identity, identity[:3])):
        full = plain.replace("exec", "exec -e WHO=me")
        assert sh(lab, plain) == sh(lab, full)
    sh(lab, "docker stop -t 0 a")
    for name in ("a", "nobody", identity[:2]):
        plain, full = (lab.run(["docker", "exec", *more, name, "true"]) for more in ((), ("-w", "/")))
        assert (plain.returncode, plain.stderr) == (full.returncode, full.stderr)
        assert plain.returncode == 1


STEPS = """
docker run -d --name a -e TASTE x sh -c 'echo "$TASTE"; exec sleep 1000'
docker run -d --name a x sleep 1000
docker run -d --name b x no-such-program
docker run -d --name c --network none -w /tmp --init x sleep 1000
docker exec -d a touch /tmp/seen
docker ps -a --format '{{.Names}}'
docker inspect -f '{{.Config.Hostname}} {{.State.Pid}} {{json .NetworkSettings.Networks}}' a nobody
docker logs a
docker restart c
docker stop -t 1 c
docker rm c a
docker rm -f a
docker network ls
docker ps --no-such-option
docker network
"""


def said(lab: Lab) -> str:
    """Each command with its exit status and what it printed, but for what is another one each time."""
    lines = "\n".join(f"{line}; echo status=$?" for line in STEPS.strip().splitlines())
    done = lab.run(["bash", "-c", f"cd /tmp; export TASTE=salt\n{lines}"])
    return re.sub(r"[0-9a-f]{64}|\b[0-9a-f]{12}\b|\b\d+\b(?= \{)", "number", done.stdout + done.stderr)


def test_what_process_1_does_for_docker_is_what_docker_does_itself(lab: Lab) -> None:
    """The same words and statuses, whether it has a Python that is loaded do it, or loads one."""
    handed_over = said(lab)
    lab.reset()
    sh(lab, "mv /run/netlab/docker /run/netlab/away")
    try:
        by_itself = said(lab)
    finally:
        sh(lab, "mv /run/netlab/away /run/netlab/docker")
    assert handed_over == by_itself
    assert "salt" in handed_over and "executable file not found" in handed_over
    assert "status=125" in handed_over and handed_over.count("status=0") >= 8


def test_what_is_handed_over_has_the_streams_of_who_asks(lab: Lab) -> None:
    """Also while the shell that asks has its output turned to process 1, and its input to the answer."""
    slowly = r"s/echo \$\$ >\(.*\)/{ echo $$; sleep 0.3; } >\1/"
    sh(
        lab,
        f"sed '{slowly}' $(command -v docker) > /tmp/docker; chmod +x /tmp/docker; grep -q sleep /tmp/docker",
    )
    assert sh(lab, "/tmp/docker ps").startswith("CONTAINER ID")
    assert "nobody" in lab.run(["/tmp/docker", "inspect", "nobody"]).stderr


def test_a_shell_enters_a_container_as_docker_does(lab: Lab) -> None:
    """By its name a shell leads into it, by its number a Python: into the same, and not when it has ended."""
    sh(lab, "docker run -d --name a-1.b -h here -w /tmp -e 'SAYING=it'\"'\"'s so' x sleep 1000")
    look = (
        "sh -c 'env | sort; pwd; hostname; grep Cap /proc/self/status; readlink /proc/self/ns/*; cat; exit 7'"
    )
    number = sh(lab, "docker ps -q --no-trunc").strip()
    for words in ("exec", "exec -i"):
        both = [
            f"echo typed | docker {words} {name} {look}; echo status=$?" for name in ("a-1.b", number[:12])
        ]
        by_name, by_number = (lab.run(["bash", "-c", line]).stdout for line in both)
        assert by_name == by_number and "SAYING=it's so" in by_name and "status=7" in by_name
        assert ("typed" in by_name) == (words == "exec -i")
    for line in ("docker exec a-1.b", "docker stop a-1.b && docker exec a-1.b true", "docker exec b true"):
        done = lab.run(["bash", "-c", line])
        assert done.returncode and done.stderr.startswith(("docker", "Error", '"docker')), done


def test_docker_in_another_namespace_is_done_there(lab: Lab) -> None:
    """The network of whoever types it is the host's for --network host, not that of process 1."""
    sh(lab, "ip netns add blue; ip netns exec blue docker run -d --name a --network host x sleep 1000")
    place = "stat -L -c %i /proc/$(docker inspect -f '{{.State.Pid}}' a)/ns/net"
    assert sh(lab, place) == sh(lab, "stat -L -c %i /run/netns/blue")


def test_a_command_that_is_handed_over_loads_next_to_nothing(lab: Lab) -> None:
    """What takes most of the processor's time is imported where process 1 cannot do it, and only there."""
    sh(lab, "sed 's/ -IS / -IS -X importtime /' $(command -v docker) > /tmp/docker; chmod +x /tmp/docker")
    by_process_1 = lab.run(["/tmp/docker", "run", "-d", "--name", "a", "x", "sleep", "1000"])
    by_itself = lab.run(["/tmp/docker", "run", "--name", "b", "x", "true"])
    assert by_process_1.returncode == by_itself.returncode == 0
    assert "argparse" not in by_process_1.stderr and "netlab.model" not in by_process_1.stderr
    assert "argparse" in by_itself.stderr and "netlab.model" in by_itself.stderr
