"""Where a lab's keeper is found, and how one is started.

The keeper of a lab listens at an abstract Unix socket, which is there as long as the keeper is; inside
the lab it listens at a socket of the lab host's file system as well.
"""

from __future__ import annotations

import os
import select
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any

import netlab.errors
from netlab import wire
from netlab.errors import BadInput, LabAlreadyUp, LabError, LabNotFound, NetlabError
from netlab.language import VARIABLE, language
from netlab.language import gettext as _
from netlab.limits import Limits
from netlab.tree import SYSTEM_FOLDERS, Tree

if TYPE_CHECKING:
    from netlab.engines.protocol import Engine, Say

DOOR = "/run/netlab/lab.sock"  # where programs in the lab host reach the keeper
HOME = Path(__file__).resolve().parent.parent
ENDED = ".ended-"  # how the folder of a lab that is ending is called
SECONDS_TO_END = 10.0
ACCEPTS = "00010000"  # of the flags in /proc/net/unix
PASSED_ON: tuple[str, ...] = ("TERM", "COLORTERM", "LANG", "LC_ALL", "LC_CTYPE", "COLUMNS", "LINES")
PASSED_ON += ("NETLAB_LANG", "NETLAB_PROGRESS", "NETLAB_OUTBOX")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def check_name(name: str) -> str:
    if not name or len(name) > 32 or not all(c.isalnum() or c in "-_" for c in name):
        raise BadInput(
            _("{name!r} cannot be a lab's name.").format(name=name),
            _("Use up to 32 letters, digits, - and _."),
        )
    return name


def is_inside() -> bool:
    """Whether this process runs in a lab host."""
    return os.path.exists(DOOR)


def names() -> list[str]:
    """The labs of this user that are up."""
    prefix = _address("").replace("\0", "@")
    with open("/proc/net/unix") as sockets:
        found = (line.split() for line in sockets)
        # Those that listen: a connection to a keeper has the same address, and may outlive it a moment.
        listening = (words[-1] for words in found if words[3] == ACCEPTS)
        return sorted({word.removeprefix(prefix) for word in listening if word.startswith(prefix)})


def exchange_folder(name: str) -> Path:
    return Path(os.environ.get("NETLAB_EXCHANGE") or f"/tmp/netlab-{os.geteuid()}") / name


def environment(name: str) -> dict[str, str]:
    """What stands in the environment of a command that is started in that lab."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    root = {"HOME": "/root", "USER": "root", "LOGNAME": "root", "SHELL": "/bin/bash"}
    return passed | root | {"PATH": PATH, "NETLAB_LAB": name, VARIABLE: language()}


def connect(name: str) -> socket.socket:
    """A connection to the keeper of that lab; LabNotFound if it is not up, or another user's."""
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.connect(DOOR if is_inside() else _address(name))
    except OSError as error:
        sock.close()
        raise LabNotFound(
            _("No lab named {name!r} is up.").format(name=name),
            _("Start it: ./run --lab {name} up. {others}").format(name=name, others=_others(name)).rstrip(),
        ) from error
    if not is_inside() and _peer_uid(sock) != os.geteuid():
        sock.close()
        raise LabNotFound(
            _("The lab {name!r} is another user's.").format(name=name), _("Choose another name with --lab.")
        )
    return sock


@dataclass(frozen=True, slots=True)
class Confinement:
    """How a lab is made for somebody whom one does not trust: nothing of the machine can be written to."""

    lessons: Path  # what is seen as labs/
    limits: Limits = field(default_factory=Limits)


def start(
    name: str,
    engine: Engine,
    say: Say,
    confined: Confinement | None = None,
    nursery: Nursery | None = None,
) -> None:
    """Start the keeper of a new lab and wait until it is ready. LabAlreadyUp, SandboxRefused, LabError."""
    door = socket.socket(socket.AF_UNIX)
    with door, ExitStack() as stack:
        try:
            door.bind(_address(name))
        except OSError as error:
            raise LabAlreadyUp(
                _("A lab named {name!r} is up already.").format(name=name),
                _(
                    "Use it, or make another: ./run --lab OTHER up; to start afresh: ./run --lab {name} reset"
                ).format(name=name),
            ) from error
        engine.identity()  # before anything is made: whether it can work here at all
        files = engine.prepare(say)
        for fd in files:
            stack.callback(os.close, fd)
        door.listen(64)
        exchange = _prepare_exchange(name)
        limits = confined.limits if confined else Limits.asked()
        plan = {
            "name": name,
            "exchange": str(exchange),
            "python": sys.executable,
            "engine": engine.name,
            "trees": [asdict(tree) for tree in _trees(exchange, confined)],
            "limits": asdict(limits) if limits else None,
        }
        _start_keeper(plan, door, files, say, nursery)


def end(name: str) -> None:
    """End that lab: see Lab.down."""
    sock = connect(name)
    told: SimpleQueue[Callable[[], object]] = SimpleQueue()  # what the thread is to do, in any case
    work: Callable[[], object] = sock.close
    try:
        with suppress(OSError):  # it has ended at this moment, as below
            wire.send(sock, {"op": "down", "language": language()})
        threading.Thread(target=lambda: told.get()()).start()  # now, while the keeper reads
        folder = exchange_folder(name)
        try:
            answer, ends = wire.receive(sock, trusted=True)
        except (wire.Closed, OSError):
            answer, ends = {}, []
        if "error" in answer:
            raise rebuilt(answer)
        ended = f"{folder.parent}/{ENDED}{name}-{time.time_ns()}"
        with suppress(OSError):
            os.rename(folder, ended)  # at once: a new lab of this name may come at any moment
        work = partial(_clear_up, ended, sock, ends)
    finally:
        told.put(work)


