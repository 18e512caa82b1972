"""What the kernel tells of a marked packet, byte by byte, as values."""

from __future__ import annotations

import struct
from ipaddress import ip_address

from netlab.linux.netlink import messages as rt
from netlab.linux.netlink import rule_trace as trace

IPV4, BRIDGE = 2, 7


def whole(number: int) -> bytes:
    return struct.pack("!I", number)


def message(family: int, *words: tuple[int, bytes | str], kind: int = trace.NFT_MSG_TRACE) -> bytes:
    """One as the kernel sends it."""
    body = struct.pack("!BBH", family, 0, 0) + b"".join(rt.attribute(*word) for word in words)
    return rt.message(trace.NFNL_SUBSYS_NFTABLES << 8 | kind, 0, 0, body)


def verdict(code: int, chain: str = "") -> tuple[int, bytes]:
    words = rt.attribute(trace.VERDICT_CODE, struct.pack("!i", code))
    return trace.VERDICT, words + (rt.attribute(trace.VERDICT_CHAIN, chain) if chain else b"")


def header(source: str, destination: str) -> tuple[int, bytes]:
    ends = ip_address(source).packed + ip_address(destination).packed
    start = b"\x45" + bytes(11) if len(ends) == 8 else b"\x60" + bytes(7)
    return trace.NETWORK_HEADER, start + ends


def place(chain: str = "FORWARD") -> tuple[tuple[int, bytes | str], ...]:
    return (trace.TABLE, "filter"), (trace.CHAIN, chain), (trace.ID, whole(7))


def test_a_rule_that_drops_is_told_with_its_packet() -> None:
    """By the kernel's number for the rule, and the addresses that the header has."""
    rule = (trace.RULE_HANDLE, struct.pack("!Q", 12)), (trace.TYPE, whole(3))
    [event] = trace.read(message(IPV4, *place(), *rule, verdict(0), header("10.0.0.1", "10.0.0.2")))
    assert event == trace.Event(7, "ip", "filter", "FORWARD", 12, "drop", "", "10.0.0.1", "10.0.0.2")


def test_a_jump_says_where_to() -> None:
    """And has no addresses when no header is told again."""
    rule = (trace.RULE_HANDLE, struct.pack("!Q", 3)), (trace.TYPE, whole(3))
    [event] = trace.read(message(IPV4, *place(), *rule, verdict(-3, "DOCKER-USER")))
    assert (event.verdict, event.to, event.source) == ("jump", "DOCKER-USER", "")


def test_the_end_of_a_chain_is_its_policy_or_a_return() -> None:
    """Neither has a rule."""
    policy = message(IPV4, *place(), (trace.TYPE, whole(1)), (trace.POLICY, whole(0)))
    back = message(BRIDGE, *place("own"), (trace.TYPE, whole(2)), verdict(-1))
    implicit = message(BRIDGE, *place("own"), (trace.TYPE, whole(2)))
    told = [(e.family, e.handle, e.verdict) for e in trace.read(policy + back + implicit)]
    assert told == [("ip", 0, "drop"), ("bridge", 0, "continue"), ("bridge", 0, "return")]


def test_addresses_of_ipv6_are_read_as_well() -> None:
    """From a header that has them elsewhere."""
    [event] = trace.read(message(10, *place(), verdict(1), header("fd00::1", "fd00::2")))
    assert (event.family, event.source, event.destination) == ("ip6", "fd00::1", "fd00::2")


def test_what_is_cut_short_or_about_something_else_is_passed_over() -> None:
    """A header of three bytes tells no address; a rule that was made is no packet's."""
    [event] = trace.read(message(IPV4, *place(), (trace.NETWORK_HEADER, b"\x45\0\0")))
    assert (event.source, event.destination) == ("", "")
    assert not list(trace.read(message(IPV4, *place(), kind=6)))
    assert not list(trace.read(b"\x10\0\0"))
