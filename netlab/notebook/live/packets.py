"""The packets of a live view: captured at every interface, also at those that come later, and what is shown.

One thread asks (`show`), the tap's own delivers, and a third one finds out why packets died.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from netlab.drawing.edges import Trails
from netlab.errors import NetlabError
from netlab.i18n import gettext as _
from netlab.model import Capture, Journey, Point, Snapshot
from netlab.model.points import path_order
from netlab.notebook.live import lanes, motion, reasons
from netlab.notebook.live.frame_store import LIMIT, FrameStore, Stretch
from netlab.notebook.live.headers import headers
from netlab.notebook.live.history import History
from netlab.notebook.live.motion import Death
from netlab.notebook.live.reasons import Reason
from netlab.notebook.veil import Veil
from netlab.packets.journeys.assemble import assemble

if TYPE_CHECKING:
    from netlab.lab import Lab

SETTLE = 60_000_000  # ns until a frame that passed one point has been delivered from all others, too
SOON, AGAIN = (
    0.06,
    0.2,
)  # seconds until packets are shown, and until it is seen what became of those under way
MOVING = 16  # packets that may move on the topology at once
GOING = 1.0  # seconds until a lab whose capture has ended is known to be going itself
FRESH = 10_000_000_000  # ns after a death that its counters are looked for
JUDGED = 1.0  # seconds between two looks at why packets die


class Packets:
    """A `with` block during which everything is captured. CaptureRefused when that cannot be done."""

    def __init__(self, lab: Lab, history: History, wake: Callable[[], object], veil: Veil) -> None:
        self.start = time.time_ns()
        self.store = FrameStore()
        self.has_ended = False  # by itself: the lab goes, or its machine had no memory left
        self.due: float | None = None  # when (time.monotonic) there is something to show
        self._lab, self._history, self._wake, self._veil = lab, history, wake, veil
        self._strip = lanes.Strip()
        self._reasons: dict[str, Reason] = {}  # by the packet's name
        self._final: dict[Death, Reason] = {}  # as long as nothing is changed
        self._looks: deque[Snapshot] = deque(maxlen=8)  # with counters
        self._judged = 0.0
        self._news_at = 0  # when (ns) something other than noise came last
        self._shown: tuple[Journey, ...] = ()
        self._seen: Capture | None = None

    def __enter__(self) -> Packets:
        self._tap = self._lab.tap(self._take).__enter__()
        self._worker = ThreadPoolExecutor(1)
        self.follow(self._history.latest)
        return self

    def __exit__(self, *error: object) -> None:
        self._tap.__exit__(None, None, None)
        self._worker.shutdown(wait=False, cancel_futures=True)

    def follow(self, snapshot: Snapshot) -> None:
        """Capture at the interfaces that are there now."""
        self._final.clear()
        self._tap.follow(path_order(snapshot))
        self._worker.submit(self._look)

    def _take(self, batch: bytes) -> None:
        """In the tap's thread."""
        if not batch:
            self.has_ended = True
            self.due = time.monotonic() + GOING
            self._wake()
            return
        if not self.store.add(batch):
            return
        self._news_at = time.time_ns()
        if self.due is None:
            self.due = time.monotonic() + SOON
            self._wake()

    def show(self, at: float | None, trails: Trails) -> dict[str, Any]:
        """What the page draws: the packets of now, or those up to `at` seconds after the beginning."""
        began = time.monotonic()
        now = time.time_ns() - SETTLE
        until = now if at is None else self.start + int(at * 1e9)
        capture, stretch = self._capture(until, whole=at is not None)
        found = assemble(capture.frames, self._history.wirings(capture.points))
        found = tuple(j for j in found if j.first.frame.time_ns >= stretch.since)
        self._shown, self._seen = found, capture
        dead = motion.deaths(found, now)
        self._ask_why([j for j in dead if now - j.last_seen.frame.time_ns < FRESH], found, capture)
        sentences = {name: reason.sentence for name, reason in self._reasons.items()}
        times = lanes.Times(self.start, stretch.since, until, now)
        shown = lanes.timeline(capture, found, self._strip, times, sentences)
        lines = {
            Death.of(j): self._reasons[n].lines for j in dead if (n := lanes.name_of(j)) in self._reasons
        }
        open_ = not all(lanes.has_ended(journey, now) for journey in found)
        spent = time.monotonic() - began
        self.due = began + max(AGAIN, 3 * spent) if open_ and at is None else None
        if self.due is None and self._news_at > now and at is None:
            self.due = began + max(SOON, 3 * spent)
        if self.has_ended:
            self.due = time.monotonic() + GOING
        return {
            **shown,
            "motions": motion.motions(found[-MOVING:], trails, now),
            "marks": motion.marks(dead, lines, trails),
            "at": at,
            "recorded": [self._seconds(self.store.span[0]), self._seconds(time.time_ns())],
            "head": f"{shown['head']}{_sampling(stretch)}",
            "remarks": [*shown["remarks"], *self._remarks()],
        }

    def _capture(self, until: int, *, whole: bool = False) -> tuple[Capture, Stretch]:
        stretch = self.store.stretch(until, self._tap.points.__getitem__, whole=whole)
        points = self._history.points(stretch.since, until)
        known = {(p.netns, p.index) for p in points}
        gone = {f.point for f in stretch.frames if (f.point.netns, f.point.index) not in known}
        points += tuple(sorted(gone, key=str))
        named = {(p.netns, p.index): p for p in points}
        # A node may have got another name since the tap began there.
        stretch = self.store.stretch(until, lambda n: _now(self._tap.points[n], named), whole=whole)
        lost = {_now(self._tap.points[n], named): count for n, count in self.store.lost.items()}
        before, after = self._history.at(stretch.since), self._history.at(until)
        return Capture(points, stretch.frames, lost, before, after, stretch.hidden), stretch

    def _seconds(self, time_ns: int) -> float:
        return round(max(time_ns - self.start, 0) / 1e9, 3)

    def _remarks(self) -> list[str]:
        said = []
        if self.store.forgotten:
            kept = f"{LIMIT >> 20} MiB"
            said.append(
                _("The oldest {forgotten} frames are no longer kept: there is room for {kept}.").format(
                    forgotten=self.store.forgotten, kept=kept
                )
            )
        there = {(p.netns, p.index) for p in path_order(self._history.latest)}
        refused = [p for n in sorted(self.store.refused) if (p := self._tap.points[n])]
        missing = [str(p) for p in refused if (p.netns, p.index) in there]
        if missing:
            said.append(_("Could not be captured at: {missing}.").format(missing=", ".join(missing)))
        return said

    # -- why ------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """In the third thread: counters to compare with later."""
        with suppress(NetlabError):
            self._looks.append(self._lab.snapshot())

    def _ask_why(self, dead: Sequence[Journey], found: Sequence[Journey], capture: Capture) -> None:
        for journey in dead:
            name = lanes.name_of(journey)
            if name in self._reasons or not reasons.can_be_judged(journey):
                continue
            if (known := self._final.get(Death.of(journey))) is not None:
                self._reasons[name] = known
            elif time.monotonic() - self._judged > JUDGED:
                self._judged = time.monotonic()
                self._worker.submit(self._judge, journey, tuple(found), capture)
        if len(self._reasons) > 500:
            self._reasons = dict(list(self._reasons.items())[-250:])

    def _judge(self, one: Journey, found: Sequence[Journey], capture: Capture) -> None:
        """In the third thread. Reads, and sends nothing."""
        first = one.first.frame.time_ns
        before = next((look for look in reversed(self._looks) if look.time_ns < first), None)
        if before is None:
            return
        with suppress(NetlabError):
            after = self._lab.snapshot()
            self._looks.append(after)
            frames = tuple(frame for frame in capture.frames if frame.time_ns > before.time_ns)
            died = reasons.alike(found, one, before.time_ns)
            seen = Capture(capture.points, frames, capture.lost, before, after)
            reason = reasons.why(died, seen, self._lab.route, self._veil)
            for journey in died:
                self._reasons[lanes.name_of(journey)] = reason
            if reason.final:
                self._final[Death.of(one)] = reason
            self.due = time.monotonic()
            self._wake()

    # -- one packet -----------------------------------------------------------------------------------

    def find(self, name: str) -> Journey | None:
        """The packet of that name, among those that are shown."""
        return next((j for j in self._shown if lanes.name_of(j) == name), None)

    def headers(self, name: str, trails: Trails) -> dict[str, Any]:
        """All about one of the packets that are shown; {} if it is not."""
        journey = self.find(name)
        if journey is None:
            return {}
        reason = self._reasons.get(name)
        moved = motion.motions([journey], trails, journey.last_seen.frame.time_ns + 2 * lanes.GRACE)
        return {**headers(journey, reason.sentence if reason else ""), "motion": moved[:1]}

    def last(self) -> dict[str, Any]:
        """What a static picture of the packets shown last needs; see netlab.notebook.live.still."""
        dead = motion.deaths(self._shown, time.time_ns())[-1:]
        reason = self._reasons.get(lanes.name_of(dead[0])) if dead else None
        note = "\n".join(reason.lines) if reason else ""
        return {"capture": self._seen, "found": self._shown, "dead": dead[0] if dead else None, "note": note}

    def step(self, name: str, by: int) -> tuple[str, float] | None:
        """(the name of the packet before or after that one, when to look at it in seconds); None at the end.

        Without a name: the last one, or the first one, of those that are shown.
        """
        known = self.find(name)
        if known is None:
            found: Sequence[Journey] = self._shown
            chosen = found[-1 if by < 0 else 0] if found else None
        else:
            chosen = self._beside(known, by)
        if chosen is None:
            return None
        last = chosen.last_seen.frame.time_ns
        return lanes.name_of(chosen), self._seconds(last + int(1.2e9))

    def _beside(self, journey: Journey, by: int) -> Journey | None:
        name = lanes.name_of(journey)
        names = [lanes.name_of(j) for j in self._shown]
        place = names.index(name) + by
        if 0 <= place < len(names):
            return self._shown[place]
        first = journey.first.frame.time_ns
        for ahead in (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0) if by > 0 else (0.0,):
            capture, _ = self._capture(first + int(ahead * 1e9), whole=True)
            found = assemble(capture.frames, self._history.wirings(capture.points))
            others = [j for j in found if (j.first.frame.time_ns - first) * by > 0]
            if others:
                return others[0 if by > 0 else -1]
        return None


def _sampling(stretch: Stretch) -> str:
    if stretch.every == 1:
        return ""
    return _(" · too many to draw: one packet of {every} is shown, all are recorded").format(
        every=stretch.every
    )


def _now(point: Point, named: Mapping[tuple[int, int], Point]) -> Point:
    return named.get((point.netns, point.index), point)
