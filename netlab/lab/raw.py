"""A packet that somebody has made themselves, sent from a node as it is."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from socket import inet_ntoa
from subprocess import CompletedProcess
from typing import Protocol, SupportsBytes

from netlab.errors import BadInput, CommandFailed
from netlab.i18n import gettext as _

SENDER = Path(__file__).with_name("raw_sender.py")
HEADER = 20  # bytes of an IPv4 header without options


class Runner(Protocol):
    """Lab.run."""

    def __call__(self, argv: Sequence[str], node: str, input: str) -> CompletedProcess[str]: ...


def send(run: Runner, packet: SupportsBytes, node: str, pid: int) -> None:
    """Send it from that node, in which that process is (0: none). BadInput for what is no IPv4 packet.

    CommandFailed, with what the node's kernel says.
    """
    data = _octets(packet)
    if len(data) < HEADER or data[0] >> 4 != 4:
        raise BadInput(_("That is no IPv4 packet."), "IP(src=…, dst=…) / ICMP()")
    # A container has no Python of ours: the lab host's is sent into its network.
    there = ["nsenter", "-t", str(pid), "-n"] if pid else []
    done = run([*there, sys.executable, "-IS", str(SENDER)], "host" if pid else node, data.hex())
    if done.returncode:
        raise CommandFailed(
            _("{node} has not sent it: {said}.").format(node=node, said=os.strerror(done.returncode)),
            f"ip route get {inet_ntoa(data[16:20])}",
        )


def _octets(packet: object) -> bytes:
    """BadInput where there are none. An integer has no contents: bytes(5) would be five zeros."""
    why = type(packet).__name__
    if isinstance(packet, (bytes, bytearray, memoryview)) or hasattr(packet, "__bytes__"):
        try:
            return bytes(packet)
        except Exception as error:  # whatever scapy says of a field that cannot be: it has no common error
            why = str(error) or why
    raise BadInput(_("That cannot be made a packet: {why}.").format(why=why), "IP(src=…, dst=…) / ICMP()")
