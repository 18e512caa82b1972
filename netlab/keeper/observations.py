"""What can be asked of a set of network namespaces, one method each: done in a child, and answered there."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from netlab.errors import BadInput, LabDied, LabError, NetlabError, UnknownName
from netlab.i18n import gettext as _
from netlab.keeper import capture, iproute, monitor, names, probe, protocol, snapshot, watch
from netlab.keeper.places import Place
from netlab.model import codec
from netlab.packets.probe import Order

Work = Callable[[Mapping[str, Any], socket.socket], Any]


class Observations:
    """What can be asked of namespaces, whoever keeps them: `find` tells which there are, now, and `is_up`
    whether whoever keeps them still does."""

    def __init__(
        self, name: str, find: Callable[[], list[Place]], is_up: Callable[[], bool] = lambda: True
    ) -> None:
        self._name, self._find, self._is_up = name, find, is_up
        self._known: dict[str, Callable[[Mapping[str, Any], socket.socket], Any]] = {
            "snapshot": self._snapshot,
            "probe": self._probe,
            "route": self._route,
            "etc": self._etc,
            "ask": self._ask,
            "capture": self._capture,
            "tap": self._tap,
            "watch": self._watch,
            "monitor": self._monitor,
            "iproute": self._iproute,
        }

    def answer(self, operation: str, request: Mapping[str, Any], client: socket.socket) -> None:
        """In a child: do one request and send its answer, or the error."""
        try:
            work = self._work(operation)
            if work is None:
                raise UnknownName(_("request"), operation, tuple(self._known))
            result = work(request, client)
            client.settimeout(protocol.SECONDS_TO_SAY)
            protocol.send(client, {"ok": result})
        except NetlabError as error:
            protocol.complain(client, error)
        except (ValueError, TypeError, KeyError) as error:
            protocol.complain(client, BadInput(_("The request makes no sense: {error}.").format(error=error)))
        except OSError as error:
            kind = LabError if self._is_up() else LabDied
            protocol.complain(
                client,
                kind(
                    _("The lab could not do {operation}: {error}.").format(operation=operation, error=error),
                    _("Look at: ./run status"),
                ),
            )

    def _work(self, operation: str) -> Work | None:
        return self._known.get(operation)

    def _snapshot(self, _: Mapping[str, Any], __: socket.socket) -> Any:
        return codec.to_plain(snapshot.read(self._name, self._find()))

    def _probe(self, request: Mapping[str, Any], _: socket.socket) -> Any:
        order = Order.parse(request["order"])
        with ExitStack() as stack:
            asker, *witness = [
                stack.enter_context(self.place(str(request[role])).hold())
                for role in ("node", "witness")
                if role in request
            ]
            return codec.to_plain(probe.send(asker, order, *witness))

    def _route(self, request: Mapping[str, Any], _: socket.socket) -> list[str]:
        with self.place(str(request["node"])).hold() as namespace:
            return list(probe.route(namespace, list(map(str, request["words"]))))

    def _etc(self, request: Mapping[str, Any], _: socket.socket) -> str:
        return names.etc(self.place(str(request["node"])), str(request["file"]))

    def _ask(self, request: Mapping[str, Any], _: socket.socket) -> Any:
        server, timeout = str(ipaddress.IPv4Address(request["server"])), float(request["timeout"])
        if not 0 < timeout <= 60:
            raise ValueError("no such question")
        with ExitStack() as stack:
            asker, *witness = [
                stack.enter_context(self.place(str(request[role])).hold())
                for role in ("node", "witness")
                if role in request
            ]
            return codec.to_plain(names.ask(asker, server, str(request["name"]), timeout, *witness))

    def _capture(self, request: Mapping[str, Any], client: socket.socket) -> list[int]:
        there = self._there()
        points = [(there[int(netns)], int(index)) for netns, index in request["points"]]
        self._rings = capture.open_all(dict(enumerate(points)))  # open until this child has answered
        return capture.serve(client, self._rings)

    def _there(self) -> dict[int, Place]:
        return {place.netns: place for place in self._find()}

    def _tap(self, _: Mapping[str, Any], client: socket.socket) -> bool:
        return capture.follow(client, self._there)

    def _watch(self, _: Mapping[str, Any], client: socket.socket) -> bool:
        return watch.serve(client, self._name, self._find)

    def _monitor(self, _: Mapping[str, Any], client: socket.socket) -> bool:
        return monitor.serve(client, self._find)

    def _iproute(self, request: Mapping[str, Any], client: socket.socket) -> bool:
        return iproute.hand_over(client, self.place(str(request["node"])))

    def place(self, name: str) -> Place:
        """The namespace of that name, or of which it is another. UnknownName."""
        known = self._find()
        for place in known:
            if name == place.name or name in place.aliases:
                return place
        raise UnknownName(_("node"), name, [place.name for place in known])
