"""What a node is told of names: its files, and questions that the keeper itself asks from there.

No program of the learner's is asked: a `getent` that lies, lies to the learner only.
"""

from __future__ import annotations

import random
import secrets
import select
import socket
import struct
import time
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from math import ceil
from pathlib import Path

from netlab.keeper.places import Place
from netlab.keeper.witness import Bystander
from netlab.linux import files
from netlab.linux.netns import enter
from netlab.packets import dns
from netlab.packets.dns import Told

FILES = ("resolv.conf", "hosts")  # of /etc
LONGEST = 1 << 16  # bytes of one of them
PORT = 53
_UDP = struct.Struct("!4H")


def etc(place: Place, name: str) -> str:
    """A file of that node's /etc; "" where it has none, or something else that is called so. ValueError."""
    if name not in FILES:
        raise ValueError("no such file")
    if place.pid:
        with suppress(OSError):
            root = str(Path(place.path).parent.with_name("root"))
            return files.read(root, f"etc/{name}", LONGEST).decode("utf-8", "replace")
    return ""


def ask(
    namespace: int | str, server: str, name: str, timeout: float, witness: int | str | None = None
) -> Told:
    """Ask that server, from that network namespace, for a name's IPv4 addresses.

    With the namespace of a `witness` that answers as well, with a secret of its own: `confirmed` says whether
    that came. OSError if a namespace is gone; ValueError for what cannot be a name.
    """
    letters = "".join(random.choice((c.lower(), c.upper())) for c in name)  # what an answer repeats
    asked = dns.query(letters, secrets.randbelow(1 << 16))
    with ExitStack() as stack:
        with enter(namespace):
            sock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        sock.setblocking(False)
        other = None if witness is None else stack.enter_context(closing(NameWitness(witness, asked)))
        with suppress(OSError):  # nobody to be reached: then nothing comes, which is what is to be found out
            sock.connect((server, PORT))
            sock.send(asked)
        return _listen(sock, asked, time.monotonic() + timeout, other)


def _listen(sock: socket.socket, asked: bytes, deadline: float, witness: NameWitness | None) -> Told:
    """The first answer, and whether the witness's came, too."""
    told, waiting = Told(question=asked), select.poll()
    for each in (sock, witness) if witness else (sock,):
        waiting.register(each.fileno(), select.POLLIN)
    while (left := deadline - time.monotonic()) > 0 and not (told.came and (told.confirmed or not witness)):
        for number, _ in waiting.poll(ceil(1000 * left)):
            if number != sock.fileno():
                assert witness
                witness.answer()
                continue
            with suppress(OSError):  # an ICMP error
                said = sock.recv(1 << 16)
                if witness and said == witness.secret:
                    told = replace(told, confirmed=True)
                elif not told.came and (found := dns.read(said, asked)):
                    told = replace(found, confirmed=told.confirmed)
    return told


class NameWitness(Bystander):
    """Beside a name server: of that one question it knows an answer that nobody else does."""

    def __init__(self, namespace: int | str, asked: bytes) -> None:
        super().__init__(namespace, socket.IPPROTO_UDP)
        self._asked, self.secret = asked, secrets.token_bytes(32)

    def _reply(self, asked: bytes) -> bytes:
        if len(asked) < _UDP.size or asked[_UDP.size :] != self._asked:
            return b""
        source, destination, *_ = _UDP.unpack_from(asked)
        if destination != PORT:
            return b""
        return _UDP.pack(PORT, source, _UDP.size + len(self.secret), 0) + self.secret  # without a checksum
