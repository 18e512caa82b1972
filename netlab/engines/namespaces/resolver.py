"""Docker's name server at 127.0.0.11 of a container: names of others in the networks that they share.

What it does not know it asks of the container's --dns servers, if there are any; else nobody knows it.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from netlab.engines.namespaces import networks
from netlab.engines.namespaces.container import RESOLVER
from netlab.engines.namespaces.store import Endpoint, Record, Store, is_running
from netlab.linux.netns import enter
from netlab.packets import dns

PORT = 53
MOST_WAITING = 64  # questions that were passed on


class Resolver:
    """Two sockets in the container's network namespace: one that is asked, one that asks others."""

    def __init__(self, store: Store, record: Record) -> None:
        self._store, self._id = store, record.id
        with enter(f"/proc/{record.pid}/ns/net"):
            self.door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            self.door.bind((RESOLVER, PORT))
            self.onward = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._waiting: dict[int, tuple[int, Any]] = {}  # (its own number, who asks), by ours

    def close(self) -> None:
        """Nobody is answered any more."""
        self.door.close()
        self.onward.close()

    def serve(self) -> None:
        """Answer one question that has come."""
        with suppress(OSError):
            datagram, asker = self.door.recvfrom(dns.LONGEST + 1)
            try:
                question = dns.parse(datagram)
            except dns.NoQuestion:
                return
            reply = self._reply(question, datagram, asker)
            if reply:
                self.door.sendto(reply, asker)

    def pass_back(self) -> None:
        """Give one answer of somebody else's to who asked for it."""
        with suppress(OSError):
            datagram = self.onward.recv(1 << 16)
            number = int.from_bytes(datagram[:2], "big")
            if len(datagram) >= 12 and number in self._waiting:
                own, asker = self._waiting.pop(number)
                self.door.sendto(own.to_bytes(2, "big") + datagram[2:], asker)

    def _reply(self, question: dns.Question, datagram: bytes, asker: Any) -> bytes:
        record = self._store.get(self._id)
        if record is None:
            return b""
        if not dns.is_query(question):
            return dns.answer(question, dns.NOT_IMPLEMENTED)
        if pointer := dns.address_of_pointer(question.name):
            if name := name_of(self._store, record, pointer):
                return dns.answer(question, dns.NO_ERROR, name=name)
        elif found := addresses_of(self._store, record, question.name):
            return dns.answer(question, dns.NO_ERROR, random.sample(found, len(found)))
        servers = [server for server in record.dns if ":" not in server]
        if not servers:
            return dns.answer(question, dns.NAME_ERROR)
        while len(self._waiting) >= MOST_WAITING:
            self._waiting.pop(next(iter(self._waiting)))
        number = random.randrange(1 << 16)
        self._waiting[number] = question.number, asker
        self.onward.sendto(number.to_bytes(2, "big") + datagram[2:], (servers[0], PORT))
        return b""


def _neighbours(store: Store, record: Record) -> Iterator[tuple[Record, Endpoint]]:
    """Every running container, itself included, in each network that somebody has made and that it shares."""
    own = {each.network for each in record.endpoints} - {networks.DEFAULT}
    for other in store.all():
        if is_running(other):
            for endpoint in other.endpoints:
                if endpoint.network in own and endpoint.address:
                    yield other, endpoint


def addresses_of(store: Store, record: Record, name: str) -> list[str]:
    """The addresses that such a name has for that container."""
    links = {alias.lower(): other for other, _, alias in (link.partition(":") for link in record.links)}
    name = links.get(name, name).lower()
    found: list[str] = []
    for other, endpoint in _neighbours(store, record):
        names = {other.name, other.short_id, *endpoint.aliases}
        names |= {f"{each}.{endpoint.network}" for each in names}
        if name in {each.lower() for each in names}:
            found += filter(None, (endpoint.address, endpoint.address6))
    return found


def name_of(store: Store, record: Record, address: str) -> str:
    """The name that whoever has that address is called by: "web.mynet"."""
    for other, endpoint in _neighbours(store, record):
        if endpoint.address == address:
            return f"{other.name}.{endpoint.network}"
    return ""
