"""Every decoder that reads bytes from a lab, given bytes that a lab might make: it refuses as it says, in time.

A failing example prints how to replay it: `@reproduce_failure(…)`, and the seed for `--hypothesis-seed`.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.attacks import decoders
from tests.attacks.support import NetlabError

SECONDS = 2  # for one example: longer is a hang
settings.register_profile(
    "attacks",
    max_examples=int(os.environ.get("NETLAB_FUZZ", "150")),  # by hand: 200000 takes some minutes
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
FUZZ = settings.get_profile("attacks")


@dataclass(frozen=True)
class Decoder:
    """One that is tried: what it is given, and the only exceptions that it may raise."""

    name: str
    read: Callable[[Any], object]
    given: st.SearchStrategy[Any]
    refuses: tuple[type[BaseException], ...] = ()


# -- what they are given ------------------------------------------------------------------------------

bytes_ = st.binary(max_size=400)
u8, u16, u32 = (st.integers(0, (1 << bits) - 1) for bits in (8, 16, 32))
few_macs = st.sampled_from([b"\2\0\0\0\0\1", b"\2\0\0\0\0\2", b"\xff" * 6])


@st.composite
def ethernet(draw: st.DrawFn, depth: int = 0) -> bytes:
    """A frame whose headers are nearly right, with random words in them, and cut anywhere."""
    ethertype = draw(st.sampled_from([0x0800, 0x86DD, 0x0806, 0x8100, 0x88A8]) | u16)
    body = draw(st.one_of(bytes_, ipv4(depth), ipv6(depth)))
    tags = b"".join(struct.pack("!HH", 0x8100, draw(u16)) for _ in range(draw(st.integers(0, 3))))
    whole = draw(few_macs) + draw(few_macs) + tags + struct.pack("!H", ethertype) + body
    return whole[: draw(st.integers(0, len(whole)))] if draw(st.booleans()) else whole


@st.composite
def transport(draw: st.DrawFn, depth: int) -> tuple[int, bytes]:
    protocol = draw(st.sampled_from([1, 6, 17, 58, 0, 43, 44, 60]) | u8)
    if protocol == 17 and depth < 6:
        inner = draw(ethernet(depth + 1)) if draw(st.booleans()) else draw(bytes_)
        length = draw(st.just(len(inner) + 16) | u16)
        port = draw(st.sampled_from([4789, 53]) | u16)
        return protocol, struct.pack("!HHHH", draw(u16), port, length, 0) + b"\x08" + bytes(7) + inner
    if protocol in (1, 58) and depth < 6:
        kind = draw(st.sampled_from([0, 3, 5, 8, 11, 1, 2, 128, 135]) | u8)
        quoted = draw(ipv4(depth + 1)) if draw(st.booleans()) else draw(ipv6(depth + 1))
        return protocol, struct.pack("!BBHI", kind, draw(u8), 0, draw(u32)) + quoted
    return protocol, draw(bytes_)


@st.composite
def ipv4(draw: st.DrawFn, depth: int) -> bytes:
    protocol, body = draw(transport(depth))
    first = draw(st.just(0x45) | u8)
    total = draw(st.just(len(body) + 20) | u16)
    head = struct.pack("!BBHHHBBH", first, 0, total, draw(u16), draw(st.just(0) | u16), draw(u8), protocol, 0)
    return head + draw(st.binary(min_size=8, max_size=8)) + body


@st.composite
def ipv6(draw: st.DrawFn, depth: int) -> bytes:
    protocol, body = draw(transport(depth))
    if draw(st.booleans()):
        body = bytes([protocol, draw(st.sampled_from([0, 1]) | u8)]) + draw(st.binary(max_size=14)) + body
        protocol = draw(st.sampled_from([0, 43, 44, 60]))
    length = draw(st.just(len(body)) | u16)
    head = struct.pack("!IHBB", 6 << 28 | draw(u16), length, protocol, draw(u8))
    return head + draw(st.binary(min_size=32, max_size=32)) + body


@st.composite
def batch(draw: st.DrawFn) -> bytes:
    """A batch of records whose head may lie about all that it counts."""
    count = draw(st.integers(0, 4))
    heads = b"".join(
        struct.pack("=IB3xIIQ", draw(u32), draw(u8), draw(st.integers(0, 50) | u32), draw(u32), draw(u32))
        for _ in range(count)
    )
    whole = struct.pack("=I", draw(st.just(count) | u32)) + heads + draw(bytes_)
    return whole[: draw(st.integers(0, len(whole)))]


@st.composite
def attributes(draw: st.DrawFn, depth: int = 0) -> bytes:
    """Netlink's attributes, nested ones among them; now and then with a length that is wrong."""
    found = b""
    for _ in range(draw(st.integers(0, 5))):
        kind = draw(st.integers(0, 60) | u16)
        value = (
            draw(attributes(depth + 1)) if depth < 3 and draw(st.booleans()) else draw(st.binary(max_size=40))
        )
        length = draw(st.just(len(value) + 4) | st.integers(0, 8) | u16)
        found += struct.pack("=HH", length, kind) + value + bytes(-len(value) % 4)
    return found


def headed(size: int) -> st.SearchStrategy[bytes]:
    """A body with a whole head of that size, as the kernel always gives one, and any attributes."""
    return st.tuples(st.binary(min_size=size, max_size=size), attributes()).map(b"".join)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
DEEP = ["[" * 100_000, '{"a":' * 100_000, "[" * 900 + "]" * 900, "1" * 5000, "1e999", "NaN", '"\\ud800"']


