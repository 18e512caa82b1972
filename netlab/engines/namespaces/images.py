"""What the images that tutorials use would run, and what the lab runs in their place.

Nothing is fetched: every image is answered by the lab's own root file system. What an image is known for is
its program, and the ports at which it listens; unknown ones are shells, or listen where a port is published.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from netlab.linux import files

KNOWN = "/run/netlab/containers/images.json"
LARGEST = 1 << 16
NAME = re.compile(
    r"(?:[a-z0-9][a-z0-9.-]*(?::\d{1,5})?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?",
    re.ASCII,
)
LONGEST_NAME = 255


@dataclass(frozen=True)
class Image:
    """One image's own program."""

    argv: tuple[str, ...] = ("/bin/bash",)  # as `docker ps` shows it
    program: str = ""  # of netlab.engines.namespaces.programs, that plays it; "" where argv is run
    ports: tuple[str, ...] = ()  # "80/tcp"
    is_entrypoint: bool = False  # its words come before those that somebody types
    folder: str = "/"


def _web(words: str, *ports: int, folder: str = "/") -> Image:
    return Image(tuple(words.split("|")), "web", tuple(f"{port}/tcp" for port in ports), folder=folder)


def _listener(words: str, *ports: int, program: str = "listener") -> Image:
    return Image(tuple(words.split()), program, tuple(f"{port}/tcp" for port in ports))


def _shell(words: str) -> Image:
    return Image(tuple(words.split()))


NGINX = _web("/docker-entrypoint.sh|nginx|-g|daemon off;", 80)
WHOAMI = Image(("/whoami",), "web", ("80/tcp",), is_entrypoint=True)
IMAGES: Mapping[str, Image] = {
    **dict.fromkeys(("alpine", "busybox"), _shell("/bin/sh")),
    **dict.fromkeys(
        ("ubuntu", "debian", "centos", "fedora", "rockylinux", "amazonlinux"), _shell("/bin/bash")
    ),
    "python": _shell("python3"),
    "node": _shell("node"),
    **dict.fromkeys(("nicolaka/netshoot", "jonlabelle/network-tools"), _shell("/bin/bash")),
    **dict.fromkeys(("nginx", "nginxdemos/hello"), NGINX),
    **dict.fromkeys(
        ("bitnami/nginx", "nginxinc/nginx-unprivileged"),
        _web("/docker-entrypoint.sh|nginx|-g|daemon off;", 8080),
    ),
    **dict.fromkeys(("praqma/network-multitool", "wbitt/network-multitool"), NGINX),
    "httpd": _web("httpd-foreground", 80, folder="/usr/local/apache2"),
    **dict.fromkeys(("traefik/whoami", "containous/whoami", "jwilder/whoami"), WHOAMI),
    "hashicorp/http-echo": Image(("/http-echo",), "web", ("5678/tcp",), is_entrypoint=True),
    "kennethreitz/httpbin": _web("gunicorn|-b|0.0.0.0:80|httpbin:app", 80),
    "training/webapp": _web("python|app.py", 5000, folder="/opt/webapp"),
    "wordpress": _web("docker-entrypoint.sh|apache2-foreground", 80, folder="/var/www/html"),
    "tomcat": _web("catalina.sh|run", 8080, folder="/usr/local/tomcat"),
    "jenkins/jenkins": _web("/usr/bin/tini|--|/usr/local/bin/jenkins.sh", 8080, 50000),
    "registry": _web("/entrypoint.sh|/etc/docker/registry/config.yml", 5000),
    "grafana/grafana": _web("/run.sh", 3000),
    "prom/prometheus": _web("/bin/prometheus|--config.file=/etc/prometheus/prometheus.yml", 9090),
    "redis": _listener("docker-entrypoint.sh redis-server", 6379, program="redis"),
    "mysql": _listener("docker-entrypoint.sh mysqld", 3306, 33060),
    "mariadb": _listener("docker-entrypoint.sh mariadbd", 3306),
    **dict.fromkeys(("postgres", "training/postgres"), _listener("docker-entrypoint.sh postgres", 5432)),
    "mongo": _listener("docker-entrypoint.sh mongod", 27017),
    "memcached": _listener("docker-entrypoint.sh memcached", 11211),
    "rabbitmq": _listener("docker-entrypoint.sh rabbitmq-server", 5672),
    **dict.fromkeys(("curlimages/curl", "alpine/curl"), Image(("curl",), is_entrypoint=True)),
    "hello-world": Image(("/hello",), "hello"),
}
# What starts an image's program when it is typed: `docker run nginx nginx -g "daemon off;"`.
SERVERS = {"nginx", "httpd", "httpd-foreground", "apache2-foreground", "redis-server", "mysqld", "postgres"}


def split(name: str) -> tuple[str, str]:
    """("nginx", "latest") of "docker.io/library/nginx"; a registry's port is no tag."""
    name = name.partition("@")[0]
    head, colon, tag = name.rpartition(":")
    repository, tag = (head, tag) if colon and "/" not in tag else (name, "latest")
    for prefix in ("docker.io/", "index.docker.io/", "registry.hub.docker.com/", "library/"):
        repository = repository.removeprefix(prefix)
    return repository, tag


def is_name(name: str) -> bool:
    """Whether Docker would take it for an image's name."""
    return len(name) <= LONGEST_NAME and bool(NAME.fullmatch(name))


def image(name: str, published: Collection[str] = ()) -> Image:
    """What that image runs; an unknown one, with published ports, answers there."""
    known = IMAGES.get(split(name)[0])
    if known is None and published:
        return Image(("/server",), "web", tuple(sorted(published)))
    return known or Image()


def misspelt(name: str) -> str:
    """The known image whose name is almost this one's; "" where it is known, or like none."""
    import difflib

    plain = split(name)[0]
    if plain in IMAGES or len(plain) < 4:
        return ""
    return next(iter(difflib.get_close_matches(plain, IMAGES, 1, 0.75)), "")


def identity(name: str) -> str:
    """The 64 digits that stand for it."""
    return hashlib.sha256(":".join(split(name)).encode()).hexdigest()


def known() -> dict[str, float]:
    """The images that were used or pulled, with when that was first."""
    with suppress(OSError, ValueError):
        found = json.loads(files.read("/", KNOWN, LARGEST))
        if isinstance(found, dict):
            return {
                str(k): float(v) for k, v in found.items() if is_name(str(k)) and isinstance(v, int | float)
            }
    return {}


def save(images: Mapping[str, float]) -> None:
    """Those are all that there are. OSError."""
    os.makedirs(os.path.dirname(KNOWN), exist_ok=True)
    fresh = Path(f"{KNOWN}.{os.getpid()}")
    fresh.write_text(json.dumps(dict(images)))
    fresh.replace(KNOWN)


def learn(name: str, now: float) -> bool:
    """Note that it was used; whether it was not known before. OSError."""
    full, images = ":".join(split(name)), known()
    if full in images:
        return False
    save({**images, full: now})
    return True
