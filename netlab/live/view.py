"""The widget: what a watch tells of the lab, put on the page. The drawing is done by view.js."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from netlab.errors import LabError
from netlab.live.picture import Identities, picture
from netlab.model import Snapshot
from netlab.watch import Change, Watch

FOLDER = Path(__file__).parent
SAID = 12  # changes that the page lists
AGAIN = 1.0  # seconds between two tries to find the lab again


class LiveView(anywidget.AnyWidget):
    """The topology as it is now. It follows the lab until the kernel ends or `close` is called."""

    _esm = FOLDER / "view.js"
    _css = FOLDER / "view.css"
    picture = traitlets.Dict().tag(sync=True)
    said: Any = traitlets.List().tag(sync=True)
    status = traitlets.Unicode("").tag(sync=True)

    def __init__(self, watch: Callable[[Callable[[Change], object]], Watch], **words: Any) -> None:
        super().__init__(**words)
        self._watch, self._identities = watch, Identities()
        self._stopped = threading.Event()
        self._follower = threading.Thread(target=self._follow, daemon=True)
        self._follower.start()

    def close(self) -> None:
        """Take the view off the page, and stop watching."""
        self._stopped.set()
        super().close()

    def _follow(self) -> None:
        """Watch the lab; when it goes away, say so, keep the last picture, and look for it again."""
        while not self._stopped.is_set():
            with suppress(LabError), self._watch(self._changed) as watch:
                self._show(watch.snapshot, None)
                self.status = ""
                while not watch.has_ended and not self._stopped.wait(0.2):
                    pass
            if not self._stopped.is_set():
                self.status = "The lab is down. This is its last picture; the view goes on when it is back."
            self._stopped.wait(AGAIN)

    def _changed(self, change: Change) -> None:
        self.said = [*self.said, *change.words][-SAID:]
        self._show(change.after, change.before)

    def _show(self, snapshot: Snapshot, before: Snapshot | None) -> None:
        self.picture = picture(snapshot, self._identities.follow(snapshot), before)
