"""A packet socket with a TPACKET_V3 ring (packet(7)): the kernel writes frames into shared memory with its
own time stamps and counts what it had to drop; nothing is lost that tcpdump would not lose.
"""

from __future__ import annotations

import mmap
import socket
import struct

from netlab.linux.syscalls import bind, setsockopt
from netlab.packets.batch import HEAD

SOL_PACKET = 263
PACKET_RX_RING, PACKET_STATISTICS, PACKET_VERSION = 5, 6, 10
TPACKET_V3, ETH_P_ALL, PACKET_OUTGOING = 2, 0x0003, 4
TP_STATUS_KERNEL, TP_STATUS_USER = 0, 1
BLOCK_SIZE, FRAME_SIZE = 1 << 17, 2048  # a block must hold the largest frame
MEMORY = 1 << 22  # bytes for a point
RETIRE_AFTER_MS = 20  # a block that is not full is handed over after this time
SNAP_LENGTH = 65535
_SOCKADDR_LL = struct.Struct("=HHi12x")  # family, protocol, index; the rest says nothing here
_BLOCK = struct.Struct("=IIIIIIQ")  # version, private, status, packets, first, length, sequence
# next, sec, nsec, captured, length, status, mac, net; and of the sockaddr_ll behind the header, what came
_FRAME = struct.Struct("=IIIIIIHH30xB")


class Ring:
    """Captures on interface `index` of the network namespace that this thread is in; OSError if refused.

    `memory` is in bytes, at least two blocks.
    """

    def __init__(self, index: int, memory: int = MEMORY) -> None:
        self._blocks = max(memory // BLOCK_SIZE, 2)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        try:
            self.socket.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V3)
            frames = BLOCK_SIZE // FRAME_SIZE * self._blocks
            request = struct.pack("=7I", BLOCK_SIZE, self._blocks, FRAME_SIZE, frames, RETIRE_AFTER_MS, 0, 0)
            setsockopt(self.socket.fileno(), SOL_PACKET, PACKET_RX_RING, request)  # waits for RCU
            self._map = mmap.mmap(self.socket.fileno(), BLOCK_SIZE * self._blocks)
            self._bind(index)
        except BaseException:
            self.socket.close()
            raise
        self._next = 0

    def _bind(self, index: int) -> None:
        """By number: Python's own bind(2) takes a name, and a learner may give one that is no text."""
        address = _SOCKADDR_LL.pack(socket.AF_PACKET, socket.htons(ETH_P_ALL), index)
        bind(self.socket.fileno(), address)

    def read(self, point: int, heads: list[bytes], frames: list[bytes]) -> None:
        """Add those of the blocks that are full, in order: heads (netlab.packets.batch) with that point, and
        bytes.

        What was read is given back to the kernel. No object is made of a frame: 400,000 may come in a second.
        """
        memory, unpack, pack = self._map, _FRAME.unpack_from, HEAD.pack
        while True:
            at = self._next * BLOCK_SIZE
            _, _, status, count, first, _, _ = _BLOCK.unpack_from(memory, at)
            if not status & TP_STATUS_USER:
                return
            frame = at + first
            for _ in range(count):
                following, sec, nsec, captured, length, _, mac, _, came = unpack(memory, frame)
                time = sec * 1_000_000_000 + nsec
                heads.append(pack(point, came == PACKET_OUTGOING, captured, length, time))
                start = frame + mac
                frames.append(memory[start : start + captured])
                frame += following
            struct.pack_into("=I", memory, at + 8, TP_STATUS_KERNEL)
            self._next = (self._next + 1) % self._blocks

    def is_empty(self) -> bool:
        """Whether all frames that came were read: none waits, not even in the block that is being filled."""
        _, _, status, count, _, _, _ = _BLOCK.unpack_from(self._map, self._next * BLOCK_SIZE)
        return not status & TP_STATUS_USER and not count

    def count_losses(self) -> int:
        """How many frames the kernel had to drop since this was asked last."""
        _, drops, _ = struct.unpack("=III", self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 12))
        return int(drops)

    def close(self) -> None:
        self._map.close()
        self.socket.close()
