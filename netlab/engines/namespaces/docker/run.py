"""docker run and create: the options become a Record, and the record a running container."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
from pathlib import Path

from netlab.engines.namespaces import container, networks, ports
from netlab.engines.namespaces.docker.execute import environment, wants_terminal
from netlab.engines.namespaces.docker.refused import ELSEWHERE, Refused
from netlab.engines.namespaces.store import Record, Store
from netlab.errors import EngineError
from netlab.i18n import gettext as _

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NAMES = ("quiet", "brave", "gentle", "swift", "calm"), ("hopper", "cerf", "kahn", "perlman", "postel")


def _new(options: argparse.Namespace, store: Store) -> Record:
    made = networks.find(store, options.network)
    if not made and options.network not in ("bridge", "none", "host"):
        raise Refused(f"docker: Error response from daemon: network {options.network} not found.", 125)
    if options.ip and not made:
        raise Refused(
            "docker: Error response from daemon: user specified IP address is supported on user defined "
            "networks only.",
            125,
        )
    identity = secrets.token_hex(32)
    name = options.name or f"{secrets.choice(NAMES[0])}_{secrets.choice(NAMES[1])}"
    other = next((r for r in store.all() if r.name == name), None)
    if other and options.name:
        raise Refused(
            f'docker: Error response from daemon: Conflict. The container name "/{name}" is already in use '
            f'by container "{other.id}". You have to remove (or rename) that container to be able to reuse '
            f"that name.\nSee 'docker {options.verb} --help'.",
            125,
        )
    hostname = options.hostname or (os.uname().nodename if options.network == "host" else identity[:12])
    env = {"PATH": PATH, "HOSTNAME": hostname, "HOME": "/root"} | ({"TERM": "xterm"} if options.tty else {})
    return Record(
        id=identity,
        name=name if not other else f"{name}_{identity[:4]}",
        image=options.image,
        argv=tuple(options.command or ["/bin/bash"]),
        created=time.time(),
        env=env | environment(options.env),
        network=made.name if made else options.network,
        wanted=options.ip,
        ports=tuple(ports.parse(p) for p in options.publish),
        capabilities=tuple(_capabilities(options)),
        init=options.init,
        remove=options.rm,
        hostname=hostname,
        workdir=options.workdir,
    )


def _capabilities(options: argparse.Namespace) -> list[int]:
    everything = list(range(container.LAST_CAPABILITY + 1))
    if options.privileged or "ALL" in options.cap_add:
        return everything
    known = {"NET_ADMIN": 12, "SYS_ADMIN": 21, "SYS_PTRACE": 19, "NET_BROADCAST": 11, "SYS_TIME": 25}
    added = [known.get(name.upper().removeprefix("CAP_"), -1) for name in options.cap_add]
    if -1 in added:
        raise Refused(
            f"--cap-add {options.cap_add[added.index(-1)]}: known are ALL, {', '.join(known)}. {_(ELSEWHERE)}"
        )
    return sorted({*container.DEFAULT_CAPABILITIES, *added})


def create(options: argparse.Namespace, store: Store) -> None:
    """docker create: a container that does not run yet. Refused."""
    record = _new(options, store)
    _warn(record)
    store.save(record)
    print(record.id)


def _warn(record: Record) -> None:
    """Docker says so too."""
    if (
        record.network not in ("none", "host")
        and Path("/proc/sys/net/ipv4/ip_forward").read_text().strip() == "0"
    ):
        print("WARNING: IPv4 forwarding is disabled. Networking will not work.", file=sys.stderr)


def run(options: argparse.Namespace, store: Store) -> int:
    """docker run: the exit status, which with -d is 0 at once. Refused."""
    record = _new(options, store)
    seen = {r.image for r in store.all()}
    store.save(record)
    if record.image not in seen:
        print(
            _("(lab: {image} is answered by the lab's own root file system)").format(image=record.image),
            file=sys.stderr,
        )
    _warn(record)
    if options.detach:
        try:
            launch(store, record)
        finally:
            print(record.id)  # it is there, whether it has started or not
        return 0
    nothing = os.open("/dev/null", os.O_RDONLY)
    streams = None if wants_terminal(options.tty) else (0 if options.interactive else nothing, 1, 2)
    try:
        started, status = container.start(store, record, streams, wait=True)
    except EngineError:
        if record.remove:
            store.remove(record)
        raise
    store.note_end(started.pid, status or 0, time.time())
    return status or 0


def launch(store: Store, record: Record) -> None:
    """Start a container in the background, its output going to its log."""
    nothing = os.open("/dev/null", os.O_RDONLY)
    log = os.open(store.path(record) / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    record, _ = container.start(store, record, (nothing, log, log), wait=False)
    ports.publish(record)
