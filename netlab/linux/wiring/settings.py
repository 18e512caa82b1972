"""Settings (sysctl) of a namespace and of its links that are not as in a fresh one.

The namespace that we are in is read. Reading a file for each would take long, and most links have the same:
what the kernel tells of a link's settings over netlink is compared, and files are read once for all alike.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from netlab.linux import sysctl
from netlab.linux.netlink import messages as rt
from netlab.linux.netlink.route import RouteSocket
from netlab.linux.wiring.fields import Unfit
from netlab.linux.wiring.links import Found
from netlab.model import pack
from netlab.model.pack_check import is_link_name

FAMILIES = ("ipv4", "ipv6")
FOLDERS = (
    *(f"net/{family}{rest}" for family in FAMILIES for rest in ("", "/conf/all", "/conf/default")),
    *("net/ipv4/route", "net/ipv6/route", "net/ipv6/icmp", "net/bridge", "net/netfilter"),
)
OF_A_LINK = tuple(f"{family}/{what}" for family in FAMILIES for what in ("conf", "neigh"))
# Secrets, what goes by itself, what each link has of its own, and what only repeats another in other units.
LEFT_OUT = ("tcp_fastopen_key", "stable_secret", "mtu", "base_reachable_time", "retrans_time")
# Writing one of these changes others, so all of them stand in a pack in which one is not as in a fresh one.
COUPLED = ("forwarding", "disable_ipv6", "disable_policy", "ignore_routes_with_linkdown", "mc_forwarding")
ORDER = ("net/ipv4/ip_forward", "net/ipv4/conf/all/forwarding", "net/ipv6/conf/all/forwarding")
_NAME = re.compile(r"net/(?:ipv4|ipv6|bridge|netfilter)(?:/[a-z0-9_-]+){1,4}")
_OF_LINK = re.compile(rf"(?:{'|'.join(OF_A_LINK)})/[a-z0-9_-]+")
MOST_OPEN = 5  # namespaces, of six hundred files each
_PASSING = {rt.NDTPA_REFCNT, rt.NDTPA_REACHABLE_TIME, 1}  # … and the link's index
Values = Mapping[str, str]


def reference() -> dict[str, str]:
    """All settings of the namespace that we are in, which is a fresh one."""
    found: dict[str, str] = {}
    for folder in FOLDERS:
        found |= {f"{folder}/{name}": value for name, value in _folder(folder).items()}
    for what in OF_A_LINK:
        found |= {f"lo/{what}/{name}": value for name, value in _folder(f"net/{what}/lo").items()}
    return found


def _folder(folder: str) -> dict[str, str]:
    with suppress(OSError):
        found = sysctl.in_folder(folder)
        names = ((path.rpartition("/")[2], value) for path, value in found.items())
        return {name: value.strip() for name, value in names if name not in LEFT_OUT}
    return {}


def changes(found: Values, fresh: Values) -> dict[str, str]:
    """Those that are not as in a fresh namespace, and all that hang together with one of them."""
    others = {name for name, value in found.items() if name in fresh and fresh[name] != value}
    coupled = {name.rpartition("/")[2] for name in others} & {*COUPLED, "ip_forward"}
    families = {name.split("/")[1] for name in others}
    if coupled:
        others |= {n for n in found if n.rpartition("/")[2] in COUPLED and n.split("/")[1] in families}
    return {name: found[name] for name in found if name in others and name in fresh}


class Reader:
    """Reads the settings of namespaces, one after the other, of which `fresh` are those of a fresh one.

    Which settings there are is known from that. Most are as in a fresh one, and are compared as they stand.
    """

    def __init__(self, fresh: Values) -> None:
        self.fresh = fresh
        self._open: dict[int, list[tuple[_Setting, int]]] = {}
        self._folders: dict[str, list[_Setting]] = {}
        for path, value in fresh.items():
            folder, _, name = path.rpartition("/")
            if folder.startswith("net/"):
                self._folders.setdefault(folder, []).append(
                    _Setting(name, path, value, f"{value}\n".encode())
                )
        self._of_links = {what: self._names(what) for what in OF_A_LINK}
        self._seen: dict[tuple[str, bytes], dict[str, str]] = {}  # of links whose numbers are the same

    def _names(self, what: str) -> list[_Setting]:
        """Those of a link: a namespace has a default of each, but of its neighbours, which lo shows."""
        before = f"lo/{what}/" if what.endswith("neigh") else f"net/{what}/default/"
        found = (
            (path.removeprefix(before), value)
            for path, value in self.fresh.items()
            if path.startswith(before)
        )
        return [_Setting(name, name, value, f"{value}\n".encode()) for name, value in found]

    def of_namespace(self, netns: int = 0) -> dict[str, str]:
        """Of the one that we are in, every setting that does not belong to one link, by file.

        With a number the files of a few stay open, for opening one costs most. Once their namespace has
        ended, and another one has its number, none of them can be read any more.
        """
        found: dict[str, str] = {}
        kept = self._open.get(netns)
        if kept and all(_read(each, fd, found) for each, fd in kept):
            return found
        self.close(netns)
        found = {}
        kept = []
        for folder, wanted in self._folders.items():
            for each, fd in _files(folder, wanted):
                if _read(each, fd, found) and netns and len(self._open) < MOST_OPEN:
                    kept.append((each, fd))
                else:
                    os.close(fd)
        if kept:
            self._open[netns] = kept
        return found

    def close(self, netns: int) -> None:
        """The files of that namespace."""
        for _, fd in self._open.pop(netns, ()):
            os.close(fd)

    def close_all_but(self, there: Collection[int]) -> None:
        """Of namespaces that have ended nothing stays open."""
        for netns in [each for each in self._open if each not in there]:
            self.close(netns)

    def of_links(self, kernel: RouteSocket, found: Values) -> Callable[[Found], dict[str, str]]:
        """What gives, of each link of the namespace that we are in, what is not as in a fresh namespace, or
        not as a new link here would have it; `found` is what `of_namespace` gave. OSError."""
        tables = _neighbour_tables(kernel)
        seen = self._seen

        def of(link: Found) -> dict[str, str]:
            conf = {"ipv4": link.inet, "ipv6": link.inet6}
            settings: dict[str, str] = {}
            is_lo = link.link.kind == "loopback"
            for what in OF_A_LINK:
                family, kind = what.split("/")
                raw = conf[family] if kind == "conf" else tables.get((family, link.link.index), b"")
                if (what, raw) not in seen or not raw or is_lo:
                    seen[what, raw] = _values(f"net/{what}/{link.link.name}", self._of_links[what])
                settings |= self._others(what, seen[what, raw], found, is_lo)
            return settings

        return of

    def _others(self, what: str, values: Values, found: Values, is_lo: bool) -> dict[str, str]:
        kept = {}
        los = is_lo or what.endswith("neigh")
        for name, value in values.items():
            fresh = self.fresh.get(f"lo/{what}/{name}" if los else f"net/{what}/default/{name}")
            now = fresh if los else found.get(f"net/{what}/default/{name}")
            if fresh is not None and (value != fresh or value != now):
                kept[f"{what}/{name}"] = value
        return kept


class _Setting(NamedTuple):
    """A file of a folder, what it is called in a pack, and what it holds by default: as text, and raw."""

    name: str
    key: str
    value: str
    raw: bytes


def _values(folder: str, wanted: Iterable[_Setting]) -> dict[str, str]:
    """Those of one folder; none where it has gone."""
    found: dict[str, str] = {}
    for each, fd in _files(folder, wanted):
        _read(each, fd, found)
        os.close(fd)
    return found


def _files(folder: str, wanted: Iterable[_Setting]) -> Iterator[tuple[_Setting, int]]:
    """Those that are there, open."""
    try:
        at = os.open(f"/proc/sys/{folder}", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        for each in wanted:
            try:
                fd = os.open(each.name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=at)
            except OSError:
                continue
            yield each, fd
    finally:
        os.close(at)


def _read(setting: _Setting, fd: int, found: dict[str, str]) -> bool:
    """Whether it can be read."""
    try:
        raw = os.pread(fd, 4096, 0)
    except OSError:
        return False
    found[setting.key] = setting.value if raw == setting.raw else raw.decode().strip()
    return True


def _neighbour_tables(kernel: RouteSocket) -> dict[tuple[str, int], bytes]:
    """What is set of neighbours, by family and link."""
    found = {}
    for _, body in kernel.query(rt.RTM_GETNEIGHTBL, rt.NLM_F_DUMP, bytes(4)):
        words = rt.attributes(body, 4)
        parameters = rt.attributes(words.get(rt.NDTA_PARMS, b""))
        family = {2: "ipv4", 10: "ipv6"}.get(body[0])
        if family and (index := rt.number(parameters.get(1))):
            kept = sorted((n, value) for n, value in parameters.items() if n not in _PASSING)
            found[family, index] = repr(kept).encode()
    return found


# -- writing, into the namespace that we are in


def assure(values: Iterable[tuple[str, str]]) -> list[str]:
    """Write those in which something else stands; the names of those that cannot have that value."""
    refused = []
    for name, value in values:
        try:
            fd = os.open(f"/proc/sys/{name}", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            refused.append(name)
            continue
        try:
            if os.read(fd, 4096).decode().strip() != value:
                os.pwrite(fd, value.encode(), 0)
        except OSError:
            refused.append(name)
        finally:
            os.close(fd)
    return refused


def differences(have: Values, wanted: Values, fresh: Values) -> list[tuple[str, str]]:
    """What is to be written so that the one becomes the other, in an order in which none undoes another."""
    todo = {name: value for name, value in wanted.items() if have.get(name, fresh.get(name)) != value}
    todo |= {
        name: fresh[name]
        for name in have
        if name not in wanted and name in fresh and fresh[name] != have[name]
    }
    return sorted(todo.items(), key=lambda pair: (pair[0] not in ORDER, pair[0]))


def of_link(link: pack.Link, name: str) -> str:
    """The file below /proc/sys of a link's setting, "ipv4/conf/rp_filter". Unfit."""
    if not is_link_name(link.name) or not _OF_LINK.fullmatch(name):
        raise Unfit(f"there is no setting {name!r}")
    what, _, last = name.rpartition("/")
    return f"net/{what}/{link.name}/{last}"


def usual(link: pack.Link, name: str, of_namespace: Values, fresh: Values) -> str:
    """What a new link of a namespace with those settings has as that one; "" where it is not known."""
    what, _, last = name.rpartition("/")
    if link.kind == "loopback" or what.endswith("neigh"):
        return fresh.get(f"lo/{name}", "")
    default = f"net/{what}/default/{last}"
    return of_namespace.get(default, fresh.get(default, ""))


def check(names: Iterable[str]) -> None:
    """Unfit for a name that is none of a namespace's settings."""
    for name in names:
        if not _NAME.fullmatch(name) or name.rpartition("/")[2] in LEFT_OUT:
            raise Unfit(f"there is no setting {name!r}")
