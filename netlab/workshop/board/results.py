"""What the board knows: events, orders and grades, in one SQLite file.

An event is counted once, however often it is sent: its id is the learner's own, and the learner is whom the
Hub says. Whatever is told to a learner's server has a number that only grows.
"""

from __future__ import annotations

import json
import math
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netlab import display
from netlab.workshop.board import activities

KINDS = ("visited", "checked", "hint", "solution", "predicted", "answered")
MOST_EVENTS = 20_000  # of one learner
FRESH = 600.0  # seconds for which an order waits for a learner who is away
ANNOUNCED = 4 * 3600.0  # seconds for which what was said is told to who comes
KEPT = 50  # of what was said, on the board
TABLES = """
CREATE TABLE IF NOT EXISTS event (learner TEXT, id TEXT, kind TEXT, lesson TEXT, step TEXT, time REAL,
    words TEXT, PRIMARY KEY (learner, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS step (learner TEXT, step TEXT, passed REAL, failing TEXT, tries INTEGER DEFAULT 0,
    hints INTEGER DEFAULT 0, time REAL, PRIMARY KEY (learner, step)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS learner (name TEXT PRIMARY KEY, since INTEGER, events INTEGER DEFAULT 0, seen REAL,
    active REAL, lesson TEXT);
CREATE TABLE IF NOT EXISTS instruction (number INTEGER PRIMARY KEY AUTOINCREMENT, learner TEXT, what TEXT,
    words TEXT, time REAL);
CREATE TABLE IF NOT EXISTS outcome (learner TEXT, number INTEGER, said TEXT, time REAL,
    PRIMARY KEY (learner, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS grade (learner TEXT, lesson TEXT, points REAL, most REAL, time REAL,
    PRIMARY KEY (learner, lesson)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT);
"""


