"""Where root's grader works: python -P -m netlab.grade.jail FOLDER UID, from netlab.grade.privsep.

A process of a user that owns nothing on the machine, in namespaces of its own, with a file system that holds
the system's programs, Python, the package, what was handed in, and one folder for the results. There is no
network, no other process, no terminal, and nothing else of the machine's: no key, no home.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from netlab.keeper.address import HOME, PATH
from netlab.linux import syscalls
from netlab.linux.sandbox import rootfs, unshare
from netlab.linux.sandbox.rootfs import SYSTEM_FOLDERS, BindMount

HANDED_IN, RESULTS, OWN = "/srv/handed-in", "/srv/results", "/home/grader"
ORDER = "order.json"  # beside what was handed in
FOLDERS = ("in", "out", "home", "labs", "trees", "world")  # of the folder that everything is staged in
NAMESPACES = syscalls.CLONE_NEWUTS | syscalls.CLONE_NEWIPC | syscalls.CLONE_NEWPID | syscalls.CLONE_NEWNET
TEMPORARY = 256 << 20  # bytes that may be written outside of the two folders
LARGEST, OPEN_FILES = 512 << 20, 65536  # bytes of a file; descriptors


def main() -> int:
    """As root, in a process of one thread; the worker's exit status."""
    folder, uid = Path(sys.argv[1]), int(sys.argv[2])
    syscalls.end_with_parent()
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
    trees = [*_readable(folder, uid), *_own(folder)]
    syscalls.unshare(NAMESPACES)
    first = os.fork()
    if first == 0:
        _first_process(folder, uid, trees)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os.kill(first, signal.SIGKILL))
    return os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]) & 0xFF


def _readable(folder: Path, uid: int) -> list[BindMount]:
    """Python and the package, staged, as that user passes no 0700 home on the way: their owner is shown as
    them."""
    system = tuple(f"/{name}/" for name in SYSTEM_FOLDERS)
    wanted = sorted({sys.base_prefix, sys.prefix, str(HOME / "netlab")})
    staged = []
    for number, path in enumerate(path for path in wanted if not f"{path}/".startswith(system)):
        target = folder / f"trees/{number}"
        target.mkdir()
        try:
            owner = os.stat(path).st_uid
            shown = unshare.user_namespace(unshare.Identity(((uid, 1),), ((uid, 1),), first=owner))
            syscalls.bind_mapped(path, str(target), shown)
        except OSError:  # the file system cannot: what everybody may read is read
            syscalls.mount(path, str(target), flags=syscalls.MS_BIND | syscalls.MS_REC)
        staged.append(BindMount(path, source=str(target)))
    return staged


def _own(folder: Path) -> list[BindMount]:
    return [
        BindMount(str(HOME / "labs"), source=str(folder / "labs")),
        BindMount(HANDED_IN, source=str(folder / "in")),
        BindMount(RESULTS, writable=True, source=str(folder / "out")),
        BindMount(OWN, writable=True, source=str(folder / "home")),
    ]


def _first_process(folder: Path, uid: int, trees: Sequence[BindMount]) -> NoReturn:
    """In the new world, as its root: furnish it, start the worker, reap until that ends."""
    try:
        syscalls.end_with_parent()
        syscalls.set_name("grader-first")
        rootfs.enter(str(folder / "world"), "grader", _etc(uid), {}, trees, TEMPORARY)
        for name in ("home", "root"):
            os.chmod(f"/{name}", 0o755)
        worker = os.fork()
        if worker == 0:
            _become(uid)
        while (ended := os.wait())[0] != worker:
            pass
        os._exit(os.waitstatus_to_exitcode(ended[1]) & 0xFF)
    except OSError as error:
        print(f"netlab: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(1)


def _etc(uid: int) -> Mapping[str, str]:
    return {
        "hostname": "grader\n",
        "passwd": f"root:x:0:0:root:/root:/bin/sh\ngrader:x:{uid}:{uid}::{OWN}:/bin/sh\n",
        "group": f"root:x:0:\ngrader:x:{uid}:\n",
        "shadow": "",
        "gshadow": "",
    }


def _become(uid: int) -> NoReturn:
    """That user, for good, as a new program: nothing of ours is in its memory."""
    try:
        os.setsid()
        for kind, value in (
            (resource.RLIMIT_FSIZE, LARGEST),
            (resource.RLIMIT_NOFILE, min(OPEN_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1])),
            (resource.RLIMIT_CORE, 0),
        ):
            resource.setrlimit(kind, (value, value))
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        syscalls.no_new_privileges()
        os.umask(0o077)
        os.chdir(OWN)
        os.closerange(3, OPEN_FILES)
        own = {"HOME": OWN, "USER": "grader", "LOGNAME": "grader", "PATH": PATH, "PYTHONPATH": str(HOME)}
        words = [sys.executable, "-P", "-m", "netlab.grade.worker"]
        os.execve(words[0], words, {**os.environ, **own})
    except OSError as error:
        with suppress(OSError):
            print(f"netlab: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
