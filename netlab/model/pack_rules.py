"""What of a pack decides about packets beside routes: rules of iptables(8), sets of ipset(8), policies of
IPsec. netlab.model.pack hands these out, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from netlab.model.fields import Index, Port, Range

Byte = Annotated[int, Range(0, 255)]
Word = Annotated[int, Range(0, (1 << 32) - 1)]
Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain of iptables(8)."""

    name: str
    policy: str = ""  # "ACCEPT" or "DROP" of a base chain
    rules: tuple[str, ...] = ()  # as iptables-save prints them, without "-A CHAIN"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of iptables(8), ip6tables(8), ebtables(8)."""

    family: str  # "ip", "ip6", "bridge"
    backend: str  # "nft", "legacy"
    name: str
    chains: tuple[Chain, ...] = ()


@dataclass(frozen=True, slots=True)
class IpSet:
    """A set of ipset(8). What is in it stays in a twin: nothing of it runs out, or has counted."""

    name: str
    type: str  # "hash:ip,port"
    family: Byte = 2  # AF_INET; AF_INET6 is 10, and 0 of ports
    revision: Byte = 0
    options: Texts = field(default_factory=dict, hash=False)  # "maxelem": "65536"
    entries: tuple[Texts, ...] = field(default=(), hash=False)  # "ip": "10.0.0.0", "cidr": "8"


@dataclass(frozen=True, slots=True)
class IpsecTemplate:
    """What a policy asks to be done with a packet."""

    source: str
    destination: str
    protocol: Byte = 50  # esp; 51 is ah, 108 comp
    spi: Word = 0
    reqid: Word = 0
    mode: Byte = 0  # 0 transport, 1 tunnel, 4 beet
    share: Byte = 0
    optional: bool = False


@dataclass(frozen=True, slots=True)
class IpsecPolicy:
    """A policy of `ip xfrm policy`. States are in no pack: they hold keys."""

    direction: Annotated[int, Range(0, 2)]  # 0 in, 1 out, 2 forwarded
    source: str
    destination: str
    action: Byte = 0  # 0 allow, 1 block
    priority: Word = 0
    kind: Byte = 0  # 0 main, 1 sub
    flags: Byte = 0
    index: Index = 0  # of the link that it is for
    protocol: Byte = 0
    source_port: Port = 0
    source_mask: Port = 0
    destination_port: Port = 0
    destination_mask: Port = 0
    templates: tuple[IpsecTemplate, ...] = ()
    details: Texts = field(default_factory=dict, hash=False)  # "mark": "7 255", "if_id"