def json_of(*keys: str) -> st.SearchStrategy[str]:
    """A JSON text: a table with some of those keys and any values, or anything else, or nonsense."""
    tables = st.dictionaries(st.sampled_from(keys), values, max_size=len(keys))
    said = (tables | values).map(lambda value: json.dumps(value)[:20_000])
    return said | st.sampled_from(DEEP) | st.text(max_size=50)


words = st.sampled_from(
    "table ip filter { } chain x type hook forward priority 0; policy accept ; counter packets 1 bytes 2 "
    "jump goto # handle 7 -A -N -P INPUT :INPUT ACCEPT - [0:0] [1:2] *nat COMMIT -j DROP -m comment --comment "
    "\" ' \\ ! -s 10.0.0.1/255.0.255.0 -d x -i a+ -o -p tcp --dport 80: :90 x:y --sport --icmp-type 8 "
    "--ctstate NEW, \x1b]0; \u202e \udcff".split()
)
lines = st.lists(st.lists(words, max_size=9).map(" ".join), max_size=12).map("\n".join) | st.text(
    max_size=200
)
rules = st.lists(words, max_size=10).map(" ".join) | st.text(max_size=60)


def as_bytes(text: str) -> bytes:
    return text.encode(errors="replace")


def framed(body: bytes) -> bytes:
    return struct.pack("!I", len(body)) + body


MESSAGES = st.one_of(
    st.binary(max_size=64),
    st.tuples(u32, st.binary(max_size=64)).map(lambda m: struct.pack("!I", m[0]) + m[1]),
    json_of("op", "exit", "error", "what", "next", "ok").map(lambda text: framed(as_bytes(text))),
)


# -- how they are asked -------------------------------------------------------------------------------


def received(data: bytes) -> object:
    """What the reader of a socket makes of those bytes, behind which the other side hangs up."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data[: 1 << 17])
        theirs.close()
        ours.settimeout(SECONDS)
        return decoders.received(ours)


DECODERS = [
    Decoder("frame", decoders.frame_in_words, ethernet() | bytes_),
    Decoder("housekeeping", decoders.is_housekeeping, ethernet() | bytes_),
    Decoder("journeys", decoders.journeys_of, st.lists(ethernet() | bytes_, max_size=8)),
    Decoder("headers as scapy reads them", decoders.headers_of, st.lists(ethernet(), min_size=1, max_size=2)),
    Decoder("batch of records", decoders.records_in, batch() | bytes_, (ValueError,)),
    Decoder("netlink messages", decoders.netlink_messages, attributes() | bytes_),
    Decoder("attributes", decoders.netlink_attributes, attributes() | bytes_),
    Decoder("link", decoders.link_in, headed(16)),
    Decoder("address", decoders.address_in, headed(8)),
    Decoder("route", decoders.route_in, headed(12)),
    Decoder("policy rule", decoders.policy_in, headed(12)),
    Decoder("neighbour", decoders.neighbour_in, headed(12)),
    Decoder("what nf_tables lists", decoders.rules_again, headed(4)),
    Decoder("iptables-save", decoders.saved_chains, lines),
    Decoder("nft list ruleset", decoders.native_chains, lines),
    Decoder("a rule's words", decoders.rule_matches, rules),
    Decoder(
        "container record",
        decoders.container_record,
        json_of("id", "name", "image", "argv", "created", "pid", "env", "ports", "address").map(as_bytes),
        (ValueError,),
    ),
    Decoder(
        "snapshot",
        decoders.snapshot_in,
        json_of("time_ns", "lab", "nodes", "netns", "name", "kind", "interfaces", "routes").map(as_bytes),
        (ValueError,),
    ),
    Decoder(
        "probe order",
        decoders.probe_order_in,
        json_of("destination", "proto", "port", "count", "timeout", "size", "df").map(as_bytes),
        (ValueError,),
    ),
    Decoder(
        "command",
        decoders.command_in,
        json_of("argv", "env", "node", "cwd", "tty").map(as_bytes),
        (ValueError, NetlabError),
    ),
    Decoder(
        "claim", decoders.claimed, json_of("exit", "pid").map(as_bytes) | bytes_, (decoders.protocol.Closed,)
    ),
    Decoder("progress", decoders.progress_in, json_of("version", "lessons")),
    Decoder("DNS message", decoders.dns_message, bytes_),
    Decoder(
        "claim of a graded kernel",
        decoders.claim_in,
        json_of("cell", "error", "answers", "predictions").map(
            lambda text: text.encode(errors="replace") + b"\n"
        ),
    ),
    # The codec and the protocol of the lab's own sockets; what comes in their place goes here.
    Decoder("message", received, MESSAGES, decoders.REFUSED_MESSAGES),
]


class Hang(BaseException):
    """An example took too long. No Exception: nobody is to try smaller ones, each with its own time."""


def _too_long(*_: object) -> None:
    raise Hang


@pytest.mark.parametrize("decoder", DECODERS, ids=lambda decoder: decoder.name)
def test_what_a_lab_may_send_is_read_or_refused(decoder: Decoder) -> None:
    """Random bytes of the right kind, damaged ones, and nonsense: read, or refused as documented, in time."""

    @FUZZ
    @given(decoder.given)
    def reads(data: Any) -> None:
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            with suppress(*decoder.refuses):
                decoder.read(data)
        except Hang:
            raise Hang(f"no end after {SECONDS} s of {data!r:.4000}") from None
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    before = signal.signal(signal.SIGALRM, _too_long)
    try:
        reads()
    finally:
        signal.signal(signal.SIGALRM, before)
