"""The few pieces of RFC 1035 that a container's names need: a question and its answer, written and read.

Both come from whoever is in the container: lengths are checked, no pointer is followed. Pure.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

A, PTR, AAAA, ANY, IN = 1, 12, 28, 255, 1
NO_ERROR, FORMAT_ERROR, SERVER_FAILURE, NAME_ERROR, NOT_IMPLEMENTED = 0, 1, 2, 3, 4
NUMBER = 2  # bytes of a question's own number, with which it begins
SILENCE = -1  # in place of an answer's code
TTL = 600  # seconds, as Docker says
LONGEST = 512  # bytes of a datagram
LONGEST_NAME, LONGEST_LABEL = 255, 63
MOST_ANSWERS = 16
_HEADER, _RECORD = struct.Struct("!6H"), struct.Struct("!2HIH")
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


@dataclass(frozen=True)
class Told:
    """What somebody was told who asked for a name."""

    code: int = SILENCE  # of the answer: NO_ERROR, NAME_ERROR, …
    addresses: tuple[str, ...] = ()  # IPv4, in the order of the answer
    question: bytes = b""  # as it was asked
    confirmed: bool = False  # the question reached the witness, if there was one, and the answer is theirs

    @property
    def came(self) -> bool:
        """Whether there was an answer at all."""
        return self.code != SILENCE


def query(name: str, number: int) -> bytes:
    """The question for a name's IPv4 addresses. ValueError for what cannot be a name."""
    labels = [label.encode("ascii") for label in name.removesuffix(".").split(".")]
    raw = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    if not all(0 < len(label) <= LONGEST_LABEL for label in labels) or len(raw) > LONGEST_NAME:
        raise ValueError("no such name")
    return _HEADER.pack(number, _RECURSION_WANTED, 1, 0, 0, 0) + raw + struct.pack("!2H", A, IN)


def read(datagram: bytes, asked: bytes) -> Told | None:
    """The answer to that question; None for whatever else it is."""
    question = asked[_HEADER.size :]
    if len(datagram) < len(asked) or datagram[:2] != asked[:2]:
        return None
    _, flags, questions, count, _, _ = _HEADER.unpack_from(datagram)
    if not flags & _RESPONSE or questions != 1 or datagram[_HEADER.size : len(asked)] != question:
        return None
    return Told(flags & 15, tuple(_addresses(datagram, len(asked), min(count, MOST_ANSWERS))), asked)


def _addresses(datagram: bytes, at: int, count: int) -> Iterator[str]:
    """Of so many records from there on those that are IPv4 addresses, as far as they are whole."""
    for _ in range(count):
        while at < len(datagram) and 0 < datagram[at] <= LONGEST_LABEL:
            at += 1 + datagram[at]
        at += 2 if datagram[at : at + 1] >= b"\xc0" else 1
        if at + _RECORD.size > len(datagram):
            return
        kind, kind_of_net, _ttl, length = _RECORD.unpack_from(datagram, at)
        at += _RECORD.size
        if (kind, kind_of_net, length) == (A, IN, 4) and at + 4 <= len(datagram):
            yield str(ipaddress.IPv4Address(datagram[at : at + 4]))
        at += length


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
            found.append(_RECORD.pack(kind, IN, TTL, len(packed)) + packed)
    if name and question.kind in (PTR, ANY):
        labels = [label.encode()[:LONGEST_LABEL] for label in name.split(".") if label]
        packed = b"".join(bytes([len(label)]) + label for label in labels)[: LONGEST_NAME - 1] + b"\0"
        found.append(_RECORD.pack(PTR, IN, TTL, len(packed)) + packed)
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
