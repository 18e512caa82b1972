"""What a compose file says, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Membership:
    """A service in one network."""

    network: str
    aliases: tuple[str, ...] = ()
    address: str = ""


@dataclass(frozen=True)
class Service:
    """One service."""

    name: str
    image: str
    line: int
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] | None = None
    options: tuple[str, ...] = ()  # of `docker run`, that nothing else has to be known for
    networks: tuple[Membership, ...] = ()
    network_mode: str = ""
    needs: tuple[tuple[str, str], ...] = ()  # (another service, service_started or the like)
    volumes: tuple[str, ...] = ()  # "name:/path" and "/path:/path", as -v takes them
    container_name: str = ""
    scale: int = 1
    health: tuple[str, ...] = ()  # as Record.health
    links: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()  # it is left alone unless one of these is asked for, or it is named


@dataclass(frozen=True)
class NetworkPlan:
    """One network."""

    name: str  # in the file
    full_name: str  # of docker's
    words: tuple[str, ...] = ()  # of `docker network create`
    is_external: bool = False


@dataclass(frozen=True)
class Project:
    """The whole file."""

    name: str
    services: tuple[Service, ...]
    networks: tuple[NetworkPlan, ...]
    volumes: dict[str, str] = field(default_factory=dict)  # name in the file → docker's


class BadCompose(ValueError):
    """What is wrong with a file: "compose.yml:7: …"."""


def of_profiles(project: Project, wanted: set[str], named: Sequence[str]) -> Project:
    """The project without the services of profiles that nobody asked for. BadCompose where one is needed."""
    kept = tuple(
        service
        for service in project.services
        if not service.profiles or "*" in wanted or wanted & {*service.profiles} or service.name in named
    )
    left_out = {service.name: service for service in project.services if service not in kept}
    for service in kept:
        for other, _condition in service.needs:
            if other in left_out:
                profiles = " ".join(left_out[other].profiles)
                raise BadCompose(
                    f"service {other} is required by {service.name} but is disabled. "
                    f"Can be enabled by profiles [{profiles}]"
                )
    return replace(project, services=kept)


def in_order(services: tuple[Service, ...]) -> list[Service]:
    """Each behind those that it needs. BadCompose for a circle."""
    by_name = {service.name: service for service in services}
    done: list[Service] = []

    def visit(service: Service, way: tuple[str, ...]) -> None:
        if service.name in way:
            raise BadCompose(f"dependency cycle detected: {' -> '.join((*way, service.name))}")
        for other, _condition in service.needs:
            if other in by_name:
                visit(by_name[other], (*way, service.name))
        if service not in done:
            done.append(service)

    for service in services:
        visit(service, ())
    return done
