"""The few pieces of RFC 1035 that an answer for a container's name needs: a question in, an answer out.

Questions come from whoever is in the container: lengths are checked, no pointer is followed.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Sequence
from dataclasses import dataclass

A, PTR, AAAA, ANY, IN = 1, 12, 28, 255, 1
NO_ERROR, FORMAT_ERROR, SERVER_FAILURE, NAME_ERROR, NOT_IMPLEMENTED = 0, 1, 2, 3, 4
TTL = 600  # seconds, as Docker says
LONGEST = 512  # bytes of a datagram
LONGEST_NAME, LONGEST_LABEL = 255, 63
MOST_ANSWERS = 16
_HEADER = struct.Struct("!6H")
_RESPONSE, _AUTHORITATIVE, _RECURSION_WANTED, _RECURSION = 0x8000, 0x0400, 0x0100, 0x0080
_OPCODE = 0x7800
_POINTER_TO_NAME = b"\xc0\x0c"  # to the question's name, right behind the header


@dataclass(frozen=True)
class Question:
    """What is asked."""

    number: int
    flags: int
    name: str  # in small letters, without the dot at its end
    kind: int
    raw: bytes  # as it stood there


class NoQuestion(ValueError):
    """A datagram that is none."""


def parse(datagram: bytes) -> Question:
    """The one question of a query. NoQuestion."""
    if not _HEADER.size < len(datagram) <= LONGEST:
        raise NoQuestion("its size")
    number, flags, questions, _, _, _ = _HEADER.unpack_from(datagram)
    if flags & _RESPONSE or questions != 1:
        raise NoQuestion("not one question")
    labels, at, total = [], _HEADER.size, 0
    while True:
        length = datagram[at] if at < len(datagram) else 256
        if length == 0:
            break
        total += length + 1
        if length > LONGEST_LABEL or total > LONGEST_NAME:  # a pointer, too, is longer than that
            raise NoQuestion("its name")
        labels.append(datagram[at + 1 : at + 1 + length].decode("ascii", "replace").lower())
        at += length + 1
    end = at + 5
    if end > len(datagram):
        raise NoQuestion("too short")
    kind, kind_of_net = struct.unpack_from("!2H", datagram, at + 1)
    if kind_of_net not in (IN, ANY):
        raise NoQuestion("not of the internet")
    return Question(number, flags, ".".join(labels), kind, datagram[_HEADER.size : end])


def is_query(question: Question) -> bool:
    """Whether a name is asked for, and nothing else wanted."""
    return not question.flags & _OPCODE


def answer(question: Question, code: int, addresses: Sequence[str] = (), name: str = "") -> bytes:
    """The answer, with those of the addresses that were asked for, or with a name."""
    records = [_POINTER_TO_NAME + rest for rest in _records(question, addresses, name)][:MOST_ANSWERS]
    flags = _RESPONSE | (question.flags & (_OPCODE | _RECURSION_WANTED)) | _RECURSION | code
    head = _HEADER.pack(question.number, flags, 1, len(records), 0, 0)
    return head + question.raw + b"".join(records)


def _records(question: Question, addresses: Sequence[str], name: str) -> list[bytes]:
    found = []
    for address in map(ipaddress.ip_address, addresses):
        kind = A if address.version == 4 else AAAA
        if question.kind in (kind, ANY):
            packed = address.packed
            found.append(struct.pack("!2HIH", kind, IN, TTL, len(packed)) + packed)
    if name and question.kind in (PTR, ANY):
        labels = [label.encode()[:LONGEST_LABEL] for label in name.split(".") if label]
        packed = b"".join(bytes([len(label)]) + label for label in labels)[: LONGEST_NAME - 1] + b"\0"
        found.append(struct.pack("!2HIH", PTR, IN, TTL, len(packed)) + packed)
    return found


def address_of_pointer(name: str) -> str:
    """ "2.0.18.172.in-addr.arpa" → "172.18.0.2"; "" for another name."""
    numbers = name.removesuffix(".in-addr.arpa").split(".")
    if name.endswith(".in-addr.arpa") and len(numbers) == 4:
        try:
            return str(ipaddress.IPv4Address(".".join(reversed(numbers))))
        except ValueError:
            return ""
    return ""
