"""How the keeper of a lab is started, and how it is ended."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any

from netlab import engines
from netlab.display import printable
from netlab.errors import LabAlreadyUp, LabError
from netlab.i18n import VARIABLE, language
from netlab.i18n import gettext as _
from netlab.keeper import address, folders, protocol
from netlab.keeper.address import HOME, PATH
from netlab.keeper.folders import SECONDS_TO_END
from netlab.linux import files as files_of_others
from netlab.linux.limits import Limits
from netlab.linux.sandbox.rootfs import BindMount, readable

if TYPE_CHECKING:
    from netlab.engines.protocol import Say

SECONDS_TO_START = 300.0  # between two words of progress: Docker's daemon may take three minutes
# Of the environment of whoever makes a lab its keeper needs these, and its lab host gets no others.
KEEPERS_OWN = ("LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "TZ", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Confinement:
    """How a lab is made for somebody whom one does not trust: nothing of the machine can be written to."""

    lessons: Path  # what is seen as labs/
    package: Path = HOME / "netlab"  # what is seen as netlab's own code
    limits: Limits = field(default_factory=Limits)


def start(
    name: str,
    engine: str,
    say: Say,
    confined: Confinement | None = None,
    forkserver: ForkServer | None = None,
    *,
    bare: bool = False,
) -> None:
    """Start the keeper of a new lab with that engine and wait until it is ready: see Lab.up. LabError.

    In a `bare` one nothing is laid out.
    """
    address.check_name(name)
    chosen = engines.engine(engine)
    with ExitStack() as stack:
        door = stack.enter_context(_take(name))
        chosen.identity()  # before anything is made: whether it can work here at all
        files = chosen.prepare(say)
        for fd in files:
            stack.callback(os.close, fd)
        limits = confined.limits if confined else Limits.of_environment()
        plan = {
            "name": name,
            "place": str(address.folder(name) / "root"),
            "owner": os.geteuid(),
            "python": sys.executable,
            "engine": engine,
            "trees": [asdict(tree) for tree in _trees(address.exchange_folder(name), confined)],
            "limits": asdict(limits) if limits else None,
            "bare": bare,
        }
        _start_keeper(plan, door, files, say, forkserver)


def _take(name: str) -> socket.socket:
    """The listening door of a new lab of that name, whose folder is made afresh. LabAlreadyUp, LabError."""
    folders.prepare_base()
    door = socket.socket(socket.AF_UNIX)
    try:
        with address.turns():
            if address.is_up(name):
                raise LabAlreadyUp(
                    _("A lab named {name!r} is up already.").format(name=name),
                    _(
                        "Use it, or make another: ./run --lab OTHER up; to start afresh: "
                        "./run --lab {name} reset"
                    ).format(name=name),
                )
            left = folders.set_aside(name)
            folders.make(name)
            with address.hold_folder(name) as place:
                path = f"/proc/self/fd/{place}/{address.DOOR_NAME}"  # however long the folder's own path is
                door.bind(path)
                os.chmod(path, 0o600)
            door.listen(64)
        folders.remove(left)
        folders.remove_leavings()
    except OSError as error:
        door.close()
        raise folders.refusal(address.folder(name), error) from error
    except BaseException:
        door.close()
        raise
    return door


def end(name: str) -> None:
    """End that lab: see Lab.down."""
    sock = address.connect(name)
    told: SimpleQueue[Callable[[], object]] = SimpleQueue()  # what the thread is to do, in any case
    work: Callable[[], object] = sock.close
    try:
        with suppress(OSError):  # it has ended at this moment, as below
            protocol.send(sock, {"op": "down", "language": language()})
        threading.Thread(target=lambda: told.get()()).start()  # now, while the keeper reads
        try:
            answer, ends = protocol.receive(sock, seconds=SECONDS_TO_END)
        except protocol.Closed:
            answer, ends = {}, []
        if "error" in answer:
            raise protocol.rebuild(answer)
        with address.turns():  # at once: a new lab of this name may come at any moment
            left = "" if address.is_up(name) else folders.set_aside(name)
        work = partial(_clear_up, left, sock, ends)
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
    folders.remove(folder)


def _trees(exchange: Path, confined: Confinement | None) -> list[BindMount]:
    """What of the machine the lab needs to see: the interpreter, the checkout, and the two to write to.

    Somebody whom one does not trust sees the package alone: a teacher's key, or what others have handed in,
    may well be kept in the checkout.
    """
    labs = HOME / "labs"
    trees = readable((sys.base_prefix, sys.prefix, str(HOME / "netlab" if confined else HOME)))
    if confined:
        own = ((HOME / "netlab", confined.package), (labs, confined.lessons))
        return [*trees, *(BindMount(str(path), source=str(source)) for path, source in own)]
    writable = [str(labs), str(exchange)] if labs.is_dir() else [str(exchange)]
    return [*trees, *(BindMount(path, writable=True) for path in writable)]


class ForkServer:
    """A process that has loaded what a keeper needs, and becomes one by forking, as often as is asked for.

    A `with` block in which several labs are made needs but one: each then comes without a new Python.
    """

    MODULE = "netlab.keeper.forkserver"

    def __init__(self, log: int = subprocess.DEVNULL) -> None:
        self._orders, theirs = socket.socketpair()
        self._one_by_one = threading.Lock()  # labs may be made by several threads
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", self.MODULE, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                env=self.environment(),
                cwd="/",
            )

    def environment(self) -> dict[str, str]:
        """The learner reads it, in /proc/1/environ: nothing of the machine's that a lab does not need."""
        kept = {name: os.environ[name] for name in KEEPERS_OWN if name in os.environ}
        return {**kept, "PYTHONPATH": str(HOME), "PATH": PATH, VARIABLE: language()}

    def __enter__(self) -> ForkServer:
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
                protocol.send(self._orders, order, [door.fileno(), theirs.fileno(), log, *files])
        return ours


def _start_keeper(
    plan: Mapping[str, Any],
    door: socket.socket,
    files: Sequence[int],
    say: Say,
    forkserver: ForkServer | None,
) -> None:
    with ExitStack() as stack:
        place = stack.enter_context(address.hold_folder(plan["name"]))
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        log = stack.enter_context(files_of_others.descriptor(place, address.LOG, flags))
        forkserver = forkserver or stack.enter_context(ForkServer(log))
        try:
            report = stack.enter_context(forkserver.start(plan, door, files, log))
            while "progress" in (answer := protocol.receive(report, seconds=SECONDS_TO_START)[0]):
                say(printable(answer["progress"]))
        except (protocol.Closed, OSError) as error:
            raise LabError(
                _("The lab's keeper ended before the lab was ready: {tail}.").format(
                    tail=address.last_words(plan["name"]) or _("it said nothing")
                ),
                _("Look at: ./run doctor"),
            ) from error
    if "error" in answer:
        raise protocol.rebuild(answer)
