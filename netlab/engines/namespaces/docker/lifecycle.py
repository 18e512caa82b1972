"""docker start, stop, restart, kill, pause, rm, rename, wait and update: the later life of containers."""

from __future__ import annotations

import argparse
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from netlab.engines.namespaces import container, events, mounts
from netlab.engines.namespaces.docker import attach, checks, processes
from netlab.engines.namespaces.docker.refused import Refused, find, find_running
from netlab.engines.namespaces.docker.run import start_again
from netlab.engines.namespaces.store import Record, Store, is_running
from netlab.errors import EngineError
from netlab.linux import polling

DAEMON = "Error response from daemon"


def _gone(record: Record) -> Callable[[float], bool]:
    def wait(seconds: float) -> bool:
        try:
            fd = os.pidfd_open(record.pid)
        except ProcessLookupError:
            return True
        try:
            return bool(select.select([fd], [], [], seconds)[0])
        finally:
            os.close(fd)

    return wait


def halt(store: Store, record: Record, number: int, grace: float) -> None:
    """End a container, and see to it that its shim does not start it again."""
    record = store.update(record.id, is_halted=True) or record
    if is_running(record):
        if record.is_paused:
            _freeze(record, signal.SIGCONT)
        container.stop(record, number, grace, _gone(record))
        _await_note(store, record)
    elif record.is_restarting:
        with suppress(OSError):
            os.kill(record.shim, signal.SIGTERM)
        store.update(record.id, is_restarting=False)


def _await_note(store: Store, record: Record) -> None:
    """Wait until whoever is the container's parent has noted how it ended; after a while do it for them."""
    for _ in polling.looks(seconds=2.0, pause=0.002, growth=1.2):
        now = store.get(record.id)
        if now is None or now.pid != record.pid:
            return
    store.note_end(record.pid, 128 + signal.SIGKILL, time.time())


def _signal(name: str) -> int:
    try:
        return int(name) if name.isdigit() else int(signal.Signals[f"SIG{name.upper().removeprefix('SIG')}"])
    except KeyError:
        raise Refused(f"{DAEMON}: Invalid signal: {name}") from None


def _each(names: Iterable[str], work: Callable[[str], None]) -> int:
    """Do it for each, whatever is wrong with others; 1 where something was."""
    status = 0
    for name in names:
        try:
            work(name)
        except Refused as refused:
            print(refused, file=sys.stderr)
            status = 1
        except EngineError as error:
            print(f"{DAEMON}: {error.what}", file=sys.stderr)
            status = 1
        else:
            print(name, flush=True)
    return status


def stop(options: argparse.Namespace, store: Store) -> int:
    """docker stop: the signal, and SIGKILL when the time is over."""

    def work(name: str) -> None:
        record = find(store, name, DAEMON)
        halt(store, record, _signal(options.signal or record.stop_signal), options.time)
        events.of_container(record, "stop", time.time())

    return _each(options.names, work)


def kill(options: argparse.Namespace, store: Store) -> int:
    """docker kill: the signal, and nothing but that."""
    number = _signal(options.signal)

    def work(name: str) -> None:
        try:
            record = find_running(store, name)
        except Refused as refused:
            said = str(refused).removeprefix("Error: ").removeprefix(f"{DAEMON}: ")
            raise Refused(f"{DAEMON}: Cannot kill container: {name}: {said}") from None
        if number == signal.SIGKILL:
            halt(store, record, number, 0)
        else:
            os.kill(record.pid, number)
        events.of_container(record, "kill", time.time(), signal=str(number))

    return _each(options.names, work)


def start(options: argparse.Namespace, store: Store) -> int:
    """docker start: containers that have ended run again; with -a or -i the exit status."""
    if options.attach or options.interactive:
        if len(options.names) > 1:
            raise Refused("you cannot start and attach multiple containers at once")
        record = find(store, options.names[0])
        if is_running(record):
            return attach.attach(
                argparse.Namespace(container=record.name, no_stdin=not options.interactive), store
            )
        record = store.update(record.id, is_halted=False, restarts=0) or record
        return attach.start(store, record, reads=options.interactive)
    failed = []

    def work(name: str) -> None:
        try:
            record = find(store, name, DAEMON)
            if record.is_paused:
                raise Refused(f"{DAEMON}: cannot start a paused container, try unpause instead")
            if not is_running(record):
                start_again(store, record)
        except (Refused, EngineError):
            failed.append(name)
            raise

    status = _each(options.names, work)
    if failed:
        print(f"Error: failed to start containers: {', '.join(failed)}", file=sys.stderr)
    return status


