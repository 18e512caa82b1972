"""The widget: what a watch and a tap tell of the lab, put on the page. The drawing is done by view.js.

One thread draws; others only tell it what is new. The front end's wishes arrive in whatever thread Jupyter
chooses, so they are noted there, and done in that one thread as well.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from netlab.drawing.edges import Trails
from netlab.errors import CaptureRefused, LabError
from netlab.i18n import N_, language, speaking, translations
from netlab.i18n import gettext as _
from netlab.lab.watch import Change
from netlab.model import Snapshot
from netlab.notebook.live.history import History
from netlab.notebook.live.packets import Packets
from netlab.notebook.live.picture import Identities, cabling, picture
from netlab.notebook.live.still import StillOutput, still
from netlab.notebook.live.subshells import hear_where_the_page_says
from netlab.notebook.live.texts import TEXTS
from netlab.notebook.veil import Veil

if TYPE_CHECKING:
    from netlab.lab import Lab

FOLDER = Path(__file__).parent
SAID = 12  # changes that the page lists
AGAIN = 1.0  # seconds between two tries to find the lab again
AT_REST = 2.0  # seconds without a change after which the output that stays is made anew
DOWN = N_("The lab is down. This is its last picture; the view goes on when it is back.")
ANEW = N_("The capture ended by itself and was restarted: packets from now on are shown.")


class LiveView(anywidget.AnyWidget):
    """The lab as it is now. It follows the lab until the kernel ends, or `close` is called.

    When the last of the pages that show it has taken it off, it rests until one shows it again.
    """

    _esm = FOLDER / "view.js"
    _css = FOLDER / "view.css"
    picture = traitlets.Dict().tag(sync=True)
    said: Any = traitlets.List().tag(sync=True)
    status = traitlets.Unicode("").tag(sync=True)
    packets = traitlets.Bool(False).tag(sync=True)  # whether they are captured and shown
    lanes = traitlets.Dict().tag(sync=True)
    at = traitlets.Float(None, allow_none=True).tag(sync=True)  # seconds since the beginning; None for now
    chosen = traitlets.Unicode("").tag(sync=True)  # a packet's name
    headers = traitlets.Dict().tag(sync=True)
    texts = traitlets.Dict().tag(sync=True)  # what the script says, by its English

    def __init__(self, lab: Lab, *, packets: bool = False, veil: Veil | None = None) -> None:
        super().__init__(packets=packets, texts=translations(TEXTS))
        hear_where_the_page_says(self.comm)
        self._lab, self._identities, self._history = lab, Identities(), History()
        self._veil = veil or Veil()
        self._stopped, self._ended, self._news = threading.Event(), threading.Event(), threading.Event()
        self._awake, self._viewers = threading.Event(), 0
        self._awake.set()
        self._changes: deque[Change | None] = deque()  # None: the lab went away
        self._wishes: deque[Mapping[str, Any]] = deque([{"packets": packets}])
        self._recording: Packets | None = None
        self._trails: Trails | None = None
        self._asked: str | None = None  # the packet whose headers are wanted
        self._still, self._at_rest = StillOutput(), 0.0
        self._aside = ThreadPoolExecutor(1)  # for what takes longer
        self.observe(lambda change: self._wish({change["name"]: change["new"]}), ["packets", "at", "chosen"])
        self.on_msg(lambda _, content, __: self._wish(content))
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self._follow, self._draw)]
        for thread in self.threads:
            thread.start()

    def close(self) -> None:
        """Take the view off the page, and stop watching."""
        for event in (self._stopped, self._ended, self._news, self._awake):
            event.set()
        self._aside.shutdown(wait=False, cancel_futures=True)
        super().close()

    def _repr_mimebundle_(self, **words: Any) -> Any:
        if not self._still.is_shown:
            self._still.show(still(self._veil.over(self._lab.snapshot())))
        return super()._repr_mimebundle_(**words)

    # -- in other threads -----------------------------------------------------------------------------

    def _follow(self) -> None:
        """Watch the lab; when it goes away, tell, and look for it again."""
        while not self._stopped.is_set():
            self._awake.wait()
            self._ended.clear()
            if self._stopped.is_set() or not self._awake.is_set():
                continue
            with suppress(LabError), self._lab.watch(self._take_change, self._ended.set) as watch:
                self._take_change(Change((), watch.snapshot, watch.snapshot))
                if not watch.has_ended:
                    self._ended.wait()
            if self._awake.is_set():
                self._take_change(None)
                self._stopped.wait(AGAIN)

    def _take_change(self, change: Change | None) -> None:
        self._changes.append(change)
        self._news.set()

    def _wish(self, wish: Mapping[str, Any]) -> None:
        self._wishes.append(wish)
        self._news.set()

    # -- in the one that draws ------------------------------------------------------------------------

    def _draw(self) -> None:
        while not self._stopped.is_set():
            self._news.wait(self._pause())
            self._news.clear()
            began = time.monotonic()
            try:
                # What belongs together is one message; which language is asked once, and not for every word.
                with speaking(language()), self.hold_sync():
                    self._do_all()
            except Exception as error:  # whatever it is, the learner is told, and the view goes on
                self.status = _("This could not be drawn: {name}: {error}").format(
                    name=type(error).__name__, error=error
                )
            # However much happens, half of the time is left to the learner's cells.
            self._stopped.wait(min(time.monotonic() - began, 0.5))
        self._stop_recording()

    def _do_all(self) -> None:
        """All that is new, and all that is due."""
        self._take_changes()
        while self._wishes:
            self._fulfil(self._wishes.popleft())
        self._show_packets()
        if self._asked is not None:
            self._aside.submit(self._read_headers, self._asked)
            self._asked = None
        if self._at_rest and time.monotonic() > self._at_rest:
            self._at_rest = 0.0
            self._aside.submit(self._put_aside)

    def _pause(self) -> float | None:
        """How long there is nothing to do unless something happens."""
        due = self._recording.due if self._recording else None
        times = [when for when in (due, self._at_rest) if when]
        return max(min(times) - time.monotonic(), 0.0) if times else None

    def _take_changes(self) -> None:
        words: list[str] = []
        before = self._history.latest if len(self._history) else None
        changed = False
        while self._changes:
            change = self._changes.popleft()
            if change is None:
                self._stop_recording()
                self.status = _(DOWN)
                continue
            if change.before is change.after:  # a watch has begun
                before = None
            words += change.words
            self._history.add(change.after)
            changed = True
        if words:
            self.said = [*self.said, *words][-SAID:]
        if not changed:
            return
        if self.status == _(DOWN):
            self.status = ""
        if self._recording:
            self._recording.follow(self._history.latest)
        self._start_recording()
        if self.at is None:
            self._paint(self._history.latest, before)

    def _paint(self, snapshot: Snapshot, before: Snapshot | None = None) -> None:
        snapshot = self._veil.over(snapshot)
        cables = cabling(snapshot, before)
        self._trails = Trails(cables)
        self.picture = picture(snapshot, self._identities.follow(snapshot), cables)
        self._at_rest = time.monotonic() + AT_REST
        if self._recording:
            self._recording.due = time.monotonic()

    def _show_packets(self) -> None:
        recording = self._recording
        if recording is None or self._trails is None:
            return
        if recording.due is None or recording.due > time.monotonic():
            return
        if recording.has_ended:
            self._stop_recording()
            self._start_recording()
            self.status = _(ANEW) if self._recording else self.status
            return
        self.lanes = recording.show(self.at, self._trails)
        self._at_rest = time.monotonic() + AT_REST

    def _fulfil(self, wish: Mapping[str, Any]) -> None:
        """Do what the front end wants."""
        if "packets" in wish:
            if wish["packets"] and self._recording is None:
                self._start_recording()
            elif not wish["packets"]:
                self._stop_recording()
                self.lanes = {}
        if "hello" in wish or "bye" in wish:
            self._viewers += 1 if "hello" in wish else -1
            (self._awake.set if self._viewers > 0 else self._rest)()
        recording = self._recording
        if recording is None or not len(self._history):
            return
        if "at" in wish:
            then = recording.start + int((wish["at"] or 0) * 1e9)
            self._paint(self._history.latest if wish["at"] is None else self._history.at(then))
        if "step" in wish and (found := recording.step(self.chosen, int(wish["step"]))):
            self.chosen, self.at = found
        if "chosen" in wish:
            self._asked = str(wish["chosen"])

    def _rest(self) -> None:
        """Nobody looks."""
        self._awake.clear()
        self._ended.set()
        self._stop_recording()

    def _start_recording(self) -> None:
        if not self.packets or self._recording is not None or not len(self._history):
            return
        try:
            self._recording = Packets(self._lab, self._history, self._news.set, self._veil).__enter__()
            self.status = ""
        except CaptureRefused as error:
            self.status = _("Packets cannot be captured: {what} {next_step}").format(
                what=error.what, next_step=error.next_step
            )
            self.packets = False
        except LabError:
            pass  # the watch says so

    def _stop_recording(self) -> None:
        if self._recording is not None:
            self._recording.__exit__()
            self._recording = None
            self.at = None

    # -- aside ----------------------------------------------------------------------------------------

    def _read_headers(self, name: str) -> None:
        recording, trails = self._recording, self._trails
        self.headers = recording.headers(name, trails) if name and recording and trails else {}

    def _put_aside(self) -> None:
        if self._still.is_shown and len(self._history):
            last = self._recording.last() if self._recording else {}
            self._still.replace(still(self._veil.over(self._history.latest), **last))
