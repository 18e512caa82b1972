"""docker run, create and exec: the options become a Record, and the record a running container."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
from pathlib import Path

from netlab import relay
from netlab.engines.namespaces import container, networks, ports
from netlab.engines.namespaces.refused import ELSEWHERE, Refused, running
from netlab.engines.namespaces.store import Record, Store
from netlab.errors import EngineError
from netlab.language import gettext as _

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
        argv=options.command or ["/bin/bash"],
        created=time.time(),
        env=env | _environment(options.env),
        network=made.name if made else options.network,
        wanted=options.ip,
        ports=[ports.parse(p) for p in options.publish],
        capabilities=_capabilities(options),
        init=options.init,
        remove=options.rm,
        hostname=hostname,
        workdir=options.workdir,
    )


def _environment(words: list[str]) -> dict[str, str]:
    pairs = (word.partition("=") for word in words)
    return {name: value if equals else os.environ.get(name, "") for name, equals, value in pairs}


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
    streams = None if _wants_terminal(options.tty) else (0 if options.interactive else nothing, 1, 2)
    try:
        started, status = container.start(store, record, streams, wait=True)
    except EngineError:
        if record.remove:
            store.remove(record)
        raise
    store.ended(started.pid, status or 0, time.time())
    return status or 0


def launch(store: Store, record: Record) -> None:
    """Start a container in the background, its output going to its log."""
    nothing = os.open("/dev/null", os.O_RDONLY)
    log = os.open(store.path(record) / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    record, _ = container.start(store, record, (nothing, log, log), wait=False)
    ports.publish(record)


def _wants_terminal(asked: bool) -> bool:
    """Whether a terminal was asked for that is there; a note when it is not."""
    if asked and not sys.stdin.isatty():
        print(_("(lab: the input is not a terminal here, so -t is left out)"), file=sys.stderr)
        return False
    return asked


def execute(options: argparse.Namespace, store: Store) -> int:
    record = running(store, options.container)
    if not options.command:
        raise Refused('"docker exec" requires at least 2 arguments.')
    terminal = _wants_terminal(options.t)
    env = (
        record.env
        | _environment(options.env)
        | ({"TERM": os.environ.get("TERM", "xterm")} if terminal else {})
    )
    words = ["nsenter", "-t", str(record.pid), "-m", "-u", "-i", "-n", "-p", "--"]
    words += (
        [] if options.privileged else ["setpriv", f"--bounding-set=-all,{_names(record.capabilities)}", "--"]
    )
    words += ["env", f"--chdir={options.workdir}"] if options.workdir else []
    if terminal:
        return _exec_in_terminal(record, [*words, "setsid", "--ctty", "--wait", *options.command], env)
    if options.d and os.fork():
        return 0
    nothing = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2) if options.d else () if options.i else (0,):
        os.dup2(nothing, number)
    if options.d:
        os.setsid()  # the end of the terminal that it was typed in is not its end
    os.execvpe(words[0], [*words, *options.command], env)


def _exec_in_terminal(record: Record, argv: list[str], env: dict[str, str]) -> int:
    master, slave = container.terminal_in(record)
    child = os.fork()
    if child == 0:
        for number in range(3):
            os.dup2(slave, number)
        os.execvpe(argv[0], argv, env)
    os.close(slave)
    relay.join(master)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return 128 - status if status < 0 else status


def _names(capabilities: list[int]) -> str:
    return ",".join(f"+cap_{number}" for number in capabilities)
