"""What Docker (or Podman) says of its containers, as far as it is of a network: `docker inspect`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from netlab.display import one_line
from netlab.model import bounded_json
from netlab.model.pack import Container

BOUNDS = bounded_json.Bounds(size=1 << 25, depth=48, values=1 << 20)
LONGEST = 200


def inspections(text: str) -> list[tuple[int, str, Container]]:
    """(pid of its first process, 0 of a stopped one; name; container) of each. NotJson."""
    found = bounded_json.loads(text, BOUNDS)
    return [_container(entry) for entry in (found if isinstance(found, list) else [found])]


def read_containers(entries: Any) -> Iterator[tuple[str, Container]]:
    """(name, container) of what was inspections, whether it runs or not."""
    for entry in entries if isinstance(entries, list) else [entries]:
        __, name, container = _container(entry)
        if name:
            yield name, container


def read_networks(entries: Any) -> Iterator[tuple[str, Container]]:
    """(name, container) of those that are in networks, of which `docker network inspect` tells where each is,
    and no more."""
    for entry in entries if isinstance(entries, list) else [entries]:
        ranges, members = _at(entry, "IPAM", "Config"), _at(entry, "Containers")
        gateways = [_text(_at(each, "Gateway")) for each in ranges] if isinstance(ranges, list) else []
        for member in members.values() if isinstance(members, Mapping) else ():
            address, _, length = _text(_at(member, "IPv4Address")).partition("/")
            if (name := _text(_at(member, "Name"))) and length.isdecimal() and int(length) <= 32:
                yield (
                    name,
                    Container(
                        network=_text(_at(entry, "Name")) or "none",
                        address=address,
                        prefixlen=int(length),
                        gateway=next((each.partition("/")[0] for each in gateways if ":" not in each), ""),
                        mac=_text(_at(member, "MacAddress")),
                    ),
                )


def _container(entry: Any) -> tuple[int, str, Container]:
    pid = _at(entry, "State", "Pid")
    name = _text(_at(entry, "Name")).removeprefix("/")
    networks = _at(entry, "NetworkSettings", "Networks")
    network, joined = next(iter(networks.items()), ("", {})) if isinstance(networks, dict) else ("", {})
    length = _at(joined, "IPPrefixLen")
    path = _text(_at(entry, "Path"))
    return (
        pid if type(pid) is int and pid > 0 else 0,
        name,
        Container(
            image=_text(_at(entry, "Config", "Image")),
            hostname=_text(_at(entry, "Config", "Hostname")),
            program=path.rpartition("/")[2],
            network=_text(network) or "none",
            address=_text(_at(joined, "IPAddress")),
            prefixlen=length if type(length) is int and 0 <= length <= 32 else 0,
            gateway=_text(_at(joined, "Gateway")),
            mac=_text(_at(joined, "MacAddress")),
            ports=tuple(_ports(_at(entry, "NetworkSettings", "Ports"))),
        ),
    )


def _ports(published: Any) -> Iterator[str]:
    """ "8080:80/tcp" of each."""
    for inside, places in published.items() if isinstance(published, Mapping) else ():
        for place in places if isinstance(places, list) else ():
            outside = _text(_at(place, "HostPort"))
            if outside.isdigit():
                yield f"{outside}:{_text(inside)}"


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str:
    return one_line(value)[:LONGEST] if isinstance(value, str) else ""
