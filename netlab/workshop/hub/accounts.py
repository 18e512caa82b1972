"""Who takes part: names, numbers and passwords, in a database of their own.

A learner signs up with the class code, or with the code that a prepared list gives him, and a password
that he chooses; from then on the password alone counts.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from netlab.errors import BadInput
from netlab.i18n import gettext as _
from netlab.workshop.hub import names
from netlab.workshop.hub.names import NAME
from netlab.workshop.state import INSTRUCTOR

SHORTEST, LONGEST = 6, 200  # letters of a password
TABLE = """CREATE TABLE IF NOT EXISTS learner (
    number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE NOT NULL, salt BLOB, hash BLOB)"""
SIGNED_UP = "SELECT name FROM learner WHERE hash IS NOT NULL"


class WrongCode(BadInput):
    """Somebody who has not signed up has not the code for it."""


@dataclass(frozen=True)
class Accounts:
    """The learners of one workshop. `roll` is the prepared list: name to code; None lets everybody in
    who has the class code, as long as no more than `most` have signed up."""

    file: Path
    code: str
    password: str
    roll: Mapping[str, str] | None = None
    most: int = 1000

    def has(self, name: str) -> bool:
        """Whether that name has a password to be guessed."""
        if name == INSTRUCTOR:
            return True
        with self._open() as db:
            return db.execute(f"{SIGNED_UP} AND name = ?", (name,)).fetchone() is not None

    def sign_in(self, name: str, password: str, code: str = "") -> bool:
        """Whether that is who they say; the first time they sign up. WrongCode, or BadInput with what a form
        lacks."""
        if len(password) > LONGEST or len(code) > LONGEST:
            return False
        if name == INSTRUCTOR:
            return _same(password, self.password)
        if not NAME.fullmatch(name):
            names.check(name)
            return False
        with self._open() as db:
            row = db.execute("SELECT salt, hash FROM learner WHERE name = ?", (name,)).fetchone()
        if row and row[1]:
            return hmac.compare_digest(_hash(password, row[0]), row[1])
        return self._sign_up(name, password, code)

    def _sign_up(self, name: str, password: str, code: str) -> bool:
        wanted = self.code if self.roll is None else self.roll.get(name)
        if wanted is None or not _same(code.strip(), wanted or self.code):
            raise WrongCode(
                _("Nobody of that name has signed up, and that is not the code to do so."),
                _("Ask your instructor for the code, and how your name is written."),
            )
        if len(password) < SHORTEST:
            raise BadInput(
                _("That password is too short."), _("Choose one of at least {n} letters.").format(n=SHORTEST)
            )
        if self.roll is None:  # the names of a prepared list are the instructor's choice
            names.check(name)
        salt = secrets.token_bytes(16)
        hashed = _hash(password, salt)
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")  # of two at once, the second sees the first
            if self.roll is None:
                self._assert_room(db, name)
            db.execute("INSERT OR IGNORE INTO learner (name) VALUES (?)", (name,))
            done = db.execute(
                "UPDATE learner SET salt = ?, hash = ? WHERE name = ? AND hash IS NULL",
                (salt, hashed, name),
            )
            return done.rowcount == 1  # else somebody else was faster

    def _assert_room(self, db: sqlite3.Connection, name: str) -> None:
        """BadInput when the workshop is full, or that name looks like another one's."""
        taken = [row[0] for row in db.execute(SIGNED_UP)]
        if len(taken) >= self.most:
            raise BadInput(
                _("The workshop is full: {n} learners have signed up.").format(n=len(taken)),
                _("Ask your instructor, who may let in more: ./run workshop --learners NUMBER"),
            )
        names.check_free(name, taken)

    def number(self, name: str) -> int:
        """Each name has a number of its own, for good."""
        with self._open() as db:
            db.execute("INSERT OR IGNORE INTO learner (name) VALUES (?)", (name,))
            return int(db.execute("SELECT number FROM learner WHERE name = ?", (name,)).fetchone()[0])

    def learners(self) -> dict[str, int]:
        """The numbers of all who have signed up, by name."""
        with self._open() as db:
            rows = db.execute("SELECT name, number FROM learner WHERE name != ? ORDER BY name", (INSTRUCTOR,))
            return dict(rows.fetchall())

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self.file, timeout=10)
        try:
            with db:
                db.execute(TABLE)
                yield db
        finally:
            db.close()


def read_roll(file: Path) -> dict[str, str]:
    """A prepared list: on each line a name, and after a comma or a tab that learner's own code, if any.

    BadInput.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            _("The list of learners cannot be read from {file}: {error}.").format(file=file, error=error),
            _("Name a text file: on each line a name, and behind a comma that learner's code."),
        ) from error
    roll: dict[str, str] = {}
    for count, line in enumerate(lines, 1):
        name, _sep, code = (part.strip() for part in line.replace("\t", ",").partition(","))
        name = name.lower()  # as the Hub writes it
        if not name or name.startswith("#"):
            continue
        if _is_refused(name, roll):
            raise BadInput(
                _("{file}, line {count}: {name!r} cannot be a learner's name here.").format(
                    file=file, count=count, name=name
                ),
                _(
                    "Each name once, and none that looks like another or like {name!r}: "
                    "up to 32 letters, digits, ., - and _."
                ).format(name=INSTRUCTOR),
            )
        roll[name] = code
    return roll


def _is_refused(name: str, before: Iterable[str]) -> bool:
    try:
        names.check(name)
        names.check_free(name, before)
    except BadInput:
        return True
    return False


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), wanted.encode())


def _hash(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(errors="replace"), salt=salt, n=1 << 13, r=8, p=1)
