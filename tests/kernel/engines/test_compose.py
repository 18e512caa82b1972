"""docker compose in the namespaces engine: who reaches whom is what the specification says."""

from __future__ import annotations

import pytest

from netlab.diagnosis.reach.ask import reach
from netlab.lab import Lab
from tests.kernel.conftest import sh
from tests.worlds.compose_file import ComposeFile, compose_files, look, services

FILES = compose_files()
PS = "docker ps --no-trunc --format '{{.Label \"com.docker.compose.service\"}} {{.ID}}' | sort -u -k1,1"
FETCH = "for i in $(seq 20); do curl -sf -m2 http://{}:{}/ && exit; sleep 0.05; done; exit 1"


def bring_up(lab: Lab, one: ComposeFile) -> None:
    """Have it in the lab."""
    sh(lab, "echo 1 >/proc/sys/net/ipv4/ip_forward; mkdir -p /tmp/files")
    done = lab.run(["sh", "-c", "cat >/tmp/files/compose.yml"], input=one.content)
    assert done.returncode == 0
    done = lab.script(f"{one.before} && cd /tmp/files && docker compose up -d")
    assert done.returncode == 0, done.stderr


def matrix(lab: Lab, one: ComposeFile, containers: dict[str, str]) -> dict[str, set[str]]:
    """What each service reaches, all at once."""
    names = one.names | set(containers)
    script = "".join(
        f"docker exec {identity} bash -c '{look(names)}' >/tmp/reached.{service} &\n"
        for service, identity in containers.items()
    )
    sh(lab, f"{script}wait")
    return {service: set(sh(lab, f"cat /tmp/reached.{service}").split()) for service in containers}


@pytest.mark.parametrize("one", [file for file in FILES if not file.refused], ids=lambda one: one.name)
def test_who_reaches_whom_is_as_the_file_says(lab: Lab, one: ComposeFile) -> None:
    """By name, by address, and by published port: every pair."""
    bring_up(lab, one)
    containers = {line.split()[0]: line.split()[-1] for line in sh(lab, PS).splitlines()}
    containers = {service: identity for service, identity in containers.items() if service in one.reach}
    assert matrix(lab, one, containers) == one.reach
    for kind, port, expected in one.ports:
        where, node = ("192.0.2.10", "internet") if kind == "outside" else ("127.0.0.1", "host")
        if expected == "-":
            refused = lab.run(["curl", "-s", "-m1", f"http://{where}:{port}/"], node=node)
            assert refused.returncode, (kind, port, refused.stdout)
            continue
        page = lab.run(["bash", "-c", FETCH.format(where, port)], node=node).stdout
        assert (expected if kind == "body" else containers[expected][:12]) in page, (kind, port, page)


@pytest.mark.parametrize("one", [file for file in FILES if file.refused], ids=lambda one: one.name)
def test_a_file_that_needs_more_is_refused_by_line(lab: Lab, one: ComposeFile) -> None:
    """One line that says which, and nothing has been made."""
    assert one.refused
    line, word = one.refused
    sh(lab, "mkdir -p /tmp/files")
    lab.run(["sh", "-c", "cat >/tmp/files/compose.yml"], input=one.content)
    done = lab.script("cd /tmp/files && docker compose up -d")
    assert done.returncode and len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert word in done.stderr and (line == "-" or f"compose.yml:{line}: " in done.stderr), done.stderr
    assert sh(lab, "docker ps -aq; docker network ls -q --filter type=custom") == ""


def test_the_matrix_is_explained(lab: Lab) -> None:
    """./run trace --all: who is in another network is dropped by the rule that isolates them."""
    bring_up(lab, next(file for file in FILES if file.name == "front-and-back"))
    report = str(reach(lab, "files-app-1 → files-db-1"))
    assert "DOCKER-ISOLATION-STAGE-2" in report and "udp 53" not in report
    assert "DROP" not in str(reach(lab, "files-proxy-1 → files-db-1"))


def test_the_files_are_thirty_and_more() -> None:
    """Every service that is in sight has its line."""
    assert len(FILES) >= 30 and sum(not file.refused for file in FILES) >= 28
    unsaid = {file.name: set(services(file.content)) - set(file.reach) for file in FILES if not file.refused}
    assert {name: who for name, who in unsaid.items() if who} == {
        "job-before-server": {"setup"},
        "profiles": {"debug"},
    }


def test_profiles_are_left_out_until_they_are_asked_for(lab: Lab) -> None:
    """--profile, COMPOSE_PROFILES, or by name; what needs one of them says so. Other files are not merged."""
    bring_up(lab, next(file for file in FILES if file.name == "profiles"))
    compose = "cd /tmp/files && docker compose"
    for asked in (f"{compose} --profile tools", f"export COMPOSE_PROFILES=tools; {compose}"):
        assert sh(lab, f"{asked} config --services").split() == ["web", "debug"]
    assert "files-debug-1  Started" in lab.script(f"{compose} up -d debug").stderr
    needy = "services:\n  a: {image: x, depends_on: [b]}\n  b: {image: x, profiles: [p]}\n"
    lab.run(["sh", "-c", "cat >/tmp/files/needy.yml"], input=needy)
    assert "is disabled" in lab.script(f"{compose} -f needy.yml up -d").stderr
    sh(lab, "touch /tmp/files/compose.override.yml")
    assert "files are not merged" in lab.script(f"{compose} ps").stderr


COMPOSE = """
services:
  web:
    image: nginx
    ports: ["8080:80"]
    depends_on:
      db: {condition: service_healthy}
    networks: [front, back]
  db:
    image: redis
    networks:
      back: {aliases: [cache]}
    healthcheck: {test: [CMD, bash, -c, "echo </dev/tcp/127.0.0.1/6379"], interval: 100ms}
  job:
    image: alpine
    command: sleep 1000
    networks: [front]
    scale: 2
networks: {front: {}, back: {internal: true}}
"""


def test_a_compose_file_comes_up_and_goes_down(lab: Lab) -> None:
    """In the order of its needs; who is where reaches whom as the file says; down leaves nothing."""
    before = sh(lab, "iptables-save | grep -v '^[#:]'; ip -br link | awk '{print $1}'")
    sh(lab, f"mkdir -p /tmp/shop; cat >/tmp/shop/compose.yml <<'END'\n{COMPOSE}\nEND")
    up = lab.script("cd /tmp/shop; docker compose up -d")
    assert up.returncode == 0 and up.stderr.index("db-1  Healthy") < up.stderr.index("web-1  Started")
    compose = "cd /tmp/shop; docker compose"
    assert "stands for" in sh(lab, "curl -s -m2 localhost:8080")
    for service, name, there in (
        ("web", "cache", True),
        ("web", "job", True),
        ("job", "web", True),
        ("job", "db", False),
        ("db", "job", False),
    ):
        assert (lab.script(f"{compose} exec -T {service} ping -c1 -W1 {name}").returncode == 0) == there, (
            service,
            name,
        )
    assert len(sh(lab, f"{compose} ps -q").split()) == 4
    assert "Running" in lab.script(f"{compose} up -d").stderr
    assert "redis: ready" in sh(lab, f"{compose} logs db")
    assert lab.script(f"{compose} down").returncode == 0
    assert sh(lab, "iptables-save | grep -v '^[#:]'; ip -br link | awk '{print $1}'") == before