def restart(options: argparse.Namespace, store: Store) -> int:
    """docker restart: stop and start."""

    def work(name: str) -> None:
        record = find(store, name, DAEMON)
        halt(store, record, _signal(options.signal or record.stop_signal), options.time)
        if now := store.get(record.id):
            start_again(store, now)
        events.of_container(record, "restart", time.time())

    return _each(options.names, work)


def _freeze(record: Record, number: int) -> None:
    for pid in processes.pids(record):
        with suppress(OSError):
            os.kill(pid, number)


def pause(options: argparse.Namespace, store: Store) -> int:
    """docker pause: SIGSTOP for all of it."""

    def work(name: str) -> None:
        record = find_running(store, name)
        if record.is_paused:
            raise Refused(f"{DAEMON}: Container {record.id} is already paused")
        store.update(record.id, is_paused=True)
        _freeze(record, signal.SIGSTOP)
        events.of_container(record, "pause", time.time())

    return _each(options.names, work)


def unpause(options: argparse.Namespace, store: Store) -> int:
    """docker unpause."""

    def work(name: str) -> None:
        record = find_running(store, name)
        if not record.is_paused:
            raise Refused(f"{DAEMON}: Container {record.id} is not paused")
        _freeze(record, signal.SIGCONT)
        store.update(record.id, is_paused=False)
        events.of_container(record, "unpause", time.time())

    return _each(options.names, work)


def rm(options: argparse.Namespace, store: Store) -> int:
    """docker rm: forget containers; with -f running ones, too."""
    status = 0
    for name in options.names:
        try:
            record = find(store, name)
            if is_running(record) and not options.force:
                raise Refused(
                    f"{DAEMON}: You cannot remove a running container {record.id}. "
                    "Stop the container before attempting removal or force remove"
                )
            forget(store, record, volumes=options.volumes)
            print(name, flush=True)
        except Refused as refused:
            print(refused, file=sys.stderr)
            status = 0 if options.force and "No such container" in str(refused) else 1
    return status


def forget(store: Store, record: Record, *, volumes: bool = False) -> None:
    """End a container if it runs, and remove it; with its volumes that have no name."""
    if is_running(record) or record.is_restarting:
        halt(store, record, signal.SIGKILL, 0)
    store.remove(record)
    if volumes:
        mounts.remove_nameless(record.mounts)
    events.of_container(record, "destroy", time.time())


def rename(options: argparse.Namespace, store: Store) -> None:
    """docker rename. Refused."""
    failed = f"\nError: failed to rename container named {options.container}"
    try:
        record = find(store, options.container, DAEMON)
    except Refused as refused:
        raise Refused(f"{refused}{failed}") from None
    if not checks.NAME.fullmatch(options.name):
        raise Refused(
            f"{DAEMON}: Invalid container name ({options.name}), only "
            f"[a-zA-Z0-9][a-zA-Z0-9_.-] are allowed{failed}"
        )
    other = next((each for each in store.all() if each.name == options.name), None)
    if other:
        raise Refused(
            f"{DAEMON}: Error when allocating new name: Conflict. The container "
            f'name "/{options.name}" is already in '
            f'use by container "{other.id}". You have to remove (or rename) '
            "that container to be able to reuse that "
            f"name.{failed}"
        )
    store.forget_name(record)
    store.update(record.id, name=options.name)
    events.of_container(record, "rename", time.time())


def wait(options: argparse.Namespace, store: Store) -> int:
    """docker wait: how each ended, when it has. Refused."""
    status = 0
    for name in options.names:
        try:
            record = find(store, name, DAEMON)
        except Refused as refused:
            print(refused, file=sys.stderr)
            status = 1
            continue
        ended = attach.wait_for_end(store, record, 0)
        while ended is None:
            ended = attach.wait_for_end(store, record, 3600)
        print(ended, flush=True)
    return status


def update(options: argparse.Namespace, store: Store) -> int:
    """docker update --restart; limits are not to be had. Refused."""
    if not checks.RESTART.fullmatch(options.restart):
        raise Refused(f"{DAEMON}: invalid restart policy '{options.restart}'")
    name, _, count = options.restart.partition(":")

    def work(container_name: str) -> None:
        record = find(store, container_name, DAEMON)
        if record.remove and name != "no":
            raise Refused(
                f"{DAEMON}: Restart policy cannot be updated because AutoRemove is enabled for the container"
            )
        store.update(record.id, restart=name or "no", retries=int(count or 0))

    return _each(options.names, work)
