"""The whole network as netlab.model.pack.Pack, read from the kernel now; nothing is changed.

Runs on the keeper's level, as a snapshot does; of the machine itself with Machine.places.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from netlab.display import one_line
from netlab.engines import base_lab
from netlab.errors import BadInput
from netlab.i18n import gettext as _
from netlab.keeper.places import Place
from netlab.linux import firewall
from netlab.linux.netlink import sock_diag
from netlab.linux.netlink.netfilter import Netfilter
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.netns import enter, fresh
from netlab.linux.ruleset import iptables, native
from netlab.linux.wiring import addresses, kinds, links, neighbours, policies, queues, routes, settings
from netlab.linux.wiring.links import Found
from netlab.model import codec, pack
from netlab.model.netpack import LARGEST

Process = subprocess.Popen[str]
Key = tuple[int, int]
Containers = Mapping[int, pack.Container]  # by the pid of their first process, as a Place has it
NOWHERE = -1  # the number by which a namespace knows one that it has not met
_SOCKET = re.compile(r"socket:\[(\d+)\]")


@dataclass(frozen=True)
class _Opened:
    """A namespace, held open."""

    place: Place
    fd: int
    kernel: RouteSocket
    links: list[Found]
    rules: _Rules


@dataclass(frozen=True)
class _Rules:
    """Programs that list a namespace's rules."""

    saves: list[tuple[Process, str, str]]  # with family and backend
    there: set[tuple[str, str]]  # (family, table) of all that nf_tables holds

    def read(self) -> tuple[tuple[pack.Table, ...], tuple[str, ...]]:
        """Waits for them; to be called in the namespace."""
        tables: list[pack.Table] = []
        for process, family, backend in self.saves:
            tables += iptables.parse(process.communicate()[0], family, backend)
        saved = {(table.family, table.name) for table in tables if table.backend == "nft"}
        if self.there <= saved:
            return tuple(tables), ()
        with native.start_list() as process, Netfilter() as netfilter:
            listed = native.parse(process.communicate()[0], saved, netfilter.devices())
        return tuple(tables), listed


def read(
    name: str,
    places: Sequence[Place],
    unchanged: Mapping[str, str],
    containers: Containers | None = None,
    *,
    whole: bool = True,
) -> pack.Pack:
    """Those namespaces; `unchanged` are the settings of a fresh one, as `fresh_settings` or
    `settings_of_baseline` give them. What vanishes is left out."""
    remarks: list[str] = []
    with ExitStack() as stack:
        opened = [each for place in places if (each := _open(place, stack, remarks)) is not None]
        linked = _join(opened)
        programs, reader = Programs(), settings.Reader(unchanged)
        nodes = []
        for each in opened:
            with enter(each.fd):
                node = _node(each, linked[each.place.netns], reader, programs, remarks)
            container = (containers or {}).get(each.place.pid) if each.place.kind == "container" else None
            nodes.append(replace(node, container=container))
    return pack.Pack(name, time.time_ns(), whole, tuple(nodes), tuple(dict.fromkeys(remarks)))


def from_file(fds: Sequence[int]) -> pack.Pack:
    """The pack in a file without a name, which somebody has handed over. BadInput."""
    try:
        if len(fds) != 1 or (size := os.fstat(fds[0]).st_size) > LARGEST:
            raise codec.Malformed(f"one file of at most {LARGEST} bytes")
        return codec.read(pack.Pack, os.pread(fds[0], size, 0))
    except codec.Malformed as error:
        raise BadInput(_("The request makes no sense: {error}.").format(error=error)) from None


def fresh_settings() -> dict[str, str]:
    """The settings of a namespace that has just been made, as labs have them. OSError."""
    with fresh():
        settings.assure(base_lab.SYSCTLS.items())
        return settings.reference()


def settings_of_baseline(baseline: Mapping[str, str]) -> dict[str, str]:
    """The same, of what a keeper remembers of its lab host."""
    found = {}
    for path, value in baseline.items():
        folder, __, name = path.rpartition("/")
        if name not in settings.LEFT_OUT:
            is_los = folder.endswith("/lo")
            key = f"lo/{folder.removeprefix('net/').removesuffix('/lo')}/{name}" if is_los else path
            found[key] = value.strip()
    return found


def _open(place: Place, stack: ExitStack, remarks: list[str]) -> _Opened | None:
    try:
        fd = stack.enter_context(place.hold())
        kernel = stack.enter_context(RouteSocket(fd))
        with enter(fd):
            rules = _start_rules(place.name, stack, remarks)
            return _Opened(place, fd, kernel, links.read(kernel), rules)
    except OSError as error:  # it ended in the meantime, or is not ours to enter
        told = _("{node} could not be read: {error}")
        remarks.append(told.format(node=place.name, error=error.strerror or error))
        return None


