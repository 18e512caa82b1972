"""How often somebody may be wrong: what keeps passwords and class codes from being tried out.

Misses are counted for a name *and* where they come from, so nobody locks somebody else out from elsewhere:
after FREE of them each costs a wait that doubles. Besides, each source has one budget for passwords and one
for codes, so guesses that are spread over many names are as slow. A classroom may share one address, so two
do not wait for others there: a browser that has come in under that name before, which has a count of its own
(its cookie says so), and a name that has come in from that source before, as long as it is not missed often.

A guess is counted before it is looked at, and taken off when it was right: many at once gain nothing. All is
in a file, so nothing is forgotten when the Hub is started anew.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from netlab.errors import BadInput
from netlab.i18n import gettext as _

FREE = 3  # misses that cost nothing
FIRST, LONGEST = 2.0, 60.0  # seconds, of the first wait and of any
BURST, REFILL = 20, 6.0  # misses of one source at once, and seconds for each that comes back
FORGET, KNOWN = 3600.0, 30 * 86400.0  # seconds after which a miss, and a right guess, are forgotten
TABLES = """
CREATE TABLE IF NOT EXISTS miss (key TEXT PRIMARY KEY, count INTEGER, last REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS budget (source TEXT PRIMARY KEY, used REAL, last REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS known (key TEXT PRIMARY KEY, last REAL) WITHOUT ROWID;
"""


class TooManyGuesses(BadInput):
    """Not looked at: it comes too soon after wrong ones."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, int(seconds + 0.999))
        super().__init__(
            _("Too many wrong passwords or codes were given from where you are."),
            _("Wait {n} seconds, then try again.").format(n=self.seconds),
        )


@dataclass(frozen=True, slots=True)
class Guess:
    """Who somebody says they are, and where from. `browser` is the one that came in under that name before,
    `site` what shares a budget with the source; `code` that it is the class code that is guessed."""

    name: str
    source: str
    site: str
    browser: str = ""
    code: bool = False
    paid: bool = False  # out of the site's budget

    @property
    def key(self) -> str:
        """Who waits after wrong guesses: a browser or a source, under one name."""
        where = f"browser {self.browser}" if self.browser else f"source {self.source}"
        return f"{where} {self.name}"

    @property
    def purse(self) -> str:
        """The budget that it is paid from: a site's, for passwords or for the code."""
        return f"{'code' if self.code else 'password'} {self.site}"


@dataclass(frozen=True)
class Guesses:
    """Those of one workshop."""

    file: Path
    clock: Callable[[], float] = time.time

    def begin(self, guess: Guess) -> Guess:
        """As it may be made now, or TooManyGuesses. It is a miss, unless `take_back` or `right` gets it."""
        now = self.clock()
        with self._open() as db:
            _forget(db, now)
            count = _count_after_wait(db, guess.key, now)
            if paid := not guess.browser and (count >= FREE or not _is_known(db, guess.key)):
                _pay(db, guess.purse, now)
            db.execute("INSERT OR REPLACE INTO miss VALUES (?, ?, ?)", (guess.key, count + 1, now))
        return replace(guess, paid=paid)

    def take_back(self, guess: Guess) -> None:
        """Nothing was guessed with it."""
        with self._open() as db:
            db.execute("UPDATE miss SET count = max(0, count - 1) WHERE key = ?", (guess.key,))
            if guess.paid:
                db.execute("UPDATE budget SET used = max(0, used - 1) WHERE source = ?", (guess.purse,))

    def right(self, guess: Guess) -> None:
        """That is who they say."""
        self.take_back(guess)
        with self._open() as db:
            db.execute("DELETE FROM miss WHERE key = ?", (guess.key,))
            db.execute("INSERT OR REPLACE INTO known VALUES (?, ?)", (guess.key, self.clock()))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One at a time: two that read the same count would both be let through."""
        db = sqlite3.connect(self.file, timeout=10, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.executescript(TABLES)
            db.execute("BEGIN IMMEDIATE")
            with db:
                yield db
        finally:
            db.close()


def _forget(db: sqlite3.Connection, now: float) -> None:
    """What is too old; and what is from a time that has yet to come, when the clock was wrong."""
    for table, age in (("miss", FORGET), ("budget", FORGET), ("known", KNOWN)):
        db.execute(f"DELETE FROM {table} WHERE last < ? OR last > ?", (now - age, now + LONGEST))


def _count_after_wait(db: sqlite3.Connection, key: str, now: float) -> int:
    """The misses until now, if the wait after the last of them is over. TooManyGuesses."""
    count, last = db.execute("SELECT count, last FROM miss WHERE key = ?", (key,)).fetchone() or (0, 0.0)
    wait = 0.0 if count < FREE else min(FIRST * 2 ** min(count - FREE, 30), LONGEST)
    if (left := min(last + wait - now, wait)) > 0:
        raise TooManyGuesses(left)
    return int(count)


def _is_known(db: sqlite3.Connection, key: str) -> bool:
    return db.execute("SELECT 1 FROM known WHERE key = ?", (key,)).fetchone() is not None


def _pay(db: sqlite3.Connection, purse: str, now: float) -> None:
    """Take one from a budget; TooManyGuesses when nothing is left."""
    used, last = db.execute("SELECT used, last FROM budget WHERE source = ?", (purse,)).fetchone() or (
        0.0,
        now,
    )
    used = max(0.0, used - max(0.0, now - last) / REFILL)
    if used + 1 > BURST:
        raise TooManyGuesses((used + 1 - BURST) * REFILL)
    db.execute("INSERT OR REPLACE INTO budget VALUES (?, ?, ?)", (purse, used + 1, now))