@dataclass(frozen=True)
class Results:
    """One workshop's. `steps` are the ids that exist; others are not counted."""

    file: Path
    steps: frozenset[str]

    def prepare(self) -> None:
        with self._open() as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(TABLES + activities.TABLE)

    # -- what learners do ---------------------------------------------------------------------------

    def note_presence(self, learner: str) -> None:
        """He is there. Of orders for all he gets those that come from now on."""
        with self._open() as db:
            db.execute(
                "INSERT INTO learner (name, since, seen) "
                "VALUES (?, (SELECT coalesce(max(number), 0) FROM instruction), ?) "
                "ON CONFLICT (name) DO UPDATE SET seen = excluded.seen",
                (learner, time.time()),
            )

    def add(self, learner: str, events: Iterable[Mapping[str, Any]]) -> int:
        """Take these down; how many of them were new. What is no event is left out."""
        added = 0
        with self._open() as db:
            held = db.execute("SELECT events FROM learner WHERE name = ?", (learner,)).fetchone()
            room = MOST_EVENTS - (held[0] if held else 0)
            for event in events:
                if added >= room or not (found := self._parse(event)):
                    continue
                id, kind, lesson, step, moment, words = found
                row = (learner, id, kind, lesson, step, moment, json.dumps(words))
                new = db.execute("INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?, ?, ?)", row)
                if new.rowcount:
                    added += 1
                    _count(db, learner, kind, lesson, step, moment, words)
            db.execute("UPDATE learner SET events = events + ? WHERE name = ?", (added, learner))
        return added

    def _parse(self, event: Mapping[str, Any]) -> tuple[str, str, str, str, float, dict[str, Any]] | None:
        """A learner's word: nothing of it is taken as it comes."""
        try:
            id, kind, lesson, step = (
                display.printable(str(event.get(name, "")), 60) for name in ("id", "kind", "lesson", "step")
            )
            moment = float(event.get("time", 0))
            if not math.isfinite(moment):
                return None
            moment = min(moment, time.time())
            lessons = {known.partition(".")[0] for known in self.steps}
            if not id or kind not in KINDS or lesson not in lessons or (step and step not in self.steps):
                return None
            words = {
                "passed": event.get("passed") is True,
                "hint": display.printable(str(event.get("hint", "")), 60),
                "number": min(max(int(event.get("number", 0)), 0), 99),
                "key": display.printable(str(event.get("key", "")), 200),
            }
            return id, kind, lesson, step, moment, words
        except (TypeError, ValueError, AttributeError, OverflowError):
            return None

    # -- what the instructor orders -----------------------------------------------------------------

    def order(self, learner: str, what: str, words: str) -> int:
        """For one learner, or for all (""); its number."""
        with self._open() as db:
            row = (learner, what, words, time.time())
            made = db.execute("INSERT INTO instruction (learner, what, words, time) VALUES (?, ?, ?, ?)", row)
            return int(made.lastrowid or 0)

    def break_labs(self, learner: str, fault: str) -> int:
        """The order to put that fault into one learner's lab, or into those of all ("") who are known."""
        number = self.order(learner, "inject", fault)
        with self._open() as db:
            names = [learner] if learner else [name for (name,) in db.execute("SELECT name FROM learner")]
            activities.begin(db, names, number, fault)
        return number

    def orders(self, learner: str, after: int) -> list[dict[str, Any]]:
        """Those that they have not got yet, and that are still worth something: what was announced also to
        who has come since."""
        now = time.time()
        with self._open() as db:
            rows = db.execute(
                "SELECT number, what, words, time FROM instruction WHERE learner IN ('', ?) "
                "AND number > ? AND (what = 'announce' AND time > ? OR time > ? "
                "AND number > (SELECT since FROM learner WHERE name = ?)) ORDER BY number",
                (learner, after, now - ANNOUNCED, now - FRESH, learner),
            )
            names = ("number", "what", "words", "time")
            return [dict(zip(names, row, strict=True)) for row in rows]

    def announcements(self) -> list[tuple[float, str]]:
        """What was said to all, and when, the newest first."""
        with self._open() as db:
            return db.execute(
                "SELECT time, words FROM instruction WHERE learner = '' AND what = 'announce' "
                "ORDER BY number DESC LIMIT ?",
                (KEPT,),
            ).fetchall()

    def note_repair(self, learner: str, number: int) -> None:
        """The fault that the order of that number put into their lab is gone."""
        with self._open() as db:
            activities.note_repair(db, learner, number)

    def outcome(self, learner: str, number: int, said: str) -> None:
        """What became of an order that was given; of others nothing is kept."""
        with self._open() as db:
            row = (learner, number, display.one_line(said, 300), time.time(), number, learner)
            db.execute(
                "INSERT OR IGNORE INTO outcome SELECT ?, ?, ?, ? WHERE EXISTS "
                "(SELECT 1 FROM instruction WHERE number = ? AND learner IN ('', ?))",
                row,
            )
            activities.note_outcome(db, learner, number, row[2])

    def open_lessons(self) -> list[str] | None:
        """The lessons that are open; None: all."""
        with self._open() as db:
            row = db.execute("SELECT value FROM setting WHERE name = 'open'").fetchone()
        found: list[str] | None = json.loads(row[0]) if row else None
        return found

    def unlock(self, lessons: Sequence[str] | None) -> None:
        """Open these lessons and no others; None opens all."""
        with self._open() as db:
            db.execute("INSERT OR REPLACE INTO setting VALUES ('open', ?)", (json.dumps(lessons),))

    # -- what the board shows -----------------------------------------------------------------------

    def grade(self, learner: str, lesson: str, points: float, most: float) -> None:
        """Keep what a learner was given for a lesson: so many points of `most`."""
        with self._open() as db:
            row = (learner, lesson, points, most, time.time())
            db.execute("INSERT OR REPLACE INTO grade VALUES (?, ?, ?, ?, ?)", row)

    def board(self) -> dict[str, Any]:
        """Each learner: where he is, his steps, grades, and what became of the last order."""
        with self._open() as db:
            found: dict[str, Any] = {
                name: {
                    "name": name,
                    "seen": seen,
                    "active": active,
                    "lesson": lesson or "",
                    "steps": {},
                    "grades": {},
                }
                for name, seen, active, lesson in db.execute(
                    "SELECT name, seen, active, lesson FROM learner ORDER BY name"
                )
            }
            for name, step, passed, failing, tries, hints, moment in db.execute("SELECT * FROM step"):
                words = {"passed": passed, "failing": failing, "tries": tries, "hints": hints, "time": moment}
                found[name]["steps"][step] = words
            shown = "SELECT DISTINCT learner, step FROM event WHERE kind = 'solution'"
            for name, step in db.execute(shown):
                if name in found and step in found[name]["steps"]:
                    found[name]["steps"][step]["solution"] = True
            for name, lesson, points, most, _moment in db.execute("SELECT * FROM grade"):
                if name in found:
                    found[name]["grades"][lesson] = [points, most]
            for name, activity in activities.read(db).items():
                if name in found:
                    found[name]["activity"] = activity
            last = "SELECT learner, max(number), said FROM outcome GROUP BY learner"
            for name, number, said in db.execute(last):
                if name in found:
                    found[name]["outcome"] = [number, said]
        return found

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self.file, timeout=10)
        try:
            with db:
                yield db
        finally:
            db.close()


def _count(
    db: sqlite3.Connection,
    learner: str,
    kind: str,
    lesson: str,
    step: str,
    moment: float,
    words: Mapping[str, Any],
) -> None:
    """What an event changes in what the board shows. Events may come late, and then tell of the past."""
    db.execute(
        "UPDATE learner SET lesson = ?, active = ? WHERE name = ? AND coalesce(active, 0) <= ?",
        (lesson, moment, learner, moment),
    )
    if kind == "visited":
        activities.note_visit(db, learner, moment)
    if not step or (kind == "checked" and activities.is_on(db, learner, moment)):
        return
    db.execute("INSERT OR IGNORE INTO step (learner, step, time) VALUES (?, ?, 0)", (learner, step))
    mine = (learner, step)
    if kind == "hint":
        db.execute(
            "UPDATE step SET hints = max(hints, ?) WHERE learner = ? AND step = ?", (words["number"], *mine)
        )
    if kind == "checked":
        db.execute("UPDATE step SET tries = tries + 1 WHERE learner = ? AND step = ?", mine)
        if words["passed"]:
            db.execute(
                "UPDATE step SET passed = min(coalesce(passed, ?), ?) WHERE learner = ? AND step = ?",
                (moment, moment, *mine),
            )
        failing = None if words["passed"] else words["hint"] or "?"
        db.execute(
            "UPDATE step SET failing = ? WHERE learner = ? AND step = ? AND time <= ?",
            (failing, *mine, moment),
        )
    db.execute("UPDATE step SET time = max(time, ?) WHERE learner = ? AND step = ?", (moment, *mine))
