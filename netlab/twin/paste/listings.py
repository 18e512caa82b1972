"""Which listings stand in a pasted text, and what each says, put together in one value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from netlab.model import bounded_json
from netlab.model.pack import Container, Link, Route, Table
from netlab.twin import docker_view
from netlab.twin.paste import clean, ip_listing, nft_text, rule_listing
from netlab.twin.paste.ip_listing import Held

BOUNDS = docker_view.BOUNDS
_LINK = re.compile(r"^\s*\d+: \S+: <")
_SYSCTL = re.compile(r"^\s*(net\.[a-z0-9_.\-/]+)\s*=\s*(.*?)\s*$")
_FORWARD = re.compile(r"/proc/sys/(net/[\w./-]+)")
Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pasted:
    """All that was said."""

    links: tuple[Link, ...] = ()
    peers: Mapping[str, str] = field(
        default_factory=dict
    )  # what stands behind the @ of a link: "if8", "eth0"
    masters: Mapping[str, str] = field(default_factory=dict)  # of a port, its bridge
    addresses: tuple[Held, ...] = ()
    routes: tuple[tuple[str, Route], ...] = ()  # each with the name of its device
    tables: tuple[Table, ...] = ()
    native: tuple[str, ...] = ()
    settings: Texts = field(default_factory=dict)
    containers: tuple[tuple[str, Container], ...] = ()
    seen: frozenset[str] = frozenset()
    unread: tuple[str, ...] = ()

    def gaps(self) -> list[str]:
        """The commands whose output is not there, and belongs to every network."""
        wanted = {"links": "ip addr", "routes": "ip route show table all", "rules": "iptables-save"}
        wanted["settings"] = "sysctl -a"
        return [command for what, command in wanted.items() if what not in self.seen and what != "links"]


@dataclass(frozen=True, slots=True)
class Listing:
    """One of them: `read` adds what it says."""

    read: Callable[[Pasted], Pasted]


def listings(text: str) -> Iterator[Listing]:
    """Those in a text, in order."""
    for command, block in clean.blocks(clean.lines(text)):
        yield from _of_block(command, block)


def _of_block(command: str, block: list[str]) -> Iterator[Listing]:
    joined = "\n".join(block)
    for document in _documents(joined):
        yield Listing(lambda found, document=document: _with_json(found, document))  # type: ignore[misc]
    if any(_LINK.match(line) for line in block):
        yield Listing(lambda found: _with_links(found, block))
    yield Listing(lambda found: _with_routes(found, block))
    yield Listing(lambda found: _with_rules(found, command, block))
    yield Listing(lambda found: _with_settings(found, command, block))
    if "bridge name" in joined and "STP enabled" in joined:
        yield Listing(lambda found: _with_bridges(found, block))
    if nft_text.TABLE.search(joined):
        yield Listing(lambda found: _with_nft(found, joined))


def _documents(text: str) -> Iterator[Any]:
    """The JSON documents in it."""
    for found in re.finditer(r"^[ \t]*[\[{]", text, re.MULTILINE):
        rest = text[found.start() :].lstrip()
        end = re.search(r"^[\]}]\s*$", rest, re.MULTILINE)
        for part in ([rest[: end.end()]] if end else []) + [rest.splitlines()[0]]:
            try:
                yield bounded_json.loads(part, BOUNDS)
                break
            except bounded_json.NotJson:
                continue


def _see(found: Pasted, *what: str) -> frozenset[str]:
    return found.seen | set(what)


def _with_links(found: Pasted, block: list[str]) -> Pasted:
    links, peers, masters, held = ip_listing.links(block)
    known = {link.name for link in found.links}
    return replace(
        found,
        links=(*found.links, *(link for link in links if link.name not in known)),
        peers={**found.peers, **peers},
        masters={**found.masters, **masters},
        addresses=(*found.addresses, *(each for each in held if each not in found.addresses)),
        seen=_see(found, "links"),
    )


def _with_routes(found: Pasted, block: list[str]) -> Pasted:
    routes = [each for each in ip_listing.routes(block) if each not in found.routes]
    return replace(found, routes=(*found.routes, *routes), seen=_see(found, "routes")) if routes else found


def _with_rules(found: Pasted, command: str, block: list[str]) -> Pasted:
    tables, unread = rule_listing.tables(command, block)
    if not tables and not unread:
        return found
    new = {(table.family, table.name) for table in tables}
    kept = [table for table in found.tables if (table.family, table.name) not in new]
    said = (*found.unread, *unread)
    return replace(found, tables=(*kept, *tables), unread=said, seen=_see(found, "rules"))


def _with_settings(found: Pasted, command: str, block: list[str]) -> Pasted:
    values = {m[1].replace(".", "/"): m[2] for line in block if (m := _SYSCTL.match(line))}
    if (file := _FORWARD.search(command)) and block[0].strip().isdigit():
        values[file[1]] = block[0].strip()
    return (
        replace(found, settings={**found.settings, **values}, seen=_see(found, "settings"))
        if values
        else found
    )


def _with_bridges(found: Pasted, block: list[str]) -> Pasted:
    masters = ip_listing.ports(block)
    return replace(found, masters={**found.masters, **masters})


def _with_nft(found: Pasted, text: str) -> Pasted:
    native, unread = nft_text.read(text, has_iptables=bool(found.tables))
    said = (*found.unread, *(f"nft list {name}: nft -j list {name}" for name in unread))
    kept = (*found.native, *(each for each in native if each not in found.native))
    return replace(found, native=kept, unread=said, seen=_see(found, "rules"))


def _with_json(found: Pasted, document: Any) -> Pasted:
    entries = document if isinstance(document, list) else [document]
    first = entries[0] if entries and isinstance(entries[0], dict) else {}
    if "ifname" in first and "ifindex" in first:
        return _with_links(found, ip_listing.as_text(entries))
    if "dst" in first:
        return _with_routes(found, ip_listing.routes_as_text(entries))
    if "NetworkSettings" in first:
        return replace(found, containers=(*found.containers, *docker_view.read_containers(entries)))
    if "IPAM" in first:
        known = {name for name, container in found.containers if container.address}
        others = (each for each in docker_view.read_networks(entries) if each[0] not in known)
        return replace(found, containers=(*found.containers, *others))
    if "nftables" in first:
        native = rule_listing.native(first)
        return replace(found, native=native, seen=_see(found, "rules"))
    return found
