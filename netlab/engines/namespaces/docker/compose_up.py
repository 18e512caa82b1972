"""docker compose up, down, and the verbs between them."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace

from netlab.engines.namespaces import mounts, networks
from netlab.engines.namespaces.compose import plan
from netlab.engines.namespaces.compose.project import BadCompose, Project, Service, in_order
from netlab.engines.namespaces.docker import (
    compose_logs,
    image_commands,
    lifecycle,
    network_commands,
    run,
)
from netlab.engines.namespaces.docker import options as opt
from netlab.engines.namespaces.docker.checks import seconds
from netlab.engines.namespaces.docker.commands import parser
from netlab.engines.namespaces.docker.refused import Refused
from netlab.engines.namespaces.store import Endpoint, Record, Store, is_running
from netlab.linux import polling

SECONDS_TO_BE_WELL = 120.0
PAUSE = 0.02  # seconds between two looks at a state that is written down elsewhere
MOST = 64  # containers of one service


def tell(kind: str, name: str, state: str) -> None:
    """One line of progress, as compose prints where there is no terminal."""
    print(f" {kind} {name}  {state}", file=sys.stderr, flush=True)


def members(store: Store, project: Project, service: str = "") -> list[Record]:
    """The containers of the project, or of one service, by their numbers."""
    found = [r for r in store.all() if r.labels.get(plan.PROJECT) == project.name]
    found = [r for r in found if not service or r.labels.get(plan.SERVICE) == service]
    return sorted(found, key=lambda r: (r.labels.get(plan.SERVICE, ""), len(r.name), r.name))


def choose(project: Project, names: Sequence[str], *, with_needs: bool = False) -> list[Service]:
    """Those services, in the order in which they come up. Refused."""
    known = {service.name: service for service in project.services}
    if unknown := [name for name in names if name not in known]:
        raise Refused(f"no such service: {unknown[0]}")
    wanted = set(names) or set(known)
    queue = list(wanted) if with_needs else []
    while queue:
        needed = {other for other, _ in known[queue.pop()].needs} - wanted
        wanted |= needed
        queue += needed
    try:
        return [service for service in in_order(project.services) if service.name in wanted]
    except BadCompose as error:
        raise Refused(str(error), 15) from error


def up(given: argparse.Namespace, store: Store, project: Project) -> int:
    """docker compose up. Refused."""
    services = choose(project, given.services, with_needs=True)
    scales = _scales(given.scale, services)
    _make_networks(store, project)
    for service in services:
        _wait_for_needs(store, project, service)
        _bring_up(store, project, service, scales.get(service.name, service.scale), given.force_recreate)
    if given.remove_orphans:
        known = {service.name for service in project.services}
        _remove(store, [r for r in members(store, project) if r.labels.get(plan.SERVICE) not in known])
    if given.wait:
        for service in services:
            for record in members(store, project, service.name):
                _wait_until(store, record, "service_healthy" if service.health else "service_started")
    if given.detach or given.wait:
        return 0
    names = [service.name for service in services]
    records = [r for name in names for r in members(store, project, name)]
    print(f"Attaching to {', '.join(compose_logs.short(r) for r in records)}", file=sys.stderr)
    try:
        compose_logs.follow(store, records)
    except KeyboardInterrupt:
        print("Gracefully stopping... (press Ctrl+C again to force)", file=sys.stderr)
        _stop(store, records, 10.0)
    return 0


def _scales(words: Sequence[str], services: Sequence[Service]) -> dict[str, int]:
    found = {}
    for word in words:
        name, equals, number = word.partition("=")
        if not equals or not number.isdigit() or int(number[:6]) > MOST:
            raise Refused(f"--scale option {word} is not SERVICE=NUMBER, or more than {MOST}")
        if name not in {service.name for service in services}:
            raise Refused(f"no such service: {name}")
        found[name] = int(number)
    return found


def _make_networks(store: Store, project: Project) -> None:
    """Those that are not there yet. Refused, EngineError."""
    for network in project.networks:
        if networks.find_any(store, network.full_name):
            continue
        if network.is_external:
            raise Refused(f"network {network.full_name} declared as external, but could not be found")
        words = [*network.words, "--label", f"{plan.PROJECT}={project.name}", network.full_name]
        words = ["--label", f"{plan.NETWORK}={network.name}", *words]
        options = parser("network create").parse_args(words)
        network_commands.make(store, options)
        tell("Network", network.full_name, "Created")
    for name in project.volumes.values():
        if name not in mounts.volumes():
            mounts.make_volume(name)
            tell("Volume", f'"{name}"', "Created")


def _wait_for_needs(store: Store, project: Project, service: Service) -> None:
    for other, condition in service.needs:
        for record in members(store, project, other):
            _wait_until(store, record, condition)


def _wait_until(store: Store, record: Record, condition: str) -> None:
    """Until it is as another one needs it. Refused when it will not be."""
    if condition == "service_started":
        return
    tell("Container", record.name, "Waiting")
    for _look in polling.looks(SECONDS_TO_BE_WELL, PAUSE, 1.05):
        now = store.get(record.id)
        if now is None or (condition == "service_healthy" and not now.health):
            raise Refused(
                f"dependency failed to start: container {record.name} has no healthcheck configured"
            )
        if condition == "service_healthy" and now.is_healthy == "healthy":
            tell("Container", record.name, "Healthy")
            return
        if now.is_healthy == "unhealthy":
            raise Refused(f"dependency failed to start: container {record.name} is unhealthy")
        if not is_running(now) and not now.is_restarting:
            if condition == "service_completed_successfully" and now.exit_code == 0:
                tell("Container", record.name, "Exited")
                return
            raise Refused(f"dependency failed to start: container {record.name} exited ({now.exit_code})")
    raise Refused(
        f"dependency failed to start: container {record.name} is not ready after {SECONDS_TO_BE_WELL:.0f} s"
    )


def _bring_up(store: Store, project: Project, service: Service, count: int, anew: bool) -> None:
    """As many containers as wanted, each as the file says. Refused, EngineError."""
    if count > 1 and service.container_name:
        raise Refused(f"service {service.name}: a container_name, and so there can be only one")
    there = {r.labels.get(plan.NUMBER, ""): r for r in members(store, project, service.name)}
    _remove(store, [r for number, r in there.items() if not number.isdigit() or int(number) > count])
    for number in range(1, count + 1):
        record = there.get(str(number))
        if record and (anew or record.labels.get(plan.HASH) != plan.fingerprint(service)):
            lifecycle.forget(store, record)
            tell("Container", record.name, "Recreate")
            record = None
        if record and is_running(record):
            tell("Container", record.name, "Running")
            continue
        name = plan.container_name(project.name, service, number)
        if record is None:
            record = make(store, project, service, number)
            tell("Container", name, "Created")
        run.start_again(store, record)
        tell("Container", name, "Started")


def make(store: Store, project: Project, service: Service, number: int) -> Record:
    """One container, which does not run yet. Refused, EngineError."""
    made = parser("run")
    options = made.parse_args(opt.plain(plan.words(project, service, number), made))
    options.verb = "compose"
    record = run.new(options, store)
    full = {each.name: each.full_name for each in project.networks}
    endpoints = tuple(
        Endpoint(
            full[each.network], aliases=(*each.aliases, record.name, record.short_id), wanted=each.address
        )
        for each in service.networks
    )
    health = (str(seconds(service.health[0])), *service.health[1:]) if service.health else record.health
    record = replace(record, endpoints=endpoints or record.endpoints, health=health)
    record = replace(record, links=tuple(_links(project, service)))
    return run.save(record, store, "compose")


def _links(project: Project, service: Service) -> Iterable[str]:
    """CONTAINER:ALIAS of each link: a name that this service alone has for another."""
    by_name = {each.name: each for each in project.services}
    for link in service.links:
        name, _, alias = link.partition(":")
        if name in by_name:
            yield f"{plan.container_name(project.name, by_name[name], 1)}:{alias or name}"


def _remove(store: Store, records: Iterable[Record]) -> None:
    for record in records:
        lifecycle.forget(store, record)
        tell("Container", record.name, "Removed")


def _stop(store: Store, records: Sequence[Record], grace: float) -> None:
    for record in reversed(records):
        if is_running(record) or record.is_restarting:
            lifecycle.halt(store, record, int(signal.SIGTERM), grace)
            tell("Container", record.name, "Stopped")


def down(given: argparse.Namespace, store: Store, project: Project) -> int:
    """docker compose down. Refused."""
    order = {service.name: number for number, service in enumerate(choose(project, []))}
    records = sorted(members(store, project), key=lambda r: -order.get(r.labels.get(plan.SERVICE, ""), -1))
    for record in records:
        if is_running(record) or record.is_restarting:
            lifecycle.halt(store, record, int(signal.SIGTERM), given.timeout)
            tell("Container", record.name, "Stopped")
    _remove(store, records)
    for network in project.networks:
        if not network.is_external and networks.find(store, network.full_name):
            try:
                network_commands.delete(store, network.full_name)
                tell("Network", network.full_name, "Removed")
            except Refused as refused:
                print(refused, file=sys.stderr)
    for name in project.volumes.values() if given.volumes else ():
        mounts.remove_volume(name)
        tell("Volume", f'"{name}"', "Removed")
    return 0


def change(given: argparse.Namespace, store: Store, project: Project) -> int:
    """docker compose start, stop, restart, kill, rm, pull and create. Refused, EngineError."""
    services = choose(project, given.services)
    if given.verb in ("pull", "create"):
        return _prepare(given, store, project, services)
    records = [r for service in services for r in members(store, project, service.name)]
    if given.verb in ("stop", "restart", "kill"):
        _stop(store, records, 0.0 if given.verb == "kill" else given.timeout)
    for record in records if given.verb in ("start", "restart") else ():
        now = store.get(record.id)
        if now and not is_running(now):
            run.start_again(store, now)
        tell("Container", record.name, "Started")
    if given.verb == "rm":
        _remove(store, [r for r in records if given.stop or not is_running(r)])
    return 0


def _prepare(given: argparse.Namespace, store: Store, project: Project, services: Sequence[Service]) -> int:
    if given.verb == "create":
        _make_networks(store, project)
    for service in services:
        if given.verb == "pull":
            image_commands.pull(argparse.Namespace(image=service.image, quiet=True), store)
        elif not members(store, project, service.name):
            tell("Container", make(store, project, service, 1).name, "Created")
    return 0
