"""What can be sent as a packet, and what is said of all else."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from subprocess import CompletedProcess

import pytest

from netlab.errors import BadInput
from netlab.lab import raw


class Unknown:
    """As scapy's packet to a name that nobody knows."""

    def __bytes__(self) -> bytes:
        """Looks the name up."""
        raise socket.gaierror(-2, "Name or service not known")


def run(argv: Sequence[str], node: str, input: str) -> CompletedProcess[str]:
    """Nothing may come this far."""
    raise AssertionError(input)


@pytest.mark.parametrize(
    "packet", [b"", b"garbage", b"\x60" + bytes(60), "text", 5, -1, 10**13, None, [300], Unknown(), Unknown]
)
def test_what_is_no_packet_is_told_in_one_line(packet: object) -> None:
    """And not a byte of it is sent."""
    with pytest.raises(BadInput) as told:
        raw.send(run, packet, "host", 0)  # type: ignore[arg-type]
    assert told.value.next_step
