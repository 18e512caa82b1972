"""A packet that somebody has made themselves, sent from a node as it is."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from socket import inet_ntoa
from typing import TYPE_CHECKING, SupportsBytes

from netlab.errors import BadInput, CommandFailed
from netlab.i18n import gettext as _

if TYPE_CHECKING:
    from netlab.lab import Lab

SENDER = Path(__file__).with_name("raw_sender.py")
HEADER = 20  # bytes of an IPv4 header without options


def send(lab: Lab, packet: SupportsBytes, node: str) -> None:
    """Send it. BadInput for what is no IPv4 packet, CommandFailed with what the node's kernel says."""
    data = bytes(packet)
    if len(data) < HEADER or data[0] >> 4 != 4:
        raise BadInput(_("That is no IPv4 packet."), "IP(src=…, dst=…) / ICMP()")
    # A container has no Python of ours: the lab host's is sent into its network.
    pid = lab.snapshot().node(node).pid
    there = ["nsenter", "-t", str(pid), "-n"] if pid else []
    done = lab.run([*there, sys.executable, "-IS", str(SENDER)], "host" if pid else node, data.hex())
    if done.returncode:
        raise CommandFailed(
            _("{node} has not sent it: {said}.").format(node=node, said=os.strerror(done.returncode)),
            f"ip route get {inet_ntoa(data[16:20])}",
        )
