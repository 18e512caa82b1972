"""docker run and create: the options become a Record, and the record a running container."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from netlab.engines.namespaces import capabilities, events, images, mounts, networks, ports, shim
from netlab.engines.namespaces.docker import attach, checks
from netlab.engines.namespaces.docker.execute import environment, wants_terminal
from netlab.engines.namespaces.docker.refused import Refused, find
from netlab.engines.namespaces.store import Endpoint, Mount, Record, Store
from netlab.i18n import gettext as _

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NAMES = ("quiet", "brave", "gentle", "swift", "calm"), ("hopper", "cerf", "kahn", "perlman", "postel")
MOMENT = 0.05  # seconds in which a container that ends at once has ended
ERROR = "docker: Error response from daemon: "


def new(options: argparse.Namespace, store: Store) -> Record:
    """The container that these words describe. Refused, EngineError."""
    checks.check(options, store)
    identity = secrets.token_hex(32)
    network, endpoints = _networks(options, store, identity)
    published, exposed = _ports(options)
    image = images.image(options.image, [port.rpartition(":")[2] for port in published])
    argv, entrypoint = _words(options, image)
    hostname = _hostname(options, store, network, identity)
    env = {"PATH": PATH, "HOSTNAME": hostname, "HOME": "/root"} | ({"TERM": "xterm"} if options.tty else {})
    for file in options.env_file:
        env |= environment(checks.lines_of(file))
    ports_of = tuple(dict.fromkeys([*image.ports, *exposed, *(p.rpartition(":")[2] for p in published)]))
    published += [f":{port}" for port in ports_of if options.publish_all and not _has(published, port)]
    program = image.program if entrypoint is None and checks.is_own_program(options.command, image) else ""
    return Record(
        id=identity,
        name=options.name or _free_name(store),
        image=options.image,
        argv=argv,
        created=time.time(),
        env=env | environment(options.env),
        network=network,
        endpoints=endpoints,
        ports=tuple(published),
        exposed=ports_of,
        hostname=hostname,
        workdir=options.workdir or (image.folder if program else "/"),
        entrypoint=entrypoint or (),
        program=program,
        mounts=_mounts(options, store),
        hosts=(*options.add_host, *_links(options, store)),
        **_fields(options),
    )


def _fields(options: argparse.Namespace) -> dict[str, Any]:
    """Those fields of a record that are what somebody has typed. EngineError."""
    policy, _colon, retries = options.restart.partition(":")
    return {
        "capabilities": capabilities.of(options.privileged, options.cap_add, options.cap_drop, options.user),
        "caps": (tuple(options.cap_add), tuple(options.cap_drop)),
        "init": options.init,
        "remove": options.rm,
        "tty": options.tty,
        "interactive": options.interactive,
        "user": options.user,
        "labels": dict(label.partition("=")[::2] for label in options.label),
        "sysctls": dict(word.partition("=")[::2] for word in options.sysctl),
        "dns": tuple(options.dns),
        "search": tuple(options.dns_search),
        "links": tuple(options.link),
        "restart": policy or "no",
        "retries": int(retries or 0),
        "health": checks.health(options),
        "stop_signal": options.stop_signal.upper().removeprefix("SIG") or "TERM",
    }


def _has(published: list[str], port: str) -> bool:
    return any(each.endswith(f":{port}") for each in published)


def _words(
    options: argparse.Namespace, image: images.Image
) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """(what process 1 is to be, the entrypoint that was chosen)."""
    if options.entrypoint is not None:
        entrypoint = (options.entrypoint,) if options.entrypoint else ()
        argv = (*entrypoint, *options.command) or image.argv
        return argv, entrypoint
    if image.is_entrypoint:
        return (*image.argv, *options.command), None
    return tuple(options.command or image.argv), None


def _networks(options: argparse.Namespace, store: Store, identity: str) -> tuple[str, tuple[Endpoint, ...]]:
    """(the mode, where it is to be joined)."""
    asked = options.network or ["bridge"]
    endpoints = []
    for number, word in enumerate(asked):
        name = networks.DEFAULT if word == "default" else word.partition(",")[0].removeprefix("name=")
        if name in ("none", "host"):
            return name, ()
        if name.startswith("container:"):
            other = checks.find_or_fail(store, name.partition(":")[2])
            return f"container:{other.id}", ()
        made = networks.find_any(store, name)
        if made is None:
            raise Refused(f"{ERROR}network {name} not found.", 125)
        if (options.ip or options.network_alias) and made.name == networks.DEFAULT and number == 0:
            what = (
                "user specified IP address is supported on user defined networks only"
                if options.ip
                else "network-scoped alias is supported only for containers in user defined networks"
            )
            raise Refused(f"{ERROR}{what}.", 125)
        first = number == 0
        if options.ip and first and not made.said[0] and made.driver == "bridge":
            what = (
                "user specified IP address is supported only when connecting to networks with user configured"
            )
            raise Refused(f"{ERROR}{what} subnets.", 125)
        endpoints.append(
            Endpoint(
                made.name,
                aliases=(*options.network_alias, identity[:12]) if made.name != networks.DEFAULT else (),
                wanted=options.ip if first else "",
                wanted_mac=options.mac_address.lower() if first else "",
            )
        )
    return endpoints[0].network, tuple(endpoints)


def _ports(options: argparse.Namespace) -> tuple[list[str], list[str]]:
    """(the ports that are published, those that are exposed). Refused."""
    try:
        published = [ports.join(*port) for text in options.publish for port in ports.parse(text)]
        exposed = [port for text in options.expose for port in ports.parse_expose(text)]
    except ports.BadPort as error:
        raise Refused(f"docker: {error}. See 'docker run --help'.", 125) from error
    if len(published) > ports.MOST:
        raise Refused(f"docker: more than {ports.MOST} ports.", 125)
    return published, exposed


def _hostname(options: argparse.Namespace, store: Store, network: str, identity: str) -> str:
    if options.hostname:
        return str(options.hostname)
    if network == "host":
        return os.uname().nodename
    if network.startswith("container:"):
        return find(store, network.partition(":")[2]).hostname
    return identity[:12]


def _free_name(store: Store) -> str:
    taken = {record.name for record in store.all()}
    names = (f"{secrets.choice(NAMES[0])}_{secrets.choice(NAMES[1])}" for _ in range(64))
    return next((name for name in names if name not in taken), f"{NAMES[0][0]}_{secrets.token_hex(4)}")


def _mounts(options: argparse.Namespace, store: Store) -> tuple[Mount, ...]:
    found = [mounts.parse_volume(text) for text in options.volume]
    found += [mounts.parse_mount(text) for text in options.mount]
    found += [Mount(checks.absolute(text.partition(":")[0]), kind="tmpfs") for text in options.tmpfs]
    for name in options.volumes_from:
        found += find(store, name.partition(":")[0]).mounts
    by_target = {mount.target: mount for mount in found}
    return tuple(by_target.values())


def _links(options: argparse.Namespace, store: Store) -> list[str]:
    """What --link writes into /etc/hosts: on docker0 nobody else knows the names. Refused."""
    lines = []
    for link in options.link:
        name, _, alias = link.partition(":")
        other = checks.find_or_fail(store, name, f"could not get container for {name}: ")
        on_bridge = next((each for each in other.endpoints if each.address), None)
        if on_bridge is None:
            raise Refused(f"{ERROR}Cannot link to a non running container: /{other.name}.", 125)
        lines += [
            f"{each}:{on_bridge.address}"
            for each in dict.fromkeys((alias or name, other.short_id, other.name))
        ]
    return lines


def create(options: argparse.Namespace, store: Store) -> None:
    """docker create: a container that does not run yet. Refused."""
    record = _save(options, store)
    _warn(record)
    print(record.id)


def _warn_of_dns(servers: Sequence[str]) -> None:
    """As Docker's client: a loopback address is the container's own, and nobody answers there."""
    local = next((server for server in servers if server.startswith("127.") or server == "::1"), "")
    if local:
        print(f"WARNING: Localhost DNS setting (--dns={local}) may fail in containers.", file=sys.stderr)


def _save(options: argparse.Namespace, store: Store) -> Record:
    _warn_of_dns(options.dns)
    record = save(new(options, store), store, options.verb)
    if options.cidfile:
        Path(options.cidfile).write_text(record.id)
    return record


def save(record: Record, store: Store, verb: str) -> Record:
    """Note a container that is new, if nobody has its name. Refused, EngineError."""
    mounts.provide(record.mounts)
    with store.lock():
        other = next((r for r in store.all() if r.name == record.name), None)
        if other:
            raise Refused(
                f'{ERROR}Conflict. The container name "/{record.name}" is already in use by container '
                f'"{other.id}". You have to remove (or rename) that container '
                "to be able to reuse that name.\n"
                f"See 'docker {verb} --help'.",
                125,
            )
        store.save(record)
    if images.learn(record.image, time.time()):
        said = _("(lab: {image} is answered by the lab's own root file system)").format(image=record.image)
        if close := images.misspelt(record.image):
            said += _(" (lab: did you mean {close}?)").format(close=close)
        print(said, file=sys.stderr)
    events.of_container(record, "create", time.time())
    return record


def _warn(record: Record) -> None:
    """Docker says so too."""
    has_network = record.network not in ("none", "host")
    if has_network and Path("/proc/sys/net/ipv4/ip_forward").read_text().strip() == "0":
        print("WARNING: IPv4 forwarding is disabled. Networking will not work.", file=sys.stderr)
    if record.network == "host" and record.ports:
        print("WARNING: Published ports are discarded when using host network mode", file=sys.stderr)
    if record.user not in ("", "root", "0", "0:0", "root:root"):
        said = _("(lab: root is the only user here; instead of {user} it is a root without any rights)")
        print(said.format(user=record.user), file=sys.stderr)


def run(options: argparse.Namespace, store: Store) -> int:
    """docker run: the exit status, which with -d is 0 at once. Refused."""
    options.tty = options.tty if options.detach else wants_terminal(options.tty)
    record = _save(options, store)
    _warn(record)
    if options.detach:
        try:
            shim.launch(store, record)
        finally:
            print(record.id, flush=True)  # it is there, whether it has started or not
        _tell_end(store, record)
        return 0
    return attach.run(store, record, reads=options.interactive, has_terminal=options.tty)


def _tell_end(store: Store, record: Record) -> None:
    """A container that has nothing to do ends at once, which tutorials do not say: here it is said.

    Only of a shell that nobody types to is that known beforehand, and only for that one is waited.
    """
    shells = ("/bin/bash", "/bin/sh", "bash", "sh", "ash", "python3", "node")
    if record.program not in ("", "hello") or record.interactive or record.tty or record.restart != "no":
        return
    if record.program == "" and (len(record.argv) > 1 or record.argv[0] not in shells):
        return
    ended = attach.wait_for_end(store, record, MOMENT * 20)
    if ended is not None:
        said = _(
            "(lab: {name} has ended already, with status {status}: its program had nothing to do.{more})"
        )
        more = _(" Give it something, or keep a shell open: docker run -dit …") if not record.program else ""
        print(said.format(name=record.name, status=ended, more=more), file=sys.stderr)


def start_again(store: Store, record: Record) -> None:
    """Start a container that has ended, or has never begun. EngineError."""
    record = store.update(record.id, is_halted=False, is_restarting=False, restarts=0) or record
    shim.launch(store, record)
