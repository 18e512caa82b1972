"""Sets of ipset(8): read as netlab.model.pack.IpSet, and made again. Numbers: linux/netfilter/ipset/ip_set.h.

What an entry has counted, when it runs out and what is said of it is left out: in a twin it stays.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from netlab.linux.netlink import messages as rt
from netlab.linux.netlink.netfilter import IP_SETS, NFNL_SUBSYS_IPSET, Netfilter
from netlab.linux.wiring import fields
from netlab.linux.wiring.fields import Field, Table, Unfit, mac, name, whole
from netlab.model import pack

IPSET_CMD_CREATE, IPSET_CMD_SAVE, IPSET_CMD_ADD = 2, 8, 9
PROTOCOL, SETNAME, TYPENAME, REVISION, FAMILY, DATA, ADT = 1, 2, 3, 4, 5, 7, 8
IPSET_PROTOCOL = 6
NESTED = 0x8000
_NEW = rt.NLM_F_CREATE | rt.NLM_F_EXCL
LONGEST_NAME = 31
TYPES = frozenset(
    """bitmap:ip bitmap:ip,mac bitmap:port hash:ip hash:mac hash:ip,mac hash:ip,mark hash:ip,port
    hash:ip,port,ip hash:ip,port,net hash:net hash:net,net hash:net,port hash:net,port,net hash:net,iface
    list:set""".split()
)


def _ip(number: int) -> Field:
    """An address, which stands in an attribute of its family."""

    def write(text: str) -> bytes:
        _, raw = fields.ip_bytes(text)
        return rt.attribute((1 if len(raw) == 4 else 2) | 0x4000, raw)

    return Field(number | NESTED, lambda raw: rt.ip(next(iter(rt.attributes(raw).values()), b"")), write)


def _set_name(number: int) -> Field:
    return Field(number, rt.text, lambda text: _name_bytes(text))


def _wide(number: int, size: int) -> Field:
    return replace(whole(number, size, "big"), number=number | 0x4000)


BOTH: Table = {
    "ip": _ip(1),
    "ip_to": _ip(2),
    "cidr": whole(3, 1),
    "port": _wide(4, 2),
    "port_to": _wide(5, 2),
    "flags": _wide(8, 4),
    "mark": _wide(10, 4),
}
OPTIONS: Table = {
    **BOTH,
    "timeout": _wide(6, 4),
    "markmask": _wide(11, 4),
    "maxelem": _wide(19, 4),
    "netmask": whole(20, 1),
    "bucketsize": whole(21, 1),
    "size": _wide(23, 4),
}
ENTRY: Table = {
    **BOTH,
    "proto": whole(7, 1),
    "mac": mac(17),
    "name": _set_name(18),
    "ip2": _ip(20),
    "cidr2": whole(21, 1),
    "ip2_to": _ip(22),
    "iface": name(23),
    "skbmark": _wide(27, 8),
    "skbprio": _wide(28, 4),
    "skbqueue": _wide(29, 2),
}


def read(netfilter: Netfilter) -> tuple[pack.IpSet, ...]:
    """The sets of a namespace, each with what is in it. OSError."""
    if not os.path.exists(IP_SETS):  # it would be loaded for whoever asks
        return ()
    found: dict[str, pack.IpSet] = {}
    question = _message(rt.attribute(PROTOCOL, bytes((IPSET_PROTOCOL,))))
    for _, content in netfilter.query(_type(IPSET_CMD_SAVE), rt.NLM_F_DUMP, question):
        words = rt.attributes(content, 4)
        called = rt.text(words.get(SETNAME))
        made = found.setdefault(called, pack.IpSet(called, ""))
        if TYPENAME in words:
            made = replace(
                made,
                type=rt.text(words[TYPENAME]),
                family=rt.number(words.get(FAMILY)),
                revision=rt.number(words.get(REVISION)),
                options=fields.read(_plain(OPTIONS), rt.attributes(words.get(DATA, b""))),
            )
        entries = _entries(words.get(ADT, b""))
        found[called] = replace(made, entries=(*made.entries, *entries))
    return tuple(replace(made, entries=_in_order(made)) for made in found.values())


def _in_order(made: pack.IpSet) -> tuple[Mapping[str, str], ...]:
    """Hashes give their entries in an order of their own."""
    if made.type.startswith("hash:"):
        return tuple(sorted(made.entries, key=lambda entry: sorted(entry.items())))
    return made.entries


def _entries(raw: bytes) -> Iterator[Mapping[str, str]]:
    table = _plain(ENTRY)
    for number, value in rt.pieces(raw):
        if number & rt.NLA_TYPE_MASK == DATA:
            yield fields.read(table, rt.attributes(value))


def _plain(table: Table) -> Table:
    """The numbers without what says how the value is written."""
    return {word: replace(field, number=field.number & rt.NLA_TYPE_MASK) for word, field in table.items()}


def restore(netfilter: Netfilter, wanted: Sequence[pack.IpSet]) -> list[str]:
    """Make these, where there are none; what was refused, each with a reason."""
    refused: list[str] = []
    if wanted and not os.path.exists(IP_SETS):
        return [f"ipset {each.name}: not in this kernel" for each in wanted]
    errors: list[OSError] = []
    for bodies in (_creation, _content):  # a list refers to other sets
        with netfilter.batch(errors):
            for each in wanted:
                try:
                    for command, body in bodies(each):
                        netfilter.request(command, _NEW, body, f"ipset {each.name}")
                except Unfit as error:
                    refused.append(f"ipset {each.name[:LONGEST_NAME]!r}: {error}")
    return [*dict.fromkeys(refused), *dict.fromkeys(error.strerror or str(error) for error in errors)]


def _creation(wanted: pack.IpSet) -> Iterator[tuple[int, bytes]]:
    if wanted.type not in TYPES:
        raise Unfit(f"there is no type {wanted.type[:40]!r}")
    words = _head(wanted) + rt.attribute(TYPENAME, wanted.type)
    words += rt.attribute(REVISION, bytes([wanted.revision])) + rt.attribute(FAMILY, bytes([wanted.family]))
    words += rt.attribute(DATA | NESTED, fields.write(OPTIONS, wanted.options))
    yield _type(IPSET_CMD_CREATE), _message(words, wanted.family)


def _content(wanted: pack.IpSet) -> Iterator[tuple[int, bytes]]:
    head = _head(wanted)
    for entry in wanted.entries:
        data = fields.write(ENTRY, entry)
        if "timeout" in wanted.options:
            data += rt.attribute(OPTIONS["timeout"].number, bytes(4))  # never
        yield _type(IPSET_CMD_ADD), _message(head + rt.attribute(DATA | NESTED, data), wanted.family)


def _head(wanted: pack.IpSet) -> bytes:
    return rt.attribute(PROTOCOL, bytes((IPSET_PROTOCOL,))) + rt.attribute(SETNAME, _name_bytes(wanted.name))


def _name_bytes(text: str) -> bytes:
    if not re.fullmatch(r"[\x21-\x7e]{1,31}", text):
        raise Unfit(f"{text[:40]!r} is no name of a set")
    return text.encode() + b"\0"


def _type(command: int) -> int:
    return NFNL_SUBSYS_IPSET << 8 | command


def _message(words: bytes, family: int = 0) -> bytes:
    return struct.pack("!BBH", family, 0, 0) + words
