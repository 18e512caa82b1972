"""The keeper's side of `lab.ip`: it opens a netlink socket in a node's namespace and hands it over.

Nobody but the keeper can enter every namespace of the lab from everywhere; a socket that it has opened there
goes on belonging there. It gives nobody a right: the kernel asks with each order whether whoever sends it may
change that namespace. A learner may not change `internet`, and whoever owns the lab may.
"""

from __future__ import annotations

import socket

from netlab.keeper import protocol
from netlab.keeper.places import Place
from netlab.linux.netlink.socket import unbound


def hand_over(client: socket.socket, place: Place) -> bool:
    """Send a socket of that namespace, and the namespace itself, into which links may be moved. OSError.

    Of `internet` the socket alone: what is kept of it in the lab host under a name would pass for the lab's.
    """
    with place.hold() as namespace, unbound(namespace) as sock:
        itself = [] if place.kind == "internet" else [namespace]
        protocol.send(client, {"opened": place.netns}, [sock.fileno(), *itself])
    return True
