"""`docker` in the namespaces engine does what Docker does, or says that it does not."""

from __future__ import annotations

import json

import pytest

from netlab.lab import Lab
from tests.kernel.conftest import sh
from tests.support.patience import eventually


def test_a_bridge_container_is_joined_to_docker0_as_docker_does(lab: Lab) -> None:
    """Address, MAC, gateway, bridge port, and its own processes and host name only."""
    sh(lab, "docker run -d --name if-test centos:8.1.1911 sleep 36000")
    seen = lab.snapshot()
    container, host = seen.node("if-test"), seen.node("host")
    eth0 = container.interface("eth0")
    assert (str(eth0.addresses[0]), eth0.mac) == ("172.17.0.2/16", "02:42:ac:11:00:02")
    assert [str(r) for r in container.routes if r.destination == "default"] == [
        "default via 172.17.0.1 dev eth0"
    ]
    assert eth0.peer is not None
    port = seen.interface(eth0.peer)
    assert port is not None and port.master == "docker0" and port.has_carrier
    assert [i.name for i in container.interfaces] == ["lo", "eth0"]
    assert host.netns != container.netns
    assert "sleep 36000" in sh(lab, "docker exec if-test ps -ef")
    assert "netlab" not in sh(lab, "docker exec if-test ps -ef")
    identity = sh(lab, "docker ps -q --no-trunc").strip()
    assert sh(lab, "docker exec if-test hostname").strip() == identity[:12]


def test_addresses_have_the_broadcast_address_of_their_network(lab: Lab) -> None:
    """As Docker sets it, of docker0 and of a container."""
    sh(lab, "docker run -d --name if-test centos:8.1.1911 sleep 36000")
    assert "172.17.0.2/16 brd 172.17.255.255 " in sh(lab, "docker exec if-test ip -4 addr show eth0")
    assert "172.17.0.1/16 brd 172.17.255.255 " in sh(lab, "ip -4 addr show docker0")


def test_exactly_one_process_is_found_by_the_lectures_grep(lab: Lab) -> None:
    """No shim and no runner carries the container's command line."""
    sh(lab, "docker run -d --name if-test --network none centos:8.1.1911 sleep 36000")
    found = sh(lab, """ps -ef | grep "sleep 36000" | grep -v grep | awk '{print $2}'""").split()
    assert found == [sh(lab, "docker inspect -f '{{.State.Pid}}' if-test").strip()]


def test_without_network_there_is_only_lo(lab: Lab) -> None:
    """--network none is an empty namespace."""
    sh(lab, "docker run -d --name if-test --network none centos:8.1.1911 sleep 36000")
    assert [i.name for i in lab.snapshot().node("if-test").interfaces] == ["lo"]


def test_the_hosts_network_is_shared_when_asked(lab: Lab) -> None:
    """--network host makes no namespace of its own."""
    assert "docker0" in sh(lab, "docker run --rm --network host x ip -br link")


def test_second_container_gets_the_next_address_and_freed_ones_come_back(lab: Lab) -> None:
    """Addresses are given out as Docker does: the lowest that is free."""
    sh(lab, "docker run -d --name a x sleep 1000; docker run -d --name b x sleep 1000")
    template = "{{.NetworkSettings.IPAddress}}"
    assert sh(lab, f"docker inspect -f '{template}' a b").split() == ["172.17.0.2", "172.17.0.3"]
    sh(lab, "docker rm -f a; docker run -d --name c x sleep 1000")
    assert sh(lab, f"docker inspect -f '{template}' c").strip() == "172.17.0.2"
    assert lab.run(["docker", "exec", "c", "ping", "-c1", "-W1", "172.17.0.3"]).returncode == 0