def _clear_up(folder: str, keeper: socket.socket, ends: Sequence[int]) -> None:
    """Remove the files of a lab that is ending, when nobody is left who could write to them.

    `ends` become readable when the lab host has ended, the keeper's connection when that has.
    """
    with keeper:
        for end in (*ends, keeper.fileno()):
            select.select([end], [], [], SECONDS_TO_END)
    for end in ends:
        os.close(end)
    shutil.rmtree(folder, ignore_errors=True)


def _remove_what_is_left(folder: Path) -> None:
    """The files of labs that ended, where whoever ended them should have come to it and did not."""
    for name in os.listdir(folder):
        if name.startswith(ENDED):
            seconds = time.time() - int(name.rpartition("-")[2]) / 1e9
            if seconds > 3 * SECONDS_TO_END:  # for each of two that are waited for, and the removing
                shutil.rmtree(folder / name, ignore_errors=True)


def rebuilt(answer: Mapping[str, str]) -> NetlabError:
    """The keeper's error as the one of the same name here."""
    kind = getattr(netlab.errors, answer["error"], LabError)
    error: NetlabError = Exception.__new__(kind)
    NetlabError.__init__(error, answer["what"], answer["next"])
    return error


def _address(name: str) -> str:
    """An abstract Unix socket: it is there exactly as long as the keeper is."""
    return f"\0netlab/{os.geteuid()}/{name}"


def _others(name: str) -> str:
    others = [other for other in names() if other != name] if not is_inside() else []
    return _("Labs that are up: {others}.").format(others=", ".join(others)) if others else ""


def _peer_uid(sock: socket.socket) -> int:
    _, uid, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return int(uid)


def _trees(exchange: Path, confined: Confinement | None) -> list[Tree]:
    """What of the machine the lab needs to see: the interpreter, the checkout, and the two to write to.

    Somebody whom one does not trust sees the package alone: a teacher's key, or what others have handed in,
    may well be kept in the checkout.
    """
    labs = HOME / "labs"
    readable = {sys.base_prefix, sys.prefix, str(HOME / "netlab" if confined else HOME)}
    system = tuple(f"/{name}/" for name in SYSTEM_FOLDERS)
    trees = [Tree(path) for path in sorted(readable) if not f"{path}/".startswith(system)]
    if confined:
        return [*trees, Tree(str(labs), source=str(confined.lessons))]
    writable = [str(labs), str(exchange)] if labs.is_dir() else [str(exchange)]
    return [*trees, *(Tree(path, writable=True) for path in writable)]


def _prepare_exchange(name: str) -> Path:
    """The empty exchange folder of a new lab. As root its path may be passed by the lab's users."""
    exchange = exchange_folder(name)
    mode = 0o711 if os.geteuid() == 0 else 0o700
    try:
        for folder in (exchange.parent, exchange, exchange / "root", exchange / "stage"):
            folder.mkdir(mode=mode, parents=True, exist_ok=True)
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
                raise LabError(
                    _("{folder} belongs to somebody else.").format(folder=folder),
                    _("Remove it, or set NETLAB_EXCHANGE."),
                )
        _remove_what_is_left(exchange.parent)
    except OSError as error:
        raise LabError(
            _("The lab's exchange folder {exchange} cannot be made: {strerror}.").format(
                exchange=exchange, strerror=error.strerror
            ),
            _("Make room there, or set NETLAB_EXCHANGE to a folder of yours."),
        ) from error
    return exchange


class Nursery:
    """A process that has loaded what a keeper needs, and becomes one by forking, as often as is asked for.

    A `with` block in which several labs are made needs but one: each then comes without a new Python.
    """

    MODULE = "netlab.nursery"

    def __init__(self, log: int = subprocess.DEVNULL) -> None:
        self._orders, theirs = socket.socketpair()
        self._one_by_one = threading.Lock()  # labs may be made by several threads
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.MODULE, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": str(HOME), "PATH": PATH, VARIABLE: language()},
            )

    def __enter__(self) -> Nursery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self._orders.close()
        threading.Thread(target=self._process.wait, daemon=True).start()  # it ends at once

    def start(
        self, plan: Mapping[str, Any], door: socket.socket, files: Sequence[int], log: int
    ) -> socket.socket:
        """Make a keeper; the connection on which it tells its progress, and when all is ready. OSError."""
        ours, theirs = socket.socketpair()
        with theirs:
            order = {"plan": plan, "language": language()}
            with self._one_by_one:
                wire.send(self._orders, order, [door.fileno(), theirs.fileno(), log, *files])
        return ours


def _start_keeper(
    plan: Mapping[str, Any], door: socket.socket, files: Sequence[int], say: Say, nursery: Nursery | None
) -> None:
    exchange = Path(plan["exchange"])
    with ExitStack() as stack:
        log = stack.enter_context((exchange / "keeper.log").open("wb")).fileno()
        nursery = nursery or stack.enter_context(Nursery(log))
        try:
            report = stack.enter_context(nursery.start(plan, door, files, log))
            while "progress" in (answer := wire.receive(report, trusted=True)[0]):
                say(answer["progress"])
        except (wire.Closed, OSError) as error:
            tail = (exchange / "keeper.log").read_text(errors="replace").strip().splitlines()[-1:]
            raise LabError(
                _("The lab's keeper ended before the lab was ready: {tail}.").format(
                    tail=" ".join(tail) or _("it said nothing")
                ),
                _("Look at: ./run doctor"),
            ) from error
    if "error" in answer:
        raise rebuilt(answer)
