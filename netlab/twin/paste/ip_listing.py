"""What `ip addr`, `ip link`, `ip route`, `route -n` and `brctl show` print, read line by line."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from netlab.linux.netlink import messages as rt
from netlab.model.pack import Link, Route

_LINK = re.compile(r"^\s*(\d{1,9}): ([^\s:@]{1,15})(?:@([^\s:]+))?: <([A-Z0-9_,-]*)>(.*)")
_MAC = re.compile(r"^\s+link/(\w+) ([0-9a-f:]{17})")
_HELD = re.compile(r"^\s+inet6? ([0-9A-Fa-f.:]+)(?: peer ([0-9A-Fa-f.:]+))?/(\d{1,3})(.*)")
_KIND = re.compile(r"^\s+(veth|bridge|vxlan|macvlan|vlan|dummy|vrf|ipvlan|tun|bond)\b(.*)")
_PREFIX = re.compile(r"^\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?$|^[0-9A-Fa-f:]*:[0-9A-Fa-f:]*(?:/\d{1,3})?$")
_KINDS = {word: number for number, word in enumerate(rt.ROUTE_KINDS)}
_SCOPES = {word: number for number, word in rt.SCOPES.items()}
_PROTOCOLS = {word: number for number, word in rt.PROTOCOLS.items()}
_TABLES = {word: number for number, word in rt.TABLES.items()}
ROUTE_N = re.compile(
    r"^(\d[\d.]*|default)\s+(\d[\d.]*|\*|_gateway|[\w.-]+)\s+(\d[\d.]*)\s+([UGHRDMAC!]+)\s+(\d+)\s+\d+\s+\d+\s+(\S+)"
)


@dataclass(frozen=True, slots=True)
class Held:
    """An address, and the name of its link."""

    device: str
    address: str
    prefixlen: int
    broadcast: str = ""
    scope: int = 0


Links = tuple[list[Link], dict[str, str], dict[str, str], list[Held]]


def links(block: list[str]) -> Links:
    """(links, what stands behind their @, bridges of ports, addresses)."""
    found: list[Link] = []
    peers: dict[str, str] = {}
    masters: dict[str, str] = {}
    held: list[Held] = []
    for line in block:
        if head := _LINK.match(line):
            index, name, peer, flags, rest = head.groups()
            words = rest.split()
            found.append(_link(int(index), name, peer or "", flags.split(","), words))
            peers |= {name: peer} if peer else {}
            masters |= {name: _behind(words, "master")} if "master" in words else {}
        elif found and (mac := _MAC.match(line)):
            kind = "loopback" if mac[1] == "loopback" else found[-1].kind
            found[-1] = _with(found[-1], mac=mac[2], kind=kind)
        elif found and (kind_line := _KIND.match(line)):
            found[-1] = _with(
                found[-1], kind=kind_line[1], details=_details(kind_line[1], kind_line[2].split())
            )
        elif found and (address := _HELD.match(line)):
            held += _addresses(found[-1].name, *address.groups())
    return found, peers, masters, held


def _link(index: int, name: str, peer: str, flags: list[str], words: list[str]) -> Link:
    kind = "loopback" if "LOOPBACK" in flags else _kind_by_name(name, peer)
    return Link(
        index=index,
        name=name,
        kind=kind,
        up="UP" in flags,
        mtu=_number(_behind(words, "mtu"), 1500),
        txqlen=_number(_behind(words, "qlen"), 1000),
        flags=frozenset({"MULTICAST", "NOARP", "PROMISC", "ALLMULTI"} & set(flags)),
    )


def _kind_by_name(name: str, peer: str) -> str:
    """Where `ip -d` was not asked: what Docker and others call their bridges, and @ifN of a pair."""
    if re.fullmatch(r"if\d+", peer) or name.startswith("veth"):
        return "veth"
    is_bridge = name.startswith(("docker0", "br-", "virbr", "podman", "cni", "lxcbr", "docker_gwbridge"))
    return "bridge" if is_bridge or re.fullmatch(r"br\d+", name) else ""


def _details(kind: str, words: list[str]) -> dict[str, str]:
    """Of those that cannot be made without: the identity of a tunnel, the mode of a macvlan."""
    if kind == "vxlan":
        wanted = {"id": "id", "remote": "group", "local": "local", "dstport": "dstport"}
        return {name: value for word, name in wanted.items() if (value := _behind(words, word))}
    if kind == "macvlan":
        return {"mode": mode} if (mode := _behind(words, "mode")) else {"mode": "bridge"}
    return {"id": number} if kind == "vlan" and (number := _behind(words, "id")) else {}


def _addresses(device: str, address: str, peer: str | None, length: str, rest: str) -> Iterator[Held]:
    words = rest.split()
    try:
        ipaddress.ip_interface(f"{address}/{length}")
    except ValueError:
        return
    scope = _SCOPES.get(_behind(words, "scope"), 0)
    yield Held(device, address, int(length), _behind(words, "brd"), scope)


def _behind(words: list[str], word: str) -> str:
    """The word behind that one; "" where there is none."""
    at = words.index(word) + 1 if word in words else len(words)
    return words[at] if at < len(words) else ""


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isdigit() and len(text) < 10 else otherwise


def _with(link: Link, **words: Any) -> Link:
    from dataclasses import replace

    return replace(link, **words)


def routes(block: list[str]) -> Iterator[tuple[str, Route]]:
    """(device, route) of each line that is one, of ip's or route's."""
    for line in block:
        words = line.split()
        if not words or (line.startswith((" ", "\t")) and words[0] == "nexthop"):
            continue
        if found := ROUTE_N.match(line.strip()):
            yield from _of_route_n(*found.groups())
        elif (
            words[0] in _KINDS
            or words[0] == "default"
            or (("/" in words[0] or "dev" in words) and _PREFIX.match(words[0]))
        ):
            yield from _of_ip(words)


def _of_ip(words: list[str]) -> Iterator[tuple[str, Route]]:
    kind = _KINDS.get(words[0], 1)
    rest = words[1:] if words[0] in _KINDS else words
    device, gateway = _behind(rest, "dev"), _behind(rest, "via")
    if not rest or (not device and kind in (1, 2, 3)):
        return
    is_six = any(":" in word for word in (rest[0], gateway))
    destination = _prefix(rest[0], is_six)
    if not destination:
        return
    table, protocol = _behind(rest, "table"), _behind(rest, "proto")
    yield (
        device,
        Route(
            destination=destination,
            table=_TABLES.get(table, _number(table, 255 if kind in (2, 3) else 254)),
            kind=kind,
            protocol=_PROTOCOLS.get(protocol, _number(protocol, 3)),
            scope=_SCOPES.get(_behind(rest, "scope"), 0) if not is_six else 0,
            flags=4 if "onlink" in rest else 0,
            gateway=gateway,
            source=_behind(rest, "src"),
            metric=_number(_behind(rest, "metric"), 1024 if is_six else 0),
        ),
    )


def _prefix(word: str, is_six: bool) -> str:
    if word == "default":
        return "::/0" if is_six else "0.0.0.0/0"
    try:
        return str(ipaddress.ip_network(word, strict=False))
    except ValueError:
        return ""


def _of_route_n(
    to: str, gateway: str, mask: str, flags: str, metric: str, device: str
) -> Iterator[tuple[str, Route]]:
    try:
        prefix = str(ipaddress.ip_network(f"{'0.0.0.0' if to == 'default' else to}/{mask}", strict=False))
    except ValueError:
        return
    via = gateway if "G" in flags and re.fullmatch(r"[\d.]+", gateway) else ""
    kind = _KINDS["unreachable"] if "!" in flags else 1
    yield (
        device,
        Route(prefix, kind=kind, protocol=3, scope=0 if via else 253, gateway=via, metric=int(metric)),
    )


def ports(block: list[str]) -> dict[str, str]:
    """{port: bridge} of `brctl show`: a line with one word goes on with the bridge before it."""
    found: dict[str, str] = {}
    bridge = ""
    for words in (line.split() for line in block):
        if len(words) >= 3 and re.fullmatch(r"[0-9a-f]{4}\.[0-9a-f]{12}", words[1]):
            bridge = words[0]
            found |= {words[3]: bridge} if len(words) > 3 else {}
        elif len(words) == 1 and bridge:
            found[words[0]] = bridge
    return found


def as_text(entries: list[Any]) -> list[str]:
    """The lines that ip prints of what it has told as JSON."""
    lines = []
    for entry in (each for each in entries if isinstance(each, dict)):
        behind = entry.get("link") or (f"if{entry['link_index']}" if "link_index" in entry else "")
        at = f"@{behind}" if behind else ""
        flags = ",".join(map(str, entry.get("flags") or []))
        master = f" master {entry['master']}" if "master" in entry else ""
        head = f"{entry.get('ifindex')}: {entry.get('ifname')}{at}: <{flags}> mtu {entry.get('mtu')}{master}"
        lines.append(f"{head} qlen {entry.get('txqlen', 1000)}")
        lines.append(f"    link/{entry.get('link_type', 'ether')} {entry.get('address', '')}")
        kind = entry.get("linkinfo", {}).get("info_kind") if isinstance(entry.get("linkinfo"), dict) else None
        lines += [f"    {kind} "] if kind else []
        for held in entry.get("addr_info") or []:
            if isinstance(held, dict) and "local" in held:
                brd = f" brd {held['broadcast']}" if "broadcast" in held else ""
                lines.append(
                    f"    inet {held['local']}/{held.get('prefixlen')}{brd} scope {held.get('scope')}"
                )
    return lines


def routes_as_text(entries: list[Any]) -> list[str]:
    """The same of `ip -j route`."""
    lines = []
    for entry in (each for each in entries if isinstance(each, dict)):
        words = [str(entry["type"])] if "type" in entry else []
        words.append(str(entry.get("dst")))
        names = {"gateway": "via", "dev": "dev", "table": "table", "protocol": "proto", "scope": "scope"}
        names |= {"prefsrc": "src", "metric": "metric"}
        for key, word in names.items():
            words += [word, str(entry[key])] if key in entry else []
        lines.append(" ".join([*words, *map(str, entry.get("flags") or [])]))
    return lines
