"""What a workshop keeps between starts: one folder, only root's.

settings.json   the ports and secrets, made at the first start; the class code; which lessons are open
hub.sqlite, learners.sqlite, board.sqlite
guesses.sqlite  who was wrong how often, and from where
learners/N/     the disk of the learner of that number
collected/, grades/, log/
"""

from __future__ import annotations

import json
import os
import secrets
import socket
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from netlab.errors import BadInput
from netlab.i18n import gettext as _

DEFAULT = Path("/var/lib/netlab-workshop")
VARIABLE = "NETLAB_WORKSHOP"  # the folder, for the Hub, the board and the spawner
INSTRUCTOR = "instructor"
# Far from everybody's users, and from the ranges of subordinate ids.
UIDS, RANGES, LEARNERS = 1_900_000_000, 10_000, 10_000
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another


@dataclass(frozen=True, slots=True)
class Settings:
    """Ports on the loopback, and what only the workshop's own processes know."""

    hub_port: int
    proxy_port: int  # the proxy's own interface; learners come in at the public port
    board_port: int
    first_uid: int  # of the learners' users; two workshops of one machine have none in common
    cookie_secret: str
    proxy_token: str
    board_token: str
    password: str  # the instructor's
    code: str  # the class's


@dataclass(frozen=True)
class State:
    """The folder, by what is in it."""

    folder: Path

    @staticmethod
    def of_environment() -> State:
        """The state of the workshop that this process belongs to."""
        return State(Path(os.environ[VARIABLE]))

    def __truediv__(self, name: str) -> Path:
        return self.folder / name

    def disk(self, number: int) -> Path:
        """Where that learner's disk is mounted."""
        return self.folder / "learners" / str(number)

    def settings(self) -> Settings:
        """BadInput when the file is not as it was written."""
        try:
            words = json.loads((self / "settings.json").read_text())
            return Settings(**{field.name: words[field.name] for field in fields(Settings)})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInput(
                _("{file} cannot be read: {error}.").format(file=self / "settings.json", error=error),
                _("Restore it, or choose another folder with --state."),
            ) from error

    def prepare(self, code: str = "") -> Settings:
        """Make what is missing. A given class code takes the place of the one before. BadInput."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            for name in ("learners", "log"):
                (self / name).mkdir(mode=0o700, exist_ok=True)
            if not (self / "settings.json").exists():
                self._write(_fresh(code))
            settings = self.settings()
            if code and code != settings.code:
                self._write(settings := Settings(**{**asdict(settings), "code": code}))
        except OSError as error:
            raise BadInput(
                _("The workshop's folder {folder} cannot be made: {strerror}.").format(
                    folder=self.folder, strerror=error.strerror
                ),
                _("Make room or give access there, or choose another folder with --state."),
            ) from error
        return settings

    def _write(self, settings: Settings) -> None:
        beside = self / "settings.json.new"
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(settings), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self / "settings.json")


def _fresh(code: str) -> Settings:
    hub, proxy, board = _free_ports(3)
    return Settings(
        hub,
        proxy,
        board,
        first_uid=UIDS + secrets.randbelow(RANGES) * LEARNERS,
        cookie_secret=secrets.token_hex(32),
        proxy_token=secrets.token_hex(32),
        board_token=secrets.token_hex(32),
        password=_word(12),
        code=code or _word(8),
    )


def _word(length: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(length))


def _free_ports(count: int) -> list[int]:
    """Different ports of the loopback at which nobody listens now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]
