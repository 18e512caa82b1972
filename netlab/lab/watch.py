"""The lab as it is at any moment, kept up to date: the client's side.

with lab.watch(print) as watch:      # prints each change in words, as it happens
    …
    watch.snapshot                   # the lab, as of the last change
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from netlab.errors import LabDied
from netlab.i18n import gettext as _
from netlab.i18n import language, speaking
from netlab.keeper import protocol
from netlab.lab.subscription import Subscription
from netlab.model import News, Snapshot
from netlab.model.changes import describe_changes

KEPT = 300  # changes that are remembered


@dataclass(frozen=True, slots=True)
class Change:
    """What happened, in words, and the lab before and after it."""

    words: tuple[str, ...]
    before: Snapshot
    after: Snapshot

    def __str__(self) -> str:
        return "; ".join(self.words)


class Watch(Subscription):
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
        super().__init__(connect)
        self.changes: deque[Change] = deque(maxlen=KEPT)
        self.has_ended = False
        self._on_change, self._on_end = on_change, on_end

    def _begin(self) -> None:
        try:
            protocol.ask(self._socket, "watch")
            self.snapshot: Snapshot = self._news().snapshot
        except (protocol.Closed, OSError) as error:
            raise LabDied(
                _("The lab went away before it could be watched."), _("Look at: ./run status")
            ) from error

    def _news(self) -> News:
        """The next that the keeper tells. protocol.Closed."""
        return protocol.value(News, protocol.receive(self._socket, seconds=None)[0])

    def _read(self) -> None:
        with speaking(language()):  # asked once, and not for every word
            while self._follow():
                pass

    def _follow(self) -> bool:
        """Wait for the next change, and tell it; False when the lab has ended."""
        try:
            after = _join(self.snapshot, self._news())
        except (protocol.Closed, OSError):
            self.has_ended = True
            self._on_end()
            return False
        change = Change(describe_changes(self.snapshot, after), self.snapshot, after)
        self.snapshot = after
        if change.words:
            self.changes.append(change)
            self._on_change(change)
        return True


def _join(before: Snapshot, news: News) -> Snapshot:
    """The lab after those news: nodes that are as they were are not sent again, and none is kept twice."""
    nodes = {node.netns: node for node in (*before.nodes, *news.snapshot.nodes)}
    return replace(news.snapshot, nodes=tuple(nodes[netns] for netns in news.nodes))
