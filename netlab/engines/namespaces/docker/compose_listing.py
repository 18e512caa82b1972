"""docker compose ps, logs, config, exec, top, images, port and ls: what there is of a project."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from netlab.engines.namespaces.compose import plan
from netlab.engines.namespaces.compose.project import Project, Service
from netlab.engines.namespaces.docker import compose_logs, listing, processes
from netlab.engines.namespaces.docker.columns import columns
from netlab.engines.namespaces.docker.compose_up import choose, members
from netlab.engines.namespaces.docker.execute import execute as execute_in
from netlab.engines.namespaces.docker.refused import Refused
from netlab.engines.namespaces.docker.rows import row
from netlab.engines.namespaces.store import Record, Store, is_running

HEADS = ("NAME", "IMAGE", "COMMAND", "SERVICE", "CREATED", "STATUS", "PORTS")


def _records(given: argparse.Namespace, store: Store, project: Project) -> list[Record]:
    names = [service.name for service in choose(project, given.services)]
    return [record for record in members(store, project) if record.labels.get(plan.SERVICE) in names]


def ps(given: argparse.Namespace, store: Store, project: Project) -> int:
    """docker compose ps. Refused."""
    records = [r for r in _records(given, store, project) if given.all or is_running(r) or r.is_restarting]
    if given.quiet:
        print("".join(f"{record.id}\n" for record in records), end="")
        return 0
    rows = []
    for record in records:
        cells = row(record, whole=False)
        service = record.labels.get(plan.SERVICE, "")
        keys = ("RunningFor", "Status", "Ports")
        rows.append((record.name, record.image, cells["Command"], service, *(cells[key] for key in keys)))
    print(columns([HEADS, *rows]), end="")
    return 0


def logs(given: argparse.Namespace, store: Store, project: Project) -> int:
    """docker compose logs. Refused."""
    records = _records(given, store, project)
    if given.tail != "all" and not given.tail.isdigit():
        raise Refused(f"docker compose logs: --tail {given.tail} is no number.")
    tail = None if given.tail == "all" else int(given.tail[:9])
    if given.follow:
        compose_logs.follow(store, records, tail)
    else:
        compose_logs.show(records, store, tail)
    return 0


def _find(store: Store, project: Project, service: str, number: int) -> Record:
    choose(project, [service])
    for record in members(store, project, service):
        if record.labels.get(plan.NUMBER) == str(number):
            return record
    raise Refused(f'service "{service}" is not running')


def execute(given: argparse.Namespace, store: Store, project: Project) -> int:
    """docker compose exec: the command's exit status. Refused."""
    record = _find(store, project, given.service, given.index)
    if not is_running(record):
        raise Refused(f'service "{given.service}" is not running')
    given.container = record.name
    given.interactive = True
    given.tty = not given.no_TTY and not given.detach and sys.stdin.isatty()
    return execute_in(given, store)


def top(given: argparse.Namespace, store: Store, project: Project) -> int:
    """docker compose top. Refused."""
    for record in _records(given, store, project):
        if is_running(record):
            print(record.name)
            processes.top(argparse.Namespace(container=record.name, ps=[]), store)
    return 0


def images(given: argparse.Namespace, store: Store, project: Project) -> int:
    """docker compose images. Refused."""
    rows = [(record.name, record.image) for record in _records(given, store, project)]
    print(columns([("CONTAINER", "IMAGE"), *rows]), end="")
    return 0


def port(given: argparse.Namespace, store: Store, project: Project) -> int:
    """docker compose port. Refused."""
    record = _find(store, project, given.service, 1)
    listing.port(argparse.Namespace(container=record.name, port=given.port), store)
    return 0


def projects(given: argparse.Namespace, store: Store) -> None:
    """docker compose ls."""
    found: dict[str, list[Record]] = {}
    for record in store.all():
        if name := record.labels.get(plan.PROJECT):
            found.setdefault(name, []).append(record)
    rows = []
    for name, records in sorted(found.items()):
        running = sum(map(is_running, records))
        if running or given.all:
            rows.append((name, f"running({running})" if running else f"exited({len(records)})"))
    print(columns([("NAME", "STATUS"), *rows]), end="")


def config(given: argparse.Namespace, store: Store, project: Project) -> int:
    """docker compose config: what the file says, once more. Refused."""
    services = choose(project, [])
    if given.services:
        print("".join(f"{service.name}\n" for service in services), end="")
    elif not given.quiet:
        described = {
            "name": project.name,
            "services": {service.name: _describe(service) for service in project.services},
            "networks": {each.name: {"name": each.full_name} for each in project.networks},
            **(
                {"volumes": {key: {"name": name} for key, name in project.volumes.items()}}
                if project.volumes
                else {}
            ),
        }
        print("\n".join(_yaml(described, 0)))
    return 0


def _describe(service: Service) -> dict[str, Any]:
    found = {
        key: value
        for key, value in asdict(service).items()
        if value and key not in ("name", "line", "options")
    }
    found["networks"] = {each.network: None for each in service.networks}
    flags = iter(service.options)
    for flag in flags:
        name = flag.removeprefix("--")
        found.setdefault(name, []).append(
            next(flags) if flag not in ("--tty", "--interactive", "--init") else True
        )
    return {key: value for key, value in found.items() if value not in ({}, 1)}


def _yaml(value: Any, depth: int) -> Iterator[str]:
    blanks = "  " * depth
    for key, item in value.items() if isinstance(value, Mapping) else ((None, item) for item in value):
        head = f"{blanks}{key}:" if key is not None else f"{blanks}-"
        if isinstance(item, Mapping | list | tuple) and item:
            yield head
            yield from _yaml(item, depth + 1)
        else:
            yield f"{head} {json.dumps(item, ensure_ascii=False) if not _is_plain(item) else item}"


def _is_plain(item: Any) -> bool:
    return (
        isinstance(item, str)
        and item.replace("-", "").replace("_", "").replace("/", "").replace(".", "").isalnum()
    )
