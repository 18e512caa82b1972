"""The whole network as netlab.model.pack.Pack, read from the kernel now; nothing is changed.

Runs on the keeper's level, as a snapshot does; of the machine itself with Machine.places.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from netlab.engines import base_lab
from netlab.errors import BadInput
from netlab.i18n import gettext as _
from netlab.keeper.known_rules import KnownRules, Listed, State
from netlab.keeper.places import Place
from netlab.keeper.programs import Programs
from netlab.keeper.unread import unread
from netlab.linux import firewall
from netlab.linux.netlink import xfrm
from netlab.linux.netlink.netfilter import Netfilter
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.netlink.xfrm import Xfrm
from netlab.linux.netns import enter, fresh
from netlab.linux.ruleset import ip_sets, iptables, native
from netlab.linux.wiring import (
    addresses,
    carriers,
    ipsec,
    neighbours,
    policies,
    queues,
    routes,
    settings,
    vlans,
)
from netlab.linux.wiring.links import Found
from netlab.model import codec, pack
from netlab.model.netpack import LARGEST

Process = subprocess.Popen[str]
Key = tuple[int, int]
Containers = Mapping[int, pack.Container]  # by the pid of their first process, as a Place has it
NOWHERE = -1  # the number by which a namespace knows one that it has not met


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
    sets: tuple[pack.IpSet, ...]
    listed: Listed | None  # what they would say
    note: Callable[[Listed], None]

    def read(self) -> Listed:
        """Waits for them; to be called in the namespace."""
        if self.listed is None:
            found = self._read()
            self.note(found)
            return found
        return self.listed

    def _read(self) -> Listed:
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
    reader: settings.Reader,
    containers: Containers | None = None,
    rules: KnownRules | None = None,
    *,
    whole: bool = True,
) -> pack.Pack:
    """Those namespaces; `reader` knows the settings of a fresh one, as `fresh_settings` or
    `settings_of_baseline` give them. What vanishes is left out."""
    remarks: list[str] = []
    known = rules or KnownRules()
    with ExitStack() as stack:
        opened = [each for place in places if (each := _open(place, stack, remarks, known)) is not None]
        linked = _join(opened)
        programs = Programs()
        reader.close_all_but({place.netns for place in places})
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


def _open(place: Place, stack: ExitStack, remarks: list[str], known: KnownRules) -> _Opened | None:
    try:
        fd = stack.enter_context(place.hold())
        kernel = stack.enter_context(RouteSocket(fd))
        with enter(fd):
            rules = _start_rules(place.name, stack, remarks, known)
            return _Opened(place, fd, kernel, carriers.read(kernel), rules)
    except OSError as error:  # it ended in the meantime, or is not ours to enter
        told = _("{node} could not be read: {error}")
        remarks.append(told.format(node=place.name, error=error.strerror or error))
        return None


def _start_rules(node: str, stack: ExitStack, remarks: list[str], known: KnownRules) -> _Rules:
    """What lists the rules of the namespace that we are in, on its way."""
    there: set[tuple[str, str]] = set()
    legacy: list[str] = []
    sets: tuple[pack.IpSet, ...] = ()
    state, generation = None, 0
    try:
        with Netfilter() as netfilter:
            there, sets = netfilter.tables(), ip_sets.read(netfilter)
            if there and not sets:  # of a rule with a set the kernel has but a number
                generation, state = netfilter.generation(), netfilter.state(counted=False)
        legacy = firewall.legacy_tables()
    except OSError as error:
        told = _("{node}: the firewall's rules could not be read: {error}")
        remarks.append(told.format(node=node, error=error.strerror or error))
    bridges = {("bridge", name) for name in iptables.OF_A_BRIDGE}
    saved = {family for family, name in there if family != "bridge" or (family, name) in bridges}
    wanted = [(family, "nft") for family in iptables.COMMANDS if family in saved]
    wanted += [(family, "legacy") for family, command in iptables.COMMANDS.items() if command in legacy]
    listed = None if legacy else known.find(state)
    saves = []
    for family, backend in wanted if listed is None else ():
        if (process := iptables.start_save(family, backend)) is not None:
            saves.append((stack.enter_context(process), family, backend))
    return _Rules(saves, there, sets, listed, lambda found: _note(known, state, generation, found, legacy))


def _note(
    known: KnownRules, state: State | None, generation: int, found: Listed, legacy: Sequence[str]
) -> None:
    """Unless they have been changed since they were looked at."""
    if state and not legacy:
        with Netfilter() as netfilter:
            if netfilter.generation() == generation:
                known.note(state, found)


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
    here = reader.of_namespace(place.netns)
    of_link = reader.of_links(kernel, here)
    queued = queues.read(kernel)
    tables, own = each.rules.read()
    encapsulated: list[str] = []
    ways, policies_ = routes.read(kernel, encapsulated), _ipsec(place.name, remarks)
    remarks += unread(place.name, kernel, found, queued, encapsulated)
    return pack.Node(
        name=place.name,
        kind=place.kind,
        aliases=place.aliases,
        links=tuple(replace(one.link, settings=of_link(one)) for one in found),
        addresses=addresses.read(kernel),
        nexthops=routes.read_nexthops(kernel),
        routes=ways,
        policies=policies.read(kernel),
        neighbours=neighbours.read(kernel),
        fdb=neighbours.read_fdb(kernel),
        vlans=vlans.read(kernel) if any(vlans.filters(one.link) for one in found) else (),
        queues=queued,
        classes=queues.read_classes(kernel, queued),
        ipsec=policies_,
        ip_sets=each.rules.sets,
        tables=tables,
        native=own,
        settings=settings.changes(here, reader.fresh),
        listeners=tuple(each for each in programs.listeners() if not _is_tunnels(each, found)),
    )


def _ipsec(node: str, remarks: list[str]) -> tuple[pack.IpsecPolicy, ...]:
    """The policies; of states, which hold keys, that there are some."""
    if not xfrm.is_there():
        return ()
    try:
        with Xfrm() as socket:
            told = _("{node}: not read: {what}")
            if count := socket.count_states():
                what = _("IPsec states ({count}), which hold keys").format(count=count)
                remarks.append(told.format(node=node, what=what))
            if xfrm.BLOCK in socket.defaults():
                remarks.append(told.format(node=node, what="ip xfrm policy setdefault"))
            return ipsec.read(socket)
    except OSError as error:
        told = _("{node}: IPsec's policies could not be read: {error}")
        remarks.append(told.format(node=node, error=error.strerror or error))
        return ()


def _is_tunnels(listener: pack.Listener, found: Sequence[Found]) -> bool:
    """Whether it is no program's, but the end of a tunnel, and comes with that."""
    ports = {one.link.details.get("dstport") for one in found if one.link.kind == "vxlan"}
    return listener.protocol == "udp" and not listener.program and str(listener.port) in ports
