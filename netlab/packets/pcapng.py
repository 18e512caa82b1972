"""Captures as pcapng files (draft-ietf-opsawg-pcapng), with one named interface per point."""

from __future__ import annotations

import struct
from pathlib import Path

from netlab.errors import NetlabError
from netlab.i18n import gettext as _
from netlab.model import Captured

SECTION, INTERFACE, ENHANCED_PACKET, STATISTICS = 0x0A0D0D0A, 1, 6, 5
ETHERNET, MAGIC = 1, 0x1A2B3C4D
IF_NAME, IF_DESCRIPTION, IF_TSRESOL, ISB_IFDROP, EPB_FLAGS = 2, 3, 9, 5, 2
INBOUND, OUTBOUND = 1, 2


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("=HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def _block(kind: int, body: bytes) -> bytes:
    length = len(body) + 12
    return struct.pack("=II", kind, length) + body + struct.pack("=I", length)


def write(capture: Captured, path: Path) -> Path:
    """Write the capture to `path`; NetlabError if that cannot be done. The path."""
    blocks = [_block(SECTION, struct.pack("=IHHq", MAGIC, 1, 0, -1))]
    for point in capture.points:
        options = _option(IF_NAME, str(point).encode()) + _option(IF_TSRESOL, b"\x09") + _option(0, b"")
        blocks.append(_block(INTERFACE, struct.pack("=HHI", ETHERNET, 0, 0) + options))
    numbers = {point: number for number, point in enumerate(capture.points)}
    for frame in capture.frames:
        moment, data = frame.time_ns, frame.data
        head = (numbers[frame.point], moment >> 32, moment & 0xFFFFFFFF, len(data), frame.length)
        flags = _option(EPB_FLAGS, struct.pack("=I", OUTBOUND if frame.direction == "out" else INBOUND))
        body = struct.pack("=IIIII", *head) + data + b"\0" * (-len(data) % 4) + flags + _option(0, b"")
        blocks.append(_block(ENHANCED_PACKET, body))
    end = capture.after.time_ns
    for point, number in numbers.items():
        drops = _option(ISB_IFDROP, struct.pack("=Q", capture.lost.get(point, 0))) + _option(0, b"")
        blocks.append(_block(STATISTICS, struct.pack("=III", number, end >> 32, end & 0xFFFFFFFF) + drops))
    try:
        path.write_bytes(b"".join(blocks))
    except OSError as error:
        raise NetlabError(
            _("The capture could not be written to {path}: {strerror}.").format(
                path=path, strerror=error.strerror
            ),
            _("Choose another file."),
        ) from error
    return path
