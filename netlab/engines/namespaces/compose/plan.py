"""The words of `docker run` that a container of a service comes to."""

from __future__ import annotations

import hashlib
from dataclasses import asdict

from netlab.engines.namespaces.compose.project import Project, Service

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
NUMBER = "com.docker.compose.container-number"
HASH = "com.docker.compose.config-hash"
NETWORK = "com.docker.compose.network"


def container_name(project: str, service: Service, number: int) -> str:
    """What it is called."""
    return service.container_name or f"{project}-{service.name}-{number}"


def fingerprint(service: Service) -> str:
    """The same for the same words of the file, wherever they stand in it."""
    words = {key: value for key, value in asdict(service).items() if key not in ("line", "scale")}
    return hashlib.sha256(repr(words).encode()).hexdigest()


def words(project: Project, service: Service, number: int) -> list[str]:
    """The words behind `docker run`, as far as they can be said in words."""
    found = ["--detach", "--name", container_name(project.name, service, number)]
    labels = {PROJECT: project.name, SERVICE: service.name, NUMBER: str(number), HASH: fingerprint(service)}
    for name, value in labels.items():
        found += ["--label", f"{name}={value}"]
    full = {plan.name: plan.full_name for plan in project.networks}
    if service.network_mode.startswith("service:"):
        found += ["--network", f"container:{project.name}-{service.network_mode.partition(':')[2]}-1"]
    elif service.network_mode:
        found += ["--network", service.network_mode]
    for membership in service.networks:
        found += ["--network", full[membership.network]]
    for volume in service.volumes:
        source, colon, rest = volume.partition(":")
        found += ["--volume", f"{project.volumes.get(source, source)}:{rest}" if colon else volume]
    found += service.options
    rest_of_entrypoint: tuple[str, ...] = ()
    if service.entrypoint is not None:
        found += ["--entrypoint", service.entrypoint[0] if service.entrypoint else ""]
        rest_of_entrypoint = service.entrypoint[1:]
    return [*found, service.image, *rest_of_entrypoint, *service.command]
