"""Where a lab and its keeper are found: by name on the machine, and at one place in the lab host.

Each lab has a folder of its user's, which nobody else may enter. In it are the door at which its keeper
listens, the keeper's log, and `exchange`, the one part that the lab sees, too.
"""

from __future__ import annotations

import fcntl
import os
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from netlab.errors import BadInput, LabError, LabNotFound
from netlab.i18n import VARIABLE, language
from netlab.i18n import gettext as _
from netlab.linux import files

DOOR = "/run/netlab/lab.sock"  # where programs in the lab host reach the keeper
LONGEST_NAME = 32  # characters of a lab's
DOOR_NAME, LOG, EXCHANGE = "door", "keeper.log", "exchange"  # in the lab's folder
HOME = Path(__file__).resolve().parents[2]
ENDED = ".ended-"  # how the folder of a lab that is ending is called
PASSED_ON: tuple[str, ...] = ("TERM", "COLORTERM", "LANG", "LC_ALL", "LC_CTYPE", "COLUMNS", "LINES")
PASSED_ON += ("NETLAB_LANG", "NETLAB_PROGRESS", "NETLAB_OUTBOX")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SECONDS_TO_CONNECT = 10.0
LONGEST_LOG = 1 << 16  # bytes of it that are looked at


def check_name(name: str) -> str:
    """The name again, if it can be a lab's. BadInput."""
    if not name or len(name) > LONGEST_NAME or not all(c.isalnum() or c in "-_" for c in name):
        raise BadInput(
            _("{name!r} cannot be a lab's name.").format(name=name),
            _("Use up to 32 letters, digits, - and _."),
        )
    return name


def is_inside() -> bool:
    """Whether this process runs in a lab host."""
    return os.path.exists(DOOR)


def base() -> Path:
    """The folder of this user's labs."""
    return Path(os.environ.get("NETLAB_EXCHANGE") or f"/tmp/netlab-{os.geteuid()}")


def folder(name: str) -> Path:
    """The lab's own folder on the machine. The lab does not see it."""
    return base() / name


def exchange_folder(name: str) -> Path:
    """The part of it that the lab sees, under the same path, and can write to."""
    return folder(name) / EXCHANGE


def names() -> list[str]:
    """The labs of this user that are up."""
    return sorted(name for name in files.names(str(base())) if not name.startswith(".") and is_up(name))


def is_up(name: str) -> bool:
    """Whether the keeper of a lab of that name listens, or is about to."""
    with suppress(OSError, LabError), hold_folder(name) as place, socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(SECONDS_TO_CONNECT)
        sock.connect(f"/proc/self/fd/{place}/{DOOR_NAME}")  # refused where it is gone
        return True
    return False


@contextmanager
def hold_folder(name: str) -> Iterator[int]:
    """A descriptor of the lab's folder, for as long as the block runs. OSError; LabError: another's."""
    with files.descriptor(str(base()), name, os.O_PATH | os.O_DIRECTORY) as place:
        check_owner(os.fstat(place), folder(name))
        yield place


def check_owner(found: os.stat_result, path: Path) -> None:
    """LabError for a folder that another user has put there, or could."""
    if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o022:
        raise LabError(
            _("{folder} belongs to somebody else.").format(folder=path),
            _("Remove it, or set NETLAB_EXCHANGE."),
        )


@contextmanager
def turns() -> Iterator[None]:
    """Whoever takes a name, or gives it up, does so alone."""
    with files.descriptor(str(base()), ".", os.O_RDONLY | os.O_DIRECTORY) as place:
        fcntl.flock(place, fcntl.LOCK_EX)
        yield


def connect(name: str) -> socket.socket:
    """A connection to the keeper of that lab; LabNotFound if it is not up, or another user's."""
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(SECONDS_TO_CONNECT)
    try:
        if is_inside():
            sock.connect(DOOR)
        else:
            with hold_folder(name) as place:
                sock.connect(f"/proc/self/fd/{place}/{DOOR_NAME}")
            if peer(sock)[1] != os.geteuid():
                raise LabNotFound(
                    _("The lab {name!r} is another user's.").format(name=name),
                    _("Choose another name with --lab."),
                )
    except TimeoutError as error:
        sock.close()
        raise LabError(
            _("The keeper of the lab {name!r} does not answer.").format(name=name),
            _("Try again; if it stays like that, end it: ./run --lab {name} down").format(name=name),
        ) from error
    except OSError as error:
        sock.close()
        raise LabNotFound(
            _("No lab named {name!r} is up.").format(name=name),
            _("Start it: ./run --lab {name} up. {others}").format(name=name, others=_others(name)).rstrip(),
        ) from error
    except BaseException:
        sock.close()
        raise
    sock.settimeout(None)
    return sock


def peer(sock: socket.socket) -> tuple[int, int]:
    """(process, user) at the other end, as they are numbered here; 0 for a process that cannot be seen."""
    pid, uid, _group = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return pid, uid


def environment(name: str) -> dict[str, str]:
    """What stands in the environment of a command that is started in that lab."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    root = {"HOME": "/root", "USER": "root", "LOGNAME": "root", "SHELL": "/bin/bash"}
    return passed | root | {"PATH": PATH, "NETLAB_LAB": name, VARIABLE: language()}


def last_words(name: str) -> str:
    """The last line of the keeper's log; "" if it wrote none."""
    with suppress(OSError, LabError), hold_folder(name) as place:
        return files.last_line(place, LOG, LONGEST_LOG)
    return ""


def _others(name: str) -> str:
    others = [other for other in names() if other != name] if not is_inside() else []
    return _("Labs that are up: {others}.").format(others=", ".join(others)) if others else ""
