"""DNS messages: a question in, an answer out; and a question out, an answer in."""

from __future__ import annotations

import random

import pytest

from netlab.packets import dns


def query(name: bytes, kind: int = dns.A) -> bytes:
    labels = b"".join(bytes([len(label)]) + label for label in name.split(b".") if label)
    return b"\x12\x34\x01\x00\0\1\0\0\0\0\0\0" + labels + b"\0" + kind.to_bytes(2, "big") + b"\0\1"


def test_a_question_is_answered_with_its_own_name() -> None:
    """Number, name and kind come back, and those addresses that were asked for."""
    question = dns.parse(query(b"Web.MyNet"))
    assert (question.name, question.kind) == ("web.mynet", dns.A)
    reply = dns.answer(question, dns.NO_ERROR, ["10.0.0.2", "fd00::2"])
    assert reply[:2] == b"\x12\x34" and reply[6:8] == b"\0\1" and reply.endswith(b"\0\4\n\0\0\2")
    nothing = dns.answer(dns.parse(query(b"web", dns.AAAA)), dns.NO_ERROR, ["10.0.0.2"])
    assert nothing[6:8] == b"\0\0"


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\0" * 11,
        b"\0" * 12,
        query(b"a")[:-1],
        query(b"a")[:14],
        b"\x12\x34\x81\x00\0\1\0\0\0\0\0\0\1a\0\0\1\0\1",  # an answer
        b"\x12\x34\x01\x00\0\2\0\0\0\0\0\0\1a\0\0\1\0\1",  # two questions
        b"\x12\x34\x01\x00\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1",  # a pointer to itself
        b"\x12\x34\x01\x00\0\1\0\0\0\0\0\0" + b"\x3f" + b"a" * 10,  # a label that is not all there
        b"\x12\x34\x01\x00\0\1\0\0\0\0\0\0" + (b"\x3f" + b"a" * 63) * 7 + b"\0\0\1\0\1",  # too long a name
        query(b"a") + b"x" * 600,
    ],
)
def test_a_datagram_that_is_no_question_is_none(datagram: bytes) -> None:
    """No pointer is followed, nothing is read beyond the end."""
    with pytest.raises(dns.NoQuestion):
        dns.parse(datagram)


def test_any_bytes_are_a_question_or_none() -> None:
    """Ten thousand random ones, and questions with a byte changed: no other error comes."""
    lot = random.Random(25)
    for number in range(10_000):
        data = bytearray(query(b"web.mynet") if number % 2 else lot.randbytes(lot.randrange(64)))
        if data:
            data[lot.randrange(len(data))] = lot.randrange(256)
        try:
            question = dns.parse(bytes(data))
        except dns.NoQuestion:
            continue
        assert len(dns.answer(question, dns.NO_ERROR, ["10.0.0.2"] * 50, "a" * 300)) < 4096
        dns.address_of_pointer(question.name)


def answered(asked: bytes, *addresses: str) -> bytes:
    """A server's answer to it."""
    return dns.answer(dns.parse(asked), dns.NO_ERROR, addresses)


def test_an_answer_is_read_as_it_was_written() -> None:
    """What one side writes the other reads: the addresses in their order, IPv6 left out, and a no."""
    asked = dns.query("eXample.com.", 0x1234)
    told = dns.read(answered(asked, "39.106.233.176", "10.0.0.2"), asked)
    assert told == dns.Told(dns.NO_ERROR, ("39.106.233.176", "10.0.0.2"), asked)
    no = dns.read(dns.answer(dns.parse(asked), dns.NAME_ERROR), asked)
    assert no and no.came and (no.code, no.addresses) == (dns.NAME_ERROR, ())
    assert not dns.Told().came


def test_what_answers_another_question_is_no_answer() -> None:
    """Another number, other letters (also only small ones for large ones), a question, too short."""
    asked = dns.query("eXample.com", 7)
    for other in (dns.query("eXample.com", 8), dns.query("example.com", 7), dns.query("eXample.org", 7)):
        assert dns.read(answered(other, "10.0.0.2"), asked) is None
    assert dns.read(asked, asked) is None and dns.read(asked[:11], asked) is None


@pytest.mark.parametrize("name", ["", ".", "a..b", "a" * 64, ".".join(["a" * 60] * 5), "ä.de"])
def test_what_cannot_be_a_name_is_not_asked_for(name: str) -> None:
    """Labels have 1 to 63 letters, and all together 255."""
    with pytest.raises(ValueError):
        dns.query(name, 1)


def test_no_answer_reads_beyond_its_end() -> None:
    """Ten thousand answers with bytes changed or cut off: addresses, or none, and no error."""
    lot, asked = random.Random(12), dns.query("web.mynet", 1)
    whole = answered(asked, *(f"10.0.0.{n}" for n in range(1, 9)))
    for _ in range(10_000):
        data = bytearray(whole[: lot.randrange(len(whole) + 1)])
        for _ in range(lot.randrange(4)):
            if len(data) > len(asked):
                data[lot.randrange(len(asked), len(data))] = lot.randrange(256)
        told = dns.read(bytes(data), asked)
        assert told is None or len(told.addresses) <= dns.MOST_ANSWERS
