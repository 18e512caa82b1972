"""Every decoder of netlab's that reads bytes from a lab, as the fuzzing calls it."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from netlab.engines.namespaces import store
from netlab.grade.session import Session
from netlab.keeper import protocol
from netlab.lessons import progress
from netlab.linux import firewall
from netlab.linux.netlink import messages, netfilter, parse
from netlab.model import Frame, Journey, Snapshot, codec
from netlab.notebook.live import headers
from netlab.packets import batch, decode, dns, noise
from netlab.packets.forwarding import iptables
from netlab.packets.forwarding.iptables import Flow
from netlab.packets.journeys import assemble
from netlab.packets.probe import Order
from tests.worlds import builders

REFUSED_MESSAGES: tuple[type[BaseException], ...] = (protocol.Closed,)
FLOW = Flow("10.0.0.1", "10.0.0.2", "tcp", 1, 80, "eth0", "docker0")


def received(sock: socket.socket) -> object:
    """The next message from somebody who is not trusted."""
    message, fds = protocol.receive(sock)
    for fd in fds:
        os.close(fd)
    return message


def frame_in_words(data: bytes) -> str:
    packet = decode.decode(data)
    return decode.summarize(packet) + decode.summarize(decode.innermost(packet))


def is_housekeeping(data: bytes) -> bool:
    return noise.is_housekeeping(data)


def journeys_of(frames: Sequence[bytes]) -> list[Journey]:
    """The journeys of those frames, each seen at two places of the lab."""
    snapshot = builders.lab(2, forward="1")
    points = builders.lab_points(snapshot)
    seen = [
        Frame(builders.START + number * 1000 + place, point, "in" if place else "out", data, len(data))
        for number, data in enumerate(frames)
        for place, point in enumerate(points[:2])
    ]
    return list(assemble.journeys(builders.capture(snapshot, seen)))


def headers_of(frames: Sequence[bytes]) -> list[dict[str, Any]]:
    return [headers.headers(found, "") for found in journeys_of(frames)]


def records_in(data: bytes) -> list[Any]:
    return list(batch.unpack(data))


def netlink_messages(data: bytes) -> list[Any]:
    return list(messages.messages(data))


def netlink_attributes(data: bytes) -> object:
    return messages.attributes(data)


def link_in(body: bytes) -> object:
    return parse.interface(1, parse.link(body), {}, ())


def address_in(body: bytes) -> object:
    return parse.address(body)


def route_in(body: bytes) -> object:
    return parse.leaves_by(body), parse.route(body, "eth0")


def policy_in(body: bytes) -> object:
    return parse.policy(body)


def neighbour_in(body: bytes) -> object:
    return parse.neighbour(body, {})


def rules_again(body: bytes) -> object:
    return [
        *(netfilter._as_request(kind, body, counted) for kind in (0, 3, 6) for counted in (True, False)),
        netfilter._zero_of_chain(body),
    ]


def saved_chains(text: str) -> object:
    return firewall.parse_save(text, "ip", "nft")


def native_chains(text: str) -> object:
    return firewall.native_chains(text)


def rule_matches(text: str) -> object:
    return iptables.matches(text, FLOW)


def container_record(data: bytes) -> object:
    return codec.read(store.Record, data)


def snapshot_in(data: bytes) -> object:
    return codec.read(Snapshot, data)


def probe_order_in(data: bytes) -> object:
    return Order.parse(codec.parse(data))


def command_in(data: bytes) -> object:
    return protocol.Command.parse({"command": codec.parse(data)}, [0, 1, 2])


def claimed(data: bytes) -> object:
    """What is taken of one word of a lab's on a command."""
    ours, theirs = protocol.claim_pair()
    with ours, theirs:
        theirs.send(data[: 1 << 16] or b"\0")
        return protocol.read_claim(ours, "exit", protocol.EXITS)


def dns_message(data: bytes) -> object:
    """As a question, and as the answer to the question that it repeats."""
    with suppress(dns.NoQuestion):
        dns.answer(dns.parse(data), dns.NO_ERROR, ["10.0.0.2"])
    asked = dns.query("example.com", int.from_bytes(data[:2], "big"))
    return dns.read(asked[:2] + b"\x81\x80\0\1" + data[6:12].ljust(6, b"\1") + asked[12:] + data[12:], asked)


def progress_in(text: str) -> object:
    """What a record of progress with that text says of a lesson."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "progress.json")
        file.write_text(text, encoding="utf-8", errors="replace")
        found = progress.Progress(file)
        return found.last_visit("02"), found.passed_steps("02"), found.answers("02")


def claim_in(line: bytes) -> object:
    session = Session.__new__(Session)
    return Session._claim(session, line)
