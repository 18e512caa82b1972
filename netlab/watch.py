"""The lab as it is at any moment, kept up to date: the client's side.

with lab.watch(print) as watch:      # prints each change in words, as it happens
    …
    watch.snapshot                   # the lab, as of the last change
"""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

from netlab import wire
from netlab.changes import describe_changes
from netlab.errors import LabDied
from netlab.language import gettext as _
from netlab.language import language, speaking
from netlab.model import Snapshot

KEPT = 300  # changes that are remembered


@dataclass(frozen=True, slots=True)
class Change:
    """What happened, in words, and the lab before and after it."""

    words: tuple[str, ...]
    before: Snapshot
    after: Snapshot

    def __str__(self) -> str:
        return "; ".join(self.words)


class Watch:
    """A `with` block during which the lab is watched, from a thread of its own.

    `on_change` is called in that thread, with each Change. When the lab ends, `on_end` is called, `has_ended`
    says so, and the last snapshot stays.
    """

    def __init__(
        self,
        connect: Callable[[], socket.socket],
        on_change: Callable[[Change], object],
        on_end: Callable[[], object] = lambda: None,
    ) -> None:
        self.changes: deque[Change] = deque(maxlen=KEPT)
        self.has_ended = False
        self._connect, self._on_change, self._on_end = connect, on_change, on_end

    def __enter__(self) -> Watch:
        self._socket = self._connect()
        wire.send(self._socket, {"op": "watch", "language": language()})
        try:
            self.snapshot: Snapshot = wire.receive(self._socket, trusted=True)[0]["snapshot"]
        except (wire.Closed, OSError) as error:
            self._socket.close()
            raise LabDied(
                _("The lab went away before it could be watched."), _("Look at: ./run status")
            ) from error
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _read(self) -> None:
        with speaking(language()):  # asked once, and not for every word
            while self._follow():
                pass

    def _follow(self) -> bool:
        """Wait for the next change, and tell it; False when the lab has ended."""
        try:
            after = _joined(self.snapshot, wire.receive(self._socket, trusted=True)[0])
        except (wire.Closed, OSError, KeyError):
            self.has_ended = True
            self._on_end()
            return False
        change = Change(describe_changes(self.snapshot, after), self.snapshot, after)
        self.snapshot = after
        if change.words:
            self.changes.append(change)
            self._on_change(change)
        return True


def _joined(before: Snapshot, news: Mapping[str, Any]) -> Snapshot:
    """The lab after those news: nodes that are as they were are not sent again, and none is kept twice."""
    after: Snapshot = news["snapshot"]
    nodes = {node.netns: node for node in (*before.nodes, *after.nodes)}
    return replace(after, nodes=tuple(nodes[netns] for netns in news["nodes"]))
