"""The keeper's side of a capture: packet sockets at many points, their frames streamed to one client.

Sent are batches of records (netlab.packets.batch) as they come; when the client hangs up its sending side,
what is still in the rings follows, and then, as the answer, how many frames each point lost. Where points may
come and go while it captures, what was lost or refused stands among the records.
"""

from __future__ import annotations

import errno
import select
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from netlab.keeper import protocol
from netlab.keeper.packet_ring import MEMORY, RETIRE_AFTER_MS, Ring
from netlab.keeper.places import Place
from netlab.linux.netns import enter
from netlab.packets import batch as records
from netlab.packets.batch import BATCH, HEAD, LOST, REFUSED

START = {"started": True}
SETTLES = 0.005  # seconds: what one processor was sent, the other has put into its ring
TOGETHER = 1 << 26  # bytes for all rings, where there are many


def open_all(points: Mapping[int, tuple[Place, int]], memory: int = MEMORY) -> Mapping[int, Ring | OSError]:
    """A ring at each of the points (namespace, index of the interface), or why there is none.

    Side by side: the kernel lets each one wait until nobody looks at what it changes, 10 ms and more.
    """
    found: dict[int, Ring | OSError] = {}

    def open_one(number: int, place: Place, index: int) -> None:
        try:
            with place.hold() as namespace, enter(namespace):
                found[number] = Ring(index, memory)
        except OSError as error:
            found[number] = error

    threads = [threading.Thread(target=open_one, args=(n, *point)) for n, point in points.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def serve(client: socket.socket, opened: Mapping[int, Ring | OSError]) -> list[int]:
    """Capture with those rings until the client has enough.

    Returns, per point, the number of frames that the kernel lost. OSError if a point could not be opened. The
    rings are left open: the kernel takes its time to close them, and the client need not wait for that.
    """
    rings = []
    for number in sorted(opened):
        ring = opened[number]
        if isinstance(ring, OSError):
            raise ring
        rings.append(ring)
    protocol.send(client, START)
    poll = select.poll()
    by_fd = {ring.socket.fileno(): number for number, ring in enumerate(rings)}
    for fd in by_fd:
        poll.register(fd, select.POLLIN)
    poll.register(client.fileno(), select.POLLIN)
    while True:
        ready = [fd for fd, _ in poll.poll()]
        _flush(client, [(by_fd[fd], rings[by_fd[fd]]) for fd in ready if fd in by_fd])
        if client.fileno() in ready:
            break
    _flush_the_last(client, rings)
    client.sendall(BATCH.pack(0))
    return [ring.count_losses() for ring in rings]


def _flush_the_last(client: socket.socket, rings: Sequence[Ring]) -> None:
    """What is still on its way when the client has enough, and what is in blocks that are not full."""
    deadline = time.monotonic() + 3 * RETIRE_AFTER_MS / 1000
    poll = select.poll()
    for ring in rings:
        poll.register(ring.socket, select.POLLIN)
    is_over = False
    while not is_over:
        is_quiet = not poll.poll(SETTLES * 1000)
        is_over = (is_quiet and all(ring.is_empty() for ring in rings)) or time.monotonic() > deadline
        _flush(client, list(enumerate(rings)))


def follow(client: socket.socket, look: Callable[[], Mapping[int, Place]]) -> bool:
    """Capture where the client says, and says anew whenever it likes, until it hangs up.

    It sends {"points": [(number, namespace, index), …]}, all that it wants from then on; a number means one
    interface for good. `look` finds the namespaces.
    """
    rings: dict[int, Ring] = {}
    poll = select.poll()
    poll.register(client, select.POLLIN)
    protocol.send(client, START)
    by_fd: dict[int, int] = {}
    while True:
        ready = [fd for fd, _ in poll.poll()]
        _flush(client, [(by_fd[fd], rings[by_fd[fd]]) for fd in ready if fd in by_fd], tell_losses=True)
        if client.fileno() not in ready:
            continue
        try:
            wanted = {int(n): (int(ns), int(i)) for n, ns, i in protocol.receive(client)[0]["points"]}
        except (protocol.Closed, OSError, KeyError, ValueError, TypeError):
            return True
        for number in set(rings) - set(wanted):
            _flush(client, [(number, rings[number])], tell_losses=True)
            poll.unregister(rings[number].socket)
            del by_fd[rings[number].socket.fileno()]
            rings.pop(number).close()
        opened, refused = _open({n: at for n, at in wanted.items() if n not in rings}, look(), len(wanted))
        for number, ring in opened.items():
            by_fd[ring.socket.fileno()] = number
            poll.register(ring.socket, select.POLLIN)
        rings |= opened
        _send(client, records.pack((number, REFUSED, 0, time.time_ns(), b"") for number in refused))


def _open(
    new: Mapping[int, tuple[int, int]], known: Mapping[int, Place], total: int
) -> tuple[dict[int, Ring], list[int]]:
    """A ring for each of these points, and the numbers of those that cannot be had."""
    there = {number: (known[netns], index) for number, (netns, index) in new.items() if netns in known}
    found = open_all(there, min(TOGETHER // max(total, 1), MEMORY))
    opened = {number: ring for number, ring in found.items() if isinstance(ring, Ring)}
    return opened, [number for number in new if number not in opened]


def _flush(client: socket.socket, rings: Sequence[tuple[int, Ring]], *, tell_losses: bool = False) -> None:
    heads: list[bytes] = []
    frames: list[bytes] = []
    for number, ring in rings:
        ring.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # ENETDOWN when a link went: read on
        ring.read(number, heads, frames)
        if tell_losses and (lost := ring.count_losses()):
            heads.append(HEAD.pack(number, LOST, 0, lost, time.time_ns()))
    _send(client, records.batch(heads, frames))


def _send(client: socket.socket, batch: bytes) -> None:
    if not batch:
        return
    try:
        client.sendall(BATCH.pack(len(batch)) + batch)
    except OSError as error:
        if error.errno != errno.EPIPE:
            raise
