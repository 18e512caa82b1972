"""What the keeper of a lab is asked for, one method each: done in a child of its, and answered there."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from netlab.engines.protocol import Engine
from netlab.errors import BadInput, LabDied, LabError, NetlabError, UnknownName
from netlab.i18n import gettext as _
from netlab.keeper import capture, iproute, monitor, probe, protocol, watch
from netlab.keeper.places import Place, places
from netlab.keeper.protocol import Status
from netlab.keeper.snapshot import snapshot
from netlab.keeper.twin import Twin
from netlab.model import codec
from netlab.packets.probe import Order

# What may be asked from inside.
LEARNERS: tuple[str, ...] = ("status", "snapshot", "probe", "route", "capture", "tap")
LEARNERS += ("watch", "monitor", "iproute", "reset", "exec", "pack", "mark", "undo", "played")


class Operations:
    """Of one lab: its name, its engine, its lab host's process 1 as numbered here; `put_back` resets it, and
    `twin` packs it."""

    def __init__(
        self,
        lab: str,
        engine: Engine,
        init: int,
        put_back: Callable[[str], dict[str, Any]],
        twin: Callable[[], Twin],
    ) -> None:
        self._lab, self._engine, self._init, self._put_back, self._twin = lab, engine, init, put_back, twin
        self._known: Mapping[str, Callable[[Mapping[str, Any], socket.socket], Any]] = {
            "status": self._status,
            "snapshot": self._snapshot,
            "probe": self._probe,
            "route": self._route,
            "capture": self._capture,
            "tap": self._tap,
            "watch": self._watch,
            "monitor": self._monitor,
            "iproute": self._iproute,
            "reset": self._reset,
        }

    def answer(self, operation: str, request: Mapping[str, Any], client: socket.socket) -> None:
        """In a child: do one request and send its answer, or the error."""
        try:
            work = self._known.get(operation) or self._twin().operation(operation)
            if work is None:
                raise UnknownName(_("request"), operation, LEARNERS)
            result = work(request, client)
            client.settimeout(protocol.SECONDS_TO_SAY)
            protocol.send(client, {"ok": result})
        except NetlabError as error:
            protocol.complain(client, error)
        except (ValueError, TypeError, KeyError) as error:
            protocol.complain(client, BadInput(_("The request makes no sense: {error}.").format(error=error)))
        except OSError as error:
            kind = LabError if os.path.exists(f"/proc/{self._init}/ns/net") else LabDied  # it is ending
            protocol.complain(
                client,
                kind(
                    _("The lab could not do {operation}: {error}.").format(operation=operation, error=error),
                    _("Look at: ./run status"),
                ),
            )

    def _status(self, _: Mapping[str, Any], __: socket.socket) -> Any:
        found = tuple((place.name, place.kind) for place in places(self._init, self._engine))
        about = self._engine.about(f"/proc/{self._init}/root")
        return codec.to_plain(Status(self._lab, self._engine.name, found, (*about, *self._twin().about())))

    def _snapshot(self, _: Mapping[str, Any], __: socket.socket) -> Any:
        return codec.to_plain(snapshot(self._lab, self._init, self._engine))

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

    def _capture(self, request: Mapping[str, Any], client: socket.socket) -> list[int]:
        there = self._there()
        points = [(there[int(netns)], int(index)) for netns, index in request["points"]]
        self._rings = capture.open_all(dict(enumerate(points)))  # open until this child has answered
        return capture.serve(client, self._rings)

    def _there(self) -> dict[int, Place]:
        return {place.netns: place for place in places(self._init, self._engine)}

    def _tap(self, _: Mapping[str, Any], client: socket.socket) -> bool:
        return capture.follow(client, self._there)

    def _watch(self, _: Mapping[str, Any], client: socket.socket) -> bool:
        return watch.serve(client, self._lab, lambda: places(self._init, self._engine))

    def _monitor(self, _: Mapping[str, Any], client: socket.socket) -> bool:
        return monitor.serve(client, lambda: places(self._init, self._engine))

    def _iproute(self, request: Mapping[str, Any], client: socket.socket) -> bool:
        return iproute.hand_over(client, self.place(str(request["node"])))

    def _reset(self, request: Mapping[str, Any], _: socket.socket) -> dict[str, Any]:
        return self._put_back(str(request.get("way") or "kept"))

    def place(self, name: str) -> Place:
        """The namespace of that name, or of which it is another. UnknownName."""
        known = places(self._init, self._engine)
        for place in known:
            if name == place.name or name in place.aliases:
                return place
        raise UnknownName(_("node"), name, [place.name for place in known])
