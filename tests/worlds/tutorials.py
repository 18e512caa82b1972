"""What public tutorials type after `docker`, family by family, with how many of their files do so.

The counts are of 1,303 files that mention docker in three large collections. Each family has lines as such
files have them; it works when every line does what is said beside it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """One way to use docker."""

    name: str
    files: int  # how many use it
    lines: tuple[tuple[str, str], ...]  # a command line, and a pattern that its whole output has to have


def _family(name: str, files: int, *lines: tuple[str, str]) -> Family:
    return Family(name, files, lines)


COMPOSE = r"""mkdir -p /tmp/shop && cd /tmp/shop && cat >docker-compose.yml <<'END'
version: "3.8"
services:
  web:
    image: nginx:alpine
    ports:
      - "8080:80"
    depends_on:
      - db
  db:
    image: redis
    environment:
      MODE: test
END
"""
UP = "cd /tmp/shop && docker compose"
FETCH = "for i in $(seq 40); do curl -s -m2 %s && break; sleep 0.05; done"
FAMILIES = (
    _family(
        "compose",
        276,
        (f"{COMPOSE}docker compose up -d 2>&1", "(?i)started"),
        (f"{UP} ps", r"web.*8080->80/tcp"),
        (FETCH % "http://localhost:8080/", "(?i)nginx"),
        (f"{UP} exec -T web getent hosts db", r"172\.\d+\.0\.\d+ +db"),
        (f"{UP} logs 2>&1", "(?i)redis|ready"),
        (f"{UP} down 2>&1; docker ps -aq", "(?i)removed"),
    ),
    _family("swarm, overlay networks", 229, ("docker swarm init", "(?i)swarm initialized")),
    _family("build", 199, ("cd /tmp; echo FROM alpine >Dockerfile; docker build -t mine .", "(?i)success")),
    _family("pull", 92, ("docker pull ubuntu:20.04", "ubuntu:20.04"), ("docker images", "ubuntu +20.04")),
    _family(
        "the image's own program",
        79,
        ("docker run -d --name web -p 8080:80 nginx", "[0-9a-f]{64}"),
        (FETCH % "http://192.0.2.10:8080/", "(?i)nginx"),
        ("docker ps", "nginx.*0.0.0.0:8080->80/tcp"),
    ),
    _family(
        "-v",
        78,
        ("mkdir -p /tmp/html; echo mine >/tmp/html/index.html", ""),
        ("docker run -d --name web -v /tmp/html:/usr/share/nginx/html:ro -p 8080:80 nginx", ""),
        (FETCH % "http://192.0.2.10:8080/", "mine"),
        ("docker run --rm -v data:/data alpine sh -c 'echo kept >/data/file'", ""),
        ("docker run --rm -v data:/data alpine cat /data/file", "kept"),
    ),
    _family(
        "docker container …",
        76,
        ("docker container run -d --name web nginx", ""),
        ("docker container ls", "web"),
        ("docker container inspect web", '"Name": "/web"'),
        ("docker container stop web && docker container rm web", "web\nweb"),
    ),
    _family(
        "-dit … sh",
        63,
        ("docker run -dit --name alpine1 alpine ash", ""),
        ("docker ps --format '{{.Names}} {{.Status}}'", "alpine1 Up"),
        ("docker exec alpine1 ip addr show eth0", "172.17.0.2/16"),
    ),
    _family(
        "top, stats, info",
        55,
        ("docker run -d --name web nginx", ""),
        ("docker top web", "(?i)UID +PID"),
        ("docker stats --no-stream", "web"),
        ("docker info", "(?i)containers: 1"),
    ),
    _family(
        "network create",
        34,
        ("docker network create --driver bridge alpine-net", "[0-9a-f]{64}"),
        ("docker network ls", "alpine-net +bridge +local"),
        ("docker run -dit --name alpine1 --network alpine-net alpine ash", ""),
        ("docker run -dit --name alpine2 --network alpine-net alpine ash", ""),
        ("docker exec alpine1 ping -c 1 alpine2", " 0% packet loss"),
        ("docker network inspect alpine-net", "172.18.0.3/16"),
        ("docker rm -f alpine1 alpine2; docker network rm alpine-net", "alpine-net"),
    ),
    _family(
        "attach",
        27,
        ("docker run -dit --name one alpine sh", ""),
        ("(echo 'echo 4$((1+1))'; echo exit) | script -qec 'docker attach one' /dev/null", "42"),
    ),
    _family(
        "logs -f, --tail",
        24,
        ("docker run -d --name one alpine sh -c 'echo a; echo b; echo c'; docker wait one", "0"),
        ("docker logs -f --tail 2 one", "^b\nc$"),
    ),
    _family("--user", 21, ("docker run --rm --user 1000:1000 alpine sleep 0 2>&1", "")),
    _family(
        "ps --filter",
        20,
        ("docker run -d --name one alpine sleep 100; docker run -d --name two alpine true", ""),
        ("docker ps -q --filter name=one | wc -l", "1"),
        ("docker ps -a --filter status=exited --format '{{.Names}}'", "^two$"),
    ),
    _family(
        "-P",
        19,
        ("docker run -d -P --name web nginx", ""),
        ("docker port web", r"80/tcp -> 0\.0\.0\.0:\d+"),
    ),
    _family("--entrypoint", 15, ("docker run --rm --entrypoint echo alpine hello", "hello")),
    _family(
        "--link",
        12,
        ("docker run -d --name db redis", ""),
        ("docker run --rm --link db:cache alpine ping -c1 cache", " 0% packet loss"),
    ),
    _family(
        "prune",
        10,
        ("docker run alpine true; docker container prune -f", "(?i)deleted containers"),
        ("docker network create spare; docker network prune -f", "spare"),
        ("docker system prune -f", "(?i)reclaimed"),
    ),
    _family(
        "network connect",
        7,
        ("docker network create back; docker run -d --name one alpine sleep 100", ""),
        ("docker network connect back one", ""),
        ("docker exec one ip addr show eth1", "172.18.0.2/16"),
        ("docker network disconnect bridge one; docker exec one ip -br link", "^(?!.*eth0)"),
    ),
    _family(
        "port, -p 127.0.0.1:",
        12,
        ("docker run -d --name web -p 127.0.0.1:8080:80 nginx", ""),
        ("docker port web 80", r"127\.0\.0\.1:8080"),
        (FETCH % "http://127.0.0.1:8080/", "(?i)nginx"),
    ),
    _family(
        "--cap-drop", 5, ("docker run --rm --cap-drop ALL alpine grep CapEff /proc/self/status", "0{16}")
    ),
    _family(
        "cp",
        5,
        ("docker run -d --name web nginx; echo copied >/tmp/file; docker cp /tmp/file web:/tmp/", ""),
        ("docker exec web cat /tmp/file; docker cp web:/tmp/file /tmp/back; cat /tmp/back", "copied\ncopied"),
    ),
    _family(
        "--restart",
        4,
        ("docker run -d --name one --restart always alpine sleep 100", ""),
        ("kill -9 $(docker inspect -f '{{.State.Pid}}' one)", ""),
        (
            "for i in $(seq 60); do docker ps --format '{{.Status}}' | "
            "grep -q ^Up && break; sleep 0.05; done;"
            " docker inspect -f '{{.State.Status}} {{.RestartCount}}' one",
            "running 1",
        ),
    ),
    _family(
        "--network container:",
        2,
        ("docker run -d --name web nginx", ""),
        ("docker run --rm --network container:web nicolaka/netshoot ip -br addr", "172.17.0.2/16"),
    ),
)


def fits(output: str, status: int, pattern: str) -> bool:
    """Whether a line did what a tutorial says it does."""
    return status == 0 and bool(re.search(pattern, output, re.MULTILINE))