def test_names_are_unique_and_removed_ones_free(lab: Lab) -> None:
    """A name in use is refused in Docker's words; rm needs a stop, or force."""
    sh(lab, "docker run -d --name a x sleep 1000")
    again = lab.run("docker run -d --name a x sleep 1000".split())
    assert again.returncode == 125 and "already in use" in again.stderr
    refused = lab.run(["docker", "rm", "a"])
    assert refused.returncode == 1 and "running container" in refused.stderr
    assert sh(lab, "docker stop a; docker rm a") == "a\na\n"
    assert sh(lab, "docker ps -aq") == ""


def test_stop_start_and_exit_codes(lab: Lab) -> None:
    """A container that was stopped can be started again; how a command ended is known."""
    sh(lab, "docker run -d --name a x sleep 1000; docker stop a")
    assert sh(lab, "docker inspect -f '{{.State.Status}} {{.State.ExitCode}}' a").strip() == "exited 137"
    sh(lab, "docker start a")
    assert lab.run(["docker", "exec", "a", "ping", "-c1", "-W1", "172.17.0.1"]).returncode == 0
    assert lab.run("docker run --rm x sh -c".split() + ["exit 7"]).returncode == 7
    missing = lab.run("docker run --rm x no-such-program".split())
    assert missing.returncode == 127 and "executable file not found" in missing.stderr
    assert sh(lab, "docker ps -a --format '{{.Names}}'") == "a\n"


def test_a_process_1_with_a_handler_gets_its_signal(lab: Lab) -> None:
    """docker stop lets a program end in its own way."""
    sh(
        lab,
        """docker run -d --name a x bash -c 'trap "echo bye; exit 3" TERM; while :; do sleep 0.05; done'""",
    )
    sh(lab, "docker exec a true; docker stop a")
    assert sh(lab, "docker logs a") == "bye\n"
    assert sh(lab, "docker inspect -f '{{.State.ExitCode}}' a").strip() == "3"


def test_exec_in_the_background_holds_nobody_up(lab: Lab) -> None:
    """With -d the cell is done at once, and what the program prints is nobody's."""
    sh(lab, "docker run -d --name a x sleep 1000")
    done = lab.run(["docker", "exec", "-d", "a", "sh", "-c", "echo said; exec sleep 1001"], timeout=10)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert eventually(lambda: "sleep 1001" in sh(lab, "docker exec a ps -ef"))


def test_exec_passes_input_environment_and_status(lab: Lab) -> None:
    """-i is standard input, -e the environment, the exit status the command's; -t is dropped with a note."""
    sh(lab, "docker run -d --name a -e WHO=me x sleep 1000")
    done = lab.run("docker exec -it -e B=2 a sh -c".split() + ["cat; echo $WHO $B; exit 5"], input="in ")
    assert (done.stdout, done.returncode) == ("in me 2\n", 5)
    assert "not a terminal" in done.stderr


def test_a_container_may_do_only_what_docker_lets_it(lab: Lab) -> None:
    """Without --privileged no interface is made, no route changed, no kernel setting written."""
    sh(lab, "docker run -d --name a x sleep 1000")
    for command in ("ip link add x type bridge", "ip route del default", "sysctl -w net.ipv4.ip_forward=1"):
        assert lab.run(["docker", "exec", "a", *command.split()]).returncode != 0, command
    sh(lab, "docker run --rm --cap-add NET_ADMIN x ip link add x type bridge")


def test_published_ports_are_dockers_rules_and_go_with_the_container(lab: Lab) -> None:
    """-p makes the DNAT and ACCEPT rules, by which internet's side reaches the server; rm takes them away."""
    before = sh(lab, "iptables -S; iptables -t nat -S")
    sh(lab, "echo 1 > /proc/sys/net/ipv4/ip_forward")
    sh(lab, "docker run -d --name web -p 8080:80 nginx python3 -m http.server 80")
    assert "--to-destination 172.17.0.2:80" in sh(lab, "iptables -t nat -S")
    fetch = "for i in $(seq 50); do curl -sf -m1 http://192.0.2.10:8080/ && exit; done; exit 1"
    assert lab.run(["bash", "-c", fetch], node="internet").returncode == 0
    sh(lab, "docker rm -f web")
    assert sh(lab, "iptables -S; iptables -t nat -S") == before


