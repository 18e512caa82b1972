"""A pack that one can post: public addresses, names and cards are others, and each always the same.

The fault stays: what was one network is one network, an address that was in a prefix is in it, and prefixes
keep their lengths. Private addresses, loopback, multicast and Docker's MAC addresses say nothing of anybody.
A public prefix that is wider than /16 belongs to many, and stays as it is.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from netlab.model import codec
from netlab.model.pack import Container, Link, Pack

T = TypeVar("T")
FOUR = ipaddress.IPv4Network("198.18.0.0/15")  # of nobody's: RFC 2544; a /24 of the original is one of these
SIX = ipaddress.IPv6Network("2001:db8::/32")  # RFC 3849
WIDEST, USUAL = 16, 24
OWN_MAC = "02:00:5e:10:"  # of our own giving, locally administered
_FOUR = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])(?!/(?:[0-9]|1[0-5])(?!\d))")
_PREFIX = re.compile(r"(?<![\w.])((?:\d{1,3}\.){3}\d{1,3})/(\d{1,2})(?!\d)")
_SIX = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?![\w:])")
_MAC = re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![\w:])")


class Redactor:
    """Gives every name and address another one, the same each time."""

    def __init__(self, found: Pack) -> None:
        containers = [node.name for node in found.nodes if node.kind != "host" and node.kind != "internet"]
        self._names = {name: f"node{number}" for number, name in enumerate(containers, 1)}
        aliases = dict.fromkeys(alias for node in found.nodes for alias in node.aliases)
        self._names |= {alias: f"name{number}" for number, alias in enumerate(aliases, 1)}
        cards = [link for node in found.nodes for link in node.links if _is_persons(link.mac)]
        self._macs = {link.mac: f"{OWN_MAC}{n >> 8:02x}:{n & 255:02x}" for n, link in enumerate(cards, 1)}
        self._fours: dict[ipaddress.IPv4Network, ipaddress.IPv4Network] = {}
        self._sixes: dict[int, int] = {}
        self._free = int(FOUR.network_address)
        for prefix in sorted(_wide_prefixes(found), key=lambda each: each.prefixlen):
            if not any(prefix.subnet_of(other) for other in self._fours):
                self._assign(prefix)

    def pack(self, found: Pack) -> Pack:
        """The network with others."""
        nodes = tuple(
            replace(
                self._value(node),
                name=self.name(node.name),
                aliases=tuple(map(self.name, node.aliases)),
                container=self._container(node.container),
                links=tuple(self._link(link) for link in node.links),
            )
            for node in found.nodes
        )
        remarks = tuple(self._remark(remark) for remark in found.remarks)
        return replace(found, name="redacted", nodes=nodes, remarks=remarks)

    def name(self, name: str) -> str:
        """Of a node; host and internet are parts, and no names."""
        return self._names.get(name, name)

    def _container(self, found: Container | None) -> Container | None:
        return replace(self._value(found), image="image", hostname="") if found else None

    def _link(self, link: Link) -> Link:
        other = replace(link.other, node=self.name(link.other.node)) if link.other else None
        return replace(self._value(link), other=other)

    def _remark(self, remark: str) -> str:
        node, colon, rest = remark.partition(":")
        return self.text(f"{self.name(node)}{colon}{rest}")

    def _value(self, value: T) -> T:
        """All texts in a value of ours."""
        plain: Any = value
        if isinstance(plain, str):
            return self._json(plain) if plain.startswith('{"') else self.text(plain)  # type: ignore[return-value]
        if isinstance(plain, tuple | frozenset):
            return type(plain)(map(self._value, plain))  # type: ignore[return-value]
        if isinstance(plain, Mapping):
            return {key: self._value(each) for key, each in plain.items()}  # type: ignore[return-value]
        if is_dataclass(plain) and not isinstance(plain, type):
            parts = {each.name: self._value(getattr(plain, each.name)) for each in fields(plain)}
            return replace(plain, **parts)  # type: ignore[return-value]
        return value

    def _json(self, text: str) -> str:
        """An object of nft's: its comments are left out."""
        return json.dumps(self._plain(json.loads(text)), ensure_ascii=False, separators=(",", ":"))

    def _plain(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._plain(each) for key, each in value.items() if key != "comment"}
        if isinstance(value, list):
            return [self._plain(each) for each in value]
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        """A text in which addresses may stand."""
        text = re.sub(r'--comment (?:"(?:[^"\\]|\\.)*"|\S+)', "--comment redacted", text)
        text = _MAC.sub(lambda found: self.mac(found[0]), text)
        text = _FOUR.sub(lambda found: self.address(found[0]), text)
        return _SIX.sub(lambda found: self.address(found[0]), text)

    def mac(self, text: str) -> str:
        """Of a card; those that we, Docker or a group have made up stay."""
        return self._macs.get(text, text)

    def address(self, text: str) -> str:
        """Where it is a public one."""
        try:
            found = ipaddress.ip_address(text)
        except ValueError:
            return text
        if found in FOUR or not found.is_global or found.is_multicast:
            return self._with_mac(found) if found.version == 6 and found.is_link_local else text
        return str(self._four(found) if found.version == 4 else self._six(found))

    def _with_mac(self, found: ipaddress.IPv6Address) -> str:
        """A link-local address is made of its card's MAC address."""
        raw = found.packed[8:]
        if raw[3:5] == b"\xff\xfe":
            mac = bytes((raw[0] ^ 2, *raw[1:3], *raw[5:])).hex(":")
            new = bytes.fromhex(self.mac(mac).replace(":", ""))
            raw = bytes((new[0] ^ 2,)) + new[1:3] + b"\xff\xfe" + new[3:]
        return str(ipaddress.IPv6Address(found.packed[:8] + raw))

    def _four(self, found: ipaddress.IPv4Address) -> ipaddress.IPv4Address:
        network = next((each for each in self._fours if found in each), None)
        if network is None:
            network = ipaddress.IPv4Network((found, USUAL), strict=False)
            self._assign(network)
        offset = int(found) - int(network.network_address)
        return ipaddress.IPv4Address(int(self._fours[network].network_address) + offset)

    def _assign(self, network: ipaddress.IPv4Network) -> None:
        """The next free network of that size; after more than there are, from the beginning again."""
        size = network.num_addresses
        start = -(-self._free // size) * size
        if start + size - 1 > int(FOUR.broadcast_address):
            start = int(FOUR.network_address)
        self._free = start + size
        self._fours[network] = ipaddress.IPv4Network((start, network.prefixlen))

    def _six(self, found: ipaddress.IPv6Address) -> ipaddress.IPv6Address:
        network = int(found) >> 64
        number = self._sixes.setdefault(network, len(self._sixes) + 1)
        rest = int(ipaddress.IPv6Address(self._with_mac_of(found))) & ((1 << 64) - 1)
        return ipaddress.IPv6Address(int(SIX.network_address) + (number << 64) + rest)

    def _with_mac_of(self, found: ipaddress.IPv6Address) -> str:
        local = int(ipaddress.IPv6Address("fe80::")) + (int(found) & ((1 << 64) - 1))
        return self._with_mac(ipaddress.IPv6Address(local))


def _wide_prefixes(found: Pack) -> set[ipaddress.IPv4Network]:
    """The public ones that are wider than usual, as far as there is room for them."""
    prefixes = set()
    for address, length in _PREFIX.findall(codec.write(found).decode("utf-8", "replace")):
        try:
            prefix = ipaddress.IPv4Network(f"{address}/{length}", strict=False)
        except ValueError:
            continue
        if WIDEST <= prefix.prefixlen < USUAL and prefix.is_global:
            prefixes.add(prefix)
    return prefixes


def _is_persons(mac: str) -> bool:
    """Whether a manufacturer has given it: the others were drawn by lot, or by Docker."""
    return len(mac) == 17 and not int(mac[:2], 16) & 3 and mac != "00:00:00:00:00:00"


def redact(found: Pack) -> Pack:
    """The same network, of nobody in particular."""
    return Redactor(found).pack(found)
