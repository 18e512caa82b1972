"""Settings (sysctl) of a namespace and of its links that are not as in a fresh one.

The namespace that we are in is read. Reading a file for each would take long, and most links have the same:
what the kernel tells of a link's settings over netlink is compared, and files are read once for all alike.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress

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
_PASSING = {rt.NDTPA_REFCNT, rt.NDTPA_REACHABLE_TIME, 1}  # … and the link's index
Values = Mapping[str, str]


def reference() -> dict[str, str]:
    """All settings of the namespace that we are in, which is a fresh one."""
    found = of_namespace()
    for what in OF_A_LINK:
        found |= {f"lo/{what}/{name}": value for name, value in _folder(f"net/{what}/lo").items()}
    return found


def of_namespace() -> dict[str, str]:
    """Every setting that does not belong to one link, by file below /proc/sys."""
    found: dict[str, str] = {}
    for folder in FOLDERS:
        found |= {f"{folder}/{name}": value for name, value in _folder(folder).items()}
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


class OfLinks:
    """The settings of the links of a namespace. OSError."""

    def __init__(self, kernel: RouteSocket, found: Values, fresh: Values) -> None:
        self._found, self._fresh = found, fresh
        self._tables = _neighbour_tables(kernel)
        self._read: dict[tuple[str, bytes], dict[str, str]] = {}

    def of(self, link: Found) -> dict[str, str]:
        """Of one link, what is not as in a fresh namespace or not as a new link here would have it."""
        conf = {"ipv4": link.inet, "ipv6": link.inet6}
        settings: dict[str, str] = {}
        for what in OF_A_LINK:
            family, kind = what.split("/")
            raw = conf[family] if kind == "conf" else self._tables.get((family, link.link.index), b"")
            if (what, raw) not in self._read or not raw or link.link.kind == "loopback":
                self._read[what, raw] = _folder(f"net/{what}/{link.link.name}")
            settings |= self._others(what, self._read[what, raw], link.link.kind == "loopback")
        return settings

    def _others(self, what: str, values: Values, is_lo: bool) -> dict[str, str]:
        kept = {}
        los = is_lo or what.endswith("neigh")  # a namespace has no default for its neighbours
        for name, value in values.items():
            fresh = self._fresh.get(f"lo/{what}/{name}" if los else f"net/{what}/default/{name}")
            now = fresh if los else self._found.get(f"net/{what}/default/{name}")
            if fresh is not None and (value != fresh or value != now):
                kept[f"{what}/{name}"] = value
        return kept


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
