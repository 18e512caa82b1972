"""Whose answer it was: what the asker got, beside what the one who is meant has sent. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from netlab.model import Frame
from netlab.packets import dns
from netlab.packets.decode import decode
from netlab.packets.dns import Told
from netlab.packets.probe import Probe


def is_answered_by(probe: Probe, frames: Sequence[Frame], asker: int, witness: int) -> bool:
    """Whether the namespace `witness` saw the probes come in, and what the asker got are its own answers."""

    def data_at(netns: int, direction: str) -> list[bytes]:
        return [f.data for f in frames if f.point.netns == netns and f.direction == direction]

    arrived = data_at(witness, "in")
    asked = probe.tokens or probe.ports
    if not any(probe.is_in(data) for data in arrived):
        return False
    if probe.tokens and not all(any(token in data for data in arrived) for token in probe.tokens):
        return False
    got, given = probe.answers(data_at(asker, "in")), probe.answers(data_at(witness, "out"))
    return got <= given and {which for which, *_ in got} == set(asked)


def has_told(told: Told, frames: Sequence[Frame], *, is_secret: bool) -> Told:
    """What somebody was told, and whether it is what the witness has said to that very question.

    Those frames are the witness's. Without a secret of theirs, as where a server passes a question on, what
    came in and went out there is all that is known.
    """
    number, question = told.question[: dns.NUMBER], told.question[dns.NUMBER :]
    came = [decode(f.data).payload[dns.NUMBER :] for f in frames if f.direction == "in"]
    gone = (decode(f.data).payload for f in frames if f.direction == "out")
    said = (dns.read(number + payload[dns.NUMBER :], told.question) for payload in gone)
    same = any(each and (each.code, each.addresses) == (told.code, told.addresses) for each in said)
    return replace(told, confirmed=question in came and same and (told.confirmed or not is_secret))
