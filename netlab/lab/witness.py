"""Whose answer it was: what the asker got, beside what the one who is meant has sent. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from netlab.model import Frame
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
