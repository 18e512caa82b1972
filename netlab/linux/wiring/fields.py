"""Attributes of netlink messages by name: a table says of each its number and how its value reads as text.

A text that somebody else wrote becomes bytes only by way of such a table: `Unfit` for a name that it has not,
or a value that is none.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from netlab.linux.netlink import messages as rt
from netlab.model.pack_check import is_link_name

Order = Literal["little", "big"]
OWN: Order = sys.byteorder


class Unfit(ValueError):
    """A value that no kernel would take."""


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute: its number, and how it is read and written. Both raise ValueError or OSError."""

    number: int
    read: Callable[[bytes], str]
    write: Callable[[str], bytes]


Table = Mapping[str, Field]


def whole(number: int, size: int, order: Order = OWN, *, signed: bool = False) -> Field:
    """A whole number of so many bytes."""

    def write(text: str) -> bytes:
        try:
            return int(text).to_bytes(size, order, signed=signed)
        except OverflowError:
            raise Unfit(f"{text} has no room in {size} bytes") from None

    return Field(number, lambda raw: str(int.from_bytes(raw, order, signed=signed)), write)


def switch(number: int, size: int = 1) -> Field:
    """on or off."""

    def write(text: str) -> bytes:
        if text not in ("on", "off"):
            raise Unfit(f"{text!r} is neither on nor off")
        return (text == "on").to_bytes(size, OWN)

    return Field(number, lambda raw: "on" if any(raw) else "off", write)


def choice(number: int, size: int, words: Mapping[int, str]) -> Field:
    """One of some words; another number stands as it is."""
    numbers = {word: value for value, word in words.items()}

    def read(raw: bytes) -> str:
        value = int.from_bytes(raw, OWN)
        return words.get(value, str(value))

    def write(text: str) -> bytes:
        return int(numbers.get(text, text)).to_bytes(size, OWN)

    return Field(number, read, write)


def ip(number: int) -> Field:
    """An address of either family."""
    return Field(number, rt.ip, lambda text: rt.packed_ip(text)[1])


def ip4(number: int) -> Field:
    """An IPv4 address."""
    return Field(number, rt.ip, lambda text: socket.inet_pton(socket.AF_INET, text))


def ip6(number: int) -> Field:
    """An IPv6 address."""
    return Field(number, rt.ip, lambda text: socket.inet_pton(socket.AF_INET6, text))


def mac(number: int) -> Field:
    """A MAC address."""
    return Field(number, rt.mac, mac_bytes)


def name(number: int) -> Field:
    """The name of a link."""

    def write(text: str) -> bytes:
        if not is_link_name(text):
            raise Unfit(f"{text!r} is no name of a link")
        return text.encode() + b"\0"

    return Field(number, rt.text, write)


def pair(number: int, size: int, order: Order = OWN) -> Field:
    """Two whole numbers of so many bytes each: "1000 2000"."""

    def read(raw: bytes) -> str:
        return f"{int.from_bytes(raw[:size], order)} {int.from_bytes(raw[size : 2 * size], order)}"

    def write(text: str) -> bytes:
        first, second = text.split()
        return int(first).to_bytes(size, order) + int(second).to_bytes(size, order)

    return Field(number, read, write)


def read(table: Table, found: rt.Attributes) -> dict[str, str]:
    """Those attributes that the table has, by name."""
    return {word: field.read(found[field.number]) for word, field in table.items() if field.number in found}


def write(table: Table, values: Mapping[str, str], only: Iterable[str] | None = None) -> bytes:
    """Those values as attributes; of some names `only`. Unfit."""
    wanted = values.keys() if only is None else [word for word in values if word in set(only)]
    return b"".join(_attribute(table, word, values[word]) for word in wanted)


def _attribute(table: Table, word: str, value: str) -> bytes:
    if word not in table:
        raise Unfit(f"there is no {word!r}")
    try:
        return rt.attribute(table[word].number, table[word].write(value))
    except (ValueError, OSError, OverflowError):
        raise Unfit(f"{word} cannot be {value!r}") from None


def mac_bytes(text: str) -> bytes:
    """A MAC address as bytes. Unfit."""
    try:
        raw = bytes.fromhex(text.replace(":", ""))
    except ValueError:
        raw = b""
    if len(raw) != 6:
        raise Unfit(f"{text!r} is no MAC address")
    return raw


def ip_bytes(text: str) -> tuple[int, bytes]:
    """(family, bytes) of an address. Unfit."""
    try:
        return rt.packed_ip(text)
    except (ValueError, OSError):
        raise Unfit(f"{text!r} is no address") from None


def prefix_bytes(text: str) -> tuple[int, bytes, int]:
    """(family, bytes, length) of "172.17.0.0/16". Unfit."""
    address, _, length = text.partition("/")
    family, raw = ip_bytes(address)
    if not length.isdigit() or int(length) > 8 * len(raw):
        raise Unfit(f"{text!r} is no prefix")
    return family, raw, int(length)