def test_inspect_is_json_with_dockers_fields(lab: Lab) -> None:
    """Scripts find what they look for in Docker's output."""
    sh(lab, "docker run -d --name a x sleep 1000")
    (seen,) = json.loads(sh(lab, "docker inspect a"))
    assert seen["Name"] == "/a" and seen["State"]["Running"] is True and seen["State"]["Pid"] > 1
    assert seen["NetworkSettings"]["Networks"]["bridge"]["IPAddress"] == "172.17.0.2"
    (bridge,) = json.loads(sh(lab, "docker network inspect bridge"))
    assert [member["Name"] for member in bridge["Containers"].values()] == ["a"]


@pytest.mark.parametrize(
    "command",
    [
        "docker run --memory 1g x true",
        "docker run --network mine x true",
        "docker swarm init",
        "docker rnu x",
        "docker run --naem a x true",
        "docker run -p eighty x true",
        "docker network creat mine",
        "docker run",
        "docker cp a",
        "docker inspect -f {{.No.Such}} a",
        "docker exec nobody true",
        "docker",
    ],
)
def test_what_it_cannot_do_it_refuses_in_one_line(lab: Lab, command: str) -> None:
    """A clear line and a status, never a traceback, never a pretence."""
    sh(lab, "docker create --name a x true")
    done = lab.run(command.split())
    assert done.returncode != 0
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "Traceback" not in done.stderr


def test_sudo_just_runs_the_command(lab: Lab) -> None:
    """Whoever types sudo from habit gets what he meant."""
    assert sh(lab, "sudo -E -u root A=1 sh -c 'echo $A'") == "1\n"
    assert sh(lab, "sudo ip -br link show docker0").startswith("docker0")


def test_names_resolve_at_once_or_fail_at_once(lab: Lab) -> None:
    """Nothing waits for a name server that is not there."""
    sh(lab, "docker run -d --name a x sleep 1000")
    for command in ("iptables -L", "! getent hosts example.com", "docker exec a getent hosts localhost"):
        done = lab.run(["bash", "-c", command], timeout=2)
        assert done.returncode == 0, command


def test_a_macvlan_network_puts_a_container_on_the_hosts_cable(lab: Lab) -> None:
    """The address that is asked for, or the first of the range; and no firewall rule is made for it."""
    rules = sh(lab, "iptables -S; iptables -t nat -S")
    made = "docker network create -d macvlan --subnet 192.0.2.0/24 --ip-range 192.0.2.128/25 "
    sh(lab, f"{made} -o parent=eth0 -o macvlan_mode=private street")
    sh(lab, "docker run -d --name a --network street x sleep 1000")
    sh(lab, "docker run -d --name b --network street --ip 192.0.2.77 x sleep 1000")
    assert "192.0.2.128/24" in sh(lab, "docker exec a ip -4 addr show eth0")
    assert "macvlan mode private" in sh(lab, "docker exec b ip -d link show eth0")
    assert lab.probe("internet", "192.0.2.77").reached
    assert sh(lab, "iptables -S; iptables -t nat -S") == rules
    (seen,) = json.loads(sh(lab, "docker network inspect street"))
    assert {m["Name"]: m["IPv4Address"] for m in seen["Containers"].values()} == {
        "a": "192.0.2.128/24",
        "b": "192.0.2.77/24",
    }
    assert lab.script("docker network rm street").returncode == 1
    sh(lab, "docker rm -f a b; docker network rm street")
    assert "street" not in sh(lab, "docker network ls")


def test_a_network_does_not_outlive_a_reset(lab: Lab) -> None:
    """What was made in one lesson is not in the way of the next."""
    sh(lab, "docker network create -d macvlan --subnet 192.0.2.0/24 -o parent=eth0 street")
    lab.reset()
    assert "street" not in sh(lab, "docker network ls")
