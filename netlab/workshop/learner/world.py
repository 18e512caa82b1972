"""A learner's world: what a child of the forkserver becomes.

Stands on the machine for one learner's server, as its parent. The server runs as a user that owns nothing
else, in a group with bounds, with a process table and a file system in which there is no other learner. It
shares the machine's network, because the Hub's proxy has to reach it; the learner's own commands run in
the lab, which has not even that. When this process ends, all of it ends.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn
from zlib import crc32

from netlab.errors import NetlabError
from netlab.i18n import gettext as _
from netlab.keeper.address import HOME, PATH
from netlab.linux import syscalls
from netlab.linux.limits import Limits
from netlab.linux.sandbox import rootfs
from netlab.linux.sandbox.rootfs import BindMount, readable
from netlab.workshop import disk
from netlab.workshop.cgroups import Bounds, Groups
from netlab.workshop.learner import warnings

OPEN_FILES = 4096
MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Order:
    """Whose world, and what holds in it."""

    number: int
    uid: int
    folder: str  # of the workshop, for this learner
    bounds: Bounds
    limits: Limits

    @staticmethod
    def parse(text: str) -> Order:
        """From the text that `text` gives."""
        words = json.loads(text)
        return Order(**{**words, "bounds": Bounds(**words["bounds"]), "limits": Limits(**words["limits"])})

    def text(self) -> str:
        return json.dumps(asdict(self))

    @property
    def group(self) -> str:
        """One name for each workshop's each learner: there may be two workshops."""
        return group_of(Path(self.folder))


def group_of(folder: Path) -> str:
    """The control group of the learner of that folder."""
    return f"{crc32(str(folder.parent).encode()):08x}-{folder.name}"


def live(order: Order) -> int:
    """Make it, stay as long as it is there; the server's exit status. As root, in a process of one thread."""
    syscalls.set_name(f"world-{order.number}")
    groups = Groups.here()
    try:
        groups.make(order.group, order.bounds)
        groups.enter(order.group)
        os.environ[warnings.VARIABLE] = str(groups.open_kills(order.group))
        os.environ[warnings.MEMORY] = str(order.bounds.memory)
        disk.own_mounts()
        place = disk.mount(Path(order.folder), order.uid)
        syscalls.unshare(syscalls.CLONE_NEWUTS | syscalls.CLONE_NEWIPC | syscalls.CLONE_NEWPID)
        first = os.fork()
        if first == 0:
            _first_process(order, place)
    except (NetlabError, OSError) as error:
        print(f"netlab: {error}", file=sys.stderr, flush=True)
        return 1
    return _wait_for(first)


def _wait_for(child: int) -> int:
    """Pass on that we are to end; the child's exit status."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os.kill(child, signal.SIGTERM))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF


def _first_process(order: Order, place: Path) -> NoReturn:
    """In the new world: furnish it, start the server as the learner, reap until that ends."""
    try:
        syscalls.end_with_parent()
        syscalls.set_name(f"first-{order.number}")
        stage = Path(order.folder, "world")
        stage.mkdir(mode=0o700, exist_ok=True)
        rootfs.enter(str(stage), "workshop", _etc(order.uid), {}, _trees(place), order.limits.disk)
        for folder in ("home", "root"):
            os.chmod(f"/{folder}", 0o755)
        server = os.fork()
        if server == 0:
            _become_learner(order)
        signal.signal(signal.SIGTERM, lambda *_: os.kill(server, signal.SIGTERM))
        while (ended := os.wait())[0] != server:
            pass
        os._exit(os.waitstatus_to_exitcode(ended[1]) & 0xFF)
    except OSError as error:
        print(
            _("netlab: the learner's world could not be made: {error}").format(error=error), file=sys.stderr
        )
    finally:
        os._exit(1)


def _trees(place: Path) -> list[BindMount]:
    """The interpreter, the package and the lessons to read; his own lessons and his own home to write."""
    trees = readable((sys.base_prefix, sys.prefix, str(HOME / "netlab")))
    trees.append(BindMount(disk.LESSONS, source=str(HOME / "labs")))
    trees.append(BindMount(str(HOME / "labs"), writable=True, source=str(place / "labs")))
    return [*trees, BindMount("/home/learner", writable=True, source=str(place / "home"))]


def _etc(uid: int) -> Mapping[str, str]:
    return {
        "hostname": "workshop\n",
        "passwd": f"root:x:0:0:root:/root:/bin/bash\nlearner:x:{uid}:{uid}::/home/learner:/bin/bash\n",
        "group": f"root:x:0:\nlearner:x:{uid}:\n",
        "shadow": "",
        "gshadow": "",
    }


def _become_learner(order: Order) -> NoReturn:
    try:
        syscalls.set_name(f"server-{order.number}")
        for kind, value in (
            (resource.RLIMIT_NPROC, order.bounds.processes),
            (resource.RLIMIT_NOFILE, OPEN_FILES),
            (resource.RLIMIT_FSIZE, order.limits.file),
            (resource.RLIMIT_CORE, 0),
        ):
            resource.setrlimit(kind, (value, value))
        os.setgroups([])
        os.setresgid(order.uid, order.uid, order.uid)
        os.setresuid(order.uid, order.uid, order.uid)
        syscalls.no_new_privileges()
        os.umask(0o077)
        os.chdir(HOME / "labs")
        own = {"HOME": "/home/learner", "USER": "learner", "LOGNAME": "learner", "PATH": PATH}
        own["NETLAB_LIMITS"] = json.dumps(asdict(order.limits))
        os.environ.update(own)
        syscalls.set_dumpable()  # a change of user took it away, and with it the right to our own /proc files
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

        from netlab.workshop.learner import server  # imported long ago, by the forkserver

        server.main()
        os._exit(0)
    except OSError as error:
        print(
            _("netlab: the learner's server could not be started: {error}").format(error=error),
            file=sys.stderr,
        )
    finally:
        os._exit(1)
