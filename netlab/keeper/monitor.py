"""The keeper's side of a monitor: it hands over sockets on which the kernel notifies of each namespace.

The kernel then speaks to whoever asked without anybody in between, which is half of the time that a notice
takes. Who holds such a socket holds its namespace: so it is told when one has gone, and closes it. Orders
through it take, as through any other, power over the namespace: a learner has none over `internet`.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from contextlib import suppress

from netlab.keeper import protocol
from netlab.keeper.places import Place
from netlab.keeper.watch import LOOK
from netlab.linux.netlink.notifications import listen
from netlab.linux.netlink.route import RouteSocket

READY = {"ready": True}


def serve(client: socket.socket, look: Callable[[], list[Place]]) -> bool:
    """Hand over what each namespace notifies on, and tell which came and went, until the client hangs up."""
    known: set[int] = set()
    with suppress(BrokenPipeError, ConnectionResetError):
        _follow(client, known, look())
        protocol.send(client, READY)
        while not select.select([client], [], [], LOOK)[0]:
            _follow(client, known, look())
    return True


def _follow(client: socket.socket, known: set[int], found: list[Place]) -> None:
    """Tell of the namespaces that are no longer there, and of those that are new."""
    there = {place.netns: place for place in found}
    for netns in known - set(there):
        protocol.send(client, {"closed": netns})
    known &= set(there)
    for netns in set(there) - known:
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended in the meantime
            _hand_over(client, there[netns])
            known.add(netns)


def _hand_over(client: socket.socket, place: Place) -> None:
    with place.hold() as namespace:
        sockets = listen(namespace)
        with RouteSocket(namespace) as kernel:  # after the sockets: of what comes later they tell
            names = {interface.index: interface.name for interface in kernel.interfaces()}
    try:
        about = {"opened": place.netns, "name": place.name, "names": names}
        protocol.send(client, about, [sock.fileno() for sock in sockets])
    finally:
        for sock in sockets:
            sock.close()