def _start_rules(node: str, stack: ExitStack, remarks: list[str]) -> _Rules:
    """What lists the rules of the namespace that we are in, on its way."""
    there: set[tuple[str, str]] = set()
    legacy: list[str] = []
    try:
        with Netfilter() as netfilter:
            there = netfilter.tables()
        legacy = firewall.legacy_tables()
    except OSError as error:
        told = _("{node}: the firewall's rules could not be read: {error}")
        remarks.append(told.format(node=node, error=error.strerror or error))
    bridges = {("bridge", name) for name in iptables.OF_A_BRIDGE}
    saved = {family for family, name in there if family != "bridge" or (family, name) in bridges}
    wanted = [(family, "nft") for family in iptables.COMMANDS if family in saved]
    wanted += [(family, "legacy") for family, command in iptables.COMMANDS.items() if command in legacy]
    saves = []
    for family, backend in wanted:
        if (process := iptables.start_save(family, backend)) is not None:
            saves.append((stack.enter_context(process), family, backend))
    return _Rules(saves, there)


# -- links, and where their other ends are


def _join(opened: Sequence[_Opened]) -> dict[int, list[Found]]:
    """The links of each namespace, by its number, with their other ends."""
    pairs: dict[Key, list[_Opened]] = {}  # by the index of a veth and of its other end
    for each in opened:
        for found in each.links:
            if found.link.kind == "veth":
                pairs.setdefault((found.link.index, found.other), []).append(each)
    return {each.place.netns: [_with_end(f, each, pairs, opened) for f in each.links] for each in opened}


def _with_end(
    found: Found, home: _Opened, pairs: Mapping[Key, list[_Opened]], opened: Sequence[_Opened]
) -> Found:
    is_veth = found.link.kind == "veth"
    if found.nsid is None and not found.other:
        return found
    if found.nsid is None:
        return replace(found, link=replace(found.link, other=pack.End(home.place.name, found.other)))
    for each in pairs.get((found.other, found.link.index), ()) if is_veth else opened:
        if found.nsid != NOWHERE and home.kernel.nsid(each.fd) == found.nsid:
            return replace(found, link=replace(found.link, other=pack.End(each.place.name, found.other)))
    return found


# -- one node, in whose namespace we are


def _node(
    each: _Opened,
    found: Sequence[Found],
    reader: settings.Reader,
    programs: Programs,
    remarks: list[str],
) -> pack.Node:
    kernel, place = each.kernel, each.place
    here = reader.of_namespace()
    of_link = reader.of_links(kernel, here)
    queued = queues.read(kernel)
    tables, own = each.rules.read()
    remarks += _unread(place.name, kernel, found, queued)
    return pack.Node(
        name=place.name,
        kind=place.kind,
        aliases=place.aliases,
        links=tuple(replace(one.link, settings=of_link(one)) for one in found),
        addresses=addresses.read(kernel),
        nexthops=routes.read_nexthops(kernel),
        routes=routes.read(kernel),
        policies=policies.read(kernel),
        neighbours=neighbours.read(kernel),
        fdb=neighbours.read_fdb(kernel),
        queues=queued,
        tables=tables,
        native=own,
        settings=settings.changes(here, reader.fresh),
        listeners=tuple(programs.listeners()),
    )


def _unread(
    node: str, kernel: RouteSocket, found: Sequence[Found], queued: tuple[pack.Queue, ...]
) -> Iterator[str]:
    if _is_full():
        yield _("{node}: the table of connections is full, and not read").format(node=node)
    for what in queues.unread(kernel, queued):
        yield _("{node}: not read: {what}").format(node=node, what=what)
    for link in (one.link for one in found):
        if link.kind not in ("", "loopback") and link.kind not in kinds.KINDS:
            told = _("{node}: the details of {link}, a {kind}, were not read")
            yield told.format(node=node, link=link.name, kind=link.kind)


def _is_full() -> bool:
    """Whether the namespace that we are in can take on no more connections, or hardly any."""
    with suppress(OSError, ValueError):
        count, most = (
            int(Path(f"/proc/sys/net/netfilter/nf_conntrack_{name}").read_text()) for name in ("count", "max")
        )
        return count > most * 0.9
    return False


class Programs:
    """Which program has which socket, as far as one may look."""

    def __init__(self) -> None:
        self._names: dict[int, str] | None = None

    def listeners(self) -> Iterator[pack.Listener]:
        """Of the namespace that we are in."""
        for listener, inode in sock_diag.listeners_with_inodes().items():
            if not inode:  # the kernel's own: of a tunnel
                continue
            yield pack.Listener(listener.protocol, listener.address, listener.port, self._name(inode))

    def _name(self, inode: int) -> str:
        if self._names is None:
            self._names = dict(_sockets())
        return self._names.get(inode, "")


def _sockets() -> Iterator[tuple[int, str]]:
    """(number of the socket, name of the program) of all processes that we may look at."""
    for process in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):  # it ended, or is somebody else's
            found = [os.readlink(f"/proc/{process}/fd/{fd}") for fd in os.listdir(f"/proc/{process}/fd")]
            sockets = [match[1] for link in found if (match := _SOCKET.fullmatch(link))]
            if sockets:
                name = program(int(process))
                yield from ((int(socket), name) for socket in sockets)


def program(pid: int) -> str:
    """The name of the program of a process, without a word of what it was told; "" if it has ended."""
    with suppress(OSError), open(f"/proc/{pid}/comm", errors="replace") as file:
        return one_line(file.read().strip())
    return ""
