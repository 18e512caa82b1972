"""How the keeper of a lab is started, and how it is ended."""

from __future__ import annotations

import os
import select
import socket
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

from netlab import engines
from netlab.display import printable
from netlab.errors import BadInput, LabAlreadyUp, LabError
from netlab.i18n import VARIABLE, language
from netlab.i18n import gettext as _
from netlab.keeper import address, protocol
from netlab.keeper.address import HOME, PATH
from netlab.linux import files as files_of_others
from netlab.linux.limits import Limits
from netlab.linux.sandbox.rootfs import SYSTEM_FOLDERS, BindMount

if TYPE_CHECKING:
    from netlab.engines.protocol import Say

SECONDS_TO_END = 10.0
OLD = 60.0  # seconds that the folder of a lab without a keeper is left alone
REMOVE, OPEN = (
    ("rm", "-rf", "--one-file-system", "--"),
    ("chmod", "-R", "u+rwX", "--"),
)  # neither follows links
SECONDS_TO_START = 300.0  # between two words of progress: Docker's daemon may take three minutes
# Of the environment of whoever makes a lab its keeper needs these, and its lab host gets no others.
KEEPERS_OWN = ("LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "TZ", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Confinement:
    """How a lab is made for somebody whom one does not trust: nothing of the machine can be written to."""

    lessons: Path  # what is seen as labs/
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
    _prepare_base()
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
            left = _set_aside(name)
            _make_folders(name)
            with address.held(name) as place:
                path = f"/proc/self/fd/{place}/{address.DOOR_NAME}"  # however long the folder's own path is
                door.bind(path)
                os.chmod(path, 0o600)
            door.listen(64)
        _remove(left)
        _remove_what_is_left()
    except OSError as error:
        door.close()
        raise LabError(
            _("The lab's folder {folder} cannot be made: {strerror}.").format(
                folder=address.folder(name), strerror=error.strerror
            ),
            _("Make room there, or set NETLAB_EXCHANGE to a folder of yours."),
        ) from error
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
            left = "" if address.is_up(name) else _set_aside(name)
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
    _remove(folder)


def _set_aside(name: str) -> str:
    """Give up the lab's folder, if there is one: its path from now on, or ""."""
    aside = f"{address.ENDED}{name}-{time.time_ns()}"
    try:
        os.rename(address.folder(name), address.base() / aside)
    except FileNotFoundError:
        return ""
    return str(address.base() / aside)


def _remove(folder: str) -> None:
    """Delete a folder in which a learner may have nested others as deeply as they liked, and shut them."""
    for command in (REMOVE, OPEN, REMOVE):
        if os.path.lexists(folder):
            subprocess.run([*command, folder], stderr=subprocess.DEVNULL, check=False)


def _remove_what_is_left() -> None:
    """The folders of labs whose keeper was killed, or whose end was interrupted before all was removed."""
    with address.turns():
        left = [name for name in os.listdir(address.base()) if not name.startswith(".")]
        for name in left:
            if _age(name) > OLD and not address.is_up(name):
                _set_aside(name)
    for name in os.listdir(address.base()):
        number = name.rpartition("-")[2]
        if name.startswith(address.ENDED) and number.isdigit():
            seconds = time.time() - int(number) / 1e9
            if seconds > 3 * SECONDS_TO_END:  # for each of two that are waited for, and the removing
                _remove(str(address.base() / name))


def _age(name: str) -> float:
    """Seconds since something was put into the lab's folder; 0 where it has just gone."""
    with suppress(OSError):
        return time.time() - os.lstat(address.folder(name)).st_mtime
    return 0.0


def _trees(exchange: Path, confined: Confinement | None) -> list[BindMount]:
    """What of the machine the lab needs to see: the interpreter, the checkout, and the two to write to.

    Somebody whom one does not trust sees the package alone: a teacher's key, or what others have handed in,
    may well be kept in the checkout.
    """
    labs = HOME / "labs"
    readable = {sys.base_prefix, sys.prefix, str(HOME / "netlab" if confined else HOME)}
    system = tuple(f"/{name}/" for name in SYSTEM_FOLDERS)
    trees = [BindMount(path) for path in sorted(readable) if not f"{path}/".startswith(system)]
    if confined:
        return [*trees, BindMount(str(labs), source=str(confined.lessons))]
    writable = [str(labs), str(exchange)] if labs.is_dir() else [str(exchange)]
    return [*trees, *(BindMount(path, writable=True) for path in writable)]


def _prepare_base() -> None:
    """The folder of this user's labs. LabError where it cannot be made, or is somebody else's; BadInput."""
    base = address.base()
    if any(base.resolve().is_relative_to(tree) for tree in (HOME, sys.prefix, sys.base_prefix)):
        raise BadInput(
            _("The labs' folder {folder} lies where labs can see it.").format(folder=base),
            _("Set NETLAB_EXCHANGE to a folder outside of {home}.").format(home=HOME),
        )
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        address.check_owner(os.lstat(base), base)
        os.chmod(base, 0o700)
    except OSError as error:
        raise LabError(
            _("The lab's folder {folder} cannot be made: {strerror}.").format(
                folder=base, strerror=error.strerror
            ),
            _("Make room there, or set NETLAB_EXCHANGE to a folder of yours."),
        ) from error


def _make_folders(name: str) -> None:
    for folder in (place := address.folder(name), place / address.EXCHANGE, place / "root"):
        folder.mkdir(mode=0o700)
        os.chmod(folder, 0o700)  # whatever the umask


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
        place = stack.enter_context(address.held(plan["name"]))
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        log = stack.enter_context(files_of_others.opened(place, address.LOG, flags))
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
