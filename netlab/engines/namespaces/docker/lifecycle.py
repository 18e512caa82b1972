"""docker stop, start, restart, kill and rm: the later life of containers."""

from __future__ import annotations

import argparse
import os
import select
import signal
import time
from collections.abc import Callable

from netlab.engines.namespaces import container, ports
from netlab.engines.namespaces.docker.refused import Refused, find, find_running
from netlab.engines.namespaces.docker.run import launch
from netlab.engines.namespaces.store import Record, Store, is_running
from netlab.linux import polling


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


def _halt(store: Store, record: Record, number: int, grace: float) -> None:
    if is_running(record):
        container.stop(record, number, grace, _gone(record))
        _await_note(store, record)
    ports.withdraw(record)


def _await_note(store: Store, record: Record) -> None:
    """Wait until whoever is the container's parent has noted how it ended; after a second do it for them."""
    for _ in polling.looks(seconds=1.0, pause=0.002):
        if not any(r.id == record.id and r.pid for r in store.all()):
            return
    store.note_end(record.pid, 128 + signal.SIGKILL, time.time())


def _signal(name: str) -> int:
    try:
        return int(name) if name.isdigit() else int(signal.Signals[f"SIG{name.upper().removeprefix('SIG')}"])
    except KeyError:
        raise Refused(f"Invalid signal: {name}") from None


def stop(options: argparse.Namespace, store: Store) -> None:
    """docker stop: the signal, and SIGKILL when the time is over. Refused."""
    for name in options.containers:
        record = find(store, name, "Error response from daemon")
        _halt(store, record, _signal(options.signal), options.time)
        print(name)


def kill(options: argparse.Namespace, store: Store) -> None:
    """docker kill: the signal, and nothing but that. Refused."""
    for name in options.containers:
        record, number = find_running(store, name), _signal(options.signal)
        if number == signal.SIGKILL:
            _halt(store, record, number, 0)
        else:
            os.kill(record.pid, number)
        print(name)


def start(options: argparse.Namespace, store: Store) -> None:
    """docker start: containers that have ended run again. Refused."""
    for name in options.containers:
        record = find(store, name, "Error response from daemon")
        if not is_running(record):
            launch(store, record)
        print(name)


def restart(options: argparse.Namespace, store: Store) -> None:
    """docker restart: stop and start. Refused."""
    for name in options.containers:
        _halt(store, find(store, name), _signal(options.signal), options.time)
        launch(store, find(store, name))
        print(name)


def rm(options: argparse.Namespace, store: Store) -> None:
    """docker rm: forget containers; with -f running ones, too. Refused."""
    for name in options.containers:
        record = find(store, name)
        if is_running(record):
            if not options.force:
                raise Refused(
                    f"Error response from daemon: You cannot remove a running container {record.id}. "
                    "Stop the container before attempting removal or force remove"
                )
            _halt(store, record, signal.SIGKILL, 0)
        store.remove(record)
        print(name)
