"""A fault in learners' labs, as an activity: who has it, since when, and who has mended it.

What a fault needs is built into the lab with it, and would pass steps of the lesson that nobody has done. So
a learner's checks do not count from the order on, until they have begun a lesson again or their lab was put
back. That it is mended their own server says: it is self-reported.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from typing import Any

PENDING = 600.0  # seconds for which the order waits for a learner who is away
TABLE = """
CREATE TABLE IF NOT EXISTS activity (learner TEXT PRIMARY KEY, number INTEGER, fault TEXT, asked REAL,
    broken REAL, mended REAL, ended REAL, trouble TEXT) WITHOUT ROWID;
"""
WORDS = ("number", "fault", "asked", "broken", "mended", "ended", "trouble")


def begin(db: sqlite3.Connection, learners: Iterable[str], number: int, fault: str) -> None:
    """The order of that number puts that fault into those labs."""
    rows = [(learner, number, fault, time.time()) for learner in learners]
    db.executemany(
        "INSERT OR REPLACE INTO activity (learner, number, fault, asked) VALUES (?, ?, ?, ?)", rows
    )


def note_outcome(db: sqlite3.Connection, learner: str, number: int, trouble: str) -> None:
    """What became of an order: of the one that breaks, or of another one, which puts the lab back."""
    now = time.time()
    db.execute(
        "UPDATE activity SET broken = ?, ended = ?, trouble = ? "
        "WHERE learner = ? AND number = ? AND broken IS NULL",
        (None if trouble else now, now if trouble else None, trouble, learner, number),
    )
    if not trouble:
        db.execute(
            "UPDATE activity SET ended = ? WHERE learner = ? AND number < ? AND ended IS NULL AND EXISTS "
            "(SELECT 1 FROM instruction WHERE number = ? AND learner IN ('', ?) "
            "AND what IN ('reset', 'goto'))",
            (now, learner, number, number, learner),
        )


def note_repair(db: sqlite3.Connection, learner: str, number: int) -> None:
    """The learner's server says that the symptom is gone."""
    db.execute(
        "UPDATE activity SET mended = ? WHERE learner = ? AND number = ? AND mended IS NULL "
        "AND broken IS NOT NULL AND ended IS NULL",
        (time.time(), learner, number),
    )


def note_visit(db: sqlite3.Connection, learner: str, moment: float) -> None:
    """They have begun a lesson, in a lab that was put back for it."""
    db.execute(
        "UPDATE activity SET ended = ? WHERE learner = ? AND broken < ? AND ended IS NULL",
        (moment, learner, moment),
    )


def is_on(db: sqlite3.Connection, learner: str, moment: float) -> bool:
    """Whether a fault was, or was to be, in that learner's lab then."""
    found = db.execute(
        "SELECT 1 FROM activity WHERE learner = ? AND asked <= ? AND (ended IS NULL OR ended > ?) "
        "AND (broken IS NOT NULL OR asked > ?)",
        (learner, moment, moment, time.time() - PENDING),
    ).fetchone()
    return found is not None


def read(db: sqlite3.Connection) -> dict[str, dict[str, Any]]:
    """Each learner's last one: which fault, and the moments."""
    rows = db.execute(f"SELECT learner, {', '.join(WORDS)} FROM activity")
    return {learner: dict(zip(WORDS, values, strict=True)) for learner, *values in rows}
